"use strict";
// Ticks, header box and live totals. Whole centimes throughout; the server computes everything again.
(() => {
  const form = document.querySelector("form:has(table.bills)") || document.querySelector("main form");
  const boxes = [...form.querySelectorAll("input[name=invoice]:not(:disabled)")];
  const all = document.getElementById("all");
  const output = form.querySelector("output.sums");
  const feeOf = globalThis.feeOf; // the tariff's own script; without it « Recalculer » stays
  const live = typeof feeOf === "function";
  let timer = 0;

  const amount = (centimes) => {
    const units = String(centimes / 100n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
    return `${units},${String(centimes % 100n).padStart(2, "0")}\u00a0DH`;
  };

  const header = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  const totals = () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => BigInt(box.dataset.centimes));
    const invoices = chosen.reduce((sum, centimes) => sum + centimes, 0n);
    const fee = chosen.length ? feeOf(chosen).gross : 0n;
    const [sums, total] = output.children;
    sums.textContent = output.dataset.sums
      .replace("{invoices}", amount(invoices)).replace("{fee}", amount(fee));
    total.textContent = output.dataset.total.replace("{total}", amount(invoices + fee));
  };
  const update = () => {
    header();
    if (!live) return;
    clearTimeout(timer);
    timer = setTimeout(totals, 120); // several ticks are announced once
  };

  // Without script the header box is part of the form; from here on it acts at once instead.
  all.removeAttribute("name");
  all.addEventListener("change", () => {
    for (const box of boxes) if (!("locked" in box.dataset)) box.checked = all.checked;
    update();
  });
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      if ("locked" in box.dataset && !box.checked) event.preventDefault();
    });
    box.addEventListener("change", update);
  }
  if (live) for (const spare of form.querySelectorAll("[data-unless-live]")) spare.hidden = true;
  update();
})();
