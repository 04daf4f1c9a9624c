// A small player: spheres and sticks on a canvas, the nearest drawn last.
(() => {
  "use strict";
  const canvas = document.getElementById("player-canvas");
  if (canvas === null) return;
  const runs = JSON.parse(document.getElementById("run-data").textContent);
  const byId = (id) => document.getElementById(id);
  const slider = byId("player-frame");
  const play = byId("player-play");
  const FRAMES_A_SECOND = 20;
  const SPHERE = 0.38;
  const TORN = 1.5;
  const VIEW = { turn: 0.5, tilt: -0.35, zoom: 1 };
  const OWN_COLOURS = {
    light: { H: "#ededed", C: "#4a4a4a", line: "#3c4148", bad: "#d55e00", bond: "#8b939c" },
    dark: { H: "#f2f2f2", C: "#767d86", line: "#0c0e11", bad: "#ff8a3d", bond: "#7f8893" },
  };
  let view = { ...VIEW };
  let run = null;
  let frame = 0;
  let playing = null;

  const palette = () => OWN_COLOURS[theme.isDark() ? "dark" : "light"];

  function unpack(entry) {
    const bytes = Uint8Array.from(atob(entry.frames), (character) => character.charCodeAt(0));
    const view16 = new DataView(bytes.buffer);
    const numbers = new Float32Array(bytes.length / 2);
    for (let k = 0; k < numbers.length; k += 1) numbers[k] = view16.getInt16(2 * k, true) * entry.step;
    return numbers;
  }

  function at(index, atom) {
    const start = 3 * (index * run.atoms.symbols.length + atom);
    return run.positions.subarray(start, start + 3);
  }

  function distance(a, b) {
    return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  }

  function project(point, width, height) {
    const [st, ct] = [Math.sin(view.turn), Math.cos(view.turn)];
    const [sp, cp] = [Math.sin(view.tilt), Math.cos(view.tilt)];
    const x = ct * point[0] + st * point[2];
    const depth = -st * point[0] + ct * point[2];
    const y = cp * point[1] - sp * depth;
    const z = sp * point[1] + cp * depth;
    const scale = ((0.46 * Math.min(width, height)) / (run.radius + 0.3)) * view.zoom;
    const nearer = 1 / (1 - Math.max(-0.6, Math.min(0.6, (0.25 * z) / (run.radius + 0.6))));
    return { x: width / 2 + scale * nearer * x, y: height / 2 - scale * nearer * y, z, scale: scale * nearer };
  }

  function sphere(context, place, radius, colour, ringed) {
    const shine = context.createRadialGradient(
      place.x - 0.35 * radius, place.y - 0.35 * radius, 0.1 * radius, place.x, place.y, radius,
    );
    shine.addColorStop(0, "#ffffff");
    shine.addColorStop(0.25, colour);
    shine.addColorStop(1, colour);
    context.beginPath();
    context.arc(place.x, place.y, radius, 0, 2 * Math.PI);
    context.fillStyle = shine;
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = palette().line;
    context.stroke();
    if (!ringed) return;
    context.beginPath();
    context.arc(place.x, place.y, radius + 5, 0, 2 * Math.PI);
    context.lineWidth = 3;
    context.strokeStyle = palette().bad;
    context.stroke();
  }

  function stick(context, from, to, torn) {
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.setLineDash(torn ? [4, 6] : []);
    context.lineWidth = torn ? 2 : Math.max(2, 0.16 * Math.min(from.scale, to.scale));
    context.lineCap = "round";
    context.strokeStyle = torn ? palette().bad : palette().bond;
    context.stroke();
    context.setLineDash([]);
  }

  function box(context, width, height) {
    if (run.box === null) return;
    const middle = [0, 1, 2].map((k) => 0.5 * (run.box[0][k] + run.box[1][k] + run.box[2][k]));
    const corner = (bits) =>
      [0, 1, 2].map((k) => bits.reduce((sum, bit, side) => sum + bit * run.box[side][k], 0) - middle[k]);
    context.lineWidth = 1;
    context.strokeStyle = palette().bond;
    for (let side = 0; side < 3; side += 1) {
      for (let rest = 0; rest < 4; rest += 1) {
        const others = [rest & 1, rest >> 1];
        const ends = [0, 1].map((bit) => project(corner(others.toSpliced(side, 0, bit)), width, height));
        context.beginPath();
        context.moveTo(ends[0].x, ends[0].y);
        context.lineTo(ends[1].x, ends[1].y);
        context.stroke();
      }
    }
  }

  function paint() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    box(context, width, height);
    const places = run.atoms.symbols.map((_, atom) => project(at(frame, atom), width, height));
    const failed = run.failing !== null && frame >= run.failing;
    const items = places.map((place, atom) => ({
      z: place.z,
      draw: () => {
        const symbol = run.atoms.symbols[atom];
        const colour = palette()[symbol] ?? run.atoms.colours[atom];
        const radius = SPHERE * (0.5 + run.atoms.radii[atom]) * place.scale;
        sphere(context, place, Math.max(2, radius), colour, failed && run.mishap.atoms.includes(atom));
      },
    }));
    run.bonds.forEach(([i, j], bond) => {
      const torn = distance(at(frame, i), at(frame, j)) > TORN * run.lengths[bond];
      items.push({ z: 0.5 * (places[i].z + places[j].z) - 0.01, draw: () => stick(context, places[i], places[j], torn) });
    });
    items.sort((a, b) => a.z - b.z).forEach((item) => item.draw());
  }

  function show(index) {
    frame = Math.max(0, Math.min(run.times.length - 1, index));
    slider.value = String(frame);
    const failing = run.failing !== null && frame === run.failing;
    const words = run.recorded
      ? `${run.times[frame].toFixed(3)} ps, frame ${frame + 1} of ${run.times.length}`
      : "Starting structure: the run broke before its first frame";
    slider.setAttribute("aria-valuetext", failing ? `${words}, the run fails here` : words);
    byId("player-time").textContent = failing && run.recorded ? `${words} – ✘ the run fails here` : words;
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
    const pause = 1000 / (FRAMES_A_SECOND * Number(byId("player-speed").value));
    playing = setInterval(() => {
      if (frame === run.times.length - 1) stop();
      else show(frame + 1);
    }, pause);
    play.textContent = "❚❚ Pause";
    play.setAttribute("aria-pressed", "true");
  }

  function legend() {
    const list = byId("player-legend");
    list.replaceChildren();
    for (const symbol of new Set(run.atoms.symbols)) {
      const entry = document.createElement("li");
      const spot = document.createElement("i");
      spot.style.background = palette()[symbol] ?? run.atoms.colours[run.atoms.symbols.indexOf(symbol)];
      entry.append(spot, symbol);
      list.append(entry);
    }
  }

  function choose(position) {
    stop();
    const entry = runs[position];
    run = { ...entry, positions: unpack(entry) };
    run.lengths = run.bonds.map(([i, j]) => distance(at(0, i), at(0, j)));
    slider.max = String(run.times.length - 1);
    slider.disabled = play.disabled = run.times.length < 2;
    const fails = run.failing !== null;
    const tick = byId("player-tick");
    tick.hidden = !fails || run.times.length < 2;
    tick.style.left = fails && run.times.length > 1 ? `calc(8px + (100% - 16px) * ${run.failing / (run.times.length - 1)})` : "";
    byId("player-failing").hidden = !fails || run.times.length < 2;
    byId("player-note").textContent = run.mishap === null ? "" : `✘ ${run.mishap.what}.`;
    legend();
    show(fails ? run.failing : 0);
  }

  function turn(dx, dy) {
    view.turn += dx;
    view.tilt = Math.max(-1.5, Math.min(1.5, view.tilt + dy));
    paint();
  }

  function zoom(factor) {
    view.zoom = Math.max(0.2, Math.min(8, view.zoom * factor));
    paint();
  }

  const pointers = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const apart = () => {
      const [a, b] = [...pointers.values()];
      return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    };
    const was = pointers.size === 2 ? apart() : 0;
    pointers.set(event.pointerId, event);
    if (pointers.size === 2) zoom(apart() / Math.max(was, 1));
    else turn(0.01 * (event.clientX - before.clientX), -0.01 * (event.clientY - before.clientY));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(Math.exp(-0.01 * event.deltaY));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const moves = {
      ArrowLeft: () => turn(-0.15, 0), ArrowRight: () => turn(0.15, 0),
      ArrowUp: () => turn(0, 0.15), ArrowDown: () => turn(0, -0.15),
      "+": () => zoom(1.2), "=": () => zoom(1.2), "-": () => zoom(1 / 1.2),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  });
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  play.addEventListener("click", () => (playing === null ? begin() : stop()));
  byId("player-speed").addEventListener("change", () => {
    if (playing === null) return;
    stop();
    begin();
  });
  byId("player-failing").addEventListener("click", () => {
    stop();
    show(run.failing);
  });
  byId("player-reset").addEventListener("click", () => {
    view = { ...VIEW };
    paint();
  });
  byId("player-run").addEventListener("change", (event) => choose(Number(event.target.value)));
  document.addEventListener("themechange", () => {
    legend();
    paint();
  });
  new ResizeObserver(paint).observe(canvas);
  choose(0);
})();
