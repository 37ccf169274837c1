"use strict";
// A second click on a button that pays does nothing for a while; the server would see to it anyway.
for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = 0;
  form.addEventListener("submit", (event) => {
    const now = Date.now();
    if (now - sent < 8000) event.preventDefault();
    else sent = now;
  });
}
// Before the draft's half hour ends, say so; one press starts it again and keeps the ticks.
for (const warning of document.querySelectorAll("[data-expiry]")) {
  setTimeout(() => { warning.hidden = false; }, 25 * 60 * 1000);
}
