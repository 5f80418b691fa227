// What every page needs: the reader's time zone, the colour scheme's toggle, dialogs, menus and copying.
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`timezone=${zone}`)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `timezone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!except || !menu.contains(except)) menu.open = false;
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button, [data-close]");
    closeMenus(event.target.closest("summary, form") && event.target);
    if (!button) return;
    if (button.dataset.dialog) document.getElementById(button.dataset.dialog).showModal();
    if ("close" in button.dataset) button.closest("dialog").close();
    if ("theme" in button.dataset) window.everthreadTheme.toggle();
    if (button.dataset.copies) window.everthreadCopy(document.getElementById(button.dataset.copies).textContent, button);
  });

  // A new API key is the answer to a form: loading the page again shows the list, and does not make another key.
  if (document.getElementById("secret")) history.replaceState(null, "");

  const intoClipboard = async (value) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(value);
    const area = document.createElement("textarea"); // without TLS there is no clipboard but this
    area.value = value;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  // Copies, and says so on the button for a moment.
  window.everthreadCopy = async (value, button) => {
    await intoClipboard(value);
    if (button.classList.contains("done")) return;
    const label = button.querySelector("span") || button;
    const before = label.textContent;
    label.textContent = document.getElementById("words").dataset.copied;
    button.classList.add("done");
    setTimeout(() => {
      label.textContent = before;
      button.classList.remove("done");
    }, 1600);
  };

  // The list of chats is a drawer on small screens; what lies under it cannot be reached while it is open.
  const drawer = (open) => {
    const main = document.getElementById("main");
    if (document.body.classList.toggle("drawer", open) !== main.inert) main.inert = open;
    document.querySelector(open ? "#sidebar [data-drawer]" : "#main [data-drawer]").focus();
  };
  document.addEventListener("click", (event) => {
    const switched = event.target.closest("[data-drawer]");
    if (switched) drawer(switched.dataset.drawer === "open");
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (document.body.classList.contains("drawer")) {
      event.stopImmediatePropagation();
      return drawer(false);
    }
    const open = document.querySelector("details.menu[open]");
    if (!open) return;
    event.stopImmediatePropagation(); // Esc closes the menu first, and stops an answer only after that
    closeMenus();
    open.querySelector("summary").focus();
  }, true);
})();
