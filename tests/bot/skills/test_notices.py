"""What is said about notices: made by hand, and the public export's own questions."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Reply
from bot.skills.notices import answer
from knowledge.places import Places
from tests.affairs import COUNTY, FAR, NEIGHBOUR, TODAY, TOWN, VILLAGE, add, asked, day, month, questions, right

Ask = Callable[..., Reply]

NOTICES: list[dict[str, Any]] = [
    {"title": "万宝沟村计划停电通知", "body": "11月4日早6点到晚6点检修线路，全村停电。", "kind": "停水停电", "place": VILLAGE,
     "published": date(2026, 11, 2), "expires": date(2026, 11, 4), "publisher": "万宝沟村委会"},
    {"title": "万宝沟村计划停电通知", "body": "10月3日早6点到晚6点检修线路，全村停电。", "kind": "停水停电", "place": VILLAGE,
     "published": date(2026, 10, 1), "expires": date(2026, 10, 3), "publisher": "万宝沟村委会"},
    {"title": "万宝沟村老年人免费体检", "body": "11月24日上午7点半起体检，空腹来。", "kind": "健康体检", "place": VILLAGE,
     "published": date(2026, 11, 15), "expires": date(2026, 11, 24), "publisher": "万宝沟村委会"},
    {"title": "万宝沟村招短工", "body": "摘安梨要28个人，一天110元，12月1日开工。", "kind": "就业招工", "place": VILLAGE,
     "published": date(2026, 11, 20), "expires": None, "publisher": ""},
    {"title": "五重安镇医保缴费提醒", "body": "明年居民医保正在收缴，抓紧交。", "kind": "医保缴费", "place": TOWN,
     "published": date(2026, 10, 31), "expires": date(2026, 12, 9), "publisher": "五重安镇人民政府"},
    {"title": "五重安镇秋季动物防疫", "body": "10月24日起防疫员上门打禽流感疫苗，11月17日前打完。", "kind": "防疫", "place": TOWN,
     "published": date(2026, 10, 24), "expires": date(2026, 11, 17), "publisher": "五重安镇人民政府"},
    {"title": "寒潮降温提醒", "body": "11月22日夜间起降温8到10度。", "kind": "天气预警", "place": COUNTY,
     "published": date(2026, 11, 22), "expires": date(2026, 11, 25), "publisher": "市政府办公室"},
    {"title": "才家沟村停水通知", "body": "11月25日全村停水。", "kind": "停水停电", "place": NEIGHBOUR,
     "published": date(2026, 11, 21), "expires": date(2026, 11, 25), "publisher": "才家沟村委会"},
    {"title": "选举公告", "body": "12月8日选举。", "kind": "选举", "place": FAR,
     "published": date(2026, 11, 21), "expires": date(2026, 12, 8), "publisher": "娄子峪村委会"},
]  # fmt: skip


@pytest.fixture
def ask(session: Session, gazetteer: Places) -> Ask:
    for number, notice in enumerate(NOTICES, 1):
        add(session, "notices", "政府办", notice["published"], code=f"TZ{number}", **notice)

    def say(text: str = "", **slots: Any) -> Reply:
        if not {"village", "town", "county"} & slots.keys():
            slots["village"] = VILLAGE
        return asked(session, gazetteer, answer, text, **slots)

    return say


def test_what_is_in_force_where_one_lives(ask: Ask) -> None:
    reply = ask("最近有什么通知")
    assert reply.headline == "万宝沟村有效的通知村里2条，镇街1条，市里1条：万宝沟村招短工、万宝沟村老年人免费体检等。"
    assert reply.details == (
        "万宝沟村招短工：11月20日发，没写失效日期",
        "万宝沟村老年人免费体检：11月15日发，有效到11月24日（明天）",
        "五重安镇医保缴费提醒：10月31日发，有效到12月9日",
        "寒潮降温提醒：11月22日发，有效到11月25日（后天）",
    )
    assert reply.source == "政府办 2026-11-22"


def test_a_town_and_the_county(ask: Ask) -> None:
    assert ask("镇里有什么通知", town=TOWN).headline.startswith("五重安镇有效的通知镇街1条，市里1条：")
    assert ask("全市有什么通知", county=True).headline == "迁安市有效的通知市里1条：寒潮降温提醒。"
    assert ask("有什么通知", village="130283001230").headline == "小李庄村有效的通知市里1条：寒潮降温提醒。"


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("老人体检是哪天", "万宝沟村老年人免费体检说的是11月24日（明天）：11月24日上午7点半起体检，空腹来。"),
        ("有招工的吗", "万宝沟村招短工：摘安梨要28个人，一天110元，12月1日开工。没写失效日期。"),
        ("村里找活干", "万宝沟村招短工：摘安梨要28个人，一天110元，12月1日开工。没写失效日期。"),
        ("医保缴费的事", "五重安镇医保缴费提醒：明年居民医保正在收缴，抓紧交。有效到12月9日。"),
        ("降温了吗", "寒潮降温提醒：11月22日夜间起降温8到10度。有效到11月25日（后天）。"),
        ("哪天停电", "现在没有有效的；最近一条是万宝沟村计划停电通知说的是11月4日，已经过期。"),
        (
            "咋没电了",
            "现在没有有效的；最近一条是万宝沟村计划停电通知：11月4日早6点到晚6点检修线路，全村停电。11月4日已经过期。",
        ),
        ("啥时候打禽流感疫苗", "现在没有有效的；最近一条是五重安镇秋季动物防疫说的是10月24日到11月17日，已经过期。"),
        ("医保缴费提醒谁发的", "《五重安镇医保缴费提醒》是五重安镇人民政府10月31日发的，有效到12月9日。"),
        ("招短工有效到哪天", "《万宝沟村招短工》是11月20日发的，没写失效日期。"),
        (
            "防疫通知过期没",
            "现在没有有效的；最近一条是《五重安镇秋季动物防疫》，是五重安镇人民政府10月24日发的，11月17日已经过期。",
        ),
    ],
)
def test_a_notice_by_what_it_is_about(ask: Ask, text: str, headline: str) -> None:
    assert ask(text).headline == headline


def test_a_day_or_a_month_picks_the_notice(ask: Ask) -> None:
    assert "说的是10月3日" in ask("10月1日发的停电通知说的是哪天", period=day(date(2026, 10, 1))).headline
    assert "说的是10月3日" in ask("10月3日停电是哪天", period=day(date(2026, 10, 3))).headline
    tomorrow = ask("明天停电吗", period=day(date(2026, 11, 24)))
    assert tomorrow.headline.startswith("没有查到11月24日的；最近一条是万宝沟村计划停电通知")
    assert ask("10月有什么通知", period=month(2026, 10)).headline.startswith("万宝沟村10月发的通知村里1条，镇街2条：")
    assert ask("8月有什么通知", period=month(2026, 8)).headline.startswith(
        "万宝沟村没有8月发的通知；最近一条是寒潮降温提醒"
    )
    assert ask("今天有什么通知", period=day(TODAY)).headline.startswith("万宝沟村有效的通知")


def test_a_quoted_title_with_its_day_of_publication(ask: Ask) -> None:
    title = "万宝沟村计划停电通知"
    assert ask(f"10月1日发的“{title}”说的是哪天？", title=title).headline == f"{title}说的是10月3日，已经过期。"
    assert ask(f"10月1日发的“{title}”说的是哪天？").headline == f"{title}说的是10月3日，已经过期。"


def test_a_title_of_another_place_is_told_as_its(ask: Ask) -> None:
    title = "才家沟村停水通知"
    assert ask("说的是哪天", title=title).headline == "才家沟村停水通知说的是11月25日（后天）：11月25日全村停水。"


@pytest.mark.parametrize(("text", "about"), [("选举是哪天", "选举"), ("停水通知", "停水"), ("选举公告", "选举")])
def test_nothing_of_another_village_or_matter_is_told(ask: Ask, text: str, about: str) -> None:
    reply = ask(text)
    assert reply.headline.startswith(f"万宝沟村没有查到关于“{about}”的通知；有效的通知村里2条")
    assert "12月8日" not in reply.text


def test_the_county_finds_it_in_its_villages(ask: Ask) -> None:
    assert "选举公告" in ask("全市哪里选举", county=True).headline
    assert "才家沟村停水通知" in ask("镇里哪个村停水", town=TOWN).headline


def test_no_notices_at_all(session: Session, gazetteer: Places) -> None:
    assert asked(session, gazetteer, answer, "有什么通知", village=VILLAGE).headline == "没有万宝沟村的通知。"
    assert asked(session, gazetteer, answer, "有什么通知").headline == "没有迁安市的通知。"


def test_all_have_expired(session: Session, gazetteer: Places) -> None:
    add(session, "notices", "政府办", code="TZ1", **NOTICES[0])
    reply = asked(session, gazetteer, answer, "有什么通知", village=VILLAGE)
    assert reply.headline == "万宝沟村没有有效的通知；最近一条是万宝沟村计划停电通知：11月2日发，11月4日已经过期。"


@pytest.mark.parametrize("question", questions("notice"), ids=lambda q: q["id"])
def test_the_export_s_notices(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    published = day(date.fromisoformat(question["published"]))
    for extra in ({"title": question["title"], "period": published}, {"period": published}, {}):
        slots = {"village": question["village_code"], **extra}
        right(question, asked(pack_session, gazetteer, answer, question["question"], **slots))


@pytest.mark.parametrize("question", questions("notice_town"), ids=lambda q: q["id"])
def test_the_export_s_town_notices(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    town = gazetteer.town(question["town"])
    assert town
    for slots in ({"town": town.code, "title": question["title"]}, {"town": town.code}, {"village": VILLAGE}, {}):
        right(question, asked(pack_session, gazetteer, answer, question["question"], **slots))
