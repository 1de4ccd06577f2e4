from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import trades
from tests.sectors import MUZHUANG, RESIDENT, SHUXING, WANBAOGOU, add, ask, empty

OWN = {"village": WANBAOGOU}
LEDGER = date(2026, 11, 23)


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def offer(
        code: str, side: str, item: str, place: str, price: str | None, until: date | None, unit: str = "公斤"
    ) -> dict[str, Any]:
        return {
            "code": code, "side": side, "item": item, "place": place, "quantity": Decimal(38), "unit": unit,
            "price": price and Decimal(price), "price_unit": f"元/{unit}" if price else "", "contact": "郭斌",
            "phone": "19900009658", "published": date(2026, 9, 1), "expires": until,
        }  # fmt: skip

    with empty() as session:
        add(
            session,
            "trades",
            offer("GQ01", "求购", "板栗", WANBAOGOU, "13.76", date(2026, 12, 14)),
            offer("GQ02", "求购", "板栗", SHUXING, "14", date(2027, 1, 8)),
            offer("GQ03", "供应", "板栗", MUZHUANG, None, date(2026, 11, 23)),
            offer("GQ04", "供应", "散养鸡蛋", SHUXING, "18.96", date(2026, 11, 25)),
            offer("GQ05", "求购", "草莓苗", WANBAOGOU, "0.57", date(2026, 11, 29), "株"),
            offer("GQ06", "供应", "玉米", WANBAOGOU, "2350", date(2026, 9, 24), "吨"),
            offer("GQ07", "供应", "短工（摘果）", MUZHUANG, None, None, "人"),
            offer("GQ08", "供应", "玉米秸秆", WANBAOGOU, "2350", date(2026, 12, 1), "吨"),
            as_of=LEDGER,
            department="农业农村局",
        )
        yield session


OURS = "五重安镇万宝沟村郭斌求购板栗38公斤，13.76元/公斤（合6.88元/斤），电话19900009658，有效到12月14日。"
THEIRS = "建昌营镇树行村郭斌求购板栗38公斤，14元/公斤（合7元/斤），电话19900009658，有效到2027年1月8日。"
EGGS = "建昌营镇树行村郭斌供应散养鸡蛋38公斤，18.96元/公斤（合9.48元/斤），电话19900009658，有效到11月25日。"
STRAW = "五重安镇万宝沟村郭斌供应玉米秸秆38吨，2350元/吨（合1.18元/斤），电话19900009658，有效到12月1日"


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("谁收板栗", {"commodity": "板栗", "side": "求购"}, OURS),
        ("谁家求购板栗？什么价？", {**OWN, "commodity": "板栗", "side": "求购"}, OURS),
        ("想卖两千斤板栗", {"commodity": "板栗", "amount": "2000斤"}, OURS),
        ("谁家求购板栗", {"village": SHUXING, "commodity": "板栗", "side": "求购"}, THEIRS),
        ("母庄村谁收板栗", {"village": MUZHUANG, "commodity": "板栗", "side": "求购"}, f"母庄村现在没有求购板栗的，别处有：{OURS}"),
        ("想买点板栗", {"commodity": "板栗"}, "五重安镇母庄村郭斌供应板栗38公斤，价钱面议，电话19900009658，有效到今天。"),
        ("哪有卖鸡蛋的", {"commodity": "鸡蛋", "side": "供应"}, EGGS),
        ("谁卖鸡蛋", {}, EGGS),
        ("谁收草莓", {"commodity": "草莓", "side": "求购"}, "现在没有有效的求购草莓信息；相近的有：五重安镇万宝沟村郭斌求购草莓苗38株，0.57元/株，电话19900009658，有效到11月29日。"),
        ("谁卖玉米", {"commodity": "玉米", "side": "供应"}, f"现在没有有效的供应玉米信息；相近的有：{STRAW}。"),
        ("谁收玉米", {"commodity": "玉米", "side": "求购"}, "现在没有有效的求购玉米信息。"),
        ("想找人摘果", {}, "五重安镇母庄村郭斌供应短工（摘果）38人，价钱面议，电话19900009658。"),
        ("谁收大象", {"commodity": "大象", "side": "求购"}, "现在没有有效的求购大象信息。"),
        ("最近有啥买卖信息", {}, OURS),
        ("最近有谁收东西", {"side": "求购"}, OURS),
        ("最近有啥人收东西", {}, OURS),
        ("想买点", {}, "您要买卖什么？请连品名一起说，比如“谁收板栗”“想买玉米”。"),
        ("板栗没人买 卖哪", {"commodity": "板栗", "side": "供应"}, OURS),
        ("帮俺找个收板栗的", {"commodity": "板栗", "side": "供应"}, OURS),
        ("缺人摘苹果 找短工", {"commodity": "苹果"}, "五重安镇母庄村郭斌供应短工（摘果）38人，价钱面议，电话19900009658。"),
        ("谁收猪", {}, "现在没有有效的求购猪信息。"),
    ],
)  # fmt: skip
def test_offers(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, trades.find, text, RESIDENT, **slots).headline == headline


def test_the_nearest_come_first_and_others_follow(data: Session) -> None:
    reply = ask(data, trades.find, "板栗买卖", Asker(home=SHUXING), commodity="板栗")
    assert reply.headline == THEIRS
    assert {line[:7] for line in reply.details} == {"五重安镇万宝沟", "五重安镇母庄村"}


def test_an_offer_that_is_over_is_not_told(session: Session) -> None:
    add(session, "trades", {"code": "A", "side": "求购", "item": "花生", "place": WANBAOGOU, "contact": "孙艳", "phone": "199", "published": date(2026, 9, 1), "expires": date(2026, 11, 22)})  # fmt: skip
    reply = ask(session, trades.find, "谁收花生", commodity="花生", side="求购")
    assert reply.headline == "现在没有有效的求购花生信息，最后一条2026年11月22日过期了。"
    assert "孙艳" not in repr(reply)


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("GQ06还有效吗", {"code": "GQ06"}, "GQ06（五重安镇万宝沟村供应玉米）已过期，2026年9月24日到期，不再有效。"),
        ("编号gq06的信息还有效吗", {}, "GQ06（五重安镇万宝沟村供应玉米）已过期，2026年9月24日到期，不再有效。"),
        ("GQ01还有效吗", {"code": "GQ01"}, "GQ01（五重安镇万宝沟村求购板栗）还有效，有效到2026年12月14日。"),
        ("GQ03还有效吗", {"code": "GQ03"}, "GQ03（五重安镇母庄村供应板栗）还有效，有效到2026年11月23日。"),
        ("GQ07还有效吗", {"code": "GQ07"}, "GQ07（五重安镇母庄村供应短工（摘果））还有效，没写到哪天为止。"),
        ("GQ99还有效吗", {"code": "GQ99"}, "没有这个编号的供求信息，请核对编号。"),
        ("还有效吗", {}, "请说信息编号，编号写在供求信息最前头；没有编号可以直接问“谁收板栗”。"),
    ],
)
def test_whether_an_offer_holds(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, trades.status, text, **slots).headline == headline


def test_the_contact_is_told_only_while_the_offer_holds(data: Session) -> None:
    assert "19900009658" in ask(data, trades.status, "GQ01还有效吗").text
    assert "19900009658" not in repr(ask(data, trades.status, "GQ06还有效吗"))
