"""What a loop shows, in which order and for how long. Pure: it only asks the magazine for its pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from channels.base import Magazine
from channels.tv import pages
from channels.tv.loop import spoken
from channels.tv.loop.drawing import Line
from channels.tv.pages import WIDTH, Page

#: Pages of the county that tell something without a remote control: no indexes, no help.
NEWS, EMERGENCY = 101, 199
INDEXES = (130, 140, 150, 153, 154)
PLACES = 300  # from here on the pages are of towns and villages
COUNTY = (NEWS, *(number for number in range(110, 190) if number not in INDEXES), EMERGENCY, *range(200, 300))

#: So many screens of each village stand in its town's loop: notices and accounts. With all of them a round of 29 villages
#: would last 84 minutes instead of 20.
VILLAGE = 2

#: A line of the ticker stands for so many seconds: 19 hanzi, read slowly.
TICKER = 10


@dataclass(frozen=True, slots=True)
class Screen:
    """One subpage (from 1) of a page."""

    page: Page
    number: int

    @property
    def speech(self) -> str:
        """What is said to it; see `spoken.brief`."""
        return spoken.brief(self.page, self.number)

    @property
    def seconds(self) -> int:
        """How long it stands at least."""
        return self.page.subpages[self.number - 1].seconds


def order(magazine: Magazine, place: str) -> list[Screen]:
    """All screens of a round for a division code of 6, 9 or 12 digits, as everybody may see them.

    What is urgent comes first. A town shows itself and the first screens of its villages, a village itself and its town.
    """
    known = set(magazine.numbers())
    county = [page for number in COUNTY if number in known and (page := magazine.page(number))]
    urgent = [page for page in county if page.priority != "normal"]
    if len(place) == 6:
        return _screens([*urgent, *(page for page in county if page.priority == "normal")])
    numbers = magazine.place_numbers()
    towns = _screens(_of(magazine, [place[:9]], numbers))
    if len(place) == 12:
        return [*_screens(urgent), *_screens(_of(magazine, [place], numbers)), *towns]
    villages = sorted(code for code in numbers if len(code) == 12 and code.startswith(place))
    return [*_screens(urgent), *towns, *_screens(_of(magazine, villages, numbers), VILLAGE)]


def pages_of(magazine: Magazine, place: str) -> list[Page]:
    """What a viewer with a remote control wants (teletext): the county's own pages, and those of the place's round."""
    found = {screen.page.number: screen.page for screen in order(magazine, place)}
    for number in magazine.numbers():
        if number < PLACES and number not in found and (page := magazine.page(number)):
            found[number] = page
    return [found[number] for number in sorted(found)]


def _of(magazine: Magazine, places: Iterable[str], numbers: Mapping[str, int]) -> Iterator[Page]:
    """The pages of places, as far as they have any."""
    for place in places:
        if place in numbers and (page := magazine.page(numbers[place])):
            yield page


def _screens(shown: Iterable[Page], most: int | None = None) -> list[Screen]:
    return [Screen(page, number) for page in shown for number in range(1, len(page.subpages[:most]) + 1)]


def with_newsflash(magazine: Magazine, told: Sequence[Line]) -> list[Line]:
    """The lines with the newsflash before each of them while one is in force."""
    flash = magazine.flash()
    if not flash:
        return list(told)
    urgent = lines(flash.text, urgent=True)
    return [line for other in told for line in (*urgent, other)]


def ticker(magazine: Magazine, place: str, always: Sequence[str]) -> list[Line]:
    """The lines of the ticker when there is no newsflash: what is announced for the place, and what is always said."""
    return [line for text in (*magazine.headlines(place), *always) for line in lines(text)]


def lines(text: str, urgent: bool = False) -> list[Line]:
    """A text as lines of the ticker."""
    return [Line(line, urgent) for line in pages.wrap(text, WIDTH - 2)]
