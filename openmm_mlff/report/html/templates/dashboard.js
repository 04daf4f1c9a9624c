// Sorts and filters the dashboard.
(() => {
  "use strict";
  const table = document.getElementById("results");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const byId = (id) => document.getElementById(id);
  const text = byId("filter-text");
  const group = byId("filter-group");
  const system = byId("filter-system");
  const sort = byId("sort");
  const chips = [...document.querySelectorAll(".statuses button")];
  const headers = [...table.tHead.querySelectorAll("th")];
  let descending = false;

  const isPressed = (chip) => chip.getAttribute("aria-pressed") === "true";
  const cellOf = (row, wanted) => row.querySelector(`td[data-system="${wanted}"]`);

  function fits(row, words, statuses) {
    const cells = [...row.cells].filter((cell) => cell.tagName === "TD" && !cell.hasAttribute("data-hidden"));
    return (
      words.every((word) => row.dataset.words.includes(word)) &&
      (group.value === "" || row.dataset.group === group.value) &&
      (statuses.length === 0 || cells.some((cell) => statuses.includes(cell.dataset.status)))
    );
  }

  function filter() {
    const only = system?.value ?? "";
    for (const cell of table.querySelectorAll("[data-system]")) {
      cell.toggleAttribute("data-hidden", only !== "" && cell.dataset.system !== only);
    }
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const statuses = chips.filter(isPressed).map((chip) => chip.dataset.status);
    for (const row of rows) row.hidden = !fits(row, words, statuses);
    const shown = rows.filter((row) => !row.hidden).length;
    byId("filter-count").textContent = `${shown} of ${rows.length} checks`;
    byId("filter-nothing").hidden = shown > 0;
  }

  function keyOf(row) {
    const [kind, position] = sort.value.split("-");
    if (kind === "system") return Number(cellOf(row, position).dataset.order);
    return kind === "name" || kind === "group" ? row.dataset[kind] : Number(row.dataset[kind]);
  }

  function compare(first, second) {
    const [a, b] = [keyOf(first), keyOf(second)];
    const order = typeof a === "string" ? a.localeCompare(b) : a - b;
    return (descending ? -order : order) || first.dataset.index - second.dataset.index;
  }

  function arrange() {
    body.append(...rows.toSorted(compare));
    for (const header of headers) {
      const sorted = header.querySelector("button").dataset.sort === sort.value;
      if (sorted) header.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    }
  }

  text.addEventListener("input", filter);
  group.addEventListener("change", filter);
  system?.addEventListener("change", filter);
  sort.addEventListener("change", () => {
    descending = false;
    arrange();
  });
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(!isPressed(chip)));
      filter();
    });
  }
  for (const header of headers) {
    const { sort: wanted } = header.querySelector("button").dataset;
    header.addEventListener("click", () => {
      descending = sort.value === wanted && !descending;
      sort.value = wanted;
      arrange();
    });
  }
  byId("filter-reset").addEventListener("click", () => {
    text.value = group.value = "";
    if (system) system.value = "";
    chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    filter();
  });
})();
