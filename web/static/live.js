// Keeps the page up to date: fetches it again and changes what differs, in place,
// so that focus, scroll position, open details and typed text stay as they are.
"use strict";
(() => {
  const every = Number(document.body.dataset.live) * 1000;
  if (!every) return;

  const asof = document.getElementById("asof");
  const said = document.createElement("span");
  said.className = "hidden";
  said.setAttribute("role", "status");
  const pause = document.createElement("button");
  pause.type = "button";
  pause.setAttribute("aria-pressed", "false");
  pause.textContent = "Pause";
  pause.addEventListener("click", () => {
    const paused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(paused));
    if (!paused) update();
  });
  asof.parentNode.append(pause, said);

  let timer = 0;
  let asking = false;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(update, every);
  }

  // A page that nobody sees, or in which somebody marks text, stays as it is.
  function isHeld() {
    return document.hidden || pause.getAttribute("aria-pressed") === "true" || String(getSelection()) !== "";
  }

  function update() {
    if (asking || isHeld()) return later();
    asking = true;
    const request = new XMLHttpRequest();
    request.open("GET", location.href.split("#")[0]);
    request.responseType = "document";
    request.timeout = 10 * every;
    request.onloadend = () => {
      asking = false;
      if (request.status === 200 && request.response) show(request.response);
      else asof.dataset.stale = request.status ? "answer " + request.status : "no answer";
      later();
    };
    request.send();
  }

  function show(fresh) {
    if (isHeld()) return;
    const title = document.title;
    const focused = document.activeElement;
    for (const id of ["main", "asof"]) {
      const now = document.getElementById(id);
      const then = fresh.getElementById(id);
      if (now && then) change(now, then);
    }
    delete asof.dataset.stale;
    document.title = fresh.title;
    if (title !== fresh.title) said.textContent = fresh.title;
    if (focused && focused.isConnected && focused !== document.activeElement) focused.focus({preventScroll: true});
  }

  function isAlike(a, b) {
    return a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  }

  // A section is the same as long as its heading is: others come and go before it.
  function keyOf(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return null;
    return node.getAttribute("data-key") ?? (node.nodeName === "SECTION" ? node.getAttribute("aria-labelledby") : null);
  }

  // change makes node like fresh, which has the same name.
  function change(node, fresh) {
    if (node.nodeType !== Node.ELEMENT_NODE) {
      if (node.nodeValue !== fresh.nodeValue) node.nodeValue = fresh.nodeValue;
      return;
    }
    if (node.nodeName === "FORM") return; // it belongs to who fills it in
    for (const {name} of [...node.attributes]) {
      if (!fresh.hasAttribute(name) && !(node.nodeName === "DETAILS" && name === "open")) node.removeAttribute(name);
    }
    for (const {name, value} of fresh.attributes) {
      if (node.getAttribute(name) !== value) node.setAttribute(name, value);
    }
    changeChildren(node, fresh);
  }

  function changeChildren(node, fresh) {
    const keyed = new Map();
    for (const child of node.children) {
      if (keyOf(child) !== null) keyed.set(keyOf(child), child);
    }
    let at = node.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      let child = keyOf(wanted) !== null ? keyed.get(keyOf(wanted)) : at;
      if (child && isAlike(child, wanted)) {
        if (child === at) at = at.nextSibling;
        else node.insertBefore(child, at);
        change(child, wanted);
      } else {
        node.insertBefore(document.importNode(wanted, true), at);
      }
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) update();
  });
  later();
})();
