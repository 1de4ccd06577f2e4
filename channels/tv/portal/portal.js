/* The portal on a set-top box: ES5 only, remote control only, from a server or from files. No framework, no requests:
   what changes (newsflash, numbers) comes as small scripts, which a page from a file may load too. */
(function () {
  "use strict";

  var POLL = 5000, TYPING = 3000, LEARNING = 5000, STRANGE = 3;
  var LEARN_PAGE = 192, TOWNS_PAGE = 102, HOME = 100;
  var STEPS = ["up", "down", "left", "right", "ok", "1", "red", "green", "yellow", "blue", "back"];
  var NAMES = {up: "上", down: "下", left: "左", right: "右", ok: "确定", "1": "数字 1", red: "红", green: "绿",
               yellow: "黄", blue: "蓝", back: "返回"};

  var body = document.body, root = body.getAttribute("data-root");
  var number = Number(body.getAttribute("data-number")), first = Number(body.getAttribute("data-first"));
  var size = Number(body.getAttribute("data-part")), count = Number(body.getAttribute("data-count"));
  var subs = document.getElementById("screen").getElementsByClassName("sub");
  var actions = {}, current = 1, focused = -1, typed = "", typing = 0, turning = 0, strange = 0, flashed = "", learning = -1;
  var learned = {};

  /* --- what is remembered: localStorage, else a cookie, else only this page --- */

  function recall(name) {
    var found;
    try { found = window.localStorage.getItem("tv." + name); } catch (e) { found = null; }
    if (found) { return found; }
    found = document.cookie.match(new RegExp("(?:^|; )tv_" + name + "=([^;]*)"));
    return found ? decodeURIComponent(found[1]) : "";
  }

  function remember(name, value) {
    try { window.localStorage.setItem("tv." + name, value); } catch (e) { /* the cookie must do */ }
    document.cookie = "tv_" + name + "=" + encodeURIComponent(value) + "; path=/; max-age=31536000";
  }

  /* --- small parts laid over the screen --- */

  function part(id) {
    var made = document.createElement("div");
    made.id = id;
    document.getElementById("screen").appendChild(made);
    return made;
  }

  var clock = part("clock"), typedBox = part("typed"), told = part("told"), flashBox = part("flash");

  function show(box, text) {
    box.textContent = text;
    box.style.display = text ? "block" : "none";
  }

  function tell(text, milliseconds) {
    show(told, text);
    window.clearTimeout(told.timer);
    if (milliseconds) { told.timer = window.setTimeout(function () { show(told, ""); }, milliseconds); }
  }

  function two(value) { return value < 10 ? "0" + value : String(value); }

  function tick() {
    var now = new Date(), until = body.getAttribute("data-until");
    var today = now.getFullYear() + "-" + two(now.getMonth() + 1) + "-" + two(now.getDate());
    /* a page of yesterday says 今天 of yesterday: then its own day stands where the clock does */
    show(clock, until && until < today ? until.slice(5).replace("-", ".") : two(now.getHours()) + ":" + two(now.getMinutes()));
  }

  /* --- pages --- */

  function exists(wanted) {
    var ranges = window.TV_PAGES.split(","), i, ends;
    for (i = 0; i < ranges.length; i++) {
      ends = ranges[i].split("-");
      if (wanted >= Number(ends[0]) && wanted <= Number(ends[ends.length - 1])) { return true; }
    }
    return false;
  }

  /* a page of many screens is loaded in parts, see html.py */
  function address(wanted, sub) {
    var start = sub ? Math.floor((sub - 1) / size) * size + 1 : 1;
    return root + "pages/" + wanted + (start > 1 ? "/" + start : "") + ".html" + (sub ? "#" + sub : "");
  }

  function go(wanted, sub) {
    if (Number(wanted) === number) { turn(sub || 1); return; }
    if (!exists(Number(wanted))) { tell("没有" + wanted + "页。按红键或返回键回首页。", 4000); return; }
    quiet();
    window.location.href = address(wanted, sub);
  }

  function turn(sub) {
    var i;
    quiet();
    current = (sub - 1 + count) % count + 1;
    if (current < first || current >= first + subs.length) { window.location.href = address(number, current); return; }
    for (i = 0; i < subs.length; i++) { subs[i].className = i + first === current ? "sub now" : "sub"; }
    focus(-1);
  }

  function opened() { return Number(window.location.hash.slice(1)) || Number(body.getAttribute("data-opened")); }

  function forward() {
    if (current < count) { turn(current + 1); } else { go(body.getAttribute("data-next") || HOME); }
  }

  function backward() {
    if (current > 1) { turn(current - 1); } else { go(body.getAttribute("data-previous") || HOME); }
  }

  function schedule() {
    var sub = subs[current - first], seconds = sub ? Number(sub.getAttribute("data-seconds")) : 0;
    if (count < 2 || !sub) { return; }
    turning = window.setTimeout(function () { turn(current + 1); schedule(); }, seconds * 1000);
  }

  /* --- the arrows --- */

  function links() {
    var all = document.getElementById("screen").getElementsByTagName("a"), found = [], i, row, seen = {};
    for (i = 0; i < all.length; i++) {
      row = all[i].parentNode;
      if (!all[i].getAttribute("data-key") && row.parentNode.className !== "sub now") { continue; }
      /* the number and the words of one line lead to the same page: one stop for the arrows */
      if (seen[row.className + all[i].href] && !all[i].getAttribute("data-key")) {
        seen[row.className + all[i].href].push(all[i]);
        continue;
      }
      found.push([all[i]]);
      seen[row.className + all[i].href] = found[found.length - 1];
    }
    return found;
  }

  function focus(index) {
    var all = document.getElementById("screen").getElementsByTagName("a"), stops, i;
    for (i = 0; i < all.length; i++) { all[i].className = all[i].className.replace(" on", ""); }
    focused = index;
    stops = links();
    if (index >= 0 && stops[index]) {
      for (i = 0; i < stops[index].length; i++) { stops[index][i].className += " on"; }
    }
  }

  function top(stop) { return stop[0].parentNode.offsetTop; }

  function vertical(step) {
    var stops = links(), i, best = -1, from = stops[focused], gap;
    if (!from) { focus(step > 0 ? 0 : stops.length - 4); return; }
    for (i = 0; i < stops.length; i++) {
      if ((top(stops[i]) - top(from)) * step <= 0) { continue; }
      gap = Math.abs(top(stops[i]) - top(from)) * 10000 + Math.abs(stops[i][0].offsetLeft - from[0].offsetLeft);
      if (best < 0 || gap < best) { best = gap; focused = i; }
    }
    focus(focused);
  }

  function sideways(step) {
    var stops = links(), from = stops[focused], other = stops[focused + step];
    if (from && other && top(from) === top(other)) { focus(focused + step); return; }
    if (step > 0) { forward(); } else { backward(); }
  }

  function press() {
    var stop = links()[focused], key, parts;
    if (flashed && !stop) { go(flashed.page); return; }
    if (!stop) { forward(); return; }
    key = stop[0].getAttribute("data-key");
    if (key) { act(key); return; }
    parts = stop[0].getAttribute("href").match(/(\d+)\.html(?:#(\d+))?$/);
    go(parts[1], Number(parts[2] || 0));
  }

  /* --- my village --- */

  function script(path, done) {
    var made = document.createElement("script");
    made.onload = made.onerror = function () {
      made.parentNode.removeChild(made);
      if (done) { done(); }
    };
    made.src = path;
    document.body.appendChild(made);
  }

  function village() {
    var place = body.getAttribute("data-place"), mine = recall("village");
    if (place.length === 12 && place !== mine) {
      remember("village", place);
      tell("记住了，" + body.getAttribute("data-title") + "是您的村。以后按蓝键就到这里。", 6000);
      return;
    }
    if (!mine) { go(TOWNS_PAGE); return; }
    script(root + "places.js", function () {
      var known = (window.TV_PLACES || {})[mine];
      go(known || TOWNS_PAGE);
    });
  }

  /* --- reading aloud --- */

  function words() {
    var sub = subs[current - first], said = sub.getAttribute("data-say"), rows, i;
    if (said) { return said; }
    rows = sub.getElementsByClassName("r");
    said = rows[0].textContent;
    /* a row of class j goes on with the text of the one above it */
    for (i = 1; i < rows.length; i++) { said += (/ j$/.test(rows[i].className) ? "" : "，") + rows[i].textContent; }
    return said;
  }

  function quiet() {
    if (window.speechSynthesis) { window.speechSynthesis.cancel(); }
  }

  function read() {
    var speech;
    if (!window.speechSynthesis || !window.SpeechSynthesisUtterance) { tell("这台机器不会念，请看屏幕。", 4000); return; }
    if (window.speechSynthesis.speaking) { quiet(); return; }
    speech = new window.SpeechSynthesisUtterance(words());
    speech.lang = "zh-CN";
    speech.rate = 0.85;
    window.speechSynthesis.speak(speech);
  }

  /* --- digits --- */

  function digit(value) {
    var longest = String(window.TV_PAGES.match(/\d+$/)[0]).length;
    typed += value;
    show(typedBox, (typed + "---").slice(0, Math.max(3, typed.length)));
    window.clearTimeout(typing);
    if (typed.length >= longest) { jump(); return; }
    typing = window.setTimeout(jump, TYPING);
  }

  function jump() {
    var wanted = typed;
    typed = "";
    show(typedBox, "");
    window.clearTimeout(typing);
    if (wanted.length >= 3) { go(wanted); return; }
    if (Number(wanted) >= 1 && Number(wanted) <= count) { turn(Number(wanted)); }
  }

  /* --- the newsflash --- */

  function poll() {
    /* the same address for all boxes in these five seconds, so that a cache in between may answer */
    script(root + "flash.js?" + Math.floor(new Date().getTime() / POLL), function () {
      var news = window.TV_FLASH;
      if (!news || news.page === number || news.id === recall("flash")) { hush(news && news.page === number ? news : null); return; }
      if (flashed && flashed.id === news.id) { return; }
      flashed = news;
      show(flashBox, "快讯：" + news.text + "（按确定看，按返回收起）");
    });
  }

  function hush(seen) {
    if (seen) { remember("flash", seen.id); }
    flashed = "";
    show(flashBox, "");
  }

  /* --- keys --- */

  function act(action) {
    if (action >= "0" && action <= "9") { digit(action); return; }
    switch (action) {
    case "up": vertical(-1); break;
    case "down": vertical(1); break;
    case "left": sideways(-1); break;
    case "right": sideways(1); break;
    case "ok": if (typed) { jump(); } else { press(); } break;
    case "pageup": backward(); break;
    case "pagedown": case "yellow": forward(); break;
    case "home": case "red": go(HOME); break;
    case "green": read(); break;
    case "blue": village(); break;
    case "back":
      if (flashed) { hush(flashed); } else if (window.history.length > 1) { window.history.back(); } else { go(HOME); }
      break;
    }
  }

  function pressed(event) {
    var happened = event || window.event, code = happened.which || happened.keyCode, action = learned[code] || actions[code];
    window.clearTimeout(turning);
    if (learning >= 0) { taught(code); return stop(happened); }
    if (!action) {
      strange += 1;
      if (strange >= STRANGE && number !== LEARN_PAGE) { tell("不认识这个遥控器，请跟着学一遍。"); go(LEARN_PAGE); }
      return true;
    }
    strange = 0;
    act(action);
    return stop(happened);
  }

  function stop(event) {
    if (event.preventDefault) { event.preventDefault(); }
    return false;
  }

  function known() {
    var box, action, codes, i;
    for (box in window.TV_KEYS) {
      for (action in window.TV_KEYS[box].keys) {
        codes = window.TV_KEYS[box].keys[action];
        for (i = 0; i < codes.length; i++) { actions[codes[i]] = action; }
      }
    }
    try { learned = JSON.parse(recall("keys") || "{}"); } catch (e) { learned = {}; }
  }

  /* --- learning the keys --- */

  function learn() {
    learned = {};
    learning = 0;
    ask();
  }

  function ask() {
    window.clearTimeout(typing);
    if (learning >= STEPS.length) {
      learning = -1;
      remember("keys", JSON.stringify(learned));
      tell("学会了。按确定回首页。", 8000);
      focused = -1;
      body.setAttribute("data-next", String(HOME));
      return;
    }
    tell("请按一下“" + NAMES[STEPS[learning]] + "”键");
    typing = window.setTimeout(function () { learning += 1; ask(); }, LEARNING);
  }

  function taught(code) {
    var i;
    if (STEPS[learning] === "1") {
      for (i = 0; i < 10; i++) { learned[code - 1 + i] = String(i); }
    } else {
      learned[code] = STEPS[learning];
    }
    learning += 1;
    ask();
  }

  /* --- begin --- */

  known();
  tick();
  window.setInterval(tick, 1000);
  turn(opened());
  window.onhashchange = function () { turn(opened()); };
  schedule();
  poll();
  window.setInterval(poll, POLL);
  document.onkeydown = pressed;
  document.onirkeypress = pressed; /* iPanel */
  if (number === LEARN_PAGE) { learn(); }
  body.setAttribute("data-ready", "1");
}());
