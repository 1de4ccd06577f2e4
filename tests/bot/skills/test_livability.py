from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.skills import livability
from tests.sectors import MUZHUANG, RESIDENT, SHUXING, WANBAOGOU, WUZHONGAN, add, ask, empty, year


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def village(place: str, green: str, hard: str, lit: int, renovated: int, waste: str) -> dict[str, Any]:
        return {
            "place": place, "households": 294, "population": 948, "green_rate": Decimal(green),
            "road_total": Decimal(10), "road_hard": Decimal(hard), "lamps": 100, "lamps_lit": lit,
            "toilets": 200, "toilets_renovated": renovated, "waste": waste,
        }  # fmt: skip

    with empty() as session:
        add(
            session,
            "livability",
            village(WANBAOGOU, "33.3", "9.5", 86, 158, "每周两次清运"),
            village(MUZHUANG, "26.2", "10", 70, 158, "日产日清"),
            village(SHUXING, "40", "8", 100, 20, "日产日清"),
            {"place": "130283116210", "green_rate": Decimal(30)},
            department="智慧家园",
        )
        yield session


OWN = {"village": WANBAOGOU}


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("绿化率多少", OWN, "万宝沟村绿化率33.3%。"),
        ("绿化率多少", {**OWN, "indicator": "green_rate"}, "万宝沟村绿化率33.3%。"),
        ("路灯亮了多少", OWN, "万宝沟村路灯100盏，亮着86盏，14盏不亮。"),
        ("路灯几盏", {**OWN, "indicator": "lamps"}, "万宝沟村路灯100盏，亮着86盏，14盏不亮。"),
        ("路都硬化了没", OWN, "万宝沟村道路总长10公里，硬化了9.5公里，还有0.5公里没硬化。"),
        ("路都硬化了没", {"village": MUZHUANG}, "母庄村道路总长10公里，硬化了10公里，全了。"),
        ("道路总长多少", OWN, "万宝沟村道路总长10公里，硬化了9.5公里，还有0.5公里没硬化。"),
        ("硬化了多少公里路", {**OWN, "indicator": "road_total"}, "万宝沟村道路总长10公里，硬化了9.5公里，还有0.5公里没硬化。"),
        ("哪个村路灯最多", {"indicator": "lamps", "extreme": "highest"}, "迁安市路灯最多的是建昌营镇树行村、五重安镇万宝沟村、五重安镇母庄村，100盏。"),
        ("哪个村路灯坏得最多", {"indicator": "lamps", "extreme": "highest"}, "迁安市不亮的路灯最多的是五重安镇母庄村，30盏；其次五重安镇万宝沟村14盏、建昌营镇树行村0盏。"),
        ("哪个镇路灯坏得最多", {"indicator": "lamps", "extreme": "highest"}, "迁安市不亮的路灯最多的是五重安镇，44盏；其次建昌营镇0盏。"),
        ("哪个村路最差", {"indicator": "road_total", "extreme": "lowest"}, "迁安市硬化率最低的是建昌营镇树行村，80%；其次五重安镇万宝沟村95%、五重安镇母庄村100%。"),
        ("改厕多少", OWN, "万宝沟村厕所200个，改了158个，还有42个没改。"),
        ("几个厕所", {**OWN, "indicator": "toilets"}, "万宝沟村厕所200个，改了158个，还有42个没改。"),
        ("垃圾多久清一次", OWN, "万宝沟村垃圾每周两次清运。"),
        ("村里多少口人", OWN, "万宝沟村人口948人。"),
        ("村里多少户", OWN, "万宝沟村户数294户。"),
        ("俺村五化咋样", OWN, "万宝沟村绿化率33.3%，硬化路9.5/10公里，路灯亮86/100盏，改厕158/200个，垃圾每周两次清运。"),
        ("俺村绿化在镇里排第几", {**OWN, "own_village": True}, "万宝沟村绿化率33.3%，在五重安镇从高到低排第1，共3个村。"),
        ("俺村绿化在全市排第几", {**OWN, "own_village": True, "county": True}, "万宝沟村绿化率33.3%，在迁安市从高到低排第2，共4个村。"),
        ("路灯亮多少", {"town": WUZHONGAN}, "五重安镇2个村路灯200盏，亮着156盏，44盏不亮。"),
        ("绿化率多少", {"county": True}, "迁安市4个村各村平均绿化率32.4%。"),
        ("垃圾咋清运", {"county": True}, "迁安市垃圾清运：日产日清2个村、每周两次清运1个村。"),
        ("路灯亮多少", {"village": "130283116210"}, "没有宫上村亮着的路灯的记录。"),
        ("绿化率多少", {"village": "130283001201"}, "没有建设村五化现状的记录。"),
        ("厕所改了多少了", OWN, "万宝沟村厕所200个，改了158个，还有42个没改。"),
        ("旱厕还有多少没改", OWN, "万宝沟村厕所200个，改了158个，还有42个没改。"),
        ("柏油路有多长", OWN, "万宝沟村道路总长10公里，硬化了9.5公里，还有0.5公里没硬化。"),
        ("哪个镇人最多", {"extreme": "highest"}, "迁安市人口最多的是五重安镇，1896人；其次建昌营镇948人。"),
        ("哪个镇改厕最差", {"extreme": "lowest"}, "迁安市改厕率最低的是建昌营镇，10%；其次五重安镇79%。"),
        ("哪个镇路灯坏得最多", {"extreme": "highest"}, "迁安市不亮的路灯最多的是五重安镇，44盏；其次建昌营镇0盏。"),
        ("哪个镇绿化最好", {"extreme": "highest"}, "迁安市绿化率最高的是建昌营镇，40%；其次五重安镇29.8%。"),
        ("去年绿化率多少", OWN, "没有五重安镇万宝沟村2025年五化的记录，现有的是2026年11月23日的。"),
        ("去年绿化率多少", {**OWN, "period": year(2025)}, "没有五重安镇万宝沟村2025年五化的记录，现有的是2026年11月23日的。"),
        ("哪个村绿化最差", {"extreme": "lowest"}, "迁安市绿化率最低的是五重安镇母庄村，26.2%；其次五重安镇宫上村30%、五重安镇万宝沟村33.3%。"),
        ("咱镇哪个村绿化最好", {"town": WUZHONGAN, "extreme": "highest"}, "五重安镇绿化率最高的是五重安镇万宝沟村，33.3%；其次五重安镇宫上村30%、五重安镇母庄村26.2%。"),
        ("哪个村改厕最好", {"extreme": "highest"}, "迁安市改厕率最高的是五重安镇万宝沟村、五重安镇母庄村，79%；其次建昌营镇树行村10%。"),
        ("哪个村路灯坏得最多", {"extreme": "highest"}, "迁安市不亮的路灯最多的是五重安镇母庄村，30盏；其次五重安镇万宝沟村14盏、建昌营镇树行村0盏。"),
        ("哪个村硬化路最长", {"extreme": "highest"}, "迁安市硬化路最长的是五重安镇母庄村，10公里；其次五重安镇万宝沟村9.5公里、建昌营镇树行村8公里。"),
        ("哪个村最好", {"extreme": "highest"}, "您要比哪一项？可以问：哪个村绿化最好、哪个村路灯坏得最多、哪个村改厕最少。"),
    ],
)  # fmt: skip
def test_figures(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, livability.answer, text, **slots).headline == headline


