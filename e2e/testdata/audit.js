// Returns what is wrong with the page as a list of sentences: structure, names and contrast.
(() => {
  const wrong = [];
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const about = (e) => `<${e.nodeName.toLowerCase()}${e.id ? " id=" + e.id : ""}${e.className && e.className.baseVal === undefined ? " class=" + e.className : ""}> ${e.textContent.trim().slice(0, 40)}`;
  const expect = (holds, what) => { if (!holds) wrong.push(what); };

  // The document.
  expect(document.documentElement.lang === "en", "the document has no language");
  expect(document.title.trim() !== "", "the document has no title");
  expect(all("h1").length === 1, `${all("h1").length} headings of the first level`);
  let level = 0;
  for (const h of all("h1,h2,h3,h4,h5,h6")) {
    const next = Number(h.nodeName[1]);
    expect(next <= level + 1, `after a heading of level ${level} comes ${about(h)}`);
    expect(h.textContent.trim() !== "", "an empty heading");
    level = next;
  }
  for (const landmark of ["main", "body > header", "body > footer", "nav[aria-label]"]) expect(all(landmark).length > 0, `no ${landmark}`);
  expect(all("main").length === 1, "more than one main");
  expect(all("nav:not([aria-label])").length === 0, "a nav without a name");
  const skip = document.querySelector("a.skip");
  expect(skip && document.querySelector(skip.getAttribute("href")), "no link that skips to the content");
  const ids = all("[id]").map((e) => e.id);
  for (const id of ids) expect(ids.indexOf(id) === ids.lastIndexOf(id), `the id ${id} is there twice`);
  for (const e of all("[aria-labelledby]")) {
    for (const id of e.getAttribute("aria-labelledby").split(" ")) expect(ids.includes(id), `${about(e)} is labelled by ${id}, which is not there`);
  }
  const viewport = document.querySelector("meta[name=viewport]").content;
  expect(!/maximum-scale|user-scalable/.test(viewport), "the page forbids to zoom");

  // Names.
  for (const e of all("a[href], button, summary")) expect((e.getAttribute("aria-label") || e.textContent).trim() !== "", `no name: ${e.outerHTML.slice(0, 80)}`);
  for (const e of all("input:not([type=hidden]), select, textarea")) expect(e.labels.length > 0 && e.labels[0].textContent.trim() !== "", `no label: ${e.outerHTML.slice(0, 80)}`);
  for (const svg of all("svg")) {
    const hidden = svg.closest("[aria-hidden=true]");
    const name = svg.getAttribute("aria-label") || (svg.getAttribute("aria-labelledby") || "").split(" ").map((id) => (document.getElementById(id) || {}).textContent).join(" ");
    expect(hidden || (svg.getAttribute("role") === "img" && name.trim().length > 10), `a drawing without words: ${svg.outerHTML.slice(0, 80)}`);
  }
  for (const img of all("img")) expect(img.hasAttribute("alt"), `no alt: ${img.outerHTML.slice(0, 80)}`);
  for (const e of all("[style]")) wrong.push(`a style of its own: ${about(e)}`);

  // Tables.
  for (const th of all("th")) expect(["col", "row", "rowgroup", "colgroup"].includes(th.scope), `a header without scope: ${about(th)}`);
  for (const table of all("table")) {
    expect(all("thead th", table).length > 0, "a table without headers");
    for (const row of all("tbody tr", table)) {
      const cells = [...row.cells].reduce((n, c) => n + c.colSpan, 0);
      expect(cells === all("thead th", table).length, `a row of ${cells} cells: ${about(row)}`);
    }
  }

  // Contrast (WCAG 2.2, 1.4.3 and 1.4.11).
  const channels = (color) => {
    const m = color.match(/^rgba?\(([^)]+)\)$/);
    if (!m) return null;
    const [r, g, b, a = 1] = m[1].split(/[ ,/]+/).map(Number);
    return {r, g, b, a};
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a), b: top.b * top.a + below.b * (1 - top.a), a: 1,
  });
  const luminance = ({r, g, b}) => {
    const [R, G, B] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const ratio = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const ground = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) {
      const color = channels(getComputedStyle(e).backgroundColor);
      if (color && color.a > 0) layers.unshift(color);
      if (color && color.a === 1) break;
    }
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return layers.reduce((below, top) => over(top, below), dark ? {r: 0, g: 0, b: 0} : {r: 255, g: 255, b: 255});
  };
  const isSeen = (e) => e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && e.getBoundingClientRect().width > 1;
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (walker.currentNode.nodeValue.trim() === "" || seen.has(e) || ["SCRIPT", "STYLE", "NOSCRIPT", "title", "desc"].includes(e.nodeName) || !isSeen(e)) continue;
    seen.add(e);
    const style = getComputedStyle(e);
    const color = channels(e.nodeName === "text" ? style.fill : style.color);
    if (!color) { wrong.push(`a colour that cannot be read: ${style.color} of ${about(e)}`); continue; }
    texts++;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const below = ground(e);
    const contrast = ratio(over(color, below), below);
    expect(contrast >= (large ? 3 : 4.5), `contrast ${contrast.toFixed(2)} of ${about(e)}`);
  }
  expect(texts > 10, `only ${texts} texts were looked at`);
  for (const shape of all("svg[role=img] path")) {
    const style = getComputedStyle(shape);
    const name = shape.getAttribute("class");
    if (/^(grid|heat[123])$/.test(name)) continue; // helpers, and the faint end of a scale
    const color = channels(style.stroke) || channels(style.fill);
    if (!color) { expect(/^url\(/.test(style.fill), `a shape without colour: ${name}`); continue; }
    const contrast = ratio(color, ground(shape));
    expect(contrast >= 3, `contrast ${contrast.toFixed(2)} of the shape ${name}`);
  }
  for (const e of all("input:not([type=hidden]), select, button")) {
    if (!isSeen(e)) continue;
    const contrast = ratio(channels(getComputedStyle(e).borderTopColor), ground(e.parentElement));
    expect(contrast >= 3, `contrast ${contrast.toFixed(2)} of the edge of ${about(e)}`);
  }
  return [...new Set(wrong)];
})();
