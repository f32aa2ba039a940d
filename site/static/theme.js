// The reader's choice of light or dark, taken before anything is painted; without one the system's holds.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const system = () => (dark.matches ? "dark" : "light");
  const chosen = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const remember = (theme) => {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch {
      // Nothing may be kept here: the choice holds for this page.
    }
  };
  const shown = () => root.dataset.theme ?? system();
  // The colour of the browser's own bars, for each theme.
  const bars = [...document.querySelectorAll("meta[name=theme-color]")].map((bar) => [bar, bar.media]);
  const show = (theme) => {
    const isChosen = theme === "light" || theme === "dark";
    if (isChosen) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const [bar, media] of bars) bar.media = !isChosen ? media : media.includes(theme) ? "all" : "not all";
  };
  show(chosen());

  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".theme");
    if (!button) return;
    const tell = () => button.setAttribute("aria-pressed", String(shown() === "dark"));
    button.hidden = false;
    tell();
    button.addEventListener("click", () => {
      const next = shown() === "dark" ? "light" : "dark";
      const choice = next === system() ? null : next;
      remember(choice);
      show(choice);
      tell();
    });
    dark.addEventListener("change", tell);
    // Another tab of this site.
    addEventListener("storage", (event) => {
      if (event.key !== "theme") return;
      show(event.newValue);
      tell();
    });
  });
})();
