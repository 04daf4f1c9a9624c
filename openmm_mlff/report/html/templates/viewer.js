// Plays the trajectories with 3Dmol.js; where a run failed, its frame comes first and its atoms are marked.
const viewer = (() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const stage = byId("stage");
  if (stage === null) return { seek: () => false };
  const slider = byId("viewer-frame");
  const play = byId("viewer-play");
  const FRAMES_A_SECOND = 20;
  const TORN = 1.5;
  const STYLE = { stick: { radius: 0.12 }, sphere: { scale: 0.27 } };
  const TURN = { ArrowLeft: [-10, "y"], ArrowRight: [10, "y"], ArrowUp: [-10, "x"], ArrowDown: [10, "x"] };
  const ZOOM = { "+": 1.2, "=": 1.2, "-": 1 / 1.2 };
  let runs = [];
  let run = null;
  let view = null;
  let model = null;
  let frame = 0;
  let playing = null;

  function unpack(entry) {
    const bytes = Uint8Array.from(atob(entry.frames), (character) => character.charCodeAt(0));
    const whole = new DataView(bytes.buffer);
    return Float32Array.from({ length: bytes.length / 2 }, (_, k) => whole.getInt16(2 * k, true) * entry.step);
  }

  function at(index, atom) {
    const start = 3 * (index * run.symbols.length + atom);
    return [...run.positions.subarray(start, start + 3)];
  }

  const point = ([x, y, z]) => ({ x, y, z });
  const apart = (index, [i, j]) => Math.hypot(...at(index, i).map((one, k) => one - at(index, j)[k]));
  const hasFailed = () => run.failing !== null && frame >= run.failing;
  const bonds = () => run.bonds.filter((bond, k) => apart(frame, bond) <= TORN * run.lengths[k]);
  const torn = () => run.bonds.filter((bond, k) => apart(frame, bond) > TORN * run.lengths[k]);

  function paint() {
    if (view === null) return;
    const atoms = model.selectedAtoms({});
    atoms.forEach((atom, k) => Object.assign(atom, point(at(frame, k)), { bonds: [], bondOrder: [] }));
    for (const [i, j] of bonds()) {
      for (const [one, other] of [[i, j], [j, i]]) {
        atoms[one].bonds.push(other);
        atoms[one].bondOrder.push(1);
      }
    }
    const { color: bad, backgroundColor: ground, borderTopColor: rule } = getComputedStyle(stage);
    view.setBackgroundColor(ground);
    view.removeAllShapes();
    view.removeAllLabels();
    for (const [i, j] of torn()) {
      view.addCylinder({ start: point(at(frame, i)), end: point(at(frame, j)), radius: 0.06, dashed: true, color: bad });
    }
    for (const atom of hasFailed() ? run.mishap.atoms : []) {
      const center = point(at(frame, atom));
      view.addSphere({ center, radius: 0.8, color: bad, opacity: 0.45 });
      view.addLabel(`${run.symbols[atom]}${atom + 1}`, { position: center, fontSize: 13, backgroundColor: bad, fontColor: ground });
    }
    if (run.box !== null) {
      const corner = (...bits) => [0, 1, 2].map((k) => bits.reduce((sum, bit, side) => sum + (bit - 0.5) * run.box[side][k], 0));
      for (const side of [0, 1, 2]) {
        for (const rest of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
          const [start, end] = [0, 1].map((bit) => point(corner(...rest.toSpliced(side, 0, bit))));
          view.addLine({ start, end, color: rule });
        }
      }
    }
    model.setStyle({}, STYLE);
    view.render();
  }

  function show(index) {
    frame = Math.max(0, Math.min(run.times.length - 1, index));
    slider.value = String(frame);
    const fails = frame === run.failing;
    const words = run.recorded
      ? `${run.times[frame].toFixed(3)} ps, frame ${frame + 1} of ${run.times.length}`
      : "Starting structure: the run broke before its first frame";
    slider.setAttribute("aria-valuetext", fails ? `${words}, the run fails here` : words);
    byId("viewer-time").textContent = fails && run.recorded ? `${words} – ✘ the run fails here` : words;
    paint();
  }

  function stop() {
    clearInterval(playing);
    playing = null;
    play.textContent = "▶ Play";
    play.setAttribute("aria-pressed", "false");
  }

  function begin() {
    if (frame === run.times.length - 1) show(0);
    playing = setInterval(() => {
      if (frame === run.times.length - 1) stop();
      else show(frame + 1);
    }, 1000 / (FRAMES_A_SECOND * Number(byId("viewer-speed").value)));
    play.textContent = "❚❚ Pause";
    play.setAttribute("aria-pressed", "true");
  }

  function legend() {
    const colours = $3Dmol.elementColors.Jmol;
    byId("viewer-legend").replaceChildren(
      ...[...new Set(run.symbols)].map((symbol) => {
        const [entry, spot] = [document.createElement("li"), document.createElement("i")];
        spot.style.background = `#${(colours[symbol] ?? 0xff1493).toString(16).padStart(6, "0")}`;
        entry.append(spot, symbol);
        return entry;
      }),
    );
  }

  function reset() {
    if (view === null) return;
    view.setView([0, 0, 0, 0, 0, 0, 0, 1]);
    view.zoomTo();
    view.rotate(25, "y");
    view.rotate(15, "x");
    view.zoom(0.85);
  }

  function choose(position) {
    stop();
    run = runs[position];
    run.positions ??= unpack(run);
    frame = 0;
    run.lengths ??= run.bonds.map((bond) => apart(0, bond));
    byId("viewer-run").value = String(position);
    slider.max = String(run.times.length - 1);
    slider.disabled = play.disabled = run.times.length < 2;
    const marks = run.failing !== null && run.times.length > 1;
    byId("viewer-tick").hidden = byId("viewer-failing").hidden = !marks;
    if (marks) byId("viewer-tick").style.left = `calc(8px + (100% - 16px) * ${run.failing / (run.times.length - 1)})`;
    byId("viewer-note").textContent = run.mishap === null ? "" : `✘ ${run.mishap.what}.`;
    if (view === null) {
      const picture = [...document.querySelectorAll(".structures figure")].find((one) => one.dataset.system === run.system);
      byId("viewer").replaceChildren(...(picture ? [picture.querySelector("svg").cloneNode(true)] : []));
    } else {
      legend();
      view.removeAllModels();
      model = view.addModel();
      model.addAtoms(run.symbols.map((elem, k) => ({ elem, serial: k, ...point(at(0, k)) })));
      reset();
    }
    show(run.failing ?? 0);
  }

  // Each frame as a model of a PDB file; bonds are those of the start.
  function pdb(first, last) {
    const lines = [];
    const field = (value, width) => String(value).slice(-width).padStart(width);
    for (let index = first; index <= last; index += 1) {
      lines.push(`REMARK ${run.label}, ${run.times[index]} ps`, `MODEL     ${field(index - first + 1, 4)}`);
      run.symbols.forEach((symbol, k) => {
        const places = at(index, k).map((one) => field(one.toFixed(3), 8)).join("");
        lines.push(`HETATM${field(k + 1, 5)} ${symbol.slice(0, 2).toUpperCase().padStart(2)}   MOL A   1    ${places}  1.00  0.00          ${symbol.toUpperCase().padStart(2)}`);
      });
      lines.push("ENDMDL");
    }
    for (const [i, j] of run.bonds) lines.push(`CONECT${field(i + 1, 5)}${field(j + 1, 5)}`);
    return `${lines.join("\n")}\nEND\n`;
  }

  function hear() {
    stage.addEventListener("keydown", (event) => {
      if (event.key in TURN) view?.rotate(...TURN[event.key]);
      else if (event.key in ZOOM) view?.zoom(ZOOM[event.key]);
      else return;
      event.preventDefault();
    });
    // The wheel scrolls the page, and zooms with Ctrl.
    stage.addEventListener("wheel", (event) => event.ctrlKey || event.stopPropagation(), { capture: true });
    slider.addEventListener("input", () => {
      stop();
      show(Number(slider.value));
    });
    play.addEventListener("click", () => (playing === null ? begin() : stop()));
    byId("viewer-speed").addEventListener("change", () => {
      if (playing === null) return;
      stop();
      begin();
    });
    byId("viewer-failing").addEventListener("click", () => {
      stop();
      show(run.failing);
    });
    byId("viewer-reset").addEventListener("click", reset);
    byId("viewer-run").addEventListener("change", (event) => choose(Number(event.target.value)));
    byId("viewer-pdb").addEventListener("click", () => save(`${run.label} ${run.times[frame]} ps.pdb`, pdb(frame, frame), "chemical/x-pdb"));
    byId("viewer-pdb-all").addEventListener("click", () => save(`${run.label}.pdb`, pdb(0, run.times.length - 1), "chemical/x-pdb"));
    document.addEventListener("themechange", paint);
  }

  async function start() {
    runs = JSON.parse(await packed.text("run-data"));
    const canvas = document.createElement("canvas");
    if (canvas.getContext("webgl2") ?? canvas.getContext("webgl")) {
      await packed.run("viewer-packed");
      view = $3Dmol.createViewer(byId("viewer"), { minimumZoomToDistance: 1.5 });
    } else {
      document.querySelector(".player").classList.add("still");
    }
    hear();
    choose(0);
    stage.setAttribute("aria-busy", "false");
  }
  start();

  return {
    // Show the frame nearest to a time of a run; false where the page does not hold the run.
    seek(system, name, time) {
      const position = runs.findIndex((one) => one.system === system && one.name === name);
      if (position < 0) return false;
      if (runs[position] !== run) choose(position);
      stop();
      const distances = run.times.map((one) => Math.abs(one - time));
      show(distances.indexOf(Math.min(...distances)));
      return true;
    },
  };
})();
