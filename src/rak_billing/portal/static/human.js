"use strict";
// « Je ne suis pas un robot »: find a number whose SHA-256 with the challenge starts with enough zero bits.
(() => {
  const field = document.getElementById("check");
  if (!field || !window.crypto || !window.crypto.subtle) return; // the question stays
  const form = field.closest("form");
  const question = field.querySelector(".question");
  const choice = field.querySelector(".robot");
  const robot = document.getElementById("robot");
  const status = field.querySelector(".status");
  const { token, difficulty } = field.dataset;
  const encoder = new TextEncoder();
  let state = "idle";
  let wanted = null; // the button that was pressed while the work went on

  const zeros = (digest) => {
    const view = new DataView(digest);
    return Math.clz32(view.getUint32(0));
  };
  const search = async () => {
    for (let first = 0; ; first += 128) {
      const numbers = Array.from({ length: 128 }, (_, i) => first + i);
      const digests = await Promise.all(
        numbers.map((n) => crypto.subtle.digest("SHA-256", encoder.encode(`${token}:${n}`))),
      );
      const hit = digests.findIndex((digest) => zeros(digest) >= Number(difficulty));
      if (hit >= 0) return first + hit;
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  const say = (words) => { status.textContent = status.dataset[words]; };

  const work = async () => {
    state = "working";
    say("working");
    try {
      form.elements.check_work.value = await search();
      state = "done";
      say("done");
      if (wanted) form.requestSubmit(wanted);
    } catch {
      state = "failed";
      question.hidden = false;
      choice.hidden = true;
      say("failed");
    }
  };

  question.hidden = true;
  choice.hidden = false;
  robot.addEventListener("change", () => {
    if (robot.checked && state === "idle") work();
  });
  form.addEventListener("submit", (event) => {
    if (state !== "working") return;
    event.preventDefault();
    wanted = event.submitter;
  });
})();
