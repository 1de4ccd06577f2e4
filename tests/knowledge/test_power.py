"""Stages of the small-power list, as departments word them, and the days of public notice."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from knowledge import power
from knowledge.power import Step
from knowledge.tables import PowerItem
from tests.affairs import COUNTY, FAR, NEIGHBOUR, TODAY, TOWN, VILLAGE, add


def item(**values: Any) -> PowerItem:
    return PowerItem(**{"code": "ZB1", "kind": "项目招投标", "title": "广场", "stage": "公示", **values})


@pytest.mark.parametrize(
    ("written", "known", "following"),
    [
        ("申请", "申请", "受理"),
        ("已受理", "受理", "民主评议"),
        ("评议中", "民主评议", "公示"),
        ("正在公示", "公示", "审批"),
        ("待审批", "审批", "办结"),
        ("已办结", "办结", None),
        ("退回", "退回", None),
    ],
)
def test_stages_as_departments_word_them(written: str, known: str, following: str | None) -> None:
    assert power.stage(item(stage=written)) == known
    assert power.following(item(stage=written)) == following


def test_steps_with_their_days() -> None:
    found = item(applied=date(2026, 11, 1), publicity_start=date(2026, 11, 20), publicity_end=date(2026, 11, 27))
    assert power.steps(found) == [Step("申请", date(2026, 11, 1)), Step("公示", date(2026, 11, 20), date(2026, 11, 27))]
    assert power.day_of(found, "公示") == date(2026, 11, 20)
    assert power.day_of(found, "审批") is None
    assert power.latest_day(found) == date(2026, 11, 20)
    assert power.latest_day(item()) == date.min


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 11, 23), date(2026, 11, 30), True),
        (date(2026, 11, 16), date(2026, 11, 23), True),
        (date(2026, 11, 24), date(2026, 11, 30), False),
        (date(2026, 11, 1), date(2026, 11, 22), False),
        (None, date(2026, 11, 30), False),
    ],
)
def test_both_ends_of_public_notice_count(start: date | None, end: date, expected: bool) -> None:
    assert power.in_publicity(item(publicity_start=start, publicity_end=end), TODAY) is expected


def test_matters_by_code_of_place_and_by_number(engine: Engine) -> None:
    with Session(engine) as session:
        for number, place in enumerate((VILLAGE, NEIGHBOUR, FAR), 1):
            add(session, "power_items", "纪委监委", TODAY, code=f"ZB{number}", kind="项目招投标", place=place,
                title="广场", stage="申请", applied=date(2026, 11, number))  # fmt: skip
        assert [found.code for found in power.items(session, VILLAGE)] == ["ZB1"]
        assert [found.code for found in power.items(session, TOWN)] == ["ZB2", "ZB1"]
        assert [found.code for found in power.items(session, COUNTY)] == ["ZB3", "ZB2", "ZB1"]
        found = power.by_code(session, "ZB3")
        assert found is not None
        assert found.place == FAR
        assert power.by_code(session, "ZB9") is None
