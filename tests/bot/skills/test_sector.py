"""The place a question is about, rankings, amounts, periods: what the sectors' skills share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import sector
from bot.skills.base import Context
from bot.skills.sector import Origin
from bot.understanding.query import Period, Query
from knowledge import places
from tests.conftest import NOW
from tests.sectors import COUNTY, MUZHUANG, SHUXING, WANBAOGOU, WUZHONGAN, year

HOME = Asker(home=WANBAOGOU)


def query(text: str, **slots: Any) -> Query:
    return Query("sector", slots, 1.0, text)  # type: ignore[arg-type]


def context(session: Session, asker: Asker = HOME) -> Context:
    return Context(session, NOW, places.load(), asker)


@pytest.mark.parametrize(
    ("text", "slots", "code"),
    [
        ("多少", {"village": SHUXING}, SHUXING),
        ("多少", {"town": "130283103"}, "130283103"),
        ("全市多少", {"county": True}, COUNTY),
        ("多少", {}, WANBAOGOU),
        ("全镇多少", {}, WUZHONGAN),
        ("全镇多少", {"village": WANBAOGOU}, WUZHONGAN),  # home, filled in by the assistant
        ("万宝沟在全镇多少", {"village": WANBAOGOU}, WANBAOGOU),
        ("全镇多少", {"village": SHUXING}, SHUXING),
        ("全市多少", {"village": WANBAOGOU}, COUNTY),
        ("俺村在全市排第几", {"village": WANBAOGOU, "county": True}, WANBAOGOU),
    ],
)
def test_the_area_of_a_question(session: Session, text: str, slots: dict[str, Any], code: str) -> None:
    assert sector.area_of(query(text, **slots), context(session)).code == code


def test_without_any_place_it_is_the_county(session: Session) -> None:
    assert sector.area_of(query("多少"), context(session, Asker())).code == COUNTY


@pytest.mark.parametrize(
    ("text", "slots", "code"),
    [
        ("哪个村最多", {"village": WANBAOGOU}, COUNTY),
        ("咱镇哪个村最多", {"village": WANBAOGOU}, WUZHONGAN),
        ("哪个村最多", {"town": "130283103"}, "130283103"),
        ("在全市排第几", {"village": WANBAOGOU, "county": True}, COUNTY),
    ],
)
def test_the_area_of_a_ranking(session: Session, text: str, slots: dict[str, Any], code: str) -> None:
    assert sector.ranked_area(query(text, **slots), context(session)).code == code


def test_namesakes_are_named_with_their_town(session: Session) -> None:
    ctx = context(session)
    assert sector.area(ctx, "130283112214").name == "上射雁庄镇刘新庄村"
    assert sector.area(ctx, WANBAOGOU).name == "万宝沟村"
    assert sector.area(ctx, WANBAOGOU).full == "五重安镇万宝沟村"


@pytest.mark.parametrize(
    ("text", "which", "towns"),
    [
        ("哪个村绿化最差", True, False),
        ("哪村最多", True, False),
        ("谁们村最好", True, False),
        ("哪些镇最多", True, True),
        ("绿化最好的村", True, False),
        ("啥庄稼最多", False, False),
        ("俺村绿化咋样", False, False),
    ],
)
def test_whether_a_place_is_asked_for(text: str, which: bool, towns: bool) -> None:
    assert sector.asks_which(query(text)) is which
    assert sector.asks_towns(query(text)) is towns


@pytest.mark.parametrize(
    ("text", "slots", "highest"),
    [
        ("最差", {}, False),
        ("最少", {"extreme": "lowest"}, False),
        ("坏得最多", {"extreme": "highest"}, True),
        ("最多", {}, True),
        ("倒数第一", {"extreme": "highest"}, False),
    ],
)
def test_which_end_is_asked_for(text: str, slots: dict[str, Any], highest: bool) -> None:
    assert sector.wants_highest(query(text, **slots)) is highest


@pytest.mark.parametrize(
    ("text", "slots", "number"),
    [
        ("2024年玉米", {}, 2024),
        ("去年玉米", {}, 2025),
        ("前年玉米", {}, 2024),
        ("今年玉米", {}, 2026),
        ("玉米比去年多没", {}, None),
        ("116217-T01号地", {}, None),
        ("玉米", {"period": year(2023)}, 2023),
    ],
)
def test_the_year_of_a_question(text: str, slots: dict[str, Any], number: int | None) -> None:
    assert sector.year_of(query(text, **slots), NOW.date()) == number


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("25000", "2.5万元"),
        ("483900", "48.39万元"),
        ("9999", "9999元"),
        ("22827", "22827元"),
        ("364900.5", "364900.5元"),
        ("0", "0元"),
        ("12.345", "12.35元"),
    ],
)
def test_amounts(value: str, said: str) -> None:
    assert sector.amount(Decimal(value)) == said
    fact = sector.amount_fact(Origin("", None, "x"), "预算", Decimal(value))
    assert f"{fact.value}{fact.unit}" == said


def test_a_fact_knows_where_it_is_from() -> None:
    fact = Origin("五重安镇万宝沟村", date(2026, 11, 23), "智慧家园").fact("路灯", 101, "盏", "主街")
    assert (fact.what, fact.value, fact.unit, fact.subject) == ("路灯", 101, "盏", "主街")
    assert (fact.place, fact.as_of, fact.source) == ("五重安镇万宝沟村", date(2026, 11, 23), "智慧家园")


def test_periods_that_are_not_held_are_declined(session: Session) -> None:
    source = Origin("五重安镇万宝沟村", date(2026, 9, 30), "民政局")
    ctx = context(session)

    def declined(period: Period) -> str | None:
        reply = sector.not_held(query("低保", period=period), ctx, "低保", source)
        return reply.headline if reply else None

    assert declined(year(2026)) is None
    october = Period(date(2026, 10, 1), date(2026, 10, 31), "month", "上月")
    assert declined(october) is None  # the September list still holds in October, and bears its date
    august = Period(date(2026, 8, 1), date(2026, 8, 31), "month", "8月")
    assert declined(august) == "没有五重安镇万宝沟村2026年8月低保的记录，现有的是2026年9月30日的。"
    day = Period(date(2026, 9, 7), date(2026, 9, 7), "day", "9月7日")
    assert declined(day) == "没有五重安镇万宝沟村2026年9月7日低保的记录，现有的是2026年9月30日的。"
    span = Period(date(2027, 1, 1), date(2027, 1, 7), "span", "")
    assert declined(span) == "2027年1月1日到2027年1月7日还没到，现有的是2026年9月30日的。"


def test_places_are_taken_out_of_a_question(session: Session) -> None:
    ctx = context(session)
    assert sector.placeless(query("马兰庄镇养多少牛", town="130283109"), ctx).strip() == "养多少牛"
    assert sector.placeless(query("母庄的荒沟", village=MUZHUANG), ctx).strip() == "的荒沟"
    assert sector.placeless(query("俺村养多少马"), ctx) == "俺村养多少马"


def test_numbers_of_records_are_found_whole() -> None:
    rows = [type("Row", (), {"code": code})() for code in ("WH0001", "WH00012", "17")]
    assert [row.code for row in sector.numbered(query("wh0001到哪了"), rows)] == ["WH0001"]
    assert sector.numbered(query("17号"), rows) == []
