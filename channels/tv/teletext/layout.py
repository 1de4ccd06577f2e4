"""A page of the magazine as teletext pages of Level 2.5: Latin as it is, each hanzi a redefined character. Pure.

A row is of double height, a hanzi of double width too: its two columns and two rows are the page model's two half cells.
The title stands in rows 1 and 2, ten rows of text below, the coloured keys in row 24. A teletext page holds at most 48
hanzi beside the common ones and 207 enhancements: a screen that needs more goes on to the next subpage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from channels.tv import pages
from channels.tv.pages import BLACK, CYAN, GOLD, GREEN, NAVY, RED, WHITE, YELLOW, Page, Row, Run
from channels.tv.teletext import drcs
from channels.tv.teletext.packets import (
    ANY_SUBPAGE,
    COLUMNS,
    TRIPLETS,
    Coding,
    Function,
    Packet,
    Sheet,
    column,
    packed,
    text,
    triplets,
)

#: Stands in every header. Decoders know the channel again by headers that differ in the page number alone.
NAME = "XIANGYIN"

#: Rows of text below the title.
ROWS = 10

#: Enhancements of a page: 16 packets of 13, of which the last one ends them.
ENHANCEMENTS = 16 * TRIPLETS - 1

#: Subpages of a page (annex A.1).
SUBPAGES = 79

KEYS_ROW = 24

#: The global DRCS page of each magazine, and the pages that normal ones may have: no number that a viewer can key in.
COMMON_PAGE = 0xA0
NORMAL_PAGES = tuple(page for page in range(0xF0) if (page & 15 > 9 or page >> 4 > 9) and page != COMMON_PAGE)

#: Normal DRCS pages that a MOT can name.
MOT_LINKS = 7

# Modes of enhancements (clause 12.3.2) and their values.
_POSITION, _FOREGROUND, _BACKGROUND, _SIZE, _CHARACTER, _SUBTABLE, _LATIN = 0x04, 0x00, 0x03, 0x0C, 0x0D, 0x18, 0x09
_TALL, _BIG = 0x01, 0x41
_NORMAL = 0x40  # the normal table, not the global one
_LEVELS = 0x30  # for decoders of Level 2.5 and of 3.5
_END = column(0x3F, 0x1F, 0x07)

# What the English subset of the Latin set shows otherwise than ASCII (table 36).
_NOT_LATIN = frozenset("#[\\]^_`{|}~")

# Colours 16 to 31 are ours, of 4 bits for red, green and blue. The page's own ground is black (colour 0).
_FIRST = 16
_PALETTE = (RED, GREEN, YELLOW, pages.BLUE, GOLD, CYAN, WHITE, pages.LEAF, pages.BAR, pages.GREY, *[BLACK] * 6)
_GROUND = frozenset((NAVY, pages.STRIPE, pages.DEEP, BLACK))

#: The coloured keys of a teletext set: what they say, and in which colours.
_KEYS = (("首页", RED, WHITE), ("上页", GREEN, BLACK), ("下页", YELLOW, BLACK), ("电话", CYAN, BLACK))
_HOME, _HELP = 100, 190


@dataclass(slots=True)
class Screen:
    """A teletext page under work: its letters, enhancements and the hanzi that are not common."""

    letters: dict[int, bytearray] = field(default_factory=dict)
    parts: list[tuple[int, int, str]] = field(default_factory=list)  # address, mode and data or character
    hanzi: dict[str, None] = field(default_factory=dict)
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a screen's normal table stands: DRCS page and subpage, and whether the MOT says so for the whole page."""

    number: int
    subpage: int
    in_mot: bool


def screens(page: Page) -> list[Screen]:
    """All teletext pages of a page, without tables and numbers."""
    found: list[Screen] = []
    for subpage in page.subpages:
        found.append(_begun(page))
        for row in _uncovered(subpage.rows):
            if not _added(found[-1], row):
                found.append(_begun(page))
                if not _added(found[-1], row):
                    raise pages.LayoutError(f"page {page.number}: a row needs more than a teletext page has: {row}")
    if len(found) > SUBPAGES:
        raise pages.LayoutError(
            f"page {page.number}: {len(found)} teletext subpages, at most {SUBPAGES} can be numbered"
        )
    return found


def _begun(page: Page) -> Screen:
    screen = Screen()
    title = pages.fitted(page.title, COLUMNS - 4)
    bg = RED if page.priority == "emergency" else BLACK
    head = (Run(f"{page.number} ", YELLOW, bg), Run(pages.padded(title, COLUMNS - 4), WHITE, bg))
    _put(screen, 1, head)
    screen.parts += _key_row()
    return screen


def _uncovered(rows: Sequence[Row]) -> Iterator[Row]:
    """Rows without those that a row of double size covers; here all are of double size."""
    covered = False
    for row in rows:
        if not covered:
            yield tuple(Run(run.text, run.fg, run.bg) for run in row)
        covered = any(run.size == 2 for run in row)


