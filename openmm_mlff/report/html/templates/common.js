// The theme, what is packed in the page, and files to download.
const theme = (() => {
  "use strict";
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : system.matches;
  };
  const announce = () => document.dispatchEvent(new Event("themechange"));
  system.addEventListener("change", announce);
  document.getElementById("theme").addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    try {
      localStorage.setItem("openmm-mlff-theme", chosen);
    } catch {
      // Not kept; it holds for this visit.
    }
    announce();
  });
  return { isDark };
})();

const packed = (() => {
  "use strict";
  async function text(id) {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }
  async function run(id) {
    const script = document.createElement("script");
    script.textContent = await text(id);
    document.head.append(script);
  }
  return { text, run };
})();

function save(name, text, type = "text/csv") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name.replace(/[^\w.+-]+/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// A button after each table and chart that saves it as CSV.
function offerCsv(place, name, rows) {
  const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "csv";
  button.textContent = "CSV";
  button.setAttribute("aria-label", `Save ${name} as CSV`);
  button.addEventListener("click", () => save(`${name}.csv`, `${rows().map((row) => row.map((cell) => quoted(String(cell ?? ""))).join(",")).join("\n")}\n`));
  place.append(button);
}
for (const table of document.querySelectorAll("table[data-csv]")) {
  offerCsv(table.parentElement, table.dataset.csv, () => [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim().replace(/\s+/g, " "))));
}
