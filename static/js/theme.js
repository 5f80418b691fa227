// Runs before the first paint, so that a chosen colour scheme does not flash.
(() => {
  "use strict";
  const KEY = "theme";
  const apply = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is blocked: the system's scheme it is
    }
  };
  apply(stored());
  addEventListener("storage", (event) => event.key === KEY && apply(event.newValue));

  window.everthreadTheme = {
    isDark: () => {
      const chosen = document.documentElement.dataset.theme;
      return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    },
    toggle() {
      const theme = this.isDark() ? "light" : "dark";
      apply(theme);
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // it lasts as long as the page
      }
    },
  };
})();