def _added(screen: Screen, row: Row) -> bool:
    """Whether a row still had room on a screen; if not, the screen is as before."""
    letters, parts, hanzi = dict(screen.letters), list(screen.parts), dict(screen.hanzi)
    if screen.rows < ROWS:
        screen.rows += 1
        _put(screen, 1 + 2 * screen.rows, row)
        # Two choose the tables; the keys are sorted behind the text, which costs nothing.
        if len(screen.parts) + 2 <= ENHANCEMENTS and len(screen.hanzi) <= drcs.SIZE:
            return True
        screen.rows -= 1
    screen.letters, screen.parts, screen.hanzi = letters, parts, hanzi
    return False


def _put(screen: Screen, number: int, row: Row) -> None:
    """Set a row: its Latin letters as they are, everything else by enhancements."""
    if not any(run.text.strip() or run.bg not in _GROUND for run in row):
        return
    letters = screen.letters[number] = bytearray(b" " * COLUMNS)
    screen.parts.append((40 + number % 24, _POSITION, chr(0)))
    at, size, fg, bg = 0, 0, WHITE, BLACK
    for run in row:
        if (ground := BLACK if run.bg in _GROUND else run.bg) != bg:
            bg = ground
            screen.parts.append((at, _BACKGROUND, chr(_colour(bg))))
        if run.fg != fg and run.text.strip():
            fg = run.fg
            screen.parts.append((at, _FOREGROUND, chr(_colour(fg))))
        for kind, group in groupby(run.text, lambda c: pages.cell(c) == 2):
            part = "".join(group)
            wanted = _BIG if kind else _TALL
            skipped = not kind and not part.strip() and len(part) % 2 == 0 and bg == BLACK
            if wanted != size and not skipped:
                size = wanted
                screen.parts.append((at, _SIZE, chr(size)))
            for character in part:
                if " " <= character < "\x7f" and character not in _NOT_LATIN:
                    letters[at] = ord(character)
                    if character != " " or bg != BLACK:  # libzvbi sizes only what an enhancement writes
                        screen.parts.append((at, _LATIN, character))
                else:
                    screen.parts.append((at, _CHARACTER, character))
                    if character not in drcs.COMMON:
                        screen.hanzi[character] = None
                at += pages.cell(character)
    if at < COLUMNS and bg != BLACK:
        screen.parts.append((at, _BACKGROUND, chr(_colour(BLACK))))


def _key_row() -> list[tuple[int, int, str]]:
    """The coloured keys: ten columns each, a hanzi in one column, as row 24 is one row high."""
    parts = [(40, _POSITION, chr(0))]
    for index, (label, bg, fg) in enumerate(_KEYS):
        parts += [(10 * index, _BACKGROUND, chr(_colour(bg))), (10 * index, _FOREGROUND, chr(_colour(fg)))]
        parts += [(10 * index + 4 + at, _CHARACTER, character) for at, character in enumerate(label)]
    return parts


def _colour(colour: str) -> int:
    """The number of a colour in our palette; the nearest one where it is not our own."""
    if colour == BLACK:
        return 0
    return _FIRST + min(range(len(_PALETTE)), key=lambda index: _distance(_PALETTE[index], colour))


def _distance(one: str, other: str) -> int:
    return sum((a - b) ** 2 for a, b in zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True))


def tables(found: Iterable[Screen]) -> tuple[list[tuple[str, ...]], list[int]]:
    """The normal tables of screens, and which of them each screen takes: screens share a table while it has room."""
    made: list[dict[str, None]] = []
    of = []
    for screen in found:
        for index, table in enumerate(made):
            if len(table.keys() | screen.hanzi.keys()) <= drcs.SIZE:
                table.update(screen.hanzi)
                of.append(index)
                break
        else:
            made.append(dict(screen.hanzi))
            of.append(len(made) - 1)
    return [tuple(table) for table in made], of


