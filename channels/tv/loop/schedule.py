"""What a loop shows, in which order and for how long. Pure: it only asks the magazine for its pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from channels.base import Magazine
from channels.tv import pages
from channels.tv.loop.drawing import Line
from channels.tv.pages import WIDTH, Page

#: Pages of the county that tell something without a remote control: no indexes of places, no help.
NEWS, EMERGENCY = 101, 199
COUNTY = (NEWS, *range(110, 190), EMERGENCY, *range(200, 300))
ANNOUNCEMENTS = range(201, 300)

#: A line of the ticker stands for so many seconds: 19 hanzi, read slowly.
TICKER = 10


@dataclass(frozen=True, slots=True)
class Screen:
    """One subpage (from 1) of a page."""

    page: Page
    number: int

    @property
    def speech(self) -> str:
        """What is said to it."""
        return self.page.subpages[self.number - 1].speech

    @property
    def seconds(self) -> int:
        """How long it stands at least."""
        return self.page.subpages[self.number - 1].seconds


def order(magazine: Magazine, place: str) -> list[Screen]:
    """All screens of a round for a division code of 6, 9 or 12 digits, as everybody may see them.

    What is urgent comes first. A town shows itself and its villages, a village itself and its town.
    """
    known = set(magazine.numbers())
    county = [page for number in COUNTY if number in known and (page := magazine.page(number))]
    urgent = [page for page in county if page.priority != "normal"]
    if len(place) == 6:
        return _screens([*urgent, *(page for page in county if page.priority == "normal")])
    numbers = magazine.place_numbers()
    codes = [place]
    if len(place) == 9:
        codes += sorted(code for code in numbers if len(code) == 12 and code.startswith(place))
    else:
        codes.append(place[:9])
    own = [page for code in codes if code in numbers and (page := magazine.page(numbers[code]))]
    return _screens([*urgent, *own])


def _screens(shown: Iterable[Page]) -> list[Screen]:
    return [Screen(page, number) for page in shown for number in range(1, len(page.subpages) + 1)]


def newsflash(magazine: Magazine) -> list[Line]:
    """What the ticker tells alone while it is in force."""
    flash = magazine.flash()
    return lines(flash.text, urgent=True) if flash else []


def ticker(magazine: Magazine, always: Sequence[str]) -> list[Line]:
    """The lines of the ticker when there is no newsflash: the county's announcements, and what is always said."""
    known = set(magazine.numbers())
    titles = [page.title for number in ANNOUNCEMENTS if number in known and (page := magazine.page(number))]
    return [line for text in (*titles, *always) for line in lines(text)]


def lines(text: str, urgent: bool = False) -> list[Line]:
    """A text as lines of the ticker."""
    return [Line(line, urgent) for line in pages.wrap(text, WIDTH - 2)]
