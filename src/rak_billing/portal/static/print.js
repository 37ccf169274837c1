"use strict";
// The receipt's button, hidden until it works.
const button = document.getElementById("imprimer");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
