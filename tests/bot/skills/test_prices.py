"""What is said about prices: on quotes made by hand, and on the public export's own questions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker, Reply
from bot.skills import price_trends, prices
from bot.skills.base import Context
from bot.understanding.query import Period, Query
from knowledge.places import Places
from knowledge.tables import Price, Source
from tests.conftest import NOW
from tests.support import misses, truth, unsupported

TODAY = NOW.date()
HOME, TOWN, AWAY = "迁安城关市场", "野鸡坨市场", "北京新发地"
WUCHONGAN = "130283116"

Ask = Callable[..., Reply]


def day(when: date) -> Period:
    return Period(when, when, "day", "")


def month(year: int, number: int) -> Period:
    return Period(date(year, number, 1), date(year, number + 1, 1) - timedelta(1), "month", "")


def add(
    session: Session, commodity: str, market: str, when: date, average: str, unit: str = "公斤", **more: Any
) -> None:
    """One quote; prices in 元 a `unit`, published as they are stored unless said otherwise."""
    source = session.query(Source).filter_by(dataset="prices").one_or_none()
    if source is None:
        source = Source(dataset="prices", department="农业农村局", file="价格.csv", imported=NOW, as_of=TODAY)
        session.add(source)
        session.flush()
    values = {
        "average": Decimal(average),
        "low": Decimal(average) - Decimal("0.2"),
        "high": Decimal(average) + Decimal("0.2"),
        "published_average": Decimal(average),
        "published_unit": f"元/{unit}",
        "published_name": commodity,
        **more,
    }
    number = session.query(Price).count()
    session.add(
        Price(
            key=str(number), digest="", source_id=source.id, source_row=number, as_of=when,
            market=market, commodity=commodity, day=when, unit=unit, **values,
        )
    )  # fmt: skip
    session.flush()


@pytest.fixture
def ask(session: Session, gazetteer: Places) -> Ask:
    for back, average in ((0, "2.40"), (1, "2.30"), (7, "2.20"), (30, "2.00"), (365, "3.00")):
        add(session, "玉米", HOME, TODAY - timedelta(back), average)
    add(session, "玉米", TOWN, TODAY, "2.204", published_average=Decimal(2204), published_unit="元/吨")
    add(session, "玉米", AWAY, TODAY, "2.60", published_average=Decimal("1.30"), published_unit="元/斤")
    add(session, "花生", HOME, TODAY, "9.00")
    add(session, "桃", HOME, TODAY - timedelta(40), "6.00")
    add(session, "西瓜", HOME, TODAY, "8.00", unit="个")
    add(session, "白菜", HOME, TODAY, "1.00", low=None, high=None)
    add(session, "白菜", HOME, TODAY, "1.40", low=None, high=None)

    def say(function: Callable[[Query, Context], Reply], text: str = "", **slots: Any) -> Reply:
        reply = function(Query("price", slots, 1.0, text), Context(session, NOW, gazetteer, Asker()))  # type: ignore[arg-type]
        assert not unsupported(reply), reply.text
        assert all(fact.source for fact in reply.facts)
        return reply

    return say


def test_the_countys_own_market_comes_first_and_the_published_unit_stands_beside(ask: Ask) -> None:
    reply = ask(prices.latest, commodity="玉米")
    assert reply.headline == "迁安城关市场玉米今天平均1.2元/斤（1.1～1.3），合2.4元/公斤。"
    assert reply.source == f"农业农村局 {TODAY}"
    assert any("2204元/吨" in line for line in reply.details)
    assert not any("合" in line for line in reply.details if AWAY in line)  # published in 斤: nothing to convert


def test_a_named_market_alone_is_told(ask: Ask) -> None:
    reply = ask(prices.latest, commodity="玉米", market=TOWN)
    assert reply.headline.startswith("野鸡坨市场玉米今天平均1.1元/斤")
    assert {fact.place for fact in reply.facts} == {TOWN}


def test_a_market_without_this_commodity_says_who_quotes_it(ask: Ask) -> None:
    reply = ask(prices.latest, commodity="花生", market=TOWN)
    assert reply.headline == "野鸡坨市场没有花生的报价。"
    assert HOME in reply.details[0]


def test_a_commodity_that_nobody_quotes_is_declined(ask: Ask) -> None:
    reply = ask(prices.latest, commodity="猕猴桃")
    assert "没有猕猴桃的市场报价" in reply.headline
    assert not reply.facts


def test_a_stale_price_says_its_day(ask: Ask) -> None:
    reply = ask(prices.latest, commodity="桃")
    assert "最近一次报价是10月14日" in reply.headline
    assert "之后没有报价" in reply.headline


def test_a_day_without_a_quote_is_told_as_such(ask: Ask) -> None:
    reply = ask(prices.latest, commodity="玉米", market=HOME, period=day(TODAY - timedelta(3)))
    assert "11月20日没有报价，之前最近一次是11月16日" in reply.headline


@pytest.mark.parametrize("period", [day(date(2019, 5, 1)), month(2019, 5), day(TODAY + timedelta(30))])
def test_a_time_for_which_nothing_is_held_is_declined_with_what_is(ask: Ask, period: Period) -> None:
    reply = ask(prices.latest, commodity="玉米", period=period)
    assert "元" not in reply.headline
    assert "2025年11月23日到今天" in reply.headline


def test_a_month_is_told_as_its_mean(ask: Ask, session: Session) -> None:
    add(session, "玉米", HOME, date(2026, 10, 10), "2.10")
    reply = ask(prices.latest, commodity="玉米", market=HOME, period=month(2026, 10))
    assert reply.headline == "迁安城关市场玉米10月平均1.03元/斤（每天均价1～1.05）。"


def test_several_quotes_of_a_day_are_one_range(ask: Ask) -> None:
    assert ask(prices.latest, commodity="白菜").headline.startswith(
        "迁安城关市场白菜今天2个报价平均0.6元/斤（0.5～0.7）"
    )


def test_what_is_sold_by_the_piece_keeps_its_unit(ask: Ask) -> None:
    assert "8元/个" in ask(prices.latest, commodity="西瓜").headline


def test_two_commodities_get_two_prices(ask: Ask) -> None:
    reply = ask(prices.latest, commodity="玉米", commodities=("玉米", "花生"))
    assert reply.headline == "迁安城关市场今天：玉米1.20元/斤，花生4.50元/斤。"


def test_a_town_without_a_market_is_told_so(ask: Ask) -> None:
    assert ask(prices.latest, commodity="玉米", town=WUCHONGAN).headline.startswith(
        "五重安镇没有市场报价，迁安城关市场"
    )
    assert ask(prices.latest, commodity="玉米", town="130283105").headline.startswith("野鸡坨市场玉米今天")


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        (day(TODAY - timedelta(1)), "比昨天的1.15元/斤涨了0.05元"),
        (day(TODAY - timedelta(7)), "比11月16日的1.1元/斤涨了0.1元"),
        (Period(date(2025, 1, 1), date(2025, 12, 31), "year", "去年"), "比2025年11月23日的1.5元/斤跌了0.3元"),
        (month(2026, 10), "比10月平均1元/斤涨了0.2元"),
    ],
)
def test_a_change_is_the_difference_of_what_is_said(ask: Ask, baseline: Period, said: str) -> None:
    assert said in ask(price_trends.trend, commodity="玉米", market=HOME, baseline=baseline).headline


def test_without_a_baseline_day_week_month_and_year_are_told(ask: Ask) -> None:
    reply = ask(price_trends.trend, commodity="玉米", market=HOME)
    assert "比昨天涨了0.05元" in reply.headline
    assert [line[:3] for line in reply.details[:4]] == ["前一天", "一周前", "一个月", "去年同"]


def test_a_change_against_a_time_that_is_not_held_is_not_told(ask: Ask) -> None:
    reply = ask(price_trends.trend, commodity="花生", market=HOME, baseline=day(TODAY - timedelta(365)))
    assert "没法比" in reply.headline
    assert "涨" not in reply.headline


def test_highest_and_lowest_of_a_period(ask: Ask) -> None:
    year = Period(date(2025, 11, 1), TODAY, "span", "")
    assert (
        "最高是2025年11月23日，平均1.5元/斤"
        in ask(price_trends.extreme, "玉米最高", commodity="玉米", market=HOME, extreme="highest", period=year).headline
    )
    lowest = ask(price_trends.extreme, commodity="玉米", market=HOME, extreme="lowest", period=year).headline
    assert "最低是10月24日，平均1元/斤" in lowest


def test_markets_are_compared_from_the_highest(ask: Ask) -> None:
    reply = ask(prices.compare, "玉米卖哪儿合算", commodity="玉米")
    assert reply.headline == "玉米今天北京新发地最高，平均1.3元/斤；野鸡坨市场最低，1.1元/斤。"
    buying = ask(prices.compare, "玉米去哪买便宜", commodity="玉米")
    assert buying.headline.startswith("玉米今天野鸡坨市场最低")


def test_without_a_commodity_it_is_asked(ask: Ask) -> None:
    assert "什么东西" in ask(prices.latest).headline


def test_the_exports_questions_on_prices(pack_session: Session, platform: Path, gazetteer: Places) -> None:
    functions = {"price_trend": price_trends.trend, "price_highest": price_trends.extreme}
    context = Context(pack_session, NOW, gazetteer, Asker())
    asked = [question for question in truth(platform) if question["q_kind"].startswith("price")]
    assert len(asked) >= 40
    for question in asked:
        kind = question["q_kind"]
        slots: dict[str, Any] = {"commodity": question["commodity"]}
        if kind != "price_highest":
            slots["market"] = question["market"]
        if kind == "price_trend":
            slots["baseline"] = day(date.fromisoformat(question["date_before"]))
        elif kind != "price_out_of_season":
            slots["period"] = day(date.fromisoformat(question["date"]))
        query = Query(kind, slots, 1.0, question["question"])  # type: ignore[arg-type]
        reply = functions.get(kind, prices.latest)(query, context)
        assert not misses(question, reply.text), (question["question"], reply.text)
        assert not unsupported(reply)
