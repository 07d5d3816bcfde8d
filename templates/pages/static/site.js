// Everything works without this file. It makes some of it nicer, and never talks to anybody.
(function () {
  "use strict";
  // After a form came back with errors, a screen reader begins with what is wrong.
  var focus = document.querySelector("[data-focus]");
  if (focus) { focus.focus(); }
  // The browser knows the reader's zone; the field stays there to be corrected.
  var zone = document.querySelector("select[data-zone], input[data-zone]");
  if (zone && !zone.getAttribute("data-chosen") && window.Intl) {
    var known = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (known) { zone.value = known; }
    if (zone.selectedIndex === -1) { zone.selectedIndex = 0; }
  }
  // Days are counted by the date in another place; near midnight it is another day here.
  var counted = document.querySelectorAll("[data-today]"), i;
  for (i = 0; i < counted.length; i += 1) { recount(counted[i]); }
  var note = document.querySelector("[data-zone-here]");
  if (note && counted.length && near(counted[0])) { note.textContent = note.getAttribute("data-zone-here"); }
  function ahead(element) {
    var then = element.getAttribute("data-today").split("-"), now = new Date();
    var there = Date.UTC(+then[0], then[1] - 1, +then[2]);
    return Math.round((Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) - there) / 864e5);
  }
  function near(element) { return Math.abs(ahead(element)) <= 1; }
  function recount(element) {
    var days = ahead(element);
    if (days === 1) { element.textContent = element.getAttribute("data-tomorrow-says"); }
    if (days === -1) { element.textContent = element.getAttribute("data-yesterday-says"); }
  }
  // A button that copies the letter; without the script it is marked and copied by hand.
  var letter = document.querySelector("textarea[data-copy]");
  if (letter && document.execCommand) {
    var copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = letter.getAttribute("data-copy");
    copy.addEventListener("click", function () {
      letter.focus();
      letter.select();
      if (document.execCommand("copy")) { copy.textContent = letter.getAttribute("data-copied"); }
    });
    letter.parentNode.appendChild(copy);
  }
}());