def test_a_figure_comes_with_its_rank_and_a_picture(data: Session) -> None:
    reply = ask(data, livability.answer, "改厕多少", **OWN)
    assert reply.details == ("改厕率79%，在五重安镇从高到低排第1，共2个村。",)
    assert reply.picture
    assert WANBAOGOU in reply.picture
    assert ask(data, livability.answer, "改厕多少", county=True).picture is None


def test_own_place_in_a_ranking_is_told_beside_it(data: Session) -> None:
    reply = ask(data, livability.answer, "哪个村绿化最好", RESIDENT, town="130283103", extreme="highest")
    assert reply.headline == "建昌营镇绿化率最高的是建昌营镇树行村，40%。"
    assert reply.details == ()  # home does not stand in that ranking
    add_many = ask(data, livability.answer, "哪个村路灯亮得最多", RESIDENT, extreme="highest")
    assert "五重安镇万宝沟村" in add_many.text


def test_against_the_past_nothing_is_held(data: Session) -> None:
    reply = ask(data, livability.answer, "绿化比去年好了没", **OWN)
    assert reply.headline == "万宝沟村绿化率33.3%；没有以前的数，比不了。"


def test_every_fact_has_place_day_and_department(data: Session) -> None:
    for fact in ask(data, livability.answer, "俺村五化咋样", **OWN).facts:
        assert (fact.place, str(fact.as_of), fact.source) == ("五重安镇万宝沟村", "2026-11-23", "智慧家园")
