"use strict";
// The rules of selection, judged in a browser from the JSON of rak_billing.selection.browser (docs/selection-rules.md).
// It says early what the server will say; the server judges again. Whole centimes throughout.
(() => {
  const THOUSANDS = "\u202f";
  const UNIT = "\u00a0";

  const amountText = {
    fr: ({ centimes, currency }) => {
      const units = String(Math.floor(centimes / 100)).replace(/\B(?=(\d{3})+$)/g, THOUSANDS);
      return `${units},${String(centimes % 100).padStart(2, "0")}${UNIT}${currency === "MAD" ? "DH" : currency}`;
    },
    en: ({ centimes, currency }) =>
      `${Math.floor(centimes / 100)}.${String(centimes % 100).padStart(2, "0")} ${currency}`,
  };

  const maker = (reasons) => (rule, reference = null, { references = [], limit = null } = {}) => {
    const named = references.length ? references : reference === null ? [] : [reference];
    const others = reference ? named.filter((other) => other !== reference) : named;
    const say = (language) => {
      const shown = limit !== null && typeof limit === "object" ? amountText[language](limit) : String(limit);
      const words = { reference: String(reference), references: others.join(", "), limit: shown };
      return reasons[rule][language].replace(/\{(reference|references|limit)\}/g, (_, name) => words[name]);
    };
    return { rule, reference, references: named, limit, message: say("fr"), message_en: say("en") };
  };

  const bar = (bill, rules, refuse) => {
    const has = (kind) => rules.rules.some((rule) => rule.rule === kind);
    const flags = [
      ["no-credit-notes", "credit-note", (invoice) => invoice.kind === "credit-note"],
      ["not-under-direct-debit", "under-direct-debit", (invoice) => invoice.directDebit],
      ["not-disputed", "disputed", (invoice) => invoice.disputed],
    ].filter(([kind]) => has(kind));
    const bars = new Map();
    const seen = new Set();
    for (const invoice of bill) {
      const reasons = flags.filter(([, , isSet]) => isSet(invoice)).map(([, rule]) => rule);
      if (seen.has(invoice.reference)) reasons.push("duplicate-reference");
      if (!invoice.payable) reasons.push("not-payable");
      if (invoice.underPayment && has("not-under-payment")) reasons.push("under-payment");
      seen.add(invoice.reference);
      const found = bars.get(invoice.reference) || [];
      const told = new Set(found.map((refusal) => refusal.rule));
      found.push(...reasons.filter((rule) => !told.has(rule)).map((rule) => refuse(rule, invoice.reference)));
      if (found.length) bars.set(invoice.reference, found);
    }
    if (bars.size && has("groups-together")) barGroups(bill, bars, refuse);
    return bars;
  };

  // One that is barred bars its companions: they go together, and it cannot go.
  const barGroups = (bill, bars, refuse) => {
    const barred = new Map();
    for (const { group, reference } of bill) {
      if (group !== null && bars.has(reference)) barred.set(group, (barred.get(group) || new Set()).add(reference));
    }
    for (const { group, reference } of bill) {
      if (!barred.has(group) || bars.has(reference)) continue;
      bars.set(reference, [refuse("group-barred", reference, { references: [reference, ...barred.get(group)] })]);
    }
  };

  const ofTheTicks = (bill, ticked, bars, refuse) => {
    if (!ticked.length) return [refuse("nothing-chosen")];
    const known = new Set(bill.map((invoice) => invoice.reference));
    const twice = (reference) => (bars.get(reference) || []).some(({ rule }) => rule === "duplicate-reference");
    const refusals = [];
    for (const reference of new Set(ticked)) {
      const times = ticked.filter((other) => other === reference).length;
      if (!known.has(reference)) refusals.push(refuse("unknown-reference", reference));
      else if (times > 1 && !twice(reference)) refusals.push(refuse("duplicate-reference", reference));
    }
    return refusals;
  };

  const bounds = (partial, balance) => {
    const { mode, minimum, maximum } = partial;
    const least = Math.min(minimum ? minimum.centimes : 1, balance);
    if (mode === "at-least") return [balance, maximum ? maximum.centimes : null];
    if (mode === "at-most") return [least, maximum ? Math.min(maximum.centimes, balance) : balance];
    return [least, maximum ? maximum.centimes : null];
  };

  const ofTheParts = (partial, picked, amounts, refuse) => {
    const chosen = new Set(picked.map((invoice) => invoice.reference));
    const refusals = [...amounts.keys()]
      .filter((reference) => !chosen.has(reference))
      .map((reference) => refuse("part-not-chosen", reference));
    for (const { reference, centimes, currency } of picked) {
      const amount = amounts.get(reference);
      if (amount === undefined || (amount.centimes === centimes && amount.currency === currency)) continue;
      const money = (value) => ({ limit: { centimes: value, currency } });
      const given = [amount, partial.minimum, partial.maximum];
      if (partial.mode === "exact" || given.some((value) => value && value.currency !== currency)) {
        refusals.push(refuse("part-not-allowed", reference, money(centimes)));
        continue;
      }
      const [least, most] = bounds(partial, centimes);
      if (amount.centimes < least) refusals.push(refuse("part-too-small", reference, money(least)));
      if (most !== null && amount.centimes > most) refusals.push(refuse("part-too-large", reference, money(most)));
    }
    return refusals;
  };

  const sum = (paid, most) => {
    if (!paid.length || paid.some(({ currency }) => currency !== paid[0].currency)) return null;
    const centimes = paid.reduce((total, amount) => total + amount.centimes, 0);
    if (Math.abs(centimes) > most) return null;
    return { centimes, currency: paid[0].currency };
  };

  const references = (invoices) => invoices.map((invoice) => invoice.reference);

  const olderLeftOut = (rule, { open, picked, wanted }, refuse) => {
    const nameOf = (invoice) =>
      rule.within === "bill" ? "" : rule.within === "service" ? invoice.service : invoice.contract || "";
    const newest = new Map();
    for (const invoice of picked) {
      const name = nameOf(invoice);
      if (!newest.has(name) || invoice.due > newest.get(name)) newest.set(name, invoice.due);
    }
    return open
      .filter((invoice) => !wanted.has(invoice.reference) && invoice.due < (newest.get(nameOf(invoice)) || ""))
      .map((invoice) => refuse("older-left-out", invoice.reference));
  };

  const ofTheAmount = (rule, total, refuse) => {
    if (total === null) return [];
    const limits = [rule.minimum, rule.maximum].filter((limit) => limit !== null);
    if (limits.some((limit) => limit.currency !== total.currency)) return [refuse("not-one-payment")];
    if (rule.minimum && total.centimes < rule.minimum.centimes) {
      return [refuse("amount-too-small", null, { limit: rule.minimum })];
    }
    if (rule.maximum && total.centimes > rule.maximum.centimes) {
      return [refuse("amount-too-large", null, { limit: rule.maximum })];
    }
    return [];
  };

  const judges = {
    "mandatory-included": (_, { open, wanted }, refuse) =>
      open
        .filter((invoice) => invoice.mandatory && !wanted.has(invoice.reference))
        .map((invoice) => refuse("mandatory-left-out", invoice.reference)),
    "oldest-first": olderLeftOut,
    "groups-together": (_, { open, picked, wanted }, refuse) =>
      [...new Set(picked.map((invoice) => invoice.group).filter((group) => group !== null))]
        .map((group) => open.filter((i) => i.group === group && !wanted.has(i.reference)))
        .filter((left) => left.length)
        .map((left) => refuse("group-split", null, { references: references(left) })),
    "all-or-nothing": (_, { open, picked, wanted }, refuse) => {
      const left = picked.length ? open.filter((invoice) => !wanted.has(invoice.reference)) : [];
      return left.length ? [refuse("some-left-out", null, { references: references(left) })] : [];
    },
    "at-most-invoices": (rule, { picked }, refuse) =>
      picked.length > rule.count
        ? [refuse("too-many", null, { references: references(picked), limit: rule.count })]
        : [],
    "amount-within": (rule, { total }, refuse) => ofTheAmount(rule, total, refuse),
  };
  const barring = ["no-credit-notes", "not-under-direct-debit", "not-disputed", "not-under-payment"];

  // Gives every reason against paying the ticked invoices, in the server's order; none when they may be paid.
  // *amounts*, a Map by reference, names what is not paid whole. Throws on rules that it does not know: then the page leaves the judging to the server.
  const refusals = (rules, bill, ticked, amounts = null) => {
    if (rules.format !== 1) throw new Error(`expected rules of format 1, not ${rules.format}`);
    const refuse = maker(rules.reasons);
    const wanted = new Set(ticked);
    const bars = bar(bill, rules, refuse);
    const open = bill.filter((invoice) => !bars.has(invoice.reference));
    const picked = open.filter((invoice) => wanted.has(invoice.reference));
    const paid = picked.map((invoice) => (amounts && amounts.get(invoice.reference)) || invoice);
    const total = sum(paid, rules.most);
    const found = ofTheTicks(bill, ticked, bars, refuse);
    const barred = new Set(references(bill.filter((invoice) => wanted.has(invoice.reference))));
    for (const reference of barred) found.push(...(bars.get(reference) || []));
    if (amounts) found.push(...ofTheParts(rules.partial, picked, amounts, refuse));
    for (const rule of rules.rules) {
      if (barring.includes(rule.rule)) continue;
      if (!Object.hasOwn(judges, rule.rule)) throw new Error(`unknown rule ${rule.rule}`);
      found.push(...judges[rule.rule](rule, { open, picked, wanted, total }, refuse));
    }
    if (picked.length && total === null) found.push(refuse("not-one-payment"));
    return found;
  };

  globalThis.rakSelection = { refusals };
})();
