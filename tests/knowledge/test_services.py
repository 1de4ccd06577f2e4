"""Offices, numbers, clinics and lines by place, and hours as they are written in lists."""

from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config import SHANGHAI
from knowledge import services
from tests.affairs import COUNTY, FAR, NEIGHBOUR, TOWN, VILLAGE, add

OFFICE = "周一至周五 8:30-12:00，13:30-17:30"


def at(day: int, clock: str) -> datetime:
    """A moment of November 2026; the 23rd is a Monday."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("hours", "day", "clock", "expected"),
    [
        (OFFICE, 23, "8:29", False),
        (OFFICE, 23, "8:30", True),
        (OFFICE, 23, "12:00", False),
        (OFFICE, 23, "13:30", True),
        (OFFICE, 27, "17:29", True),
        (OFFICE, 28, "10:00", False),
        ("周一至周六 8:00-12:00，14:00-17:30", 28, "10:00", True),
        ("每天 8:00-20:00", 29, "19:59", True),
        ("8:00～20:00", 29, "19:59", True),
        ("全天24小时", 29, "3:00", True),
        ("周一到周五全天", 29, "3:00", False),
        ("工作日 9:00—17:00", 28, "10:00", False),
        ("工作日 9:00—17:00", 25, "10:00", True),
        ("星期一至星期日 上午8点半到11点半，下午2点到5点", 29, "16:59", True),
        ("星期一至星期日 上午8点半到11点半，下午2点到5点", 29, "11:31", False),
        ("每天早8点至晚6点", 29, "17:00", True),
        ("下午1点15分-5点", 23, "13:14", False),
        ("8:00-17:00，周日休息", 29, "10:00", False),
        ("8:00-17:00，周日休息", 28, "10:00", True),
        ("周三、周六 9:00-11:00", 25, "10:00", True),
        ("周三、周六 9:00-11:00", 26, "10:00", False),
        ("每天 20:00-6:00", 23, "23:00", True),
        ("每天 20:00-6:00", 23, "7:00", False),
        ("大集日上午", 23, "10:00", None),
        ("", 23, "10:00", None),
    ],
)
def test_hours_as_they_are_written(hours: str, day: int, clock: str, expected: bool | None) -> None:
    assert services.open_at(hours, at(day, clock)) is expected


def test_records_by_place(engine: Engine) -> None:
    with Session(engine) as session:
        for place, name in (
            (TOWN, "五重安镇派出所"),
            (TOWN, "五重安镇财政所"),
            (FAR[:9], "木厂口镇派出所"),
            (COUNTY, "市政务大厅"),
        ):
            add(session, "offices", "行政审批局", place=place, name=name)
        for place in (VILLAGE, NEIGHBOUR, FAR):
            add(session, "clinics", "行政审批局", place=place, name="卫生室")
        for place, route in ((TOWN, "1路"), (FAR[:9], "2路")):
            add(session, "bus_routes", "行政审批局", place=place, route=route, interval=20, fare=Decimal("2.5"))
        add(session, "hotlines", "行政审批局", name="报警", number="110")
        assert [one.name for one in services.offices(session, TOWN)] == ["五重安镇派出所", "五重安镇财政所"]
        assert [one.name for one in services.offices(session, COUNTY)] == ["市政务大厅"]
        assert [one.place for one in services.clinics(session, TOWN)] == [VILLAGE, NEIGHBOUR]
        assert [one.place for one in services.clinics(session, VILLAGE)] == [VILLAGE]
        assert len(services.clinics(session, COUNTY)) == 3
        assert [line.route for line in services.routes(session, TOWN)] == ["1路"]
        assert [line.route for line in services.routes(session)] == ["2路", "1路"]
        assert [one.number for one in services.hotlines(session)] == ["110"]
