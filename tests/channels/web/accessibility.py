"""What is wrong with a page for those who see, hear or move less well, as far as a machine can tell.

axe-core's rules (4.4: WCAG 2.1), with 7:1 contrast, which it leaves out by default; and what WCAG 2.2 adds at level AA
that can be measured: nothing may cover what has the focus (2.4.11), what is pressed has 24 pixels each way (2.5.8), a
code can be pasted and filled in by the browser (3.3.8).
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

_AXE = """var done = arguments[0];
axe.run(document, {rules: {"color-contrast-enhanced": {enabled: true}}})
   .then(done, function (e) { done({violations: [{id: String(e), nodes: []}], passes: []}); });"""

_NEWER = """var found = {covering: [], small: [], code: []};
[].forEach.call(document.querySelectorAll("body *"), function (e) {
  if (/fixed|sticky/.test(getComputedStyle(e).position)) { found.covering.push(e.outerHTML); }
});
[].forEach.call(document.querySelectorAll("a, button, input:not([type=hidden]), textarea, select"), function (e) {
  var box = e.getBoundingClientRect(), display = getComputedStyle(e).display;
  if (display !== "inline" && box.width && (box.width < 24 || box.height < 24)) { found.small.push(e.outerHTML); }
});
[].forEach.call(document.querySelectorAll("#code"), function (e) {
  if (e.autocomplete !== "one-time-code" || e.onpaste) { found.code.push(e.outerHTML); }
});
return found;"""


def violations(browser: Any) -> dict[str, list[str]]:
    """The rules that the page in the browser breaks, each with the elements that break it."""
    axe = resources.files(pytest.importorskip("axe_core_python", reason="axe-core-python is not installed"))
    browser.execute_script((axe / "axe.min.js").read_text(encoding="utf-8"))
    told = browser.execute_async_script(_AXE)
    passed = {rule["id"] for rule in told["passes"]}
    assert len(passed) > 10
    assert "color-contrast-enhanced" in passed
    broken = {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in told["violations"]}
    return broken | {rule: nodes for rule, nodes in browser.execute_script(_NEWER).items() if nodes}
