"""Announcements on both databases: who may do what, from which state; whom they reach, once, by which way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select

from knowledge import database
from knowledge.announcements import Announcements, Draft, draft_of
from knowledge.announcements.audience import Audience
from knowledge.announcements.staff import NotAllowedError, Team
from knowledge.announcements.tables import Announcement, GroupMember
from knowledge.service_tables import Door, OptOut, Outgoing, Person
from knowledge.tables import Resident, Source
from tests.conftest import NOW

VILLAGE, SIBLING, ELSEWHERE = "130283116217", "130283116218", "130283105201"
TOWN, COUNTY = "130283116", "130283"
ALL = ("sms", "wechat", "call")
HOUR = timedelta(hours=1)

DRAFT = Draft(
    title="停水通知",
    text="明天上午九点到下午五点停水，请提前存水。",
    publisher="木厂口镇政府",
    places=(TOWN,),
    outlets=("speaker", "sms", "wechat", "call", "tv"),
    starts=NOW + HOUR,
    ends=NOW + timedelta(days=2),
)


class County:
    """A database with staff and residents."""

    def __init__(self, engine: Engine) -> None:
        self.sessions = database.sessions(engine)
        self.announcements = Announcements(self.sessions)
        self.audience = Audience(self.sessions)
        self.team = Team(self.sessions)
        for name, role, place in (
            ("甲", "editor", TOWN), ("乙", "approver", TOWN), ("丙", "approver", COUNTY), ("丁", "editor", VILLAGE),
        ):  # fmt: skip
            self.team.add(name, role, place, NOW)
        self._rows = 0
        with self.sessions.begin() as session:
            session.add(Source(id=1, dataset="residents", department="政府办", file="a.csv", imported=NOW))

    def lives(self, phone: str, place: str = VILLAGE, subscribed: bool = True, preferred: str = "") -> None:
        self._rows += 1
        about = {"key": str(self._rows), "digest": "", "source_id": 1, "source_row": self._rows, "name": "张*"}
        with self.sessions.begin() as session:
            session.add(Resident(phone=phone, place=place, subscribed=subscribed, preferred=preferred, **about))

    def going(self, draft: Draft = DRAFT) -> int:
        number = self.announcements.compose(draft, "甲", NOW)
        self.announcements.approve(number, "乙", NOW)
        assert self.announcements.turn(draft.starts) == [number]
        return number

    def spread(self, size: int = 1000, channels: tuple[str, ...] = ALL) -> int:
        total, rounds = 0, 0
        while (made := self.audience.spread(channels, shape, NOW + HOUR, size)) is not None:
            total, rounds = total + made, rounds + 1
            assert rounds < 1000
        return total

    def sent(self) -> list[tuple[str, str]]:
        with self.sessions() as session:
            rows = session.execute(select(Outgoing.channel, Outgoing.address).order_by(Outgoing.id))
            return [(channel, address) for channel, address in rows]

    def fail(self, address: str, code: str = "refused") -> None:
        with self.sessions.begin() as session:
            for row in session.scalars(select(Outgoing).where(Outgoing.address == address)):
                row.state, row.code, row.reason, row.ended = "failed", code, "网关不收。", NOW


def shape(row: Announcement, channel: str, address: str) -> tuple[str, int, Decimal | None]:
    return f"{channel}: {row.title}", 1, Decimal("0.05")


@pytest.fixture
def county(engine: Engine) -> County:
    return County(engine)


def test_from_draft_to_done_with_a_trace(county: County) -> None:
    number = county.announcements.compose(DRAFT, "甲", NOW)
    assert county.announcements.get(number).state == "draft"
    assert county.announcements.approve(number, "乙", NOW) == "scheduled"
    assert county.announcements.turn(NOW) == []
    assert county.announcements.turn(DRAFT.starts) == [number]
    assert county.announcements.turn(DRAFT.starts) == []
    assert county.announcements.get(number).state == "going"
    assert county.announcements.turn(DRAFT.ends) == [number]
    trace = [(event.who, event.what) for event in county.announcements.trace(number)]
    assert trace == [("甲", "composed"), ("乙", "approved"), ("", "started"), ("", "done")]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(NotAllowedError) as told:
        act()
    return str(told.value)


def test_nobody_does_what_is_not_theirs_to_do(county: County) -> None:
    announcements = county.announcements
    number = announcements.compose(DRAFT, "甲", NOW)
    own = announcements.compose(DRAFT, "乙", NOW)
    assert "没有审核权限" in refused(lambda: announcements.approve(number, "甲", NOW))
    assert "自己写的不能自己审" in refused(lambda: announcements.approve(own, "乙", NOW))
    assert "没有叫“某某”的" in refused(lambda: announcements.compose(DRAFT, "某某", NOW))
    assert "只管" in refused(lambda: announcements.compose(DRAFT, "丁", NOW))
    assert "只管" in refused(lambda: announcements.compose(replace(DRAFT, places=(COUNTY,)), "甲", NOW))
    assert "只管" in refused(lambda: announcements.withdraw(number, "丁", "", NOW))
    assert "先审核" in refused(lambda: announcements.release(number, "甲", NOW))
    assert "没有第99号" in refused(lambda: announcements.approve(99, "乙", NOW))
    county.team.remove("乙", NOW)
    assert "没有叫“乙”的" in refused(lambda: announcements.approve(number, "乙", NOW))
    assert announcements.get(number).state == "draft"


def test_a_change_needs_to_be_approved_anew_and_is_traced(county: County) -> None:
    number = county.announcements.compose(DRAFT, "甲", NOW)
    county.announcements.approve(number, "乙", NOW)
    county.announcements.change(number, replace(DRAFT, title="停电通知", confirm=True), "丙", NOW)
    row = county.announcements.get(number)
    assert (row.state, row.approved, row.title, row.author) == ("draft", None, "停电通知", "丙")
    assert json.loads(county.announcements.trace(number)[-1].detail) == {"title": "停水通知", "confirm": False}
    assert "自己写的" in refused(lambda: county.announcements.approve(number, "丙", NOW))
    county.announcements.approve(number, "乙", NOW)
    county.announcements.turn(DRAFT.starts)
    assert "--replaces" in refused(lambda: county.announcements.change(number, DRAFT, "甲", NOW))


def test_what_is_superseded_ends_when_the_new_one_begins(county: County) -> None:
    county.lives("13900000001")
    old = county.going()
    county.spread()
    new = county.announcements.compose(
        replace(draft_of(county.announcements.get(old)), title="改时间", replaces=old), "甲", NOW
    )
    county.announcements.approve(new, "乙", NOW)
    county.announcements.turn(DRAFT.starts)
    assert [row.id for row in county.announcements.showing(DRAFT.starts, "tv")] == [new]
    assert county.announcements.get(old).state == "superseded"
    with county.sessions() as session:
        states = session.execute(select(Outgoing.state, Outgoing.code)).all()
    assert states == [("failed", "superseded")]
    assert county.audience.follow(ALL, shape, NOW) == 0


def test_a_withdrawn_one_is_nowhere_and_its_messages_stay(county: County) -> None:
    county.lives("13900000001")
    county.lives("13900000002")
    number = county.going()
    county.spread()
    with county.sessions.begin() as session:
        session.scalars(select(Outgoing).where(Outgoing.address == "13900000001")).one().state = "sent"
    county.announcements.withdraw(number, "甲", "写错了日期", NOW)
    assert county.announcements.showing(DRAFT.starts, "speaker") == []
    assert county.audience.progress(number).deliveries == {("sms", "sent"): 1, ("sms", "failed"): 1}
    assert "不用撤回" in refused(lambda: county.announcements.withdraw(number, "甲", "", NOW))


def test_an_emergency_goes_at_once_and_is_approved_after(county: County) -> None:
    draft = replace(DRAFT, urgency="emergency", starts=NOW + HOUR)
    number = county.announcements.compose(draft, "甲", NOW)
    county.announcements.release(number, "甲", NOW)
    assert [row.id for row in county.announcements.showing(NOW, "speaker", VILLAGE)] == [number]
    assert county.announcements.approve(number, "乙", NOW) == "going"
    assert "已由乙审核过" in refused(lambda: county.announcements.approve(number, "丙", NOW))
    other = county.announcements.compose(draft, "甲", NOW)
    county.announcements.release(other, "甲", NOW)
    county.announcements.reject(other, "乙", "没有这回事", NOW)
    assert county.announcements.get(other).state == "withdrawn"


def test_it_is_shown_where_and_when_it_is_in_force(county: County) -> None:
    number = county.announcements.compose(DRAFT, "甲", NOW)
    assert county.announcements.showing(DRAFT.starts, "tv") == []
    county.announcements.approve(number, "乙", NOW)
    shown: dict[str, list[int]] = {
        place: [row.id for row in county.announcements.showing(DRAFT.starts, "tv", place)]
        for place in (VILLAGE, SIBLING, TOWN, ELSEWHERE, COUNTY)
    }
    assert shown == {VILLAGE: [number], SIBLING: [number], TOWN: [number], ELSEWHERE: [], COUNTY: []}
    assert county.announcements.showing(DRAFT.starts, "web") == []
    assert county.announcements.showing(NOW, "tv") == []
    assert county.announcements.showing(DRAFT.ends, "tv") == []


def test_one_that_nobody_began_before_its_end_is_told(county: County) -> None:
    number = county.announcements.compose(DRAFT, "甲", NOW)
    county.announcements.approve(number, "乙", NOW)
    assert county.announcements.turn(DRAFT.ends) == [number]
    assert [event.what for event in county.announcements.trace(number)][-1] == "missed"


def test_each_resident_of_the_place_is_written_once_in_whatever_parts(county: County) -> None:
    for digit in range(7):
        county.lives(f"1390000000{digit}", VILLAGE if digit % 2 else SIBLING)
    county.lives("13900000001", SIBLING)  # a phone of two people
    county.lives("13900000011", ELSEWHERE)
    county.lives("13900000012", subscribed=False)
    number = county.going()
    assert county.spread(size=2) == 7
    assert sorted(county.sent()) == [("sms", f"1390000000{digit}") for digit in range(7)]
    with county.sessions() as session:
        assert set(session.execute(select(Outgoing.announcement, Outgoing.rank))) == {(number, 2)}
        assert session.scalar(select(func.count()).where(Outgoing.person == Outgoing.address)) == 7


def test_an_emergency_is_also_for_those_who_did_not_subscribe(county: County) -> None:
    county.lives("13900000012", subscribed=False)
    number = county.announcements.compose(replace(DRAFT, urgency="emergency"), "甲", NOW)
    county.announcements.release(number, "甲", NOW)
    assert county.spread() == 1


@pytest.mark.parametrize(("kind", "people"), [("Cancel", 1), ("Alert", 0)])
def test_that_an_alert_is_over_is_told_to_everybody(county: County, kind: str, people: int) -> None:
    county.lives("13900000012", subscribed=False)
    county.going(replace(DRAFT, alert={"kind": kind}))
    assert county.spread() == people


def test_the_way_is_the_favourite_and_then_the_next_that_is_open(county: County) -> None:
    linked, favoured, closed, landline, caller = (f"1390000000{digit}" for digit in range(5))
    landline = "03157000001"
    for phone, preferred in ((linked, ""), (favoured, ""), (closed, ""), (landline, ""), (caller, "电话语音")):
        county.lives(phone, preferred=preferred)
    with county.sessions.begin() as session:
        for phone in (linked, favoured, closed):
            session.add(Door(channel="wechat", address=f"openid-{phone}", number=phone, since=NOW))
        session.add(Person(key=favoured, level="plain", favourite="sms", touched=NOW))
        session.add(OptOut(channel="wechat", address=f"openid-{closed}", since=NOW))
        session.add(OptOut(channel="sms", address=closed, since=NOW))
    county.going()
    county.spread()
    assert county.sent() == [
        ("wechat", f"openid-{linked}"), ("sms", favoured), ("call", closed), ("call", landline), ("call", caller),
    ]  # fmt: skip


def test_a_way_that_failed_is_followed_by_the_next_until_none_is_left(county: County) -> None:
    phone = "13900000001"
    county.lives(phone)
    with county.sessions.begin() as session:
        session.add(Door(channel="wechat", address="openid", number=phone, since=NOW))
    number = county.going()
    county.spread()
    tried = [county.sent()[-1]]
    for address in ("openid", phone):
        assert county.audience.follow(ALL, shape, NOW) == 0
        county.fail(address)
        assert county.audience.follow(ALL, shape, NOW) == 1
        tried.append(county.sent()[-1])
    assert tried == [("wechat", "openid"), ("sms", phone), ("call", phone)]
    county.fail(phone)
    assert county.audience.follow(ALL, shape, NOW) == 0
    assert [(who.number, who.why) for who in county.audience.missed(number)] == [(phone, "网关不收。")]


def test_who_was_not_reached_is_listed_and_why(county: County) -> None:
    for digit in range(4):
        county.lives(f"1390000000{digit}")
    county.lives("0315700", SIBLING)  # nothing but calls, and there is no way to call
    number = county.going(replace(DRAFT, confirm=True))
    county.spread(channels=("sms",))
    with county.sessions.begin() as session:
        for row in session.scalars(select(Outgoing)):
            row.state = "delivered"
    county.fail("13900000003")
    assert county.audience.confirm("13900000001", "sms", NOW + HOUR) == "停水通知"
    assert county.audience.confirm("13900000009", "sms", NOW + HOUR) is None
    assert county.audience.confirm("13900000002", "sms", NOW + timedelta(days=3)) is None
    assert [(who.number, who.why) for who in county.audience.missed(number)] == [
        ("13900000000", "还没有回复"),
        ("13900000002", "还没有回复"),
        ("13900000003", "网关不收。"),
        ("0315700", "没有能用的联系方式"),
    ]
    assert [who.number for who in county.audience.missed(number, SIBLING)] == ["0315700"]
    progress = county.audience.progress(number)
    assert (progress.confirmed, progress.deliveries) == (1, {("sms", "delivered"): 3, ("sms", "failed"): 1})
    assert progress.cost == Decimal("0.20")


def test_only_members_of_its_groups_are_written(county: County) -> None:
    county.lives("13900000001")
    county.lives("13900000002")
    with county.sessions.begin() as session:
        session.add(GroupMember(name="党员", person="13900000002"))
    county.going(replace(DRAFT, groups=("党员",)))
    county.spread()
    assert county.sent() == [("sms", "13900000002")]


def test_the_trace_of_two_people_at_once_is_of_one(county: County) -> None:
    number = county.announcements.compose(DRAFT, "甲", NOW)
    county.announcements.approve(number, "乙", NOW)
    assert "审核" in refused(lambda: county.announcements.approve(number, "丙", NOW))
    moment: datetime | None = county.announcements.get(number).approved
    assert moment == NOW
