"""The key maps as data: every box that is known, no code with two meanings."""

from __future__ import annotations

import json

from channels.tv import portal

MAPS = json.loads(portal.files()["keys.json"])
NEEDED = {"up", "down", "left", "right", "ok", "back", *"0123456789"}
COLOURS = {"red": (403, 275, 832, 2305, 112, 320), "blue": (406, 278, 835, 2308, 115, 323)}


def test_every_box_can_be_walked_by_arrows_ok_and_digits() -> None:
    assert {"hbbtv", "iptv", "ipanel", "dth", "inspur", "enrich", "dvn"} <= MAPS.keys()
    for name, box in MAPS.items():
        assert box.keys() == {"name", "keys"}, name
        assert box["keys"].keys() >= NEEDED, name


def test_the_coloured_keys_are_those_that_the_boxes_send() -> None:
    for colour, codes in COLOURS.items():
        known = {code for box in MAPS.values() for code in box["keys"].get(colour, ())}
        assert known == set(codes)


def test_no_code_means_two_things() -> None:
    meanings: dict[int, set[str]] = {}
    for box in MAPS.values():
        for action, codes in box["keys"].items():
            for code in codes:
                meanings.setdefault(code, set()).add(action)
    assert {code: found for code, found in meanings.items() if len(found) > 1} == {}


def test_the_script_is_es5_without_what_old_boxes_lack() -> None:
    script = portal.files()["portal.js"].decode()
    code = "\n".join(line.partition("/*")[0] for line in script.splitlines())
    for word in ("=>", "let ", "const ", "`", "class ", "async ", "fetch(", "Promise", "...", "XMLHttpRequest"):
        assert word not in code, word
    for name in ("portal-720.css", "portal-1080.css"):
        style = portal.files()[name].decode()
        for word in ("flex", "grid", "calc(", "var(", "transform"):
            assert word not in style, (name, word)
