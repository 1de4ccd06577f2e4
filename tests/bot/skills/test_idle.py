from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import idle
from tests.sectors import MUZHUANG, RESIDENT, SHUXING, WANBAOGOU, add, ask, empty

OWN = {"village": WANBAOGOU}
LEDGER = date(2026, 11, 8)


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def resource(
        code: str, place: str, kind: str, location: str, status: str, price: str | None, area: str = "41"
    ) -> dict[str, Any]:
        unit, price_unit = ("平方米", "元/年") if "房" in kind else ("亩", "元/亩/年")
        return {
            "code": code, "place": place, "kind": kind, "location": location, "area": Decimal(area), "area_unit": unit,
            "status": status, "price": price and Decimal(price), "price_unit": price_unit if price else "",
            "contact": "魏占山", "phone": "19900007839", "registered": date(2026, 4, 30),
        }  # fmt: skip

    with empty() as session:
        add(
            session,
            "idle_resources",
            resource("CS0001", WANBAOGOU, "荒沟", "南河沟", "待流转", "20"),
            resource("CS0002", WANBAOGOU, "闲置农房", "老村部东侧", "已流转", "13300", "119"),
            resource("CS0003", MUZHUANG, "闲置农房", "后街把头", "洽谈中", None, "78"),
            resource("CS0004", SHUXING, "荒山", "后梁", "待流转", "50", "210"),
            resource("CS0005", SHUXING, "荒沟", "南河沟", "待流转", "10"),
            as_of=LEDGER,
            department="农经站",
        )
        yield session


DITCH = "五重安镇万宝沟村南河沟荒沟41亩，待流转，意向价20元/亩/年，联系魏占山19900007839。"
TAKEN = "五重安镇万宝沟村老村部东侧闲置农房119平方米，已流转，意向价13300元/年，联系魏占山19900007839。"
HOUSE = "五重安镇母庄村后街把头闲置农房78平方米，洽谈中，价钱面议，联系魏占山19900007839。"
HILL = "建昌营镇树行村后梁荒山210亩，待流转，意向价50元/亩/年，联系魏占山19900007839。"


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("南河沟的荒沟多大、租出去没有", OWN, DITCH),
        ("南河沟租出去没", {}, DITCH),
        ("老村部东侧的闲置农房租了没", OWN, TAKEN),
        ("编号CS0002租出去没", {"code": "CS0002"}, TAKEN),
        ("编号CS9999租出去没", {"code": "CS9999"}, "没有迁安市这个编号的资源的记录。"),
        ("有没有闲房租", {}, HOUSE),
        ("想租个院子", {}, HOUSE),
        ("村里有闲房没", OWN, f"万宝沟村没有能租的闲房，登记的1处都已流转；本镇有{HOUSE}"),
        ("有荒山没", OWN, f"万宝沟村没有能租的荒山；别的镇有{HILL}"),
        ("有厂房租没", OWN, "万宝沟村没有能租的厂房。"),
        ("有啥闲置的", {"village": MUZHUANG}, HOUSE),
        ("村里有几处闲房", OWN, "万宝沟村闲房1处：已流转1处，共119平方米。"),
        ("全市有多少荒沟", {"county": True}, "迁安市荒沟2处：待流转2处，共82亩。"),
    ],
)
def test_idle_resources(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, idle.answer, text, RESIDENT, **slots).headline == headline


def test_without_a_home_the_cheapest_comes_first(data: Session) -> None:
    reply = ask(data, idle.answer, "哪有荒沟", Asker())
    assert reply.headline.startswith("建昌营镇树行村南河沟荒沟41亩，待流转，意向价10元/亩/年")
    assert reply.details == (DITCH,)


def test_a_status_is_as_of_the_ledgers_day(data: Session) -> None:
    reply = ask(data, idle.answer, "南河沟租出去没", RESIDENT)
    assert {fact.as_of for fact in reply.facts} == {LEDGER}
    assert ask(data, idle.answer, "有厂房租没", **OWN).details[0].startswith("登记的有：")


def test_nothing_is_held(session: Session) -> None:
    assert ask(session, idle.answer, "有闲房没", **OWN).headline == "没有迁安市沉睡资源的记录。"
