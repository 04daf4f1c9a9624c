// Opens what a link names, copies the command, and opens and redraws everything for paper.
(() => {
  "use strict";
  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const closed = target?.closest("details");
    if (closed) {
      closed.open = true;
      target.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", openTarget);
  openTarget();

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const said = document.getElementById("copied");
      try {
        await navigator.clipboard.writeText(source.textContent);
        said.textContent = "Copied.";
      } catch {
        getSelection().selectAllChildren(source);
        said.textContent = "Selected; copy it with the keyboard.";
      }
    });
  }
  document.getElementById("save-json").addEventListener("click", async () => save("report.json", await packed.text("report-json"), "application/json"));

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.further)")].filter((one) => !one.open);
    opened.forEach((one) => (one.open = true));
    charts.print(true);
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((one) => (one.open = false));
    charts.print(false);
  });
})();
