from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import alerts
from config import SHANGHAI
from tests.conftest import NOW
from tests.sectors import SHUXING, WANBAOGOU, WUZHONGAN, add, ask, empty

RULE = "林区一律禁止烧秸秆、上坟烧纸；护林员上山值守。"
SHANGSHEYAN = "130283112"


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def alert(name: str, areas: list[str], **more: Any) -> dict[str, Any]:
        return {
            "identifier": name, "sender": "yjj", "sent": datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI), "status": "Actual",
            "kind": "Alert", "scope": "Public", "references": [], "event": "森林火险", "level": "橙色", "severity": "Severe",
            "effective": datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI),
            "expires": datetime(2026, 11, 26, 20, 0, tzinfo=SHANGHAI), "publisher": "迁安市应急管理局",
            "headline": "森林火险橙色预警", "description": "风力4到5级。", "instruction": RULE, "contact": "12119",
            "areas": areas, "area_names": ["迁安市五重安镇"],
        } | more  # fmt: skip

    with empty() as session:
        cancel = datetime(2026, 11, 22, 18, 30, tzinfo=SHANGHAI)
        add(
            session,
            "alerts",
            alert("1", [WUZHONGAN, "130283106"]),
            alert("2", [SHANGSHEYAN], headline="森林火险黄色预警"),
            alert("3", [SHANGSHEYAN], kind="Cancel", references=["2"], sent=cancel, headline="解除", description="已有降水。", instruction="仍不要在林区用火。"),
            alert("4", ["130283103"], expires=datetime(2026, 11, 20, 20, 0, tzinfo=SHANGHAI), headline="森林火险黄色预警"),
            alert("5", ["130283103"], event="大风", headline="大风蓝色预警", severity="Minor", level="蓝色", instruction="关好门窗。", contact="", description=""),
        )  # fmt: skip
        add(
            session,
            "notices",
            {
                "code": "N1", "title": "禁止野外用火通告", "place": "130283002", "published": date(2026, 11, 12),
                "body": "全镇山场一律不准烧秸秆、烧纸。发现冒烟马上报火警。", "expires": date(2027, 1, 10), "publisher": "兴安街道办事处",
            },
            department="政府办",
        )  # fmt: skip
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("现在能上坟烧纸不", {"village": WANBAOGOU}, "现在不能烧：万宝沟村森林火险橙色预警，11月26日20时前有效。林区一律禁止烧秸秆、上坟烧纸。"),
        ("能烧秸秆不", {"town": WUZHONGAN}, "现在不能烧：五重安镇森林火险橙色预警，11月26日20时前有效。林区一律禁止烧秸秆、上坟烧纸。"),
        ("有火险预警没", {"village": WANBAOGOU}, "万宝沟村森林火险橙色预警，11月26日20时前有效。林区一律禁止烧秸秆、上坟烧纸。"),
        ("有啥预警", {"county": True}, "五重安镇、大崔庄镇森林火险橙色预警，11月26日20时前有效。林区一律禁止烧秸秆、上坟烧纸。"),
        ("有暴雨预警没", {"village": WANBAOGOU}, "万宝沟村现在没有生效的暴雨洪水预警。"),
        ("刮大风不", {"village": SHUXING}, "树行村大风蓝色预警，11月26日20时前有效。"),
        ("现在能烧纸不", {"village": SHUXING}, "树行村现在没有生效的森林火险预警。"),
        ("有火险预警没", {"town": SHANGSHEYAN}, "上射雁庄镇现在没有生效的森林火险预警，森林火险黄色预警昨天18时30分已解除。"),
        ("能烧纸不", {"town": "130283002"}, "现在不能烧：禁止野外用火通告，2027年1月10日前有效，全镇山场一律不准烧秸秆、烧纸。"),
        ("有火险预警没", {"town": "130283002"}, "兴安街道现在没有生效的森林火险预警。"),
    ],
)  # fmt: skip
def test_warnings(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, alerts.answer, text, Asker(), **slots).headline == headline


def test_home_is_meant_where_no_place_is_named(data: Session) -> None:
    assert "万宝沟村森林火险" in ask(data, alerts.answer, "有啥预警", Asker(home=WANBAOGOU)).headline


def test_no_warning_is_no_permission(data: Session) -> None:
    reply = ask(data, alerts.answer, "能烧纸不", village=SHUXING)
    assert "没有预警不等于准烧，烧之前先问村委会。" in reply.details
    assert "能烧" not in reply.text.replace("不能烧", "")


def test_how_the_last_one_ended_is_told(data: Session) -> None:
    ended = ask(data, alerts.answer, "有火险预警没", town=SHANGSHEYAN)
    assert ended.details[:2] == ("已有降水。", "仍不要在林区用火。")
    over = ask(data, alerts.answer, "有火险预警没", village=SHUXING)
    assert over.details[0] == "上一次森林火险黄色预警11月20日20时到期。"
    assert over.details[-1] == "另有树行村大风蓝色预警，11月26日20时前有效。"


def test_the_clock_decides(data: Session) -> None:
    later = NOW + timedelta(days=4)
    assert ask(data, alerts.answer, "有啥预警", now=later, village=WANBAOGOU).headline == "万宝沟村现在没有生效的预警。"
    before = NOW - timedelta(days=2)
    assert "没有生效" in ask(data, alerts.answer, "有啥预警", now=before, village=WANBAOGOU).headline


def test_whom_to_call_and_the_publisher_are_told(data: Session) -> None:
    reply = ask(data, alerts.answer, "有啥预警", village=WANBAOGOU)
    assert "报警或咨询打12119。" in reply.details
    assert {(fact.source, fact.as_of) for fact in reply.facts} == {("迁安市应急管理局", date(2026, 11, 22))}


def test_a_ban_stands_beside_an_answer_about_warnings(data: Session) -> None:
    reply = ask(data, alerts.answer, "有火险预警没", town="130283002")
    assert reply.details == ("禁止野外用火通告，2027年1月10日前有效，全镇山场一律不准烧秸秆、烧纸。",)
    assert reply.source == "兴安街道办事处 2026-11-12"
