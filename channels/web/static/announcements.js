/* Shows the announcements in force above the chat, and looks again each minute. ES5 alone; without it the page has those
   of the moment when it was loaded. What an announcement says goes into the page as text, never as markup. */
(function () {
  "use strict";

  var places = { emergency: document.getElementById("urgent"), routine: document.getElementById("told") };
  var village = document.getElementById("village");
  var last = null;

  function hidden() {
    try { return (window.localStorage.getItem("told") || "").split(","); } catch (ignored) { return []; }
  }

  function hide(id) {
    var ids = hidden().slice(-50);
    ids.push(String(id));
    try { window.localStorage.setItem("told", ids.join(",")); } catch (ignored) { return; }
  }

  function line(name, className, content) {
    var made = document.createElement(name);
    if (className) { made.className = className; }
    made.appendChild(document.createTextNode(content));
    return made;
  }

  function closable(block, id) {
    var button = line("button", "choice", "知道了，收起");
    button.type = "button";
    button.setAttribute("aria-label", "知道了，收起：" + block.querySelector("h2").textContent);
    button.addEventListener("click", function () {
      hide(id);
      block.parentNode.removeChild(block);
      document.getElementById("text").focus();
    });
    block.appendChild(button);
  }

  function made(one) {
    var block = line("div", one.urgency === "emergency" ? "told urgent" : "told", "");
    var day = parseInt(one.from.slice(5, 7), 10) + "月" + parseInt(one.from.slice(8, 10), 10) + "日";
    block.id = "told-" + one.id;
    block.appendChild(line("h2", "", (one.urgency === "emergency" ? "紧急：" : "") + one.title));
    block.appendChild(line("p", "", one.text));
    block.appendChild(line("p", "source", one.publisher + "，" + day + "发"));
    return block;
  }

  function show(found) {
    var gone = hidden();
    var wanted = {};
    var blocks = document.querySelectorAll(".told");
    var block, i;
    for (i = 0; i < found.length; i += 1) {
      if (gone.indexOf(String(found[i].id)) < 0) { wanted["told-" + found[i].id] = found[i]; }
    }
    for (i = 0; i < blocks.length; i += 1) {
      if (!wanted[blocks[i].id]) { blocks[i].parentNode.removeChild(blocks[i]); }
    }
    for (i = 0; i < found.length; i += 1) {
      if (!wanted["told-" + found[i].id]) { continue; }
      block = document.getElementById("told-" + found[i].id);
      if (!block) {
        block = made(found[i]);
        places[found[i].urgency === "emergency" ? "emergency" : "routine"].appendChild(block);
      }
      if (!block.querySelector("button")) { closable(block, found[i].id); }
    }
  }

  function look(named) {
    var call = new XMLHttpRequest();
    call.open("GET", "/announcements" + (named ? "?village=" + encodeURIComponent(named) : ""));
    call.setRequestHeader("Accept", "application/json");
    call.timeout = 20000;
    call.onloadend = function () {
      if (call.status === 400 && named) { look(""); return; }
      if (call.status !== 200 || call.responseText === last) { return; }
      last = call.responseText;
      try { show(JSON.parse(last)); } catch (ignored) { last = null; }
    };
    call.send(null);
  }

  function again() {
    if (!document.hidden) { look(village.value); }
  }

  village.addEventListener("change", again);
  document.addEventListener("visibilitychange", again);
  window.setInterval(again, 60000);
  again();
}());
