"""The portal's own files, as a server and an export lay them beside the pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from channels.base import Magazine
from channels.tv import html, png

HERE = Path(__file__).parent


@cache
def files() -> dict[str, bytes]:
    """The files of the portal's folder by name: scripts, styles, key maps, the font."""
    keys = (HERE / "keys.json").read_text(encoding="utf-8")
    return {
        "portal.js": (HERE / "portal.js").read_bytes(),
        "keys.json": keys.encode(),
        "keys.js": f"var TV_KEYS = {keys.strip()};\n".encode(),
        "portal-720.css": html.stylesheet(png.HD).encode(),
        "portal-1080.css": html.stylesheet(png.FULL_HD).encode(),
        "font.otf": png.FONT.read_bytes(),
    }


def script(name: Literal["pages", "places", "flash"] | str, magazine: Magazine) -> str:
    """What the portal loads beside a page: all numbers, the places' numbers, the newsflash of this moment."""
    if name == "pages":
        return f'var TV_PAGES = "{ranges(magazine.numbers())}";\n'
    if name == "places":
        return f"var TV_PLACES = {json.dumps(dict(magazine.place_numbers()), separators=(',', ':'))};\n"
    flash = magazine.flash()
    shaped = {"id": flash.id, "text": flash.text, "page": flash.page} if flash else None
    return f"var TV_FLASH = {json.dumps(shaped, ensure_ascii=False)};\n"


def ranges(numbers: Sequence[int]) -> str:
    """Sorted numbers in short: 100-102,110."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
