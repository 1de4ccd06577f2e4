"""The teletext pages of many pages of the magazine, with the tables of hanzi that they share. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from channels.tv import pages
from channels.tv.pages import Page
from channels.tv.teletext import drcs, layout
from channels.tv.teletext.layout import MOT_LINKS, NORMAL_PAGES, Place
from channels.tv.teletext.packets import Function, Sheet


@dataclass(slots=True)
class _Tables:
    """The normal tables of a magazine: by DRCS page at most 16, in the order in which pages asked for them."""

    numbers: Sequence[int]
    held: dict[int, list[tuple[str, ...]]] = field(default_factory=dict)

    def add(self, tables: Sequence[tuple[str, ...]]) -> tuple[int, int]:
        """A DRCS page with room for at most 16 tables, and the subpage of the first of them."""
        for number, held in self.held.items():
            if len(held) + len(tables) <= drcs.TABLES:
                held.extend(tables)
                return number, len(held) - len(tables)
        if len(self.held) == len(self.numbers):
            raise pages.LayoutError("a teletext magazine has no room for more hanzi: choose a smaller place")
        number = self.numbers[len(self.held)]
        self.held[number] = list(tables)
        return number, 0


def sheets(found: Iterable[Page]) -> list[Sheet]:
    """All teletext pages for pages, in the order in which they are sent: of each magazine the MOT, tables, then pages.

    Raises LayoutError where the pages of one magazine have more different hanzi than its tables can hold.
    """
    magazines: dict[int, list[Page]] = {}
    for page in found:
        magazines.setdefault(page.number // 100, []).append(page)
    return [sheet for number in sorted(magazines) for sheet in _magazine(number, magazines[number])]


def apart(page: Page) -> list[Sheet]:
    """A page's teletext pages with tables that no other page has, for a carousel of which each page is made alone.

    Its DRCS page follows from its own number; the sheets name it in X/27/4, as seven links of a MOT are too few for all.
    Raises LayoutError where the page has more different hanzi than 16 tables hold.
    """
    tables = _Tables([page.number // 100 << 8 | NORMAL_PAGES[page.number % 100]])
    shown, _ = _placed([page], tables, 0)
    return [*_patterns(tables.held), *shown]


def whole(magazine: int) -> list[Sheet]:
    """What a magazine of pages that were made `apart` needs besides: its MOT and its global table."""
    return [layout.organisation(magazine, (), {}), _common(magazine)]


def _magazine(magazine: int, found: Sequence[Page]) -> list[Sheet]:
    tables = _Tables([magazine << 8 | page for page in NORMAL_PAGES])
    shown, of = _placed(found, tables, MOT_LINKS)
    named = list(tables.held)[:MOT_LINKS]
    return [layout.organisation(magazine, named, of), _common(magazine), *_patterns(tables.held), *shown]


def _placed(found: Sequence[Page], tables: _Tables, links: int) -> tuple[list[Sheet], dict[int, int]]:
    """The sheets of pages, and by page the link in the MOT, of which the first `links` DRCS pages have one."""
    of: dict[int, int] = {}
    shown: list[Sheet] = []
    for page in found:
        screens = layout.screens(page)
        own, which = layout.tables(screens)
        parts = [own[at : at + drcs.TABLES] for at in range(0, len(own), drcs.TABLES)]
        placed = [tables.add(part) for part in parts]
        link = list(tables.held).index(placed[0][0]) + 1
        of[layout.teletext_number(page.number) & 0xFF] = link if link <= links else 0
        for index, (screen, table) in enumerate(zip(screens, which, strict=True), 1):
            number, first = placed[table // drcs.TABLES]
            in_mot = link <= links and number == placed[0][0]
            place = Place(number, first + table % drcs.TABLES, in_mot)
            shown.append(layout.display(page, index, len(screens), screen, own[table], place))
    return shown, of


def _common(magazine: int) -> Sheet:
    """The global table of a magazine."""
    return layout.patterns(magazine << 8 | layout.COMMON_PAGE, 0, Function.GLOBAL_DRCS, drcs.COMMON)


def _patterns(held: dict[int, list[tuple[str, ...]]]) -> list[Sheet]:
    return [
        layout.patterns(number, subpage, Function.DRCS, table)
        for number, tables in held.items()
        for subpage, table in enumerate(tables)
    ]
