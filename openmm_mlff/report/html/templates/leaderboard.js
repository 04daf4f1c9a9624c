// Sorts and filters the leaderboard, and judges the numbers by the reader's limits.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const results = JSON.parse(byId("leaderboard-data").textContent);
  const table = byId("leaderboard");
  const rows = [...table.tBodies[0].rows];
  const headers = [...table.tHead.rows[0].cells];
  const inputs = [...document.querySelectorAll("input[data-limit]")];
  const SEVERE_FIRST = ["FAIL", "ERROR", "INCONCLUSIVE", "SKIPPED", "PASS", "NOT APPLICABLE"];
  const SYMBOLS = { PASS: "✔", FAIL: "✘", INCONCLUSIVE: "?", ERROR: "!", SKIPPED: "–", "NOT APPLICABLE": "○" };
  let sorted = null;

  function filter() {
    const words = byId("leaderboard-text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = byId("leaderboard-verdict").value;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word)) || (verdict !== "" && row.dataset.verdict !== verdict);
    }
    byId("leaderboard-count").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} models`;
  }

  function sort(column) {
    const descending = sorted === column && headers[column].ariaSort === "ascending";
    sorted = column;
    const key = (row) => row.cells[column].dataset.order;
    const compare = (a, b) => (isNaN(key(a)) || isNaN(key(b)) ? key(a).localeCompare(key(b)) : key(a) - key(b));
    headers.forEach((header) => (header.ariaSort = null));
    headers[column].ariaSort = descending ? "descending" : "ascending";
    table.tBodies[0].append(...rows.toSorted((a, b) => (descending ? compare(b, a) : compare(a, b))));
  }

  // A number against a limit, with three outcomes where its interval includes the limit.
  function judge(result) {
    const input = result.limit === null ? null : inputs[result.limit];
    if (input === null || input.value === input.defaultValue || input.value === "" || result.value === null) return result.status;
    const limit = Number(input.value);
    const sign = input.dataset.sign === "≥" ? -1 : 1;
    if (sign * result.value + result.half <= sign * limit) return "PASS";
    return sign * result.value - result.half > sign * limit ? "FAIL" : "INCONCLUSIVE";
  }

  function assess() {
    const isOwn = inputs.some((input) => input.value !== input.defaultValue);
    rows.forEach((row) => {
      const model = Number(row.dataset.model);
      const faults = new Set();
      for (const cell of row.querySelectorAll("[data-system]")) {
        const mine = results
          .filter((one) => one.model === model && one.system === Number(cell.dataset.system) && one.required)
          .map((one) => ({ ...one, status: judge(one) }));
        mine.sort((a, b) => SEVERE_FIRST.indexOf(a.status) - SEVERE_FIRST.indexOf(b.status));
        const status = mine[0]?.status ?? "";
        const named = mine.filter((one) => one.status === status && !["PASS", "NOT APPLICABLE"].includes(status));
        named.forEach((one) => status !== "SKIPPED" && faults.add(one.name));
        const mark = cell.querySelector(".mark");
        mark.className = `mark ${status === "" ? "none" : status.toLowerCase().replace(" ", "-")}`;
        mark.textContent = status === "" ? "–" : `${SYMBOLS[status]} ${status}`;
        cell.querySelector(".note").textContent = [...new Set(named.map((one) => one.name))].join(", ");
        cell.dataset.order = String(status === "" ? 99 : SEVERE_FIRST.indexOf(status) - named.length / 1000);
      }
      row.querySelector(".own").textContent = isOwn ? `by your limits: ${faults.size === 0 ? "no fault" : [...faults].join(", ")}` : "";
    });
  }

  headers.forEach((header, column) => header.querySelector("button").addEventListener("click", () => sort(column)));
  byId("leaderboard-text").addEventListener("input", filter);
  byId("leaderboard-verdict").addEventListener("change", filter);
  inputs.forEach((input) => input.addEventListener("input", assess));
  byId("limits-reset").addEventListener("click", () => {
    inputs.forEach((input) => (input.value = input.defaultValue));
    assess();
  });
  assess();
  filter();
})();
