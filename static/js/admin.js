/* A button that asks a model's server says so while it waits, and cannot be pressed twice. */
"use strict";

document.addEventListener("submit", (event) => {
  const words = event.target.dataset.working;
  const button = event.target.querySelector("button");
  if (!words || !button) return;
  const before = button.textContent;
  button.disabled = true;
  button.textContent = words;
  // Coming back with the browser's own button shows the page as it was left.
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    button.textContent = before;
  }, { once: true });
});
