// Returns what leaves its box sideways: elements beyond their parent, and texts beyond the block
// that they stand in. What scrolls by itself may be wider inside.
(() => {
  const wrong = [];
  const slack = 1; // pixels that rounding may take
  const about = (e) => `<${e.nodeName.toLowerCase()}${e.className && e.className.baseVal === undefined ? " class=" + e.className : ""}> ${e.textContent.trim().slice(0, 40)}`;
  const isSkipped = (e) => e.closest("svg, .hidden, .skip, .defs, .scroll, pre, thead, option") !== null || !e.checkVisibility();
  const isClipped = (e) => getComputedStyle(e).overflowX !== "visible"; // it ends with an ellipsis
  const isInline = (e) => ["inline", "contents"].includes(getComputedStyle(e).display);
  const leaves = (inner, outer) => inner.width > 0 && (inner.left < outer.left - slack || inner.right > outer.right + slack);
  const page = {left: 0, right: document.documentElement.clientWidth};
  for (const e of document.querySelectorAll("body *")) {
    if (isSkipped(e)) continue;
    const box = e.getBoundingClientRect();
    if (leaves(box, page)) wrong.push(`beyond the page: ${about(e)}`);
    if (isInline(e)) continue;
    let outer = e.parentElement;
    while (isInline(outer)) outer = outer.parentElement;
    if (leaves(box, outer.getBoundingClientRect())) wrong.push(`beyond its parent: ${about(e)}`);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (text.nodeValue.trim() === "" || isSkipped(text.parentElement)) continue;
    let outer = text.parentElement;
    while (isInline(outer)) outer = outer.parentElement;
    if (isClipped(outer)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const line of range.getClientRects()) {
      if (leaves(line, outer.getBoundingClientRect())) {
        wrong.push(`text beyond its box: ${text.nodeValue.trim().slice(0, 60)}`);
        break;
      }
    }
  }
  return wrong.slice(0, 10);
})()
