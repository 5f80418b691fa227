// A picture in a chat, enlarged in a dialog. Without this script it is a link to the picture.
(() => {
  "use strict";
  const dialog = document.getElementById("picture");
  if (!dialog) return;
  const [large, save] = [dialog.querySelector("img"), dialog.querySelector("a")];

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.picture");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const small = link.querySelector("img");
    [large.src, large.alt, save.href] = [small.src, small.alt, small.src];
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => !event.target.closest("a, button, img") && dialog.close());
  dialog.addEventListener("close", () => large.removeAttribute("src"));
})();
