// The thread's live side: the socket, the open end of an answer, polling when sockets are blocked, and scrolling.
(() => {
  "use strict";
  const stream = document.getElementById("stream");
  const scroller = document.getElementById("scroller");
  if (!stream) return;

  const messages = document.getElementById("messages");
  const POLL = 1000; // milliseconds between two looks without a socket
  const ANSWER = 4000; // milliseconds that a ping may take before the socket is taken for dead
  const REFUSED = { 4404: "gone", 4400: "refused", 4403: "refused", 4413: "refused", 4429: "refused" };
  const AGAIN = [1006, 1011, 1012, 1013]; // codes after which the ws extension connects again by itself
  let socket = null;
  let wrapper = null; // the extension's handle; it outlives sockets
  let working = false; // the socket has brought something since it opened
  let failures = 0; // sockets in a row that brought nothing
  let blocked = 0; // those of them that failed while the server answered polls
  let poller = 0;
  let reached = false; // the last poll was answered
  let pinged = 0;

  // --- what the page has -------------------------------------------------------------------------------------------

  const have = () => {
    const whole = messages.querySelectorAll(":scope > .message:not(.open)");
    const open = {};
    for (const answer of messages.querySelectorAll(".message.open")) {
      // While htmx settles, an answer that has just become whole has the class of the open one that it replaces.
      const blocks = answer.querySelector(".blocks");
      if (blocks) open[answer.id] = blocks.children.length;
    }
    const last = whole[whole.length - 1];
    const works = {};
    for (const work of messages.querySelectorAll(".work")) {
      const isAfter = !last || last.compareDocumentPosition(work) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (isAfter || work.matches(".open")) works[work.id] = work.dataset.state;
    }
    return { type: "have", last: last ? last.id : "", open, works };
  };
  const liveRun = () => document.getElementById("run").dataset.live;

  // --- connection --------------------------------------------------------------------------------------------------

  const show = (state) => {
    document.body.dataset.connection = state;
  };
  const settle = () => {
    if (!navigator.onLine) show("offline");
    else if (working) show("");
    else show(blocked >= 2 ? "polling" : "reconnecting");
  };

  htmx.config.wsReconnectDelay = (retries) => Math.min(8000, 300 * 2 ** Math.min(retries, 5)) * (0.5 + Math.random() / 2);
  htmx.createWebSocket = (address) => {
    if (socket) socket.onclose = null; // never two sockets that both feed the page
    if (socket && socket.readyState < WebSocket.CLOSING) socket.close(4000);
    working = false;
    socket = new WebSocket(address);
    return socket;
  };
  const reconnect = () => {
    clearTimeout(pinged);
    pinged = 0;
    if (wrapper) wrapper.reconnect();
  };

  stream.addEventListener("htmx:wsOpen", (event) => {
    wrapper = event.detail.socketWrapper;
    socket.send(JSON.stringify(have()));
  });
  stream.addEventListener("htmx:wsClose", (event) => {
    const { code } = event.detail.event;
    if (code === 4401) return location.assign(stream.dataset.signIn);
    if (code in REFUSED) return refused(REFUSED[code]);
    failures = working ? 1 : failures + 1;
    blocked = reached ? blocked + 1 : 0;
    working = false;
    if (failures >= 2) startPolling();
    if (!AGAIN.includes(code)) setTimeout(reconnect, 1000);
    settle();
  });
  stream.addEventListener("htmx:wsBeforeMessage", (event) => {
    if (!working) {
      working = true;
      failures = 0;
      blocked = 0;
      stopPolling();
      settle();
    }
    clearTimeout(pinged);
    pinged = 0;
    if (event.detail.message[0] !== "{") return;
    event.preventDefault();
    const frame = JSON.parse(event.detail.message);
    if (frame.m) grow(frame.m, frame.t);
    if (frame.error) console.info(frame.error);
  });

  // A phone wakes up, or the network returns: a socket may be dead without having closed.
  const check = () => {
    if (document.hidden || pinged) return;
    if (!socket || socket.readyState !== WebSocket.OPEN) return reconnect();
    socket.send('{"type": "ping"}');
    pinged = setTimeout(reconnect, ANSWER);
  };
  document.addEventListener("visibilitychange", check);
  addEventListener("pageshow", (event) => event.persisted && check());
  addEventListener("online", () => (settle(), check()));
  addEventListener("offline", settle);

  // --- without sockets ---------------------------------------------------------------------------------------------

  const poll = () => {
    if (document.hidden || !navigator.onLine) return;
    htmx.ajax("GET", `${stream.dataset.news}?have=${encodeURIComponent(JSON.stringify(have()))}`, { source: stream, swap: "none" }).catch(() => {});
  };
  const startPolling = () => {
    if (poller) return;
    poller = setInterval(poll, POLL);
    poll();
  };
  const stopPolling = () => {
    clearInterval(poller);
    poller = 0;
    reached = false;
  };
  const refused = (why) => {
    stopPolling();
    show(why);
  };
  stream.addEventListener("htmx:afterRequest", (event) => {
    if (!poller) return;
    if (event.detail.xhr.status === 404) return refused("gone");
    const wasAway = !reached;
    reached = event.detail.successful;
    if (reached && wasAway) reconnect(); // the server is back
    settle();
  });
  stream.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.successful && event.detail.xhr.status >= 400) event.stopPropagation(); // shown as the connection's state
    // A poll that was under way when the socket began to work may be older than what the socket has brought since.
    if (working && event.detail.requestConfig.verb === "get") event.detail.shouldSwap = false;
  });
  for (const name of ["everthread:sent", "everthread:changed"]) {
    document.body.addEventListener(name, () => poller && poll());
  }

  // --- the open end of an answer -----------------------------------------------------------------------------------

  const grow = (id, text) => {
    const tail = document.getElementById(`${id}-tail`);
    if (!tail) return;
    if (tail.lastChild && tail.lastChild.nodeType === Node.TEXT_NODE) tail.lastChild.appendData(text);
    else tail.append(text);
    const box = tail.closest("pre"); // of code, which scrolls by itself
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 48) box.scrollTop = box.scrollHeight;
  };

  // Code that is drawn anew stays open or closed as the reader has chosen, and keeps the focus.
  messages.addEventListener("click", (event) => {
    const summary = event.target.closest(".cell > summary");
    if (summary) summary.parentElement.dataset.chosen = "";
  });
  const keepChoices = (work, fragment) => {
    for (const before of work.querySelectorAll(".cell[data-chosen]")) {
      const cell = fragment.querySelector(`#${before.id}`);
      if (!cell) continue;
      cell.open = before.open;
      cell.dataset.chosen = "";
    }
    const focused = work.contains(document.activeElement) && document.activeElement.id;
    if (focused) requestAnimationFrame(() => document.getElementById(focused)?.focus({ preventScroll: true }));
  };

  // What the page has already is not put there twice, and what has not changed is left alone.
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target === messages) {
      for (const entry of [...fragment.children]) if (document.getElementById(entry.id)) entry.remove();
    } else if (fragment.firstElementChild && fragment.firstElementChild.outerHTML === target.dataset.html) {
      event.detail.shouldSwap = false;
    } else if (target.matches(".work")) {
      keepChoices(target, fragment);
    } else if (target.matches("#run, #waiting, .pictures")) {
      fragment.firstElementChild.dataset.html = fragment.firstElementChild.outerHTML;
    }
  });
  new MutationObserver(() => {
    const title = document.getElementById("title").textContent;
    document.title = `${title} · Everthread`;
    document.querySelectorAll(`#threads [data-thread="${stream.dataset.thread}"]`).forEach((item) => (item.textContent = title));
  }).observe(document.querySelector(".top"), { childList: true, subtree: true, characterData: true });

  // --- stop --------------------------------------------------------------------------------------------------------

  const stop = () => {
    const run = liveRun();
    if (!run) return;
    document.getElementById("stop").disabled = true;
    if (working && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "stop", run }));
    else htmx.ajax("POST", stream.dataset.stop, { source: stream, swap: "none", values: { run } }).then(poll, () => {});
    setTimeout(() => (document.getElementById("stop").disabled = false), 2000);
  };
  document.getElementById("stop").addEventListener("click", () => {
    stop();
    document.getElementById("text").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && !document.querySelector("dialog[open]")) stop();
  });

  // --- scrolling: stay at the end, unless the reader has gone up ---------------------------------------------------

  const jump = document.getElementById("jump");
  let following = true;
  let place = 0;
  const toEnd = () => (scroller.scrollTop = scroller.scrollHeight);
  scroller.addEventListener("scroll", () => {
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    if (left < 48) following = true;
    else if (scroller.scrollTop < place) following = false; // growth alone never moves up
    place = scroller.scrollTop;
    jump.hidden = following;
  }, { passive: true });
  jump.addEventListener("click", toEnd);
  const watcher = new ResizeObserver(() => following && toEnd());
  watcher.observe(scroller);
  watcher.observe(document.getElementById("log"));
  document.body.addEventListener("everthread:sent", () => {
    following = true;
    toEnd();
  });
  // Earlier messages come in above: what is being read stays where it is.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "earlier") return;
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    requestAnimationFrame(() => (scroller.scrollTop = scroller.scrollHeight - fromEnd));
  });
  toEnd();
})();
