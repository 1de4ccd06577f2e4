from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import cooperatives
from tests.sectors import MUZHUANG, RESIDENT, SHUXING, WANBAOGOU, add, ask, empty

OWN = {"village": WANBAOGOU}


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def society(name: str, place: str, business: str, members: int | None = 31) -> dict[str, Any]:
        return {
            "name": f"迁安市{name}专业合作社", "place": place, "business": business, "members": members,
            "chair": "崔永福", "phone": "19900009084", "income": Decimal(226100),
        }  # fmt: skip

    with empty() as session:
        add(
            session,
            "cooperatives",
            society("树行板栗", SHUXING, "板栗种植", 500) | {"founded": date(2020, 5, 18)},
            society("母庄板栗", MUZHUANG, "板栗种植、收购", 20),
            society("万宝沟生猪", WANBAOGOU, "生猪养殖", 161),
            society("万宝沟农机", WANBAOGOU, "农机作业服务", None),
            department="农经站",
        )
        yield session


PIGS = "迁安市万宝沟生猪专业合作社，社员161户，理事长崔永福19900009084，主营生猪养殖，年收入22.61万元。"
MACHINES = "迁安市万宝沟农机专业合作社，理事长崔永福19900009084，主营农机作业服务，年收入22.61万元。"
CHESTNUTS = "迁安市母庄板栗专业合作社，社员20户，理事长崔永福19900009084，主营板栗种植、收购，年收入22.61万元。"


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("迁安市万宝沟生猪专业合作社有多少户社员？理事长是谁？", OWN, PIGS),
        ("生猪合作社电话多少", {**OWN, "commodity": "生猪"}, PIGS),
        ("养猪的合作社", OWN, PIGS),
        ("谁家合作社干农机", OWN, MACHINES),
        ("农机合作社", {}, MACHINES),
        ("哪个合作社收板栗", {"commodity": "板栗"}, CHESTNUTS),
        ("哪个合作社收板栗", {**OWN, "commodity": "板栗"}, f"万宝沟村没有板栗合作社，别处有：{CHESTNUTS}"),
        ("村里有合作社没", OWN, PIGS),
        ("村里有几个合作社", OWN, "万宝沟村有合作社2个，社员共161户。"),
        ("全市有多少合作社", {"county": True}, "迁安市有合作社4个，社员共681户。"),
        ("哪个合作社收草莓", {"commodity": "草莓"}, "没有迁安市草莓合作社的记录。"),
        ("合作社理事长电话", {}, PIGS),
        ("全镇有几家合作社", {}, "五重安镇有合作社3个，社员共181户。"),
        ("哪个合作社给收割玉米", {"commodity": "玉米"}, MACHINES),
        (
            "哪个合作社社员最多",
            {"extreme": "highest"},
            "迁安市树行板栗专业合作社，社员500户，理事长崔永福19900009084，主营板栗种植，年收入22.61万元。",
        ),
        ("哪个镇合作社最多", {"extreme": "highest"}, "迁安市合作社最多的是五重安镇，3个；其次建昌营镇1个。"),
        ("2020年成立的合作社", {"county": True}, "迁安市2020年成立的合作社有1个。"),
        ("今年成立了几个合作社", {"county": True}, "迁安市2026年成立的合作社有0个。"),
        ("合作社有吗", {"village": "130283001201"}, "没有建设村合作社的记录。"),
    ],
)
def test_cooperatives(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, cooperatives.answer, text, RESIDENT, **slots).headline == headline


def test_who_buys_comes_before_who_grows(data: Session) -> None:
    reply = ask(data, cooperatives.answer, "哪个合作社收板栗", Asker(), commodity="板栗")
    assert reply.headline == CHESTNUTS
    assert reply.details[0].startswith("迁安市树行板栗专业合作社，社员500户")


def test_that_nobody_says_to_buy_is_told(data: Session) -> None:
    reply = ask(data, cooperatives.answer, "哪个合作社收生猪", commodity="生猪")
    assert reply.details[0] == "主营里没写收购生猪，收不收请打电话问。"


def test_nothing_is_held(session: Session) -> None:
    assert ask(session, cooperatives.answer, "有合作社没", **OWN).headline == "没有迁安市合作社的记录。"
