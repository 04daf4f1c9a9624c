// The theme that was chosen last on this machine; without a choice that of the system.
(() => {
  "use strict";
  try {
    const chosen = localStorage.getItem("openmm-mlff-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // A browser that keeps nothing for local files shows the system's theme.
  }
})();
