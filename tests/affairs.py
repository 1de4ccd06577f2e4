"""What the tests of village affairs and services share: records made by hand, and questions put to a skill."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot.messages import Asker, Reply
from bot.skills.base import Context
from bot.understanding.query import Period, Query
from knowledge.places import Places
from knowledge.tables import DATASETS, Source
from tests.conftest import NOW
from tests.support import misses, truth, unsupported

TODAY = NOW.date()
VILLAGE, NEIGHBOUR, FAR = "130283116217", "130283116218", "130283111216"  # 万宝沟村, 才家沟村; 木厂口镇娄子峪村
TOWN, COUNTY = "130283116", "130283"  # 五重安镇, 迁安市

Answer = Callable[[Query, Context], Reply]


def add(session: Session, dataset: str, department: str, as_of: date | None = None, **values: Any) -> None:
    """One record of a data set, as its department sent it; `as_of` is the day for which it is true."""
    source = session.query(Source).filter_by(dataset=dataset).one_or_none()
    if source is None:
        source = Source(dataset=dataset, department=department, file=f"{dataset}.csv", imported=NOW, as_of=TODAY)
        session.add(source)
        session.flush()
    model = DATASETS[dataset].model
    number = session.query(model).count() + 1
    session.add(
        model(key=f"{dataset}{number}", digest="", source_id=source.id, source_row=number, as_of=as_of, **values)
    )
    session.flush()


def month(year: int, number: int) -> Period:
    """A whole month."""
    following = date(year + number // 12, number % 12 + 1, 1)
    return Period(date(year, number, 1), date.fromordinal(following.toordinal() - 1), "month")


def year(number: int) -> Period:
    """A whole year."""
    return Period(date(number, 1, 1), date(number, 12, 31), "year")


def day(when: date) -> Period:
    """One day."""
    return Period(when, when, "day")


def asked(
    session: Session,
    places: Places,
    answer: Answer,
    text: str = "",
    *,
    resident_of: tuple[str, ...] = (),
    home: str | None = None,
    now: datetime = NOW,
    **slots: Any,
) -> Reply:
    """The reply to a question; it says no figure without a fact, no fact without its source, and no empty headline."""
    query = Query("", slots, 1.0, text)  # type: ignore[arg-type]
    reply = answer(query, Context(session, now, places, Asker(resident_of, home)))
    assert reply.headline
    assert not unsupported(reply), reply.text
    assert all(fact.source for fact in reply.facts), reply.facts
    assert all(fact.place for fact in reply.facts), reply.facts
    return reply


def questions(kind: str) -> list[dict[str, Any]]:
    """The questions of one kind of the public export; [] where it is not on this machine."""
    folder = Path(__file__).parent.parent.parent / "shared" / "platform"
    return [q for q in truth(folder) if q["q_kind"] == kind] if folder.is_dir() else []


def right(question: dict[str, Any], reply: Reply) -> None:
    """The reply has the question's true answer."""
    assert misses(question, reply.text) == [], reply.text
