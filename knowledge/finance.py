"""Village accounts in 元: totals, subjects, entries, vouchers; of a village, a town or the county by its code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from knowledge.areas import within
from knowledge.tables import FinanceEntry, Source

INCOME, EXPENSE = "收入", "支出"

_NUMBER = re.compile(r"\d+")
_SERIES = re.compile("[记收付转]")


@dataclass(frozen=True, slots=True)
class Books:
    """The accounts held of a place: days of the first and last entry, when they were published, and by whom."""

    first: date
    last: date
    as_of: date
    department: str


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount in 元 and the number of entries that it is made of."""

    amount: Decimal = Decimal(0)
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are meant: of a place (6, 9 or 12 digits), from a day to a day, of a direction, of subjects.

    `summaries` names entries by what they were for, as the accounts word it.
    """

    place: str
    start: date
    end: date
    direction: str | None = None
    subjects: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same as conditions on the table."""
        found = [within(FinanceEntry.place, self.place), FinanceEntry.day.between(self.start, self.end)]
        if self.direction:
            found.append(FinanceEntry.direction == self.direction)
        if self.subjects:
            found.append(FinanceEntry.subject.in_(self.subjects))
        if self.summaries:
            found.append(FinanceEntry.summary.in_(self.summaries))
        return found


def books(session: Session, place: str, until: date) -> Books | None:
    """What accounts are held of a place up to a day; None where there are none."""
    rows = session.execute(
        select(func.min(FinanceEntry.day), func.max(FinanceEntry.day), func.max(Source.as_of), Source.department)
        .join(Source, FinanceEntry.source_id == Source.id)
        .where(within(FinanceEntry.place, place), FinanceEntry.day <= until)
        .group_by(Source.department)
    ).all()
    if not rows:
        return None
    _, last, as_of, department = max(rows, key=lambda row: row[1])
    return Books(min(row[0] for row in rows), last, as_of or last, department)


def subjects(session: Session, place: str) -> list[tuple[str, str]]:
    """All subjects of a place with their direction, by name."""
    found = select(FinanceEntry.subject, FinanceEntry.direction).where(within(FinanceEntry.place, place)).distinct()
    return sorted((row[0], row[1]) for row in session.execute(found))


def summaries(session: Session, place: str) -> list[str]:
    """What the entries of a place were for, each wording once."""
    found = select(FinanceEntry.summary).where(within(FinanceEntry.place, place), FinanceEntry.summary != "").distinct()
    return sorted(session.scalars(found))


def totals(session: Session, wanted: Wanted) -> dict[str, Sum]:
    """The sums of both directions, nought where there are no entries: {"收入": …, "支出": …}."""
    return {INCOME: Sum(), EXPENSE: Sum(), **_sums(session, wanted, FinanceEntry.direction)}


def by_subject(session: Session, wanted: Wanted) -> list[tuple[str, Sum]]:
    """The sums of the subjects, the largest first."""
    return _largest_first(_sums(session, wanted, FinanceEntry.subject))


def by_village(session: Session, wanted: Wanted) -> list[tuple[str, Sum]]:
    """The sums of the villages (by code), the largest first."""
    return _largest_first(_sums(session, wanted, FinanceEntry.place))


def by_town(session: Session, wanted: Wanted) -> list[tuple[str, Sum]]:
    """The sums of the towns (by 9-digit code), the largest first."""
    sums: dict[str, Sum] = {}
    for village, found in by_village(session, wanted):
        before = sums.get(village[:9], Sum())
        sums[village[:9]] = Sum(before.amount + found.amount, before.entries + found.entries)
    return _largest_first(sums)


def _sums(session: Session, wanted: Wanted, column: InstrumentedAttribute[str]) -> dict[str, Sum]:
    rows = session.execute(
        select(column, func.sum(FinanceEntry.amount), func.count()).where(*wanted.conditions()).group_by(column)
    )
    return {name: Sum(amount, entries) for name, amount, entries in rows}


def _largest_first(sums: dict[str, Sum]) -> list[tuple[str, Sum]]:
    return sorted(sums.items(), key=lambda item: (-item[1].amount, item[0]))


def largest(session: Session, wanted: Wanted, limit: int, smallest: bool = False) -> list[FinanceEntry]:
    """The entries with the largest (or smallest) amounts, in that order; of equal ones the later first."""
    amount = FinanceEntry.amount if smallest else FinanceEntry.amount.desc()
    found = select(FinanceEntry).where(*wanted.conditions())
    return list(session.scalars(found.order_by(amount, FinanceEntry.day.desc(), FinanceEntry.id).limit(limit)))


def latest(session: Session, wanted: Wanted, limit: int) -> list[FinanceEntry]:
    """The last entries, the latest first."""
    found = select(FinanceEntry).where(*wanted.conditions())
    return list(session.scalars(found.order_by(FinanceEntry.day.desc(), FinanceEntry.id.desc()).limit(limit)))


def people(session: Session, wanted: Wanted) -> tuple[list[str], list[str]]:
    """Who handled and who approved the entries, by name, each once."""
    found = select(FinanceEntry.handler, FinanceEntry.approver).where(*wanted.conditions()).distinct()
    rows = session.execute(found).all()
    handlers, approvers = {row.handler for row in rows}, {row.approver for row in rows}
    return sorted(handlers - {""}), sorted(approvers - {""})


def vouchers(session: Session, said: str, place: str | None = None) -> list[FinanceEntry]:
    """The entries under a voucher as it is said, the latest first; [] where none has that number.

    记, 字, 第 and 号 and leading zeros do not count, but 记12 is not 付12. The number may be glued together, lack the
    village's part (记202610-010) or, where the place is known, be the last part alone (第10号).
    """
    asked = _NUMBER.findall(said)
    if not asked:
        return []
    conditions: list[ColumnElement[bool]] = [
        FinanceEntry.voucher.like("%" + "%".join(part.lstrip("0") for part in asked) + "%")
    ]
    if len(asked) == 1:  # glued together: all that begins with it is looked at
        conditions = [FinanceEntry.voucher.like(f"%{asked[0].lstrip('0')[:4]}%")]
    if place:
        conditions.append(within(FinanceEntry.place, place))
    found = session.scalars(select(FinanceEntry).where(*conditions).order_by(FinanceEntry.day.desc(), FinanceEntry.id))
    exact, partly = [], []
    for entry in found:
        if not _same_series(said, entry.voucher):
            continue
        held = _NUMBER.findall(entry.voucher)
        if "".join(asked) == "".join(held) or [*map(int, asked)] == [*map(int, held)]:
            exact.append(entry)
        elif place and _part_of(asked, held):
            partly.append(entry)
    return exact or partly


def _same_series(said: str, held: str) -> bool:
    asked, known = _SERIES.search(said), _SERIES.search(held)
    return not asked or not known or asked[0] == known[0]


def _part_of(asked: Sequence[str], held: Sequence[str]) -> bool:
    """Whether the parts said stand in this order in the number, the last one last."""
    parts = iter(map(int, held))
    return int(asked[-1]) == int(held[-1]) and all(int(part) in parts for part in asked)
