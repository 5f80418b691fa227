// Writing: keys, drafts, files, what went wrong; and copying what was written.
(() => {
  "use strict";
  const form = document.getElementById("composer");
  const text = document.getElementById("text");
  const upload = document.getElementById("upload");
  const problem = document.getElementById("problem");
  const attachments = document.getElementById("attachments");
  const words = document.getElementById("words").dataset;
  const draft = `draft:${form.dataset.draft}`;

  const storage = (action) => {
    try {
      return action(localStorage);
    } catch {
      return null; // storage is full or blocked: the draft lasts as long as the page
    }
  };

  // --- text and draft ----------------------------------------------------------------------------------------------

  const fit = () => {
    if (CSS.supports("field-sizing", "content")) return;
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  };
  // A draft is the text, the assistant of a new chat, the ids of files and the names of those not uploaded yet: the page
  // may have to be left at any moment, as when the session has ended. Of a file itself a page can keep nothing.
  const kept = storage((store) => JSON.parse(store.getItem(draft))) || {};
  let missing = kept.files || []; // files whose chips are not here yet
  const save = () => {
    const values = (selector, value) => [...attachments.querySelectorAll(selector)].map(value);
    const files = [...missing, ...values("input[name=file]", (field) => field.value)];
    const uploads = values(".uploading .name", (name) => name.textContent);
    const assistant = document.querySelector("input[name=assistant]:checked")?.value;
    const isEmpty = !text.value && !files.length && !uploads.length;
    const value = JSON.stringify({ text: text.value, files, uploads, assistant });
    storage((store) => (isEmpty ? store.removeItem(draft) : store.setItem(draft, value)));
  };
  const changed = () => {
    save();
    form.classList.toggle("empty", !text.value.trim() && !attachments.querySelector("input"));
    fit();
  };
  const write = (value) => {
    text.value = value;
    changed();
    text.focus();
  };
  text.value = text.value || kept.text || "";
  text.addEventListener("input", changed);
  changed();
  new MutationObserver(changed).observe(attachments, { childList: true });

  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // --- sending -----------------------------------------------------------------------------------------------------

  let sent = "";
  let sentChips = [];
  form.addEventListener("htmx:confirm", (event) => {
    if (event.target !== form) return;
    if (form.classList.contains("empty")) return event.preventDefault();
    if (attachments.querySelector(".uploading")) {
      event.preventDefault();
      return complain(words.uploading);
    }
    sent = text.value;
    sentChips = [...attachments.children];
  });
  document.body.addEventListener("everthread:sent", () => {
    for (const chip of sentChips) chip.remove();
    if (text.value === sent) write("");
    save(); // at once: the page may be left for that of a new chat
  });
  const takeBack = document.getElementById("take-back");
  let taken = "";
  takeBack?.addEventListener("submit", (event) => {
    taken = event.submitter.closest("li").querySelector(".said").textContent;
  }, true);
  takeBack?.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) write([taken, text.value].filter(Boolean).join("\n\n"));
  });

  // --- what went wrong ---------------------------------------------------------------------------------------------

  const complain = (message) => {
    problem.replaceChildren();
    const line = document.createElement("p");
    line.className = "problem";
    line.textContent = message;
    problem.append(line);
  };
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400 && event.detail.xhr.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = true; // a refusal in words
    }
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (!xhr.getResponseHeader("HX-Retarget")) complain(xhr.status === 403 ? words.stale : words.broken);
  });
  document.body.addEventListener("htmx:sendError", (event) => {
    if (!event.target.matches("#stream, [data-quiet]")) complain(words.failed);
  });

  // --- files -------------------------------------------------------------------------------------------------------

  const AT_ONCE = 3; // uploads; the browser keeps few connections to a server, and the page needs some itself
  const queue = [];
  let active = 0;
  const next = () => {
    while (active < AT_ONCE && queue.length) {
      const { chip, file } = queue.shift();
      if (!chip.isConnected) continue;
      const done = () => {
        active -= 1;
        next();
      };
      active += 1;
      const values = { upload: file };
      htmx.ajax("POST", upload.dataset.address, { source: chip, target: chip, swap: "outerHTML", values }).then(done, done);
    }
  };
  const take = (files) => {
    for (const file of files) {
      const chip = document.getElementById("uploading").content.firstElementChild.cloneNode(true);
      chip.querySelector(".name").textContent = file.name;
      attachments.append(chip);
      queue.push({ chip, file });
    }
    next();
  };
  attachments.addEventListener("htmx:xhr:progress", (event) => {
    const bar = event.target.querySelector("progress");
    if (bar && event.detail.lengthComputable) bar.value = event.detail.loaded / event.detail.total;
  });
  attachments.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful || !event.target.matches(".uploading")) return;
    event.target.classList.replace("uploading", "problem");
    event.target.querySelector("progress").replaceWith(words.unsent);
  });
  document.getElementById("attach").addEventListener("click", () => upload.click());
  upload.addEventListener("change", () => {
    take([...upload.files]);
    upload.value = "";
    text.focus();
  });
  text.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) event.preventDefault();
    take(event.clipboardData.files);
  });
  const main = document.getElementById("main");
  main.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("target");
  });
  main.addEventListener("dragleave", () => form.classList.remove("target"));
  main.addEventListener("drop", (event) => {
    form.classList.remove("target");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });

  // What the draft had besides its text.
  if (missing.length) {
    const query = new URLSearchParams(missing.map((id) => ["file", id]));
    const arrived = () => {
      missing = [];
      changed();
    };
    htmx.ajax("GET", `${upload.dataset.chips}?${query}`, { source: attachments, swap: "beforeend" }).then(arrived, () => {});
  }
  if (kept.uploads?.length) complain(words.lost.replace("FILES", () => kept.uploads.join(", ")));

  // --- copying -----------------------------------------------------------------------------------------------------

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("remove" in button.dataset) {
      const chip = button.closest(".chip, .problem");
      if (chip.matches(".uploading")) htmx.trigger(chip, "htmx:abort");
      chip.remove();
      text.focus();
    } else if ("starter" in button.dataset) {
      write(button.textContent);
    } else if (button.dataset.copy) {
      const answer = await fetch(button.dataset.copy);
      if (!answer.ok) return complain(words.broken);
      await window.everthreadCopy(await answer.text(), button);
    } else if (button.matches(".code .copy")) {
      await window.everthreadCopy(button.closest(".code").querySelector("pre").textContent, button);
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.name !== "assistant" || event.target.type !== "radio") return;
    for (const list of document.querySelectorAll(".starters")) list.hidden = list.dataset.assistant !== event.target.value;
    save();
  });
  const choice = [...document.querySelectorAll("input[name=assistant]")].find((each) => each.value === kept.assistant);
  if (choice && !new URLSearchParams(location.search).has("assistant")) choice.click();
})();
