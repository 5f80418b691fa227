// The source behind a citation, in a dialog: opened by a chip in an answer, or by a line under it.
(() => {
  "use strict";
  const dialog = document.getElementById("source");
  if (!dialog) return;

  const press = (event) => {
    const chip = event.target.closest(".answer .cite");
    if (!chip) return;
    event.preventDefault();
    const address = dialog.dataset.address.replace("MESSAGE", chip.closest(".answer").id);
    htmx.ajax("GET", address.replace(/0\/$/, `${chip.textContent}/`), { source: dialog, target: dialog, swap: "innerHTML" });
  };
  document.addEventListener("click", press);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") press(event);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it

  dialog.addEventListener("htmx:afterSwap", () => {
    if (!dialog.open) dialog.showModal();
    if (!dialog.contains(document.activeElement)) document.getElementById("source-close").focus();
    const text = dialog.querySelector(".excerpt");
    const mark = dialog.querySelector("mark");
    if (mark) text.scrollTop = mark.offsetTop - text.clientHeight / 5;
  });
})();
