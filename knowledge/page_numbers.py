"""The numbers of the television's pages of towns and villages: aliases of division codes that are given once.

People learn their village's number by heart and it is painted on walls: a number that was ever given to a place is
never given to another, and each number knows in which edition of the numbering it was given and, once its place is
gone from the list of places, since when it is free of use.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain, count

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from knowledge.database import insert
from knowledge.places import Places
from knowledge.service_tables import PageNumber

#: Three digits as long as they last (teletext has no others); a larger county goes on from 1000.
FIRST, LAST, BEYOND = 300, 899, 1000


def assign(session: Session, places: Places, today: date) -> dict[str, int]:
    """The number of every town and village by code. Places without one get theirs, gone places lose theirs.

    At first each town has a block: its own number, its villages in the order of their codes, and what is to spare for
    later ones. Calling it again changes nothing. Two processes that call it at once come to the same numbers.
    """
    wanted = [code for town in places.towns for code in (town.code, *(v.code for v in places.villages(town.code)))]
    known = current(session)
    if list(known) and set(known) == set(wanted):
        return known
    rows = session.execute(select(PageNumber.number, PageNumber.place)).all()
    used = {number for number, _ in rows}
    gone = set(known) - set(wanted)
    if gone:
        leaves = update(PageNumber).where(PageNumber.place.in_(gone), PageNumber.until.is_(None))
        session.execute(leaves.values(until=today))
    given = _blocks(places) if not used else _beside(places, known, wanted, used)
    edition = (session.scalar(select(func.max(PageNumber.edition))) or 0) + 1
    for code, number in given.items():
        values = {"number": number, "place": code, "edition": edition, "since": today}
        session.execute(insert(session, PageNumber).values(**values).on_conflict_do_nothing())
    return current(session)


def current(session: Session) -> dict[str, int]:
    """The numbers in use by code, in the order of the numbers."""
    rows = session.execute(
        select(PageNumber.place, PageNumber.number).where(PageNumber.until.is_(None)).order_by(PageNumber.number)
    )
    return {row.place: row.number for row in rows}


def retired(session: Session) -> dict[int, str]:
    """The numbers out of use, with the codes that they stood for."""
    rows = session.execute(select(PageNumber.number, PageNumber.place).where(PageNumber.until.is_not(None)))
    return {row.number: row.place for row in rows}


def _all_numbers() -> Iterator[int]:
    return chain(range(FIRST, LAST + 1), count(BEYOND))


def _blocks(places: Places) -> dict[str, int]:
    """The first numbering: what three digits have to spare is shared out among the towns."""
    needed = sum(1 + len(places.villages(town.code)) for town in places.towns)
    spare = max(0, (LAST - FIRST + 1 - needed) // max(len(places.towns), 1))
    numbers, given = _all_numbers(), {}
    for town in places.towns:
        for code in (town.code, *(village.code for village in places.villages(town.code))):
            given[code] = next(numbers)
        for _ in range(spare):
            next(numbers)
    return given


def _beside(places: Places, known: dict[str, int], wanted: list[str], used: set[int]) -> dict[str, int]:
    """Numbers for places that are new: in their town's block where it has one to spare, else after all others."""
    given: dict[str, int] = {}
    starts = sorted(known[town.code] for town in places.towns if town.code in known)
    for code in wanted:
        if code in known:
            continue
        start = known.get(code[:9], given.get(code[:9]))
        end = min((other for other in starts if start is not None and other > start), default=LAST + 1)
        block = range(start + 1, end) if start is not None else range(0)
        tried = chain(block, (number for number in _all_numbers() if number > max(used)))
        given[code] = next(number for number in tried if number not in used)
        used.add(given[code])
    return given
