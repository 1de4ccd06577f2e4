from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.skills import projects
from tests.sectors import MUZHUANG, WANBAOGOU, WUZHONGAN, add, ask, empty, year

OWN = {"village": WANBAOGOU}


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def project(code: str, title: str, kind: str, progress: int | None, **more: Any) -> dict[str, Any]:
        return {
            "code": code, "title": title, "place": WANBAOGOU, "kind": kind,
            "budget": Decimal(25000), "paid": Decimal(6600), "contractor": "宏渠工程队", "started": date(2026, 5, 1),
            "planned_end": date(2027, 2, 11), "progress": None if progress is None else Decimal(progress),
            "remaining": "调试控制器", "owner": "魏占山",
        } | more  # fmt: skip

    with empty() as session:
        add(
            session,
            "projects",
            project("WH0001", "万宝沟村主街路灯改造", "亮化", 30),
            project("WH0002", "万宝沟村污水管网铺设", "净化", 50, planned_end=date(2026, 11, 8)),
            project(
                "WH0003", "万宝沟村胡同路面硬化", "硬化", 90, remaining="剩余120米路面浇筑", budget=Decimal("289900.5")
            ),
            project("WH0004", "万宝沟村村口绿化", "绿化", 100, remaining="无"),
            project(
                "5",
                "万宝沟村小游园建设",
                "绿化",
                None,
                budget=None,
                paid=None,
                contractor="",
                owner="",
                planned_end=None,
            ),
            project("WH0006", "主街路灯改造", "亮化", 10, place=MUZHUANG),
            department="智慧家园",
        )
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("“万宝沟村主街路灯改造”干到哪了", {**OWN, "title": "万宝沟村主街路灯改造"}, "万宝沟村主街路灯改造干到30%，还剩调试控制器，计划2027年2月11日完工。"),
        ("路灯改造咋样了", OWN, "万宝沟村主街路灯改造干到30%，还剩调试控制器，计划2027年2月11日完工。"),
        ("安灯的活干到哪了", OWN, "万宝沟村主街路灯改造干到30%，还剩调试控制器，计划2027年2月11日完工。"),
        ("修路修到哪了还差啥", OWN, "万宝沟村胡同路面硬化干到90%，剩余120米路面浇筑，计划2027年2月11日完工。"),
        ("污水管道啥时候完工", OWN, "万宝沟村污水管网铺设干到50%，还剩调试控制器，计划2026年11月8日完工，已晚了15天。"),
        ("村口绿化完了没", OWN, "万宝沟村村口绿化已经完工，进度100%。"),
        ("小游园建到哪了", OWN, "万宝沟村小游园建设没有进度记录，还剩调试控制器。"),
        ("绿化项目", OWN, "万宝沟村绿化项目2个：小游园建设、村口绿化100%。"),
        ("厕所改造到哪了", OWN, "没有万宝沟村厕所项目的记录。"),
        ("“幸福院”盖到哪了", {**OWN, "title": "幸福院"}, "没有万宝沟村幸福院项目的记录。"),
        ("村里有哪些项目", OWN, "万宝沟村项目5个：污水管网铺设50%、主街路灯改造30%、胡同路面硬化90%、小游园建设、村口绿化100%。"),
        ("路灯改造咋样了", {"village": MUZHUANG}, "五重安镇母庄村主街路灯改造干到10%，还剩调试控制器，计划2027年2月11日完工。"),
        ("全镇项目", {"town": WUZHONGAN}, "五重安镇项目6个，完工1个，超期没完工1个；预算共389900.5元，已付3.3万元。"),
        ("哪个工程最慢", OWN, "万宝沟村主街路灯改造干到30%，还剩调试控制器，计划2027年2月11日完工。"),
        ("文化墙画完没", OWN, "没有万宝沟村文化墙项目的记录。"),
        ("自来水管道改造到哪了", OWN, "没有万宝沟村自来水项目的记录。"),
        ("WH0002干到哪了", {**OWN, "code": "WH0002"}, "万宝沟村污水管网铺设干到50%，还剩调试控制器，计划2026年11月8日完工，已晚了15天。"),
        ("WH0999干到哪了", {**OWN, "code": "WH0999"}, "没有万宝沟村这个编号的项目的记录。"),
        ("项目进度", {"village": "130283001201"}, "没有建设村五化项目的记录。"),
        ("2020年的项目", {**OWN, "period": year(2020)}, "没有五重安镇万宝沟村2020年项目的记录，现有的是2026年11月23日的。"),
    ],
)  # fmt: skip
def test_progress(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, projects.progress, text, **slots).headline == headline


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("修路花了多少钱谁干的", "万宝沟村胡同路面硬化预算289900.5元，已付6600元，宏渠工程队施工，责任人魏占山。"),
        ("路灯改造花了多少", "万宝沟村主街路灯改造预算2.5万元，已付6600元，宏渠工程队施工，责任人魏占山。"),
        ("小游园花了多少", "万宝沟村小游园建设没有资金记录。"),
        ("哪个工程最贵", "万宝沟村胡同路面硬化预算289900.5元，已付6600元，宏渠工程队施工，责任人魏占山。"),
        ("哪个村项目花钱最多", "迁安市项目预算最多的是五重安镇万宝沟村，36.49005万元；其次五重安镇母庄村2.5万元。"),
        ("项目一共花了多少", "万宝沟村项目5个，预算共364900.5元，已付2.64万元。"),
    ],
)
def test_money(data: Session, text: str, headline: str) -> None:
    assert ask(data, projects.money, text, **OWN).headline == headline


def test_the_other_half_stands_in_the_details(data: Session) -> None:
    progress = ask(data, projects.progress, "路灯改造咋样了", **OWN)
    money = ask(data, projects.money, "路灯改造花了多少", **OWN)
    assert progress.details == (money.headline.removeprefix("万宝沟村主街路灯改造"),)
    assert money.details == (progress.headline.removeprefix("万宝沟村主街路灯改造"),)
    assert {(fact.place, fact.source) for fact in progress.facts} == {("五重安镇万宝沟村", "智慧家园")}


def test_each_of_several_has_a_line(data: Session) -> None:
    reply = ask(data, projects.progress, "村里有哪些项目", **OWN)
    assert len(reply.details) == 5
    assert reply.details[0].startswith("污水管网铺设：干到50%")
