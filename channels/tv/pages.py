"""The page model of the television: a grid that an old villager reads from three metres. Pure: no I/O, no clock.

A screen is 40 half cells wide and 13 rows high. A hanzi takes two half cells, a digit or a Latin letter one. Row 1 is
the header, row 13 the four colour keys, the 11 between are a subpage's own. Colours are `#rrggbb`; every pair that is
used together has a contrast of 7:1 at least.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal
from unicodedata import category, east_asian_width

WIDTH = 40  # half cells
HEIGHT = 13  # rows
BODY = 11  # rows of a subpage

WHITE, YELLOW, CYAN, GREEN, GREY, BLACK = "#ffffff", "#ffe14d", "#8ce6ff", "#96f096", "#d4dae8", "#000000"
NAVY, STRIPE, DEEP, RED = "#0a1c45", "#14306e", "#04102c", "#8c0000"
LEAF, GOLD, BLUE, BAR = "#00501c", "#ffd800", "#0a3c8c", "#ffb43c"

#: How long a subpage stands before the next one turns up by itself, in seconds.
SECONDS = 20

Priority = Literal["normal", "high", "emergency"]
Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one colour. `link` is a page (`110`) or a subpage (`110/2`); `size` 2 is twice as wide and as high."""

    text: str
    fg: str = WHITE
    bg: str = NAVY
    link: str = ""
    size: int = 1

    @property
    def width(self) -> int:
        """Half cells that it takes."""
        return cells(self.text) * self.size


Row = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Subpage:
    """One screen: at most 11 rows; a row of size 2 is followed by an empty one that it covers. `speech` is read aloud."""

    rows: tuple[Row, ...]
    speech: str = ""
    seconds: int = SECONDS


