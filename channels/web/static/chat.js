/* Makes the page answer without loading anew. ES5 alone; without it the forms do the same. What was said by anybody
   goes into the page as text, never as markup. */
(function () {
  "use strict";

  var log = document.getElementById("log");
  var form = document.getElementById("ask");
  var text = document.getElementById("text");
  var village = document.getElementById("village");
  var list = document.getElementById("places");
  var status = document.getElementById("status");
  var sources = "（来源：";
  var places = null;
  var counter = 0;

  function element(name, className, content) {
    var made = document.createElement(name);
    if (className) { made.className = className; }
    if (content) { made.appendChild(document.createTextNode(content)); }
    return made;
  }

  function said(className, who, content) {
    var line = element("p", className);
    if (who) { line.appendChild(element("span", "who", who)); }
    line.appendChild(document.createTextNode(content));
    return line;
  }

  function show(node) {
    log.appendChild(node);
    node.scrollIntoView();
  }

  function offer(choices) {
    var old = document.getElementById("choices");
    var made, button, i;
    if (old) { old.parentNode.removeChild(old); }
    if (!choices.length) { return; }
    made = element("form", "");
    made.id = "choices";
    made.setAttribute("aria-label", "可以选的");
    for (i = 0; i < choices.length; i += 1) {
      button = element("button", "choice", (i + 1) + "　" + choices[i].label);
      button.value = choices[i].text;
      made.appendChild(button);
    }
    status.parentNode.insertBefore(made, status);
    listen(made);
  }

  var sound = document.createElement("audio");
  var reading = null;

  function silence(said) {
    if (reading) { reading.textContent = "听一遍"; }
    reading = null;
    status.textContent = said;
  }

  sound.onended = function () { silence(""); };
  sound.onerror = function () { if (reading) { silence("现在念不出来，请看文字。"); } };

  function reader(id) {
    var button = element("button", "choice", "听一遍");
    button.type = "button";
    button.addEventListener("click", function () {
      var again = reading !== button;
      var begun;
      sound.pause();
      silence("");
      if (again) {
        reading = button;
        button.textContent = "停下";
        sound.src = "/spoken?id=" + encodeURIComponent(id);
        begun = sound.play();
        if (begun) { begun["catch"](function () { return; }); }
      }
    });
    return button;
  }

  function answered(answer, id) {
    var block = element("div", "answer");
    var lines = answer.text.split("\n");
    var last = lines[lines.length - 1];
    var picture, i;
    document.body.className = answer.manner === "large" ? "large" : "";
    block.appendChild(said("headline", "乡音答：", answer.headline));
    for (i = 0; i < answer.details.length; i += 1) { block.appendChild(element("p", "", answer.details[i])); }
    if (last.indexOf(sources) === 0) { block.appendChild(element("p", "source", last)); }
    if (answer.picture && answer.picture.charAt(0) === "/") {
      picture = element("img", "");
      picture.alt = answer.headline;
      picture.src = answer.picture;
      block.appendChild(picture);
    }
    if (sound.canPlayType && sound.canPlayType("audio/mpeg")) { block.appendChild(reader(id)); }
    show(block);
    offer(answer.choices);
  }

  function request(method, path, body, done) {
    var call = new XMLHttpRequest();
    call.open(method, path);
    call.setRequestHeader("Accept", "application/json");
    call.timeout = 20000;
    call.onloadend = function () {
      var value = null;
      try { value = JSON.parse(call.responseText); } catch (ignored) { value = null; }
      done(call.status === 200, value);
    };
    if (body) { call.setRequestHeader("Content-Type", "application/json"); }
    call.send(body ? JSON.stringify(body) : null);
  }

  function ask(question) {
    var id = new Date().getTime() + "-" + Math.random().toString(36).slice(2) + "-" + (counter += 1);
    show(said("asked", "您问：", question));
    offer([]);
    status.textContent = "正在查，请稍等…";
    request("POST", "/", { text: question, village: village.value, id: id }, function (well, value) {
      status.textContent = "";
      if (well && value) {
        answered(value, id);
      } else {
        show(element("p", "refused", value && value.error ? value.error.message : "没连上，请检查网络后再问一次。"));
        text.value = text.value || question;
      }
    });
    text.focus();
  }

  function listen(buttons) {
    buttons.addEventListener("click", function (event) {
      if (event.target.nodeName === "BUTTON") {
        event.preventDefault();
        ask(event.target.value);
      }
    });
  }

  /* --- the village: a search among all names, fetched when it is first used ------------------------------------- */

  function remember(name) {
    try { window.localStorage.setItem("village", name); } catch (ignored) { return; }
  }

  function recall() {
    try { return window.localStorage.getItem("village") || ""; } catch (ignored) { return ""; }
  }

  function suggest() {
    var wanted = village.value.replace(/\s/g, "");
    var found = [];
    var button, i;
    remember("");
    list.textContent = "";
    if (!wanted || !places) { return; }
    for (i = 0; i < places.length; i += 1) {
      if (places[i][1] === wanted) { remember(wanted); status.textContent = "已选" + wanted; return; }
      if (places[i][1].indexOf(wanted) >= 0) { found.push(places[i][1]); }
    }
    status.textContent = found.length ? "找到" + found.length + "个村" + (found.length > 8 ? "，请再写几个字" : "") : "没有这个村名";
    for (i = 0; i < found.length && i < 8; i += 1) {
      button = element("button", "choice", found[i]);
      button.type = "button";
      button.value = found[i];
      list.appendChild(button);
    }
  }

  list.addEventListener("click", function (event) {
    if (event.target.nodeName === "BUTTON") {
      village.value = event.target.value;
      suggest();
      village.focus();
    }
  });

  village.addEventListener("input", function () {
    if (places) { suggest(); return; }
    request("GET", "/web/places.json", null, function (well, value) {
      if (well) { places = value; }
      suggest();
    });
  });

  form.addEventListener("submit", function (event) {
    var question = text.value.replace(/^\s+|\s+$/g, "");
    event.preventDefault();
    if (question) {
      text.value = "";
      ask(question);
    }
  });

  text.addEventListener("keydown", function (event) {
    if (event.keyCode === 13 && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.querySelector("button").click();
    }
  });

  if (document.getElementById("choices")) { listen(document.getElementById("choices")); }
  if (village.value) { remember(village.value); } else { village.value = recall(); }
}());
