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
  // On a phone what went well is folded: the way to what did not is long enough.
  if (window.matchMedia("(max-width: 720px)").matches) {
    document.querySelectorAll("details.check:not([data-failed])").forEach((one) => (one.open = false));
  }
  window.addEventListener("hashchange", openTarget);
  openTarget();

  document.getElementById("copy")?.addEventListener("click", async () => {
    const source = document.getElementById("command");
    const said = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(source.textContent);
      said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(source);
      said.textContent = "Selected; copy it with the keyboard.";
    }
  });

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.evidence)")].filter((one) => !one.open);
    opened.forEach((one) => (one.open = true));
    charts.print(true);
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((one) => (one.open = false));
    charts.print(false);
  });
})();