@dataclass(frozen=True, slots=True)
class Page:
    """One numbered page. `place` is the division code that it is about; `previous` and `next` are page numbers.

    It holds from `valid_from` to `valid_until` (None: until it is replaced). `source` names department and day.
    """

    number: int
    title: str
    place: str
    valid_from: date
    valid_until: date | None
    priority: Priority
    source: str
    subpages: tuple[Subpage, ...]
    previous: int | None = None
    next: int | None = None

    @property
    def digest(self) -> str:
        """Changes whenever anything that is seen, said or linked on the page does."""
        return blake2b(repr(self).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class ColourKey:
    """One of the four coloured keys: its name, what it does, and how it is shown."""

    name: Literal["red", "green", "yellow", "blue"]
    label: str
    fg: str
    bg: str


COLOUR_KEYS = (
    ColourKey("red", "首页", WHITE, RED),
    ColourKey("green", "读给我听", WHITE, LEAF),
    ColourKey("yellow", "下一页", BLACK, GOLD),
    ColourKey("blue", "我的村", WHITE, BLUE),
)


class LayoutError(ValueError):
    """A page that does not fit its grid; the text says which row and by how much."""


# --- measuring and wrapping ------------------------------------------------------------------------------------------

_NOT_FIRST = frozenset("。，、；：？！）》」』】〕…—～·%‰℃”’,.!?:;)]}％〉")
_NOT_LAST = frozenset("（《「『【〔“‘([{￥$〈")
_UNITS = (
    "元/公斤|元/斤|元/吨|元/亩|万元|亿元|元|公斤|斤|吨|公里|里|米|平方米|亩|户|人|个|头|只|盏|笔|件|处|条|份|次|天|小时|"
    "分钟|岁|级|度|路|年|月|日|号|点|时|分|块|倍|成|%|％|℃"
)
_PER = "/(?:公斤|斤|吨|亩|年|月|天|个|人|户)"
_ATOM = re.compile(
    rf"(?:[+-]?\d[\d,.:\-～~/]*(?:(?:{_UNITS})(?:{_PER})*)?)+|元(?:{_PER})+|[A-Za-z0-9_@.:/\-]+|.", re.DOTALL
)


@lru_cache(maxsize=20_000)
def cell(character: str) -> int:
    """Half cells of one character: 2 for hanzi and full-width marks, 1 for Latin."""
    return 2 if east_asian_width(character) in "WFA" else 1


def cells(text: str) -> int:
    """Half cells of a text."""
    return sum(map(cell, text))


def clean(text: str) -> str:
    """Text without what has no cell: controls, marks that combine, halves of surrogate pairs."""
    kept = (" " if c in "\t\r\u3000\xa0" else c for c in text if c in "\n\t\r" or category(c)[0] not in "CM")
    return "".join(kept)


def wrap(text: str, width: int = WIDTH) -> list[str]:
    """A text as lines of at most `width` half cells, by the rules of Chinese line-breaking.

    No closing mark begins a line and no opening one ends it; a number stays with its unit, a word or a telephone number
    whole. What is longer than a line by itself is cut where the line is full. An empty text is no line.
    """
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        lines += _wrapped(paragraph.strip(), width)
    return lines


def _wrapped(paragraph: str, width: int) -> list[str]:
    lines, line = [], ""
    for atom in _atoms(paragraph):
        rest = atom
        if cells(line) + cells(rest) > width and line:
            lines.append(line.rstrip())
            line, rest = "", rest.lstrip()
        while cells(rest) > width:
            head = cut(rest, width)
            lines.append(head)
            rest = rest[len(head) :]
        line += rest
    return [*lines, line.rstrip()] if line.strip() else lines


def _atoms(paragraph: str) -> list[str]:
    """What may not be parted: figures with units, words, and marks with the character that they belong to."""
    atoms: list[str] = []
    opened = ""
    for part in _ATOM.findall(paragraph):
        if part in _NOT_LAST:
            opened += part
        elif part[0] in _NOT_FIRST and atoms and not opened:
            atoms[-1] += part
        else:
            atoms.append(opened + part)
            opened = ""
    return [*atoms, opened] if opened else atoms


def cut(text: str, width: int) -> str:
    """The beginning of a text that fits `width` half cells, at least one character."""
    used = 0
    for index, character in enumerate(text):
        used += cell(character)
        if used > width:
            return text[: max(index, 1)]
    return text


def fitted(text: str, width: int) -> str:
    """A title on one line: cut with … where it is too long. Never used for figures."""
    text = clean(text).replace("\n", " ")
    return text if cells(text) <= width else cut(text, width - 2) + "…"


def padded(text: str, width: int, align: Align = "left") -> str:
    """A text filled up with spaces to `width` half cells."""
    space = " " * (width - cells(text))
    return text + space if align == "left" else space + text


# --- rows, tables, subpages ------------------------------------------------------------------------------------------


def paragraph(text: str, fg: str = WHITE, bg: str = NAVY, link: str = "", indent: int = 0) -> list[Row]:
    """A text as rows in one colour."""
    lines = wrap(text, WIDTH - indent)
    return [(Run(" " * indent + line, fg, bg, link),) for line in lines]


def heading(text: str, fg: str = YELLOW, bg: str = NAVY) -> list[Row]:
    """A text in double size: ten hanzi a line, each line two rows high."""
    rows: list[Row] = []
    for line in wrap(text, WIDTH // 2):
        rows += [(Run(line, fg, bg, "", 2),), ()]
    return rows


def entry(number: str, text: str, fg: str = WHITE, width: int = WIDTH) -> Row:
    """A line of an index: the number to press, and what stands there; both lead there."""
    label = padded(number.partition("/")[0], 4)
    return Run(label, YELLOW, NAVY, number), Run(fitted(text, width - 4), fg, NAVY, number)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its width in half cells, how it is set and its colour."""

    width: int
    align: Align = "left"
    fg: str = WHITE


def table_row(values: Sequence[str], columns: Sequence[Column], link: str = "", bg: str = NAVY) -> list[Row]:
    """One row of a table, on more lines where a cell does not fit; a blank half cell stands between columns."""
    wrapped = [wrap(value, column.width) or [""] for value, column in zip(values, columns, strict=True)]
    rows: list[Row] = []
    for number in range(max(map(len, wrapped))):
        runs = []
        for index, (lines, column) in enumerate(zip(wrapped, columns, strict=True)):
            text = padded(lines[number] if number < len(lines) else "", column.width, column.align)
            gap = " " if index + 1 < len(columns) else ""
            runs.append(Run(text + gap, column.fg, bg, link))
        rows.append(tuple(runs))
    return rows


def side_by_side(entries: Sequence[Row], height: int) -> list[Row]:
    """Lines of an index in two columns of 20 half cells, read down the left one first on each screen of `height` rows."""
    rows: list[Row] = []
    for start in range(0, len(entries), 2 * height):
        part = entries[start : start + 2 * height]
        half = (len(part) + 1) // 2
        for index in range(half):
            left = part[index]
            used = sum(run.width for run in left)
            right = part[half + index] if half + index < len(part) else ()
            rows.append((*left, Run(" " * (WIDTH // 2 - used)), *right) if right else left)
    return rows


def paginate(blocks: Iterable[Sequence[Row]], head: Sequence[Row] = (), height: int = BODY) -> list[list[Row]]:
    """Blocks set on as many screens as they need, none of them cut if it fits one screen; `head` stands on each."""
    room = height - len(head)
    screens: list[list[Row]] = [[]]
    for block in blocks:
        rest = list(block)
        if len(screens[-1]) + len(rest) > room and screens[-1]:
            screens.append([])
        while len(rest) > room:
            end = room - 1 if rest[room] == () else room  # never between a double row and what it covers
            screens[-1] = rest[:end]
            rest = rest[end:]
            screens.append([])
        screens[-1] += rest
    return [[*head, *screen] for screen in screens if screen or not screens[1:]]


def check(page: Page) -> None:
    """Raises LayoutError where a page does not fit: too many rows, a row too wide, marks that have no cell."""
    if not page.subpages:
        raise LayoutError(f"page {page.number}: no subpage")
    for number, subpage in enumerate(page.subpages, 1):
        where = f"page {page.number}/{number}"
        if len(subpage.rows) > BODY:
            raise LayoutError(f"{where}: {len(subpage.rows)} rows, at most {BODY} fit")
        for index, row in enumerate(screen(page, number)):
            width = sum(run.width for run in row)
            if width > WIDTH:
                raise LayoutError(f"{where}, row {index}: {width} half cells, at most {WIDTH} fit: {text_of(row)}")
            if any(clean(run.text) != run.text or "\n" in run.text for run in row):
                raise LayoutError(f"{where}, row {index}: marks without a cell: {text_of(row)!r}")
            if any(run.size == 2 for run in row) and (
                index + 1 >= HEIGHT - 1 or (index < len(subpage.rows) and subpage.rows[index] != ())
            ):
                raise LayoutError(f"{where}, row {index}: the row below a double one must be empty")


def screen(page: Page, number: int) -> list[Row]:
    """All 13 rows of a subpage (from 1): header, body filled up with empty rows, colour keys."""
    body = page.subpages[number - 1].rows
    blank: list[Row] = [()] * (BODY - len(body))
    return [header(page, number), *body, *blank, footer()]


def header(page: Page, number: int) -> Row:
    """Number, title, which of how many screens."""
    bg = RED if page.priority == "emergency" else DEEP
    count = f"{number}/{len(page.subpages)}" if len(page.subpages) > 1 else ""
    shown = f"{page.number} "
    room = WIDTH - cells(shown) - cells(count) - 7  # the portal shows its clock at the right
    title = padded(fitted(page.title, room), room)
    return Run(shown, YELLOW, bg), Run(title, WHITE, bg), Run(count, WHITE, bg), Run(" " * 7, WHITE, bg)


def footer() -> Row:
    """The four colour keys, each on ten half cells."""
    runs = []
    for key in COLOUR_KEYS:
        left = (10 - cells(key.label)) // 2
        runs.append(Run(padded(" " * left + key.label, 10), key.fg, key.bg))
    return tuple(runs)


def text_of(row: Row) -> str:
    """A row's text without its colours."""
    return "".join(run.text for run in row)


def spoken(rows: Iterable[Row]) -> str:
    """What rows say, line by line, without the blanks that set them; a text that was wrapped is one line again."""
    lines: list[str] = []
    before: Row = ()
    for row in rows:
        text = re.sub(r" {2,}", "，", text_of(row).strip())
        if text and lines and continues(before, row):
            parted = lines[-1][-1].isascii() and text[0].isascii()  # two figures never become one
            lines[-1] += f" {text}" if parted else text
        elif text:
            lines.append(text)
        if row or not (before and before[-1].size == 2):  # what a double row covers parts nothing
            before = row
    return "\n".join(lines)


def continues(before: Row, row: Row) -> bool:
    """Whether a row goes on with the text of the row before it, which broke off only because its line was full."""
    if not before or len(before) != len(row) or len(row) > 2:
        return False
    if len(row) == 2 and not (before[0].text.strip() in ("", "·") and not row[0].text.strip()):
        return False
    last, run = before[-1], row[-1]
    if (last.fg, last.bg, last.link, last.size) != (run.fg, run.bg, run.link, run.size):
        return False
    text, rest = text_of(before).rstrip(), _atoms(run.text.strip())
    full = bool(text and rest) and (cells(text) + cells(rest[0])) * run.size > WIDTH
    return full and text[-1] not in "。！？；："


def neighbours(page: Page, numbers: Sequence[int]) -> Page:
    """The page with its previous and next one out of all numbers, sorted."""
    before = max((known for known in numbers if known < page.number), default=None)
    after = min((known for known in numbers if known > page.number), default=None)
    return replace(page, previous=before, next=after)


def as_json(page: Page) -> dict[str, Any]:
    """A page as JSON values: the contract of `/tv/pages/<n>.json`."""
    return {
        "number": page.number,
        "title": page.title,
        "place": page.place,
        "valid_from": page.valid_from.isoformat(),
        "valid_until": page.valid_until.isoformat() if page.valid_until else None,
        "priority": page.priority,
        "source": page.source,
        "previous": page.previous,
        "next": page.next,
        "subpages": [
            {
                "rows": [[asdict(run) for run in row] for row in subpage.rows],
                "speech": subpage.speech,
                "seconds": subpage.seconds,
            }
            for subpage in page.subpages
        ],
    }


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2.1: 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
