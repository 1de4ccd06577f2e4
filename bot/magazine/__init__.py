"""Which page of the television holds what. Pages are made of the same answers and queries as the chat's.

A `Page` is a value of `channels.tv.pages`, as a `Reply` is one of `bot.messages`: the magazine writes it, the channel
shows it. A page is made when it is asked for and kept until the data, the day or a warning's hour changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.magazine import announced, county_pages, place_pages, policy_pages, price_pages
from bot.messages import Asker
from bot.skills.base import Context
from channels.tv import pages
from channels.tv.pages import Page
from knowledge import alerts, page_numbers
from knowledge.announcements import showing
from knowledge.database import Sessions
from knowledge.places import Places
from knowledge.tables import Notice, Source

#: So many pages are kept in memory, some 40 KB each.
KEPT = 500


class Flash(NamedTuple):
    """What is shown over every page while it is in force: its id, its words, the page that tells more."""

    id: str
    text: str
    page: int


class Edition:
    """The magazine of one moment: `county` are the county's own pages, those of places are made when asked for."""

    def __init__(self, ctx: Context, numbers: Mapping[str, int], county: Mapping[int, Page]) -> None:
        self._ctx = ctx
        self._places = numbers
        self._codes = {number: code for code, number in numbers.items()}
        self._county = county
        self._news = announced.of_county(ctx)
        self.numbers = sorted({*county, *self._codes})

    def page(self, number: int) -> Page | None:
        """A page with its neighbours, or None where there is no such number."""
        made = self._county.get(number)
        place = self._ctx.places.get(self._codes.get(number, ""))
        if made is None and place is None:
            return None
        if made is None and place is not None:
            if place.kind == "town":
                made = place_pages.town_page(self._ctx, place, self._places)
            else:
                made = place_pages.village_page(self._ctx, place, number, self._news)
        assert made is not None
        return pages.neighbours(made, self.numbers)


def county_made(ctx: Context, numbers: Mapping[str, int]) -> dict[int, Page]:
    """The county's own pages by number: all but those of towns and villages."""
    news = announced.of_county(ctx)
    single = (
        county_pages.index(ctx, news),
        county_pages.flash(ctx, news),
        county_pages.towns(ctx, numbers),
        county_pages.warnings(ctx),
        county_pages.farming(ctx, news),
        county_pages.help_page(ctx),
        county_pages.freshness_page(ctx),
        county_pages.learn_page(ctx),
        county_pages.emergency(ctx),
    )
    return {
        **{page.number: page for page in single},
        **price_pages.made(ctx),
        **policy_pages.made(ctx),
        **county_pages.service_pages(ctx, numbers),
        **county_pages.announcements(ctx, news),
    }


class Magazine:
    """The television's pages as the channel and the commands ask for them."""

    def __init__(self, sessions: Sessions, places: Places, clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._places = places
        self._clock = clock
        self._lock = threading.Lock()
        self._version = ""
        self._county: dict[int, Page] = {}
        self._numbers: dict[str, int] = {}
        self._all: list[int] = []
        self._made: dict[tuple[int, bool], Page] = {}

    def version(self) -> str:
        """Changes whenever a page may have: with the data, the day, a warning or announcement that begins or ends."""
        now = self._clock()
        with self._sessions() as session:
            return self._version_of(session, now)

    def numbers(self) -> list[int]:
        """The numbers of all pages, sorted."""
        self._renew()
        return self._all

    def place_number(self, code: str) -> int | None:
        """The page of a town or a village by its code."""
        self._renew()
        return self._numbers.get(code)

    def place_numbers(self) -> dict[str, int]:
        """The pages of all towns and villages by code."""
        self._renew()
        return self._numbers

    def page(self, number: int, resident: bool = False) -> Page | None:
        """A page, or None. For a `resident` (a bound box, a token) a village's page also has its lists of persons."""
        self._renew()
        key = (number, resident)
        if key not in self._made:
            with self._sessions() as session:
                made = self._edition(session, number if resident else None).page(number)
            if made is None:
                return None
            if len(self._made) >= KEPT:
                self._made.clear()
            self._made[key] = made
        return self._made[key]

    def pages(self, numbers: Iterable[int] | None = None) -> Iterator[Page]:
        """Pages as everybody may see them: all, or those of these numbers."""
        self._renew()
        with self._sessions() as session:
            edition = self._edition(session)
            for number in self._all if numbers is None else numbers:
                if (made := edition.page(number)) is not None:
                    yield made

    def headlines(self, place: str) -> list[str]:
        """What is announced for a place by title: its announcements, its county's, the county's notices."""
        with self._sessions() as session:
            ctx = Context(session, self._clock(), self._places, Asker())
            own = announced.announced(ctx, place)
            known = {news.key for news in own}
            return [news.title for news in (*own, *(n for n in announced.of_county(ctx) if n.key not in known))]

    def flash(self) -> Flash | None:
        """The strip over every page: the latest emergency and the most severe warning in force, the newer one first.

        Its id is another one whenever either is, so that what somebody has put away never hides what comes after.
        """
        now = self._clock()
        told: list[tuple[datetime, str, str]] = []
        with self._sessions() as session:
            ctx = Context(session, now, self._places, Asker())
            for news in announced.emergencies(ctx)[:1]:
                told.append((news.since, news.key, f"{announced.names(news, ctx)}：{news.title}"))
            for alert in alerts.active(session, self._places.county.code, now)[:1]:
                text = alert.headline or f"{alert.event}{alert.level}预警"
                what = alerts.forbids_fire(alert.instruction)
                told.append((alert.sent, alert.identifier, f"{text}。{what}" if what else text))
        told.sort(reverse=True)
        if not told:
            return None
        ids, texts = " ".join(name for _, name, _ in told), "；".join(text for _, _, text in told)
        return Flash(ids, texts, county_pages.EMERGENCY)

    def _edition(self, session: Session, resident_of: int | None = None) -> Edition:
        home = next((code for code, number in self._numbers.items() if number == resident_of), None)
        asker = Asker((home,), home) if home else Asker()
        return Edition(Context(session, self._clock(), self._places, asker), self._numbers, self._county)

    def _renew(self) -> None:
        """Make the county's own pages anew where the data, the day or the warnings have changed."""
        now = self._clock()
        with self._sessions() as session:
            version = self._version_of(session, now)
            if version == self._version:
                return
        with self._lock:
            if version == self._version:
                return
            with self._sessions.begin() as session:
                self._numbers = page_numbers.assign(session, self._places, now.date())
            with self._sessions() as session:
                self._county = county_made(Context(session, now, self._places, Asker()), self._numbers)
            self._all = sorted({*self._county, *self._numbers.values()})
            self._made = {}
            self._version = version

    def _version_of(self, session: Session, now: datetime) -> str:
        sources = session.execute(
            select(func.count(), func.max(Source.imported), func.max(Source.id), func.sum(Source.id))
        ).one()
        held = session.scalar(select(func.count()).select_from(Notice))
        warnings = [alert.identifier for alert in alerts.active(session, self._places.county.code, now)]
        told = [(row.id, row.changed) for row in showing(session, now, announced.OUTLET)]
        said = repr((tuple(sources), held, now.date(), warnings, told, _program()))
        return blake2b(said.encode(), digest_size=16).hexdigest()


@cache
def _program() -> str:
    """Changes with the program that words the pages, so that an update makes them anew."""
    root = Path(__file__).parent.parent.parent
    found = (path for part in ("bot", "knowledge") for path in sorted((root / part).rglob("*.py")))
    return blake2b(b"".join(path.read_bytes() for path in found), digest_size=16).hexdigest()
