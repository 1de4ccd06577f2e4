from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from knowledge import reliefs
from tests.sectors import COUNTY, MUZHUANG, SHUXING, WANBAOGOU, WUZHONGAN, add, empty

JUNE, SEPTEMBER = date(2026, 6, 30), date(2026, 9, 30)


def household(
    head: str, place: str = WANBAOGOU, kind: str = "农村低保", day: date = SEPTEMBER, **more: Any
) -> dict[str, Any]:
    return {"kind": kind, "dated": day, "place": place, "head": head, "persons": 2, "monthly": Decimal(500)} | more


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    with empty() as session:
        add(
            session,
            "reliefs",
            household("旧户", day=JUNE),
            household("王一", MUZHUANG, day=JUNE),
            household("别镇", SHUXING, day=JUNE),
            as_of=JUNE,
        )
        add(
            session,
            "reliefs",
            household("张一", persons=3, monthly=Decimal("600.5")),
            household("李一"),
            household("赵一", kind="五保户", persons=1, monthly=None),
            as_of=SEPTEMBER,
        )
        yield session


def heads(rows: list[Any]) -> list[str]:
    return [row.head for row in rows]


def test_the_latest_list_of_a_town_counts(data: Session) -> None:
    assert heads(reliefs.listed(data, WANBAOGOU)) == ["张一", "李一", "赵一"]
    assert reliefs.listed(data, MUZHUANG) == []  # dropped out of its town's newer list
    assert heads(reliefs.listed(data, SHUXING)) == ["别镇"]
    assert heads(reliefs.listed(data, WUZHONGAN, ["农村低保"])) == ["张一", "李一"]
    assert len(reliefs.listed(data, COUNTY)) == 4


def test_an_earlier_list_is_found_by_its_time(data: Session) -> None:
    assert heads(reliefs.listed(data, WUZHONGAN, until=date(2026, 7, 31))) == ["旧户", "王一"]
    assert reliefs.listed(data, WUZHONGAN, until=date(2025, 1, 1)) == []


def test_counts_by_kind_leave_an_unknown_sum_open(data: Session) -> None:
    dibao, wubao = reliefs.counts(reliefs.listed(data, WANBAOGOU))
    assert (dibao.kind, dibao.households, dibao.persons, dibao.monthly) == ("农村低保", 2, 5, Decimal("1100.5"))
    assert (wubao.households, wubao.persons, wubao.monthly) == (1, 1, None)
    assert dibao.as_of == SEPTEMBER
    assert dibao.department == "社会救助公示名单的部门"


def test_the_lists_of_a_town_are_known_with_their_days(data: Session) -> None:
    found = [(kind, day) for kind, day, _ in reliefs.lists(data, WANBAOGOU)]
    assert set(found) == {("农村低保", SEPTEMBER), ("五保户", SEPTEMBER), ("农村低保", JUNE)}
    assert found[-1] == ("农村低保", JUNE)
