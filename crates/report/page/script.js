"use strict";
(function () {
  var doc = document;
  function lang() { return doc.getElementById("lang-ja").checked ? "ja" : "en"; }
  function sync() { doc.documentElement.lang = lang(); }
  Array.prototype.forEach.call(doc.querySelectorAll("input[name=lang]"), function (input) {
    input.addEventListener("change", sync);
  });
  sync();

  // What a link points to may stand in closed boxes.
  function open(node) {
    for (; node && node !== doc.body; node = node.parentNode) {
      if (node.tagName === "DETAILS") { node.open = true; }
    }
  }
  function go() {
    var target = location.hash.length > 1 && doc.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) { open(target); target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", go);
  go();

  // Only what is shown in the chosen language and zone.
  function shown(node) { return (node.innerText || "").replace(/\s+/g, " ").trim(); }
  function csv(text) {
    if (/^[\s"']*[=+\-@|%;\uFF1D\uFF0B\uFF0D\uFF20]/.test(text)) { text = "'" + text; }
    return '"' + text.replace(/"/g, '""') + '"';
  }
  function copy(text, done) {
    function old() {
      var area = doc.createElement("textarea");
      area.value = text;
      doc.body.appendChild(area);
      area.select();
      doc.execCommand("copy");
      doc.body.removeChild(area);
      done();
    }
    if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(text).then(done, old); } else { old(); }
  }
  Array.prototype.forEach.call(doc.querySelectorAll("table[data-name]"), function (table) {
    var button = doc.createElement("button");
    button.type = "button";
    button.className = "copy";
    function label(id) { button.innerHTML = doc.getElementById(id).innerHTML; }
    label("w-copy");
    button.addEventListener("click", function () {
      var rows = Array.prototype.map.call(table.rows, function (row) {
        return Array.prototype.map.call(row.cells, function (cell) { return csv(shown(cell)); }).join(",");
      });
      copy("\uFEFF" + rows.join("\r\n") + "\r\n", function () { label("w-copied"); setTimeout(function () { label("w-copy"); }, 2000); });
    });
    table.parentNode.parentNode.insertBefore(button, table.parentNode);
  });

  var box = doc.querySelector(".filter");
  if (box) {
    box.hidden = false;
    var input = doc.getElementById("filter"), count = doc.getElementById("filter-count");
    var all = Array.prototype.slice.call(doc.querySelectorAll("details.finding"));
    var texts = null;
    input.addEventListener("input", function () {
      texts = texts || all.map(function (node) { return node.textContent.toLowerCase(); });
      var wanted = input.value.toLowerCase(), left = 0;
      all.forEach(function (node, at) {
        var hit = texts[at].indexOf(wanted) >= 0;
        node.hidden = !hit;
        left += hit ? 1 : 0;
      });
      if (wanted) { Array.prototype.forEach.call(doc.querySelectorAll("details.levelbox"), function (node) { node.open = true; }); }
      count.textContent = wanted ? left + " / " + all.length : "";
    });
  }

  var menu = doc.querySelector("details.menu");
  if (menu && window.matchMedia("(max-width: 900px)").matches) { menu.open = false; }
})();
