"""What the tests of the sectors' skills share: a hand-made record, a question put to a skill, and what must hold of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bot.messages import Asker, Reply
from bot.skills.base import Answer, Context
from bot.understanding.query import Period, Query
from knowledge import places
from knowledge.database import Base
from knowledge.tables import DATASETS, Source
from tests.conftest import NOW
from tests.support import unsupported

WANBAOGOU = "130283116217"  # 五重安镇万宝沟村
MUZHUANG = "130283116223"  # 五重安镇母庄村
SHUXING = "130283103230"  # 建昌营镇树行村
WUZHONGAN = "130283116"
COUNTY = "130283"

TODAY = NOW.date()

STRANGER = Asker(home=WANBAOGOU)
RESIDENT = Asker(villages=(WANBAOGOU,), home=WANBAOGOU)
NEIGHBOUR = Asker(villages=(MUZHUANG,), home=MUZHUANG)
STAFF = Asker(home=WANBAOGOU, staff=True)


@contextmanager
def empty() -> Iterator[Session]:
    """A session on an empty database in memory, for tests that share what they store."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        yield session
    engine.dispose()


def add(session: Session, dataset: str, *rows: dict[str, Any], as_of: date = TODAY, department: str = "") -> None:
    """Store records of a data set as an import would, in a source of their own."""
    row = DATASETS[dataset]
    department = department or f"{row.label}的部门"
    source = Source(
        dataset=dataset, department=department, file=f"{dataset}{as_of}{department}.csv", as_of=as_of, imported=NOW
    )
    session.add(source)
    session.flush()
    for number, values in enumerate(rows, 2):
        dated = values.get(row.day, as_of) if row.day else as_of
        key, digest = row.identify(values)
        kept = {"as_of": dated, **values}
        session.add(row.model(key=key, digest=digest, source_id=source.id, source_row=number, **kept))
    session.commit()


def ask(
    session: Session,
    answer: Answer,
    text: str,
    asker: Asker = RESIDENT,
    now: datetime = NOW,
    **slots: Any,
) -> Reply:
    """The reply to a question, of which every figure stands in a fact that has a source."""
    query = Query("sector", slots, 1.0, text)  # type: ignore[arg-type]
    reply = answer(query, Context(session, now, places.load(), asker))
    assert not unsupported(reply), (text, reply)
    assert all(fact.source for fact in reply.facts), (text, reply.facts)
    assert reply.headline, text
    return reply


def year(number: int) -> Period:
    """A whole year as understanding hands it on."""
    return Period(date(number, 1, 1), date(number, 12, 31), "year", f"{number}年")
