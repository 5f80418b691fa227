/* The page of a vector store: files go up one by one and are watched, and taken out after a question. */
"use strict";

(() => {
  const knowledge = document.getElementById("knowledge");
  if (!knowledge) return;
  const problem = document.getElementById("problem");

  // --- what htmx asks for ------------------------------------------------------------------------------------------

  const complain = (words) => {
    problem.replaceChildren();
    if (!words) return;
    const line = document.createElement("p");
    line.className = "errornote";
    line.textContent = words;
    problem.append(line);
  };
  const words = (xhr) => (xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.responseText) || knowledge.dataset.broken;
  const signedOut = (xhr) => new URL(xhr.responseURL || location.href).pathname.endsWith("/login/");

  knowledge.addEventListener("htmx:beforeSwap", (event) => {
    if (!signedOut(event.detail.xhr)) return;
    event.detail.shouldSwap = false;
    location.reload();
  });
  knowledge.addEventListener("htmx:responseError", (event) => complain(words(event.detail.xhr)));
  knowledge.addEventListener("htmx:sendError", () => complain(knowledge.dataset.failed));
  knowledge.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.successful !== false) complain("");
  });

  // --- taking a file out -------------------------------------------------------------------------------------------

  const dialog = document.getElementById("remove");
  let address = "";
  knowledge.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    address = button.dataset.remove;
    dialog.querySelector(".name").textContent = button.dataset.name;
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog?.addEventListener("close", () => {
    if (dialog.returnValue !== "remove") return;
    const values = dialog.querySelector("[name=with_file]").checked ? { with_file: "on" } : {};
    htmx.ajax("POST", address, { source: "#files", target: "#files", swap: "outerHTML", values }).catch(() => {});
  });

  // --- handing files in --------------------------------------------------------------------------------------------

  const upload = document.getElementById("upload");
  if (!upload) return;
  const AT_ONCE = 2;
  const list = upload.querySelector(".uploads");
  const told = upload.querySelector(".told");
  const picker = upload.querySelector("input[type=file]");
  const extensions = new Set(upload.dataset.extensions.split(" "));
  const token = JSON.parse(knowledge.getAttribute("hx-headers"))["X-CSRFToken"];
  const waiting = [];
  let running = 0, done = 0, all = 0, refresh = 0;

  const tell = () => {
    told.textContent = all ? upload.dataset.told.replace("DONE", done).replace("ALL", all) : "";
  };
  const refreshSoon = () => {
    clearTimeout(refresh);
    refresh = setTimeout(() => htmx.trigger("#files", "refresh"), 300);
  };
  const refuse = (row, reason) => {
    row.classList.add("failed");
    row.querySelector("progress").remove();
    row.querySelector(".state").textContent = reason;
    row.querySelector("button").hidden = false;
  };
  const unfit = (file, isFolder) => {
    const extension = file.name.slice(file.name.lastIndexOf(".")).toLowerCase();
    if (isFolder) return upload.dataset.folder;
    if (!extensions.has(extension)) return upload.dataset.unsupported;
    if (!file.size) return upload.dataset.empty;
    return file.size > upload.dataset.most * 1024 * 1024 ? upload.dataset.large : "";
  };

  const send = ({ file, row }) => {
    const xhr = new XMLHttpRequest();
    const progress = row.querySelector("progress");
    const state = row.querySelector(".state");
    const form = new FormData();
    form.append("file", file);
    running += 1;
    state.textContent = "0 %";
    xhr.upload.onprogress = (event) => {
      progress.value = event.loaded / event.total;
      state.textContent = event.loaded < event.total ? `${Math.floor(progress.value * 100)} %` : upload.dataset.keeping;
    };
    xhr.onloadend = () => {
      running -= 1;
      if (xhr.status === 201) {
        row.remove();
        done += 1;
        refreshSoon();
      } else if (xhr.status && signedOut(xhr)) {
        location.reload();
      } else {
        refuse(row, xhr.status ? words(xhr) : upload.dataset.lost);
        all -= 1;
      }
      tell();
      next();
    };
    xhr.open("POST", upload.dataset.address);
    xhr.setRequestHeader("X-CSRFToken", token);
    xhr.send(form);
  };
  const next = () => {
    while (running < AT_ONCE && waiting.length) send(waiting.shift());
  };

  const take = (files, folders = new Set()) => {
    if (!running && !waiting.length) done = all = 0;
    for (const file of files) {
      const row = upload.querySelector("template").content.firstElementChild.cloneNode(true);
      row.querySelector(".name").textContent = file.name;
      list.append(row);
      const reason = unfit(file, folders.has(file.name));
      if (reason) {
        refuse(row, reason);
        continue;
      }
      row.querySelector(".state").textContent = upload.dataset.waiting;
      waiting.push({ file, row });
      all += 1;
    }
    tell();
    next();
  };

  picker.addEventListener("change", () => {
    take(picker.files);
    picker.value = "";
  });
  list.addEventListener("click", (event) => event.target.closest("button")?.closest("li").remove());

  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  for (const type of ["dragenter", "dragover"]) {
    document.addEventListener(type, (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      upload.classList.add("target");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) upload.classList.remove("target");
  });
  document.addEventListener("drop", (event) => {
    upload.classList.remove("target");
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    take(event.dataTransfer.files, new Set(entries.filter((entry) => entry.isDirectory).map((entry) => entry.name)));
  });

  window.addEventListener("beforeunload", (event) => {
    if (running || waiting.length) event.preventDefault();
  });
})();
