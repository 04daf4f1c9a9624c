// Looks up the colours of the theme, and draws each chart when it comes near the screen.
const charts = (() => {
  "use strict";
  const PALETTES = {
    light: {
      c0: "#0072B2", c1: "#C77F00", c2: "#009E73", c3: "#B8588F", c4: "#3A9BD9", c5: "#7A5C14",
      c6: "#000000", bad: "#C05400", ink: "#22262b", muted: "#6a737d", band: "#6a737d/0.18",
      grid: "#e4e7eb", rule: "#9aa3ad", card: "#ffffff",
    },
    dark: {
      c0: "#56B4E9", c1: "#E69F00", c2: "#2BC79A", c3: "#E39BC4", c4: "#8FD0F5", c5: "#D8BC62",
      c6: "#ffffff", bad: "#FF8A3D", ink: "#e8eaed", muted: "#a3adb8", band: "#a3adb8/0.2",
      grid: "#2c333d", rule: "#5b6673", card: "#1a1f26",
    },
  };
  const SCREEN_MARGIN = "600px";
  const PRINTED_WIDTH = 316;
  const plots = [...document.querySelectorAll(".plot")];
  const touch = window.matchMedia("(pointer: coarse)").matches;
  const config = {
    responsive: true,
    displaylogo: false,
    displayModeBar: touch ? false : "hover",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
  };
  let data = [];
  let printing = false;
  let ready = false;

  function colour(name, palette) {
    const [base, own] = name.split("/");
    const [hex, of_palette] = (palette[base.slice(1)] ?? base).split("/");
    const opacity = own ?? of_palette;
    if (opacity === undefined) return hex;
    const parts = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
    return `rgba(${parts.join(",")},${opacity})`;
  }

  function coloured(value, palette) {
    if (typeof value === "string") return /^@\w+(\/[\d.]+)?$/.test(value) ? colour(value, palette) : value;
    // Numbers, of which there are many, are not looked at one by one.
    if (Array.isArray(value)) return typeof value[0] === "object" && value[0] !== null ? value.map((one) => coloured(one, palette)) : value;
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, palette)]));
  }

  function axis(own, palette) {
    return {
      gridcolor: palette.grid, linecolor: palette.rule, zerolinecolor: palette.rule, showline: true,
      ticks: "outside", tickcolor: palette.rule, ticklen: 4, automargin: true, nticks: 6, ...own,
      title: { standoff: 8, font: { size: 12 }, ...own.title },
    };
  }

  function layoutOf(chart, palette) {
    const own = coloured(chart.layout, palette);
    return {
      ...own,
      ...(printing ? { width: PRINTED_WIDTH, height: chart.height } : { height: chart.height, autosize: true }),
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: palette.ink },
      margin: { l: 50, r: 10, ...own.margin },
      // Below the labels, where the toolbar is not.
      legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom", font: { size: 11 }, itemwidth: 30 },
      hoverlabel: { bgcolor: palette.card, bordercolor: palette.rule, font: { color: palette.ink } },
      hovermode: "closest",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: palette.muted, activecolor: palette.ink },
      // A finger scrolls the page; a mouse zooms.
      dragmode: touch ? false : "zoom",
      uirevision: "kept",
      ...Object.fromEntries(
        Object.entries(own)
          .filter(([name]) => /^[xy]axis/.test(name))
          .map(([name, one]) => [name, axis(one, palette)]),
      ),
    };
  }

  function draw(plot) {
    const chart = data[Number(plot.dataset.chart)];
    const palette = PALETTES[theme.isDark() && !printing ? "dark" : "light"];
    Plotly.react(plot, coloured(chart.traces, palette), layoutOf(chart, palette), config);
    if (!isDrawn(plot)) plot.on("plotly_click", ({ points: [point] }) => showFrame(chart, point));
    plot.setAttribute("aria-busy", "false");
  }

  // A point of a run leads to its frame in the viewer, one of a model to its report.
  function showFrame({ system }, point) {
    const { run, link } = point.data.meta ?? {};
    if (link) location.href = link;
    else if (run && viewer.seek(system, run, point.customdata ?? point.x)) document.getElementById("trajectory").scrollIntoView();
  }

  const isDrawn = (plot) => plot.getAttribute("aria-busy") === "false";
  const isOpen = (plot) => plot.offsetParent !== null;

  function drawAll() {
    if (ready) plots.filter(isOpen).forEach(draw);
  }

  function watch() {
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (isIntersecting && !isDrawn(target)) draw(target);
        }
      },
      { rootMargin: SCREEN_MARGIN },
    );
    plots.forEach((plot) => observer.observe(plot));
  }

  // One line per drawn point: the name of its curve, and both axes with their labels.
  function csvRows({ traces, layout }) {
    const label = (trace, letter) => layout[trace[`${letter}axis`].replace(/^[xy]/, `${letter}axis`)].title.text;
    const lines = traces.flatMap((trace) => trace.x.map((x, k) => [trace.name, label(trace, "x"), x, label(trace, "y"), trace.y[k]]));
    return [["curve", "x label", "x", "y label", "y"], ...lines];
  }

  async function start() {
    if (plots.length === 0) return;
    try {
      data = JSON.parse(await packed.text("chart-data"));
      await packed.run("plotly-packed");
    } catch {
      for (const plot of plots) {
        plot.classList.add("missing");
        plot.setAttribute("aria-busy", "false");
        plot.textContent = "This chart needs a browser from 2023 or later; the folder figures contains it as an image.";
      }
      return;
    }
    ready = true;
    for (const plot of plots) {
      offerCsv(plot.parentElement, plot.dataset.name ?? plot.getAttribute("aria-label"), () => csvRows(data[Number(plot.dataset.chart)]));
    }
    watch();
  }

  document.addEventListener("themechange", () => {
    if (ready) plots.filter(isDrawn).filter(isOpen).forEach(draw);
  });
  for (const check of document.querySelectorAll("details.check")) {
    check.addEventListener("toggle", () => {
      if (ready && check.open) check.querySelectorAll(".plot").forEach(draw);
    });
  }
  start();
  return {
    print(on) {
      printing = on;
      drawAll();
    },
  };
})();
