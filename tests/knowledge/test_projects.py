from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from knowledge import projects
from tests.conftest import NOW
from tests.sectors import WANBAOGOU, add

TODAY = NOW.date()


def test_progress_lateness_and_sums(session: Session) -> None:
    add(
        session,
        "projects",
        {"code": "A", "title": "路", "place": WANBAOGOU, "progress": Decimal(100), "planned_end": date(2026, 1, 1), "budget": Decimal(100)},
        {"code": "B", "title": "灯", "place": WANBAOGOU, "progress": Decimal(30), "planned_end": date(2026, 11, 20), "budget": Decimal(50), "paid": Decimal(20)},
        {"code": "C", "title": "树", "place": WANBAOGOU, "progress": None},
    )  # fmt: skip
    lamp, tree, road = projects.of(session, WANBAOGOU)
    assert [row.code for row in (lamp, tree, road)] == ["B", "C", "A"]  # what is done comes last
    assert [projects.is_done(row) for row in (lamp, tree, road)] == [False, False, True]
    assert [projects.days_late(row, TODAY) for row in (lamp, tree, road)] == [3, 0, 0]
    assert projects.days_late(lamp, date(2026, 11, 20)) == 0
    assert projects.summary([lamp, tree, road], TODAY) == projects.Summary(3, 1, 1, Decimal(150), Decimal(20))
