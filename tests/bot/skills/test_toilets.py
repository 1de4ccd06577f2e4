"""Repairs of toilets in words; who may ask after a household is tested in tests/bot/test_disclosure.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import toilets
from bot.understanding.query import Period
from tests.sectors import MUZHUANG, RESIDENT, STRANGER, WANBAOGOU, WUZHONGAN, add, ask, empty, year

OWN = {"village": WANBAOGOU}
LEDGER = date(2026, 11, 22)


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def repair(code: str, head: str, reported: date, fixed: date | None = None, **more: Any) -> dict[str, Any]:
        return {
            "code": code, "place": WANBAOGOU, "head": head, "fault": "水管漏水", "reported": reported, "fixed": fixed,
            "status": "已修好" if fixed else "待修", "keeper": "杨亮", "keeper_phone": "19900007839",
        } | more  # fmt: skip

    with empty() as session:
        add(
            session,
            "toilet_repairs",
            repair("CB26060001", "王燕", date(2026, 6, 29)),
            repair("CB26030002", "王燕", date(2026, 3, 1), date(2026, 3, 5)),
            repair("CB26030003", "曹明", date(2026, 11, 2), date(2026, 11, 3)),
            repair("CB26030004", "李四", date(2026, 11, 2), status="修好"),
            repair("CB26030005", "赵六", date(2026, 11, 1), place=MUZHUANG, keeper="", keeper_phone=""),
            repair("CB26030006", "钱七", date(2026, 11, 1), place=MUZHUANG, keeper="", keeper_phone=""),
            as_of=LEDGER,
            department="智慧家园",
        )
        yield session


KEEPER = "万宝沟村厕所坏了找管护员杨亮19900007839；厕所报修4件，修好3件，没修好1件。"


@pytest.mark.parametrize(
    ("text", "asker", "slots", "headline"),
    [
        ("厕所坏了报谁", STRANGER, OWN, KEEPER),
        ("厕所坏了打啥电话", STRANGER, OWN, KEEPER),
        ("厕所报修了几件", RESIDENT, OWN, KEEPER),
        ("王燕家厕所修好没", RESIDENT, OWN, "王*家2026年6月29日报的水管漏水，还没修好（待修），找管护员杨亮19900007839。"),
        ("曹明家厕所修好没", RESIDENT, OWN, "曹*家2026年11月2日报的水管漏水，2026年11月3日修好了，找管护员杨亮19900007839。"),
        ("李四家厕所修好没", RESIDENT, OWN, "李*家2026年11月2日报的水管漏水，修好，找管护员杨亮19900007839。"),
        ("孙二家厕所修好没", RESIDENT, OWN, f"没查到这户的厕所报修。{KEEPER}"),
        ("王燕家厕所修好没", STRANGER, OWN, f"哪一户报修、修没修好只告诉本村村民。{KEEPER}"),
        ("李家的厕所修好没", RESIDENT, OWN, "李*家2026年11月2日报的水管漏水，修好，找管护员杨亮19900007839。"),
        ("编号CB26060001修好没", RESIDENT, OWN, "王*家2026年6月29日报的水管漏水，还没修好（待修），找管护员杨亮19900007839。"),
        ("编号CB26060001修好没", STRANGER, OWN, f"哪一户报修、修没修好只告诉本村村民。{KEEPER}"),
        ("马桶堵了找谁", RESIDENT, OWN, KEEPER),
        ("谁家厕所没修", RESIDENT, OWN, KEEPER),
        ("厕所坏了报谁", STRANGER, {"village": MUZHUANG}, "母庄村厕所报修2件，修好0件，没修好2件。"),
        ("全镇厕所报修多少", STRANGER, {"town": WUZHONGAN}, "五重安镇厕所报修6件，修好3件，没修好3件。"),
        ("哪个村没修好的厕所最多", STRANGER, {}, "迁安市没修好的厕所最多的是五重安镇母庄村，2件；其次五重安镇万宝沟村1件。"),
        ("厕所坏了报谁", STRANGER, {"village": "130283001201"}, "没有建设村厕所报修的记录。"),
        ("11月报修了几件", STRANGER, {**OWN, "period": Period(date(2026, 11, 1), date(2026, 11, 30), "month", "11月")}, "万宝沟村2026年11月厕所报修2件，修好2件，没修好0件。"),
        ("7月报修了几件", STRANGER, {**OWN, "period": Period(date(2026, 7, 1), date(2026, 7, 31), "month", "7月")}, "万宝沟村2026年7月没有厕所报修的记录。"),
        ("2020年报修多少", STRANGER, {**OWN, "period": year(2020)}, "没有五重安镇万宝沟村2020年厕所报修的记录，现有的是2026年11月22日的。"),
    ],
)  # fmt: skip
def test_repairs(data: Session, text: str, asker: Asker, slots: dict[str, Any], headline: str) -> None:
    reply = ask(data, toilets.answer, text, asker, **slots)
    assert reply.headline == headline


def test_the_day_that_is_said_tells_two_repairs_apart(data: Session) -> None:
    day = date(2026, 3, 1)
    reply = ask(
        data, toilets.answer, "王燕家3月1日报的修好没", village=WANBAOGOU, period=Period(day, day, "day", "3月1日")
    )
    assert reply.headline.startswith("王*家2026年3月1日")
    assert not reply.details


def test_a_resident_sees_open_repairs_with_masked_names(data: Session) -> None:
    reply = ask(data, toilets.answer, "谁家厕所没修", RESIDENT, **OWN)
    assert "王*家2026年6月29日报的水管漏水，还没修好（待修）" in reply.details[0]
    assert not {name for name in ("王燕", "曹明") if name in repr(reply)}


def test_a_status_is_as_of_the_ledgers_day(data: Session) -> None:
    for text in ("厕所坏了报谁", "王燕家厕所修好没"):
        assert {fact.as_of for fact in ask(data, toilets.answer, text, RESIDENT, **OWN).facts} == {LEDGER}
