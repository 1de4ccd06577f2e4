from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Session

from knowledge import livability
from tests.sectors import MUZHUANG, SHUXING, WANBAOGOU, WUZHONGAN, add


def test_values_shares_and_totals(session: Session) -> None:
    add(
        session,
        "livability",
        {"place": WANBAOGOU, "green_rate": Decimal("33.3"), "road_total": Decimal(8), "road_hard": Decimal("7.4"), "lamps": 100, "lamps_lit": 86},
        {"place": MUZHUANG, "green_rate": Decimal("26.2"), "lamps": 0, "lamps_lit": 0},
        {"place": SHUXING, "lamps": 7, "lamps_lit": 5},
    )  # fmt: skip
    own, next_door = livability.of(session, WUZHONGAN)
    assert livability.value(own, "road_hard") == Decimal("7.4")
    assert livability.share(own, "road_hard") == Decimal("92.5")
    assert livability.share(own, "green_rate") == Decimal("33.3")
    assert livability.share(next_door, "lamps_lit") is None  # no lamps, no share
    assert livability.value(next_door, "road_hard") is None
    both = [own, next_door]
    assert livability.total(both, "lamps_lit") == (Decimal(86), 2)
    assert livability.total(both, "green_rate") == (Decimal("29.8"), 2)  # 29.75 rounds half up
    assert livability.total(both, "toilets") is None
    assert livability.measured(both, lambda row: livability.value(row, "road_hard")) == {WANBAOGOU: Decimal("7.4")}
