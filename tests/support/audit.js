// A page's debts to those who read it with ears, keyboard, or poor eyes; one sentence for each, none when it owes nothing.
() => {
  const debts = [];
  const owe = (words, element) => debts.push(element ? `${words}: ${element.outerHTML.slice(0, 120)}` : words);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const box = (element) => element.getBoundingClientRect();
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && box(element).width > 1;
  const words = (element) => (element.getAttribute("aria-label") || element.textContent || "").trim();

  // Structure
  if (!document.documentElement.lang) owe("no language");
  if (!document.title.trim()) owe("no title");
  if (all("h1").length !== 1) owe(`${all("h1").length} headings of the first level`);
  if (all("main").length !== 1) owe("no main part, or several");
  const ids = all("[id]").map((element) => element.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) owe(`id ${id} twice`);
  let level = 0;
  for (const heading of all("h1, h2, h3").filter(shown)) {
    if (heading.closest("[role=alert]")) continue;
    const here = Number(heading.tagName[1]);
    if (here > level + 1) owe("a level of headings is left out", heading);
    level = here;
  }

  // Names
  for (const field of all("input:not([type=hidden]), select, textarea").filter(shown)) {
    const named = [...(field.labels || [])].some((label) => words(label)) || field.getAttribute("aria-label");
    if (!named) owe("a field without label", field);
  }
  for (const control of all("a[href], button, summary").filter(shown)) if (!words(control)) owe("nothing to read out", control);
  for (const picture of all("img:not([alt]), svg[role=img]:not([aria-label], [aria-labelledby])")) owe("a picture without words", picture);
  for (const name of ["aria-describedby", "aria-labelledby"])
    for (const element of all(`[${name}]`))
      for (const id of element.getAttribute(name).split(/\s+/))
        if (!document.getElementById(id)) owe(`${name} of nothing`, element);
  for (const cell of all("th")) if (!cell.scope) owe("a heading cell without scope", cell);
  for (const field of all("[aria-invalid=true]")) if (!field.getAttribute("aria-describedby")) owe("an error that is not read out", field);

  // Contrast: text against what is painted behind it, WCAG 1.4.3; borders of fields, 1.4.11
  const colour = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const over = (top, alpha, below) => top.map((value, index) => value * alpha + below[index] * (1 - alpha));
  const ground = (element) => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const layer = colour(getComputedStyle(node).backgroundColor);
      layers.push(layer);
      if (layer.alpha === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer.rgb, layer.alpha, below), [255, 255, 255]);
  };
  const faded = (element) => {
    let opacity = 1;
    for (let node = element; node; node = node.parentElement) opacity *= Number(getComputedStyle(node).opacity);
    return opacity;
  };
  const light = (rgb) => {
    const [red, green, blue] = rgb.map((value) => value / 255).map((value) =>
      value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !shown(element) || element.closest("option, script, style")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const behind = ground(element);
    const ink = colour(style.fill !== "rgb(0, 0, 0)" && element.closest("svg") ? style.fill : style.color);
    const found = ratio(over(ink.rgb, ink.alpha * faded(element), behind), behind);
    if (found < (large ? 3 : 4.5)) owe(`contrast ${found.toFixed(2)}`, element);
  }
  for (const field of all("input:not([type=hidden], [type=checkbox], [type=radio]), select").filter(shown)) {
    const found = ratio(colour(getComputedStyle(field).borderTopColor).rgb, ground(field.parentElement));
    if (found < 3) owe(`border contrast ${found.toFixed(2)}`, field);
  }

  // Targets: 24 by 24, links inside a sentence apart, WCAG 2.5.8
  for (const control of all("a[href], button, input:not([type=hidden]), select, summary").filter(shown)) {
    if (control.tagName === "A" && getComputedStyle(control).display === "inline") continue;
    const parts = [control, ...(control.labels || [])].map(box);
    const width = Math.max(...parts.map((part) => part.width));
    const height = Math.max(...parts.map((part) => part.height));
    if (width < 24 || height < 24) owe(`a target of ${width.toFixed()} by ${height.toFixed()}`, control);
  }

  // Reflow
  for (const part of all(".reference bdi").filter(shown))
    if (part.getClientRects().length > 1) owe("a reference in two pieces", part);
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) owe(`${wide.scrollWidth - wide.clientWidth} pixels wider than the window`);
  return debts;
}
