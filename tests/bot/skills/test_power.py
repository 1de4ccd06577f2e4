"""What is said about matters of the small-power list: made by hand, and the public export's own questions."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Reply
from bot.skills.power import listed, publicity, stage
from knowledge.places import Places
from tests.affairs import COUNTY, NEIGHBOUR, TODAY, TOWN, VILLAGE, add, asked, day, month, questions, right

Ask = Callable[..., Reply]

MATTERS: list[dict[str, Any]] = [
    {"code": "ZB1", "kind": "项目招投标", "title": "万宝沟村文化广场改造工程", "amount": Decimal(295900),
     "counterparty": "迁安市砺石园林绿化队", "stage": "公示", "applied": date(2026, 11, 8),
     "publicity_start": date(2026, 11, 20), "publicity_end": date(2026, 11, 27)},
    {"code": "HS1", "kind": "荒山承包", "title": "万宝沟村北沟荒山承包", "amount": Decimal("6900.5"), "counterparty": "宋军",
     "stage": "公示", "publicity_start": date(2026, 11, 16), "publicity_end": date(2026, 11, 23)},
    {"code": "HS2", "kind": "荒山承包", "title": "万宝沟村后山荒坡承包", "amount": Decimal(67400), "counterparty": "田华",
     "stage": "已办结", "publicity_start": date(2026, 1, 23), "publicity_end": date(2026, 1, 30),
     "finished": date(2026, 2, 7)},
    {"code": "DB1", "kind": "低保申请", "title": "万宝沟村农村低保申请", "counterparty": "李宝贵", "stage": "民主评议",
     "reviewed": date(2026, 11, 18)},
    {"code": "DB2", "kind": "低保申请", "title": "万宝沟村农村低保申请", "counterparty": "朱玉芹", "stage": "办结",
     "publicity_start": date(2026, 4, 19), "publicity_end": date(2026, 4, 26), "finished": date(2026, 5, 7)},
    {"code": "JZ1", "kind": "困难救助", "title": "万宝沟村火灾困难救助", "amount": Decimal(700), "counterparty": "贾国栋",
     "stage": "办结", "publicity_end": date(2026, 6, 30), "finished": date(2025, 7, 5)},
    {"code": "CG1", "kind": "物资采购", "title": "万宝沟村保洁工具采购", "stage": "受理", "accepted": date(2026, 11, 13),
     "hotline": ""},
    {"code": "CG2", "kind": "物资采购", "title": "万宝沟村路灯采购", "stage": "评议", "reviewed": date(2026, 11, 20),
     "publicity_start": date(2026, 11, 24), "publicity_end": date(2026, 12, 1)},
]  # fmt: skip


@pytest.fixture
def ask(session: Session, gazetteer: Places) -> Ask:
    for matter in MATTERS:
        add(session, "power_items", "纪委监委", TODAY, place=VILLAGE, **{"hotline": "0315-0021252", **matter})
    add(session, "power_items", "纪委监委", TODAY, place=NEIGHBOUR, code="ZB2", kind="项目招投标", title="才家沟村道路硬化工程",
        stage="公示", publicity_start=date(2026, 11, 20), publicity_end=date(2026, 11, 25), hotline="0315-0021252")  # fmt: skip

    def say(answer: Any, text: str = "", **slots: Any) -> Reply:
        if not {"village", "town", "county", "code"} & slots.keys():
            slots["village"] = VILLAGE
        return asked(session, gazetteer, answer, text, **slots)

    return say


def test_a_matter_on_public_notice(ask: Ask) -> None:
    reply = ask(stage, "广场改造办到哪步了")
    assert reply.headline == "万宝沟村文化广场改造工程正在公示，到11月27日，还有4天；下一步是审批。"
    assert reply.details == (
        "项目招投标，编号ZB1",
        "承接方迁安市砺石园林绿化队，金额295900元",
        "申请11月8日，公示11月20日到11月27日",
        "监督电话0315-0021252",
    )
    assert reply.source == "纪委监委 2026-11-23"


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("万宝沟村后山荒坡承包", "万宝沟村后山荒坡承包2月7日已经办结。"),
        ("火灾困难救助", "万宝沟村火灾困难救助2025年7月5日已经办结。"),
        ("保洁工具采购", "万宝沟村保洁工具采购办到“受理”这一步，11月13日受理；下一步是民主评议。"),
        ("北沟荒山承包", "万宝沟村北沟荒山承包正在公示，到11月23日，今天是最后一天；下一步是审批。"),
    ],
)
def test_the_stage_of_a_titled_matter(ask: Ask, title: str, headline: str) -> None:
    assert ask(stage, f"“{title}”办到哪一步了", title=title).headline == headline


def test_by_its_number_without_a_place(ask: Ask) -> None:
    assert ask(stage, "ZB1办到哪了", code="ZB1").headline.startswith("万宝沟村文化广场改造工程")


def test_by_its_number_in_the_text_alone(ask: Ask) -> None:
    assert ask(stage, "zb1000办到哪了").headline.startswith("万宝沟村的小微权力台账里没有“zb1000”")
    assert ask(stage, "办到哪了", code="XX999").headline == "没有查到这个编号的事项，请再看看编号写得对不对。"
    assert ask(stage, "CG1的采购到哪了", code="CG1").headline.startswith("万宝沟村保洁工具采购")


@pytest.mark.parametrize("text", ["现在到哪一步了", "卡在哪一步了", "民主评议开了没"])
def test_no_matter_named_gets_those_under_way(ask: Ask, text: str) -> None:
    assert ask(stage, text).headline.startswith("万宝沟村正在办的事项有5项：")


def test_a_kind_that_occurs_elsewhere_only_is_said_to_be_missing(ask: Ask) -> None:
    for answer in (stage, publicity, listed):
        assert ask(answer, "荒山承包的事", village=NEIGHBOUR).headline in {
            "才家沟村没有荒山承包事项。",
            "才家沟村的小微权力台账里没有您问的这件事。",
        }
    assert ask(listed, "哪些荒山承包", village=NEIGHBOUR).headline == "才家沟村没有荒山承包事项。"


def test_who_got_what(ask: Ask) -> None:
    assert ask(stage, "后山荒坡包给谁了多少钱").headline == (
        "万宝沟村后山荒坡承包：承接方田华，金额67400元；2月7日已经办结。"
    )
    assert ask(stage, "荒山包给谁了多少钱").headline == (
        "万宝沟村荒山承包有2项：其中后山荒坡承包：承接方田华，金额67400元，已办结。"
    )
    assert "迁安市砺石园林绿化队" in ask(stage, "招标谁中了").headline
    assert "没写承接方，没写金额" in ask(stage, "保洁工具采购花了多少").headline


def test_who_asks_for_help_is_masked_but_for_residents(ask: Ask) -> None:
    stranger = ask(stage, "火灾救助给了谁多少钱")
    assert stranger.headline == "万宝沟村火灾困难救助：申请人贾*，金额700元；2025年7月5日已经办结。"
    assert "贾国栋" not in stranger.text + str(stranger.facts)
    assert "贾国栋" in ask(stage, "火灾救助给了谁", resident_of=(VILLAGE,)).headline
    assert "贾国栋" not in ask(stage, "火灾救助给了谁", resident_of=(NEIGHBOUR,)).text


def test_several_of_one_title_are_told_apart(ask: Ask) -> None:
    assert ask(stage, "低保评议通过没").headline == "万宝沟村农村低保申请有2项：（李*）在民主评议、（朱*）已办结。"


@pytest.mark.parametrize(
    ("text", "slots", "told"),
    [
        ("幼儿园改建办到哪步了", {}, "您问的这件事"),
        ("办到哪步了", {"title": "篮球场改造"}, "“篮球场改造”这件事"),
        ("太阳能路灯招标结束没", {}, "您问的这件事"),
        ("JZ00999办到哪了", {"code": "JZ00999", "village": VILLAGE}, "“JZ00999”这件事"),
        ("才家沟村道路硬化工程办到哪步了", {"title": "道路硬化工程"}, "“道路硬化工程”这件事"),
    ],
)
def test_a_matter_that_is_not_held_is_declined(ask: Ask, text: str, slots: dict[str, str], told: str) -> None:
    reply = ask(stage, text, **slots)
    assert reply.headline == f"万宝沟村的小微权力台账里没有{told}。"
    assert reply.details[0].startswith("台账里有：")
    if slots:
        assert ask(publicity, text, **slots).headline == reply.headline


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("广场改造公示到哪天", "万宝沟村文化广场改造工程公示到11月27日，还有4天，有意见打0315-0021252。"),
        ("北沟荒山公示到哪天", "万宝沟村北沟荒山承包公示到11月23日，今天是最后一天，有意见打0315-0021252。"),
        ("后山荒坡公示到哪天", "万宝沟村后山荒坡承包的公示1月30日已经结束，现在是办结，有意见打0315-0021252。"),
        ("保洁工具公示到哪天", "万宝沟村保洁工具采购还没到公示，现在是受理。"),
        ("路灯采购公示到哪天", "万宝沟村路灯采购11月24日（明天）才开始公示，到12月1日，有意见打0315-0021252。"),
        ("低保公示到哪天", "万宝沟村有2项低保申请，今天都不在公示期。"),
        ("荒山承包公示到哪天", "万宝沟村北沟荒山承包公示到11月23日，今天是最后一天，有意见打0315-0021252。"),
    ],
)
def test_days_of_public_notice(ask: Ask, text: str, headline: str) -> None:
    assert ask(publicity, text).headline == headline


def test_what_is_on_public_notice_today(ask: Ask) -> None:
    headline = "万宝沟村正在公示的有2项：北沟荒山承包到11月23日、文化广场改造工程到11月27日。"
    assert ask(listed, "村里有啥事在公示").headline == headline
    assert ask(publicity, "公示到哪天").headline == headline
    assert "正在公示的有3项" in ask(listed, "全镇在公示的", town=TOWN).headline
    assert "正在公示的项目招投标有2项" in ask(listed, "全市招投标在公示的", county=True).headline
    assert ask(listed, "低保在公示的").headline == "万宝沟村今天没有正在公示的低保申请。"


def test_lists(ask: Ask) -> None:
    assert ask(listed, "村里正在办啥事").headline.startswith("万宝沟村正在办的事项有5项：")
    assert ask(listed, "办结了几项").headline.startswith("万宝沟村办结的事项有3项：")
    assert ask(listed, "荒山承包有哪些").headline == "万宝沟村荒山承包事项有2项：北沟荒山承包、后山荒坡承包。"
    assert ask(listed, "11月的事", period=month(2026, 11)).headline.startswith(
        "万宝沟村11月1日到11月30日有动静的事项有5项："
    )
    assert (
        ask(listed, "去年的事", period=month(2024, 5)).headline
        == "万宝沟村没有2024年5月1日到2024年5月31日有动静的事项。"
    )
    assert ask(listed, "现在有啥事", period=day(TODAY)).headline.startswith("万宝沟村正在办的")


def test_a_quoted_title_of_a_notice_is_answered_as_one(ask: Ask, session: Session) -> None:
    add(session, "notices", "政府办", TODAY, code="TZ1", title="五重安镇医保缴费提醒", body="抓紧交。", place=TOWN,
        published=date(2026, 10, 31), expires=date(2026, 12, 9), publisher="五重安镇人民政府")  # fmt: skip
    for answer in (stage, publicity):
        reply = ask(answer, "《五重安镇医保缴费提醒》是谁发的", town=TOWN, title="五重安镇医保缴费提醒")
        assert reply.headline == "《五重安镇医保缴费提醒》是五重安镇人民政府10月31日发的，有效到12月9日。"
        assert reply.intent == "notice"


def test_a_place_without_matters(ask: Ask) -> None:
    for answer in (stage, publicity, listed):
        reply = ask(answer, "广场改造公示", village="130283001230")
        assert reply.headline == "没有小李庄村的小微权力事项记录，不能拿别处的事回您。"


def test_without_a_place_it_asks(session: Session, gazetteer: Places) -> None:
    for answer in (stage, publicity, listed):
        assert "哪个村" in asked(session, gazetteer, answer, "办到哪了").headline


def test_the_county_by_its_code(ask: Ask) -> None:
    assert "迁安市" in ask(listed, "正在公示", town=COUNTY).headline


@pytest.mark.parametrize("question", questions("power_stage"), ids=lambda q: q["id"])
def test_the_export_s_stages(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    for extra in ({"title": question["title"]}, {"code": question["code"]}, {}):
        slots = {"village": question["village_code"], **extra}
        reply = asked(pack_session, gazetteer, stage, question["question"], **slots)
        right(question, reply)


@pytest.mark.parametrize("question", questions("power_publicity"), ids=lambda q: q["id"])
def test_the_export_s_public_notices(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    for extra in ({"title": question["title"]}, {}):
        slots = {"village": question["village_code"], **extra}
        right(question, asked(pack_session, gazetteer, publicity, question["question"], **slots))