def display(page: Page, index: int, count: int, screen: Screen, table: Sequence[str], place: Place) -> Sheet:
    """One teletext page, the `index`th (from 1) of `count`. Its hanzi stand in `table` or among the common ones."""
    number = teletext_number(page.number)
    values = [column(40, _SUBTABLE, _LEVELS), column(40, _SUBTABLE, _LEVELS | _NORMAL | place.subpage)]
    for address, mode, said in _in_order(screen.parts):
        if mode != _CHARACTER:
            data = ord(said)
        else:
            data = drcs.COMMON.index(said) if said in drcs.COMMON else _NORMAL | table.index(said)
        values.append(column(address, mode, data))
    values += [_END] * (TRIPLETS - len(values) % TRIPLETS)
    enhanced = (triplets(26, at // TRIPLETS, values[at : at + TRIPLETS]) for at in range(0, len(values), TRIPLETS))
    rows = (text(at, bytes(letters)) for at, letters in sorted({**screen.letters, KEYS_ROW: b""}.items()))
    linked = () if place.in_mot else (_links(place),)
    packets = (_keys(page), *linked, _colours(), *enhanced, *rows)
    many = count > 1
    return Sheet(
        number=number,
        subcode=teletext_number(index) if many else 0,
        function=Function.DISPLAY,
        heading=f"{page.number} {NAME}",
        seconds=page.subpages[0].seconds,
        packets=packets,
    )


def teletext_number(number: int) -> int:
    """A number as its digits are sent: 110 is 0x110."""
    return int(str(number), 16)


def _in_order(parts: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Enhancements row by row from the top; row 24, that was set with the title, goes to the end."""
    rows: dict[int, list[tuple[int, int, str]]] = {}
    current: list[tuple[int, int, str]] = []
    for part in parts:
        if part[1] == _POSITION and part[0] >= 40:
            current = rows.setdefault((part[0] - 40) or 24, [])
        current.append(part)
    return [part for number in sorted(rows) for part in rows[number]]


def _keys(page: Page) -> Packet:
    """X/27/0: where the four coloured keys lead, and that row 24 is shown (clause 9.6.1)."""
    own = page.number
    data = bytearray([0])
    for target in (_HOME, page.previous or own, page.next or own, _HELP, None, _HOME):
        linked = 0xFF if target is None else teletext_number(target)
        across = 0 if target is None else (target // 100 ^ own // 100) & 7
        last, third = ANY_SUBPAGE & 0x7F, ANY_SUBPAGE >> 8
        data += bytes((linked & 15, linked >> 4 & 15, last & 15, last >> 4 | (across & 1) << 3))
        data += bytes((third & 15, third >> 4 | (across >> 1) << 2))
    return Packet(27, Coding.NIBBLES, bytes(data) + b"\x0f\0\0")


def _links(place: Place) -> Packet:
    """X/27/4: no pages of objects, the global and the normal DRCS page, all in this magazine (clause 9.6.3)."""
    values = []
    for function, target in enumerate((0xFF, 0xFF, COMMON_PAGE, place.number & 0xFF)):
        needed = 0 if target == 0xFF else 3 << 2  # by decoders of Level 2.5 and of 3.5
        values.append(function | needed | (target & 15) << 6 | 1 << 10 | (target >> 4) << 14)
        values.append(0 if target == 0xFF else 0xFFFF << 2)  # any of its subpages
    return triplets(27, 4, [*values, 0, 0, 0, 0, 0])


@lru_cache(maxsize=1)
def _colours() -> Packet:
    """X/28/0: our sixteen colours (clause 9.4.2.2)."""
    fields = [(0, 4), (0, 3), (0, 7), (0x7F, 7), (0, 1), (0, 1), (0, 1), (0, 4)]
    for colour in _PALETTE:
        red, green, blue = (round(part / 17) for part in bytes.fromhex(colour[1:]))
        fields.append((red | green << 4 | blue << 8, 12))
    return triplets(28, 0, packed([*fields, (0, 5), (0, 5), (0, 1), (0, 3)]))


def patterns(number: int, subcode: int, function: Function, table: Sequence[str]) -> Sheet:
    """A DRCS page: two characters of 12 by 10 points a row (clause 10.5)."""
    drawn = [drcs.pattern(character) for character in table]
    drawn += [bytes([0x40] * 20)] * (-len(drawn) % 2)
    modes = triplets(28, 3, packed([(int(function), 4), (0, 3), (0, 11)]))  # all in mode 0: 12 by 10 in one colour
    rows = [text(1 + at // 2, drawn[at] + drawn[at + 1]) for at in range(0, len(drawn), 2)]
    return Sheet(number, subcode, function, NAME, 0, (modes, *rows))


def organisation(magazine: int, links: Sequence[int], of: Mapping[int, int]) -> Sheet:
    """The MOT of a magazine (clause 10.6): which of `links`, its first seven normal DRCS pages, each page takes.

    `of` gives by page number the place in `links`, from 1; 0 is a page that has the common characters alone.
    """
    rows = []
    for number in range(1, 9):
        tens = (2 * number - 2, 2 * number - 1)
        rows.append(_assigned(number, [ten << 4 | unit for ten in tens for unit in range(10)], of))
    for number in range(9, 15):
        first = 3 * (number - 9)
        tens_of_three = range(first, min(first + 3, 16))
        numbers = [ten << 4 | unit for ten in tens_of_three for unit in range(10, 16)]
        if first + 3 < 16:  # two pairs are reserved; libzvbi takes them for the two pages that follow
            numbers += [first + 3 << 4, first + 3 << 4 | 1]
        rows.append(_assigned(number, numbers, of))
    nibbles = bytearray()
    for link in (COMMON_PAGE, *(link & 0xFF for link in links)):
        nibbles += bytes((magazine & 7, link >> 4, link & 15, 0))
    nibbles += bytes((magazine & 7, 15, 15, 0)) * (8 - len(nibbles) // 4)
    rows.append(Packet(21, Coding.NIBBLES, bytes(nibbles).ljust(COLUMNS, b"\0")))
    return Sheet(magazine << 8 | 0xFE, 0, Function.MOT, NAME, 0, tuple(rows))


def _assigned(number: int, numbers: Sequence[int], of: Mapping[int, int]) -> Packet:
    """A row of the MOT: for each page a nibble for objects, and one for the normal table (bit 3: the global one too)."""
    nibbles = bytes(value for page in numbers for value in (0, of[page] | 8 if page in of else 0))
    return Packet(number, Coding.NIBBLES, nibbles.ljust(COLUMNS, b"\0"))
