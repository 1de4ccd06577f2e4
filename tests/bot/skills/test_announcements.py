"""What is said about announcements: told again in full, beside notices, only to whom they are for; and "收到"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages import Asker, Reply
from bot.skills import announcements
from bot.skills.base import Context
from bot.understanding.query import Query
from knowledge.announcements.tables import Acknowledgement, Announcement, GroupMember
from knowledge.places import Places
from knowledge.service_tables import Outgoing
from tests.affairs import COUNTY, NEIGHBOUR, TOWN, VILLAGE, add
from tests.conftest import NOW

ME = "13900000001"
HOUR = timedelta(hours=1)


class Village:
    """A village with announcements, and one who asks."""

    def __init__(self, session: Session, places: Places) -> None:
        self.session = session
        self.places = places
        self.count = 0

    def announce(
        self, title: str = "停水通知", text: str = "明天上午九点到下午五点停水，请提前存水。", **more: Any
    ) -> int:
        self.count += 1
        values = {
            **{"identifier": str(self.count), "title": title, "text": text, "publisher": "五重安镇政府"},
            **{"places": [TOWN], "groups": [], "outlets": ["speaker", "sms"]},
            **{"starts": NOW - HOUR, "ends": NOW + 24 * HOUR, "state": "going"},
            **{"author": "甲", "created": NOW, "changed": NOW},
        }
        row = Announcement(**{**values, **more})
        self.session.add(row)
        self.session.flush()
        return row.id

    def sent(
        self, number: int, person: str = ME, channel: str = "sms", at: datetime = NOW, state: str = "sent"
    ) -> None:
        self.session.add(
            Outgoing(
                **{
                    "channel": channel,
                    "key": f"a{number}:{person}:{channel}",
                    "address": person,
                    "text": "",
                    "rank": 2,
                },
                **{"state": state, "due": at, "created": at, "sent": at, "gateway": "", "code": "", "reason": ""},
                **{"attempts": 1, "uncertain": 0, "segments": 1, "announcement": number, "person": person},
            )
        )
        self.session.flush()

    def ctx(self, number: str | None = None, now: datetime = NOW) -> Context:
        return Context(self.session, now, self.places, Asker((), VILLAGE, key="sms:x", number=number))

    def ask(self, text: str = "", number: str | None = None, intent: str = "announcement", **slots: Any) -> Reply:
        query = Query(intent, slots or {"village": VILLAGE}, text=text)  # type: ignore[arg-type]
        skill = announcements.answer if intent == "announcement" else announcements.or_notices
        return skill(query, self.ctx(number))

    def said(self, text: str, number: str | None = ME, **when: Any) -> str | None:
        reply = announcements.acknowledged(text, self.ctx(number), when.get("asked"), when.get("spoke"))
        return reply.headline if reply else None

    def kept(self) -> list[tuple[int, str, str, str]]:
        rows = self.session.scalars(
            select(Acknowledgement).order_by(Acknowledgement.announcement, Acknowledgement.what)
        )
        return [(row.announcement, row.person, row.what, row.channel) for row in rows]


@pytest.fixture
def village(session: Session, gazetteer: Places) -> Village:
    return Village(session, gazetteer)


@pytest.fixture
def notice(session: Session) -> Callable[..., None]:
    def made(title: str, body: str) -> None:
        add(session, "notices", "政府办", date(2026, 11, 20), code=title, title=title, body=body, kind="停水停电",
            place=VILLAGE, published=date(2026, 11, 20), expires=date(2026, 11, 30), publisher="万宝沟村委会")  # fmt: skip

    return made


@pytest.mark.parametrize(
    "text", ["刚才喇叭说啥", "广播喊的啥没听清", "再放一遍通知", "今天有啥广播", "停水通知再说一遍"]
)
def test_what_is_in_force_is_told_with_its_date_and_publisher(village: Village, text: str) -> None:
    village.announce()
    reply = village.ask(text)
    assert reply.headline == "停水通知（11月23日发）：明天上午九点到下午五点停水，请提前存水。"
    assert reply.text.endswith("（来源：五重安镇政府 2026-11-23）")
    assert reply.speech == "停水通知，五重安镇政府11月23日发的。明天上午九点到下午五点停水，请提前存水。"
    assert {fact.what: fact.value for fact in reply.facts} == {
        "正文": "明天上午九点到下午五点停水，请提前存水。", "发布单位": "五重安镇政府", "发布日期": "11月23日",
        "有效到": "11月24日（明天）",
    }  # fmt: skip
    assert village.kept() == [], "nobody knows who asks"


def test_the_newest_first_but_for_emergencies_and_the_others_by_name(village: Village) -> None:
    village.announce("招工会", "周六在镇上。", starts=NOW - 3 * HOUR)
    village.announce()
    village.announce("防火", "不许烧秸秆。", starts=NOW - 5 * HOUR, urgency="emergency", places=[COUNTY])
    village.announce("别村的事", places=[NEIGHBOUR])
    village.announce("还没到时候", starts=NOW + HOUR, state="scheduled")
    village.announce("草稿", state="draft")
    reply = village.ask("刚才喇叭说啥")
    assert reply.headline == "紧急：防火（11月23日发）：不许烧秸秆。另有《停水通知》《招工会》。"
    assert [line.split("（")[0] for line in reply.details] == ["停水通知", "招工会"]
    named = village.ask("招工会的广播再放一遍")
    assert named.headline.startswith("招工会（11月23日发）：周六在镇上。另有《防火》")
    assert village.ask("停水的广播再放一遍").headline.startswith("停水通知")


def test_a_long_text_is_cut_where_a_sentence_ends_and_told_whole_after_and_by_voice(village: Village) -> None:
    text = "请大家注意安全。" * 40
    village.announce(text=text)
    reply = village.ask("刚才喇叭说啥")
    assert len(reply.headline) < 150
    assert reply.headline.endswith("安全。")
    assert reply.details == (text,)
    assert text in (reply.speech or "")
    village.announce("短的", text=text, short="大家注意安全", starts=NOW)
    assert village.ask("短的再说一遍").headline.startswith("短的（11月23日发）：大家注意安全。另有")


def test_who_is_known_has_heard_it_then_once(village: Village) -> None:
    number = village.announce()
    village.ask("再放一遍通知", ME)
    village.ask("再放一遍通知", ME)
    assert village.kept() == [(number, ME, "heard", "sms")]


def test_what_goes_to_members_alone_is_told_to_members_alone(village: Village) -> None:
    village.announce("支部开会", outlets=["sms", "wechat"], groups=["党员"])
    village.announce("大户领种子", outlets=["speaker", "sms"], groups=["大户"])
    village.session.add(GroupMember(name="党员", person=ME))
    for number, told in ((None, False), ("13900000002", False), (ME, True)):
        assert ("支部开会" in village.ask("刚才广播说啥", number).text) is told
        assert "大户领种子" in village.ask("刚才广播说啥", number).text, "the loudspeaker told everybody"


def test_where_nothing_is_announced_notices_are_told(village: Village, notice: Callable[..., None]) -> None:
    nothing = village.ask("刚才喇叭说啥")
    assert nothing.headline == "现在没有正在播的广播。没有万宝沟村的通知。"
    assert not nothing.facts
    notice("万宝沟村停电通知", "11月25日停电。")
    reply = village.ask("刚才喇叭说啥")
    assert reply.headline.startswith("现在没有正在播的广播。万宝沟村有效的通知村里1条：万宝沟村停电通知。")
    assert "停电通知：11月25日停电" in village.ask("停电的广播再放一遍").headline


def test_notices_and_announcements_are_told_together_the_one_that_is_meant_first(
    village: Village, notice: Callable[..., None]
) -> None:
    notice("万宝沟村停电通知", "11月25日停电。")
    before = village.ask("最近有什么通知", intent="notice")
    assert "播" not in before.text
    village.announce()
    listed = village.ask("最近有什么通知", intent="notice")
    assert listed.headline == f"{before.headline}正在播《停水通知》。"
    assert "停水通知：明天上午九点到下午五点停水，请提前存水。" in listed.details
    assert village.ask("哪天停电", intent="notice").headline.startswith("万宝沟村停电通知说的是11月25日")
    meant = village.ask("停水停到几点", intent="notice")
    assert meant.headline.startswith("停水通知（11月23日发）：明天上午九点到下午五点停水")
    assert village.ask("刚才喇叭喊的啥事", intent="notice").headline.startswith("停水通知（11月23日发）")


def test_an_announcement_alone_answers_for_notices(village: Village) -> None:
    village.announce()
    assert village.ask("最近有什么通知", intent="notice").headline.startswith("停水通知（11月23日发）")


@pytest.mark.parametrize(
    "text", ["1", "１", " 1。", "收到", "收到了", "好的收到", "知道了", "收到！", "好的，知道了", "回1"]
)
def test_it_came(village: Village, text: str) -> None:
    number = village.announce(confirm=True)
    village.sent(number)
    assert village.said(text) == "谢谢，已记下您收到《停水通知》。"
    assert village.kept() == [(number, ME, "confirmed", "sms")]


@pytest.mark.parametrize("text", ["11", "2", "没收到", "收到没", "一", "不知道了", "玉米收到多少", "收" * 30, ""])
def test_what_says_something_else_does_not_confirm(village: Village, text: str) -> None:
    village.sent(village.announce(confirm=True))
    assert village.said(text) is None
    assert village.kept() == []


def test_it_is_counted_for_who_was_asked_alone(village: Village) -> None:
    asks, silent = village.announce(confirm=True), village.announce("别的")
    village.sent(silent)
    assert village.said("1") is None, "it asked for nothing"
    village.sent(asks, "13900000002")
    assert village.said("1") is None, "it came to somebody else"
    assert village.said("1", None) is None, "nobody knows who writes"
    village.sent(asks, state="failed")
    assert village.said("1") is None, "it never came"
    village.sent(asks, channel="call", at=NOW - timedelta(days=3))
    assert village.said("1") is None, "too long ago"
    assert village.kept() == []


def test_of_two_the_latest_that_is_not_confirmed_counts(village: Village) -> None:
    first, second = village.announce("停水通知", confirm=True), village.announce("停电通知", confirm=True)
    village.sent(first)
    village.sent(second)
    assert [village.said("1") for _ in range(3)] == [
        "谢谢，已记下您收到《停电通知》。", "谢谢，已记下您收到《停水通知》。", "谢谢，已记下您收到《停电通知》。",
    ]  # fmt: skip
    assert [row[0] for row in village.kept()] == [first, second]


def test_the_later_of_two_questions_is_answered(village: Village) -> None:
    village.sent(village.announce(confirm=True), at=NOW - HOUR)
    later, earlier = NOW - HOUR / 2, NOW - 2 * HOUR
    assert village.said("1", asked=later) is None, "it chooses among what we offered"
    assert village.said("知道了", spoke=later) is None, "it is said to our answer"
    assert village.kept() == []
    assert village.said("1", asked=earlier)
    assert village.said("知道了", spoke=earlier)
    assert village.said("收到", asked=later, spoke=later)


def test_say_it_again_means_what_was_said_last(village: Village) -> None:
    ctx = village.ctx(ME)
    assert announcements.again(ctx, None) is None
    number = village.announce()
    told = announcements.again(village.ctx(), None)
    assert told is not None, "nothing else was said"
    assert told.headline.startswith("停水通知")
    assert announcements.again(ctx, NOW - HOUR) is None, "our own answer was last"
    village.sent(number, at=NOW - HOUR)
    assert announcements.again(ctx, NOW - HOUR / 2) is None
    assert announcements.again(ctx, NOW - 2 * HOUR) is not None
    assert village.kept() == [(number, ME, "heard", "sms")]
