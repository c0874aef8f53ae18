// Apply the stored theme before the first paint, and let the switch store another one.
// A choice equal to the system's is forgotten, so the page follows the system again.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const shown = () => root.dataset.theme || (system.matches ? "dark" : "light");

  const apply = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  const keep = (theme) => {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch { /* storage is forbidden here: the choice lasts for this page */ }
  };

  const label = (button) => {
    button.hidden = false;
    button.querySelector("[data-theme-word]").textContent = shown() === "dark" ? button.dataset.light : button.dataset.dark;
  };

  const offer = () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      label(button);
      button.addEventListener("click", () => {
        const wanted = shown() === "dark" ? "light" : "dark";
        const same = wanted === (system.matches ? "dark" : "light");
        apply(same ? null : wanted);
        keep(same ? null : wanted);
        document.querySelectorAll("[data-theme-switch]").forEach(label);
      });
    }
  };

  apply(stored());
  document.addEventListener("DOMContentLoaded", offer);
})();
