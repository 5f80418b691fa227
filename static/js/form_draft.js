// A form of the admin that was sent after the session had ended: what it said is filled in again after signing in.
(() => {
  "use strict";
  const KEY = "form-draft";
  const NOT_KEPT = ["password", "file", "hidden", "submit", "button"];
  const { words } = document.currentScript.dataset;
  if (document.body.classList.contains("login")) return; // on the way back

  const storage = (action) => {
    try {
      return action(sessionStorage);
    } catch {
      return null; // storage is full or blocked
    }
  };
  const reader = document.querySelector("#user-tools strong")?.textContent;
  const fields = (form) => [...form.elements].filter((field) => field.name && !NOT_KEPT.includes(field.type));
  const valueOf = (field) => {
    if (field.matches("select")) return [...field.selectedOptions].map((option) => [option.value, option.text]);
    return field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value;
  };
  const fill = (field, value) => {
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = value;
    else if (!field.matches("select")) field.value = value;
    else {
      for (const option of field.options) option.selected = false;
      for (const [choice, text] of value) {
        const option = [...field.options].find((each) => each.value === choice);
        if (option) option.selected = true;
        else field.add(new Option(text, choice, true, true)); // one that was searched for
      }
    }
  };

  const form = document.querySelector("#content-main form[id$=_form]");
  const kept = storage((store) => JSON.parse(store.getItem(KEY)));
  storage((store) => store.removeItem(KEY));
  if (!form) return;
  form.addEventListener("submit", () => {
    const values = fields(form).map((field) => [field.name, valueOf(field)]);
    storage((store) => store.setItem(KEY, JSON.stringify({ path: location.pathname, reader, values })));
  });
  const isBack = kept?.path === location.pathname && kept.reader === reader && document.referrer.includes("/login/");
  if (!isBack) return;
  fields(form).forEach((field, place) => {
    const [name, value] = kept.values[place] || [];
    if (name === field.name) fill(field, value);
  });
  const note = document.createElement("p");
  note.className = "quiet-note";
  note.setAttribute("role", "status");
  note.textContent = words;
  form.prepend(note);
})();
