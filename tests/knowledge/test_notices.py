"""Which notices reach a place, which are in force, and of which days they speak."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from knowledge import notices
from knowledge.tables import Notice
from tests.affairs import COUNTY, FAR, NEIGHBOUR, TODAY, TOWN, VILLAGE, add


def notice(body: str = "", published: date = date(2026, 11, 2), expires: date | None = None) -> Notice:
    return Notice(code="TZ1", title="停电通知", body=body, place=VILLAGE, published=published, expires=expires)


@pytest.mark.parametrize(
    ("published", "expires", "expected"),
    [
        (date(2026, 11, 1), date(2026, 11, 23), True),
        (date(2026, 11, 1), date(2026, 11, 22), False),
        (date(2026, 11, 24), date(2026, 12, 1), False),
        (date(2026, 10, 24), None, True),
        (date(2026, 10, 23), None, False),
    ],
)
def test_in_force(published: date, expires: date | None, expected: bool) -> None:
    assert notices.in_force(notice(published=published, expires=expires), TODAY) is expected


@pytest.mark.parametrize(
    ("body", "published", "days"),
    [
        ("11月4日早6点停电", date(2026, 11, 2), [date(2026, 11, 4)]),
        ("11月16日到12月15日改道，11月16日起", date(2026, 11, 16), [date(2026, 11, 16), date(2026, 12, 15)]),
        ("1月5号选举", date(2026, 12, 20), [date(2027, 1, 5)]),
        ("2026年1月5日选举", date(2026, 12, 20), [date(2026, 1, 5)]),
        ("2月30日开会", date(2026, 2, 1), [date(2026, 12, 31)]),
        ("明年医保开始交了", date(2026, 11, 2), [date(2026, 12, 31)]),
    ],
)
def test_the_days_a_notice_speaks_of(body: str, published: date, days: list[date]) -> None:
    assert notices.days(notice(body, published, date(2026, 12, 31))) == days


def test_no_day_at_all() -> None:
    assert notices.days(notice("讲卫生")) == []


def test_the_notices_of_a_village_are_its_own_its_towns_and_the_countys(engine: Engine) -> None:
    with Session(engine) as session:
        for number, place in enumerate((COUNTY, TOWN, VILLAGE, VILLAGE, NEIGHBOUR, FAR, FAR[:9]), 1):
            add(session, "notices", "政府办", code=f"TZ{number}", title=f"第{number}条", body="", place=place,
                published=date(2026, 11, number))  # fmt: skip
        add(
            session,
            "notices",
            "政府办",
            code="TZ9",
            title="明天的",
            body="",
            place=VILLAGE,
            published=date(2026, 11, 24),
        )

        def codes(found: list[Notice]) -> list[str]:
            return [notice.code for notice in found]

        assert codes(notices.reaching(session, VILLAGE, TODAY)) == ["TZ4", "TZ3", "TZ2", "TZ1"]
        assert codes(notices.reaching(session, TOWN, TODAY)) == ["TZ2", "TZ1"]
        assert codes(notices.reaching(session, COUNTY, TODAY)) == ["TZ1"]
        assert codes(notices.inside(session, TOWN, TODAY)) == ["TZ5", "TZ4", "TZ3", "TZ2"]
        assert codes(notices.inside(session, COUNTY, TODAY)) == ["TZ6", "TZ5", "TZ4", "TZ3", "TZ7", "TZ2", "TZ1"]
        assert codes(notices.titled(session, "第3条说的是哪天", TODAY)) == ["TZ3"]
