"""Announcements on the television: on which pages, for whom, from when until when, and an emergency at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from bot.magazine import Magazine
from channels.tv import html, pages, portal, text
from channels.tv.loop import schedule
from channels.tv.pages import Page
from knowledge import database
from knowledge.announcements import Announcements, Draft
from knowledge.announcements.staff import Team
from knowledge.places import Places
from knowledge.tables import Alert, Notice, Source
from tests.conftest import NOW

VILLAGE, SIBLING, ELSEWHERE = "130283116217", "130283116216", "130283101201"
TOWN, COUNTY = "130283116", "130283"

WATER = Draft(
    title="停水通知",
    text="11月24日上午9点到下午5点停水，涉及3400户，请提前存水，有事打0315-0017903。",
    publisher="迁安市水务局",
    places=(COUNTY,),
    outlets=("sms", "tv"),
    starts=NOW,
    ends=NOW + timedelta(days=2, hours=3, minutes=30),
)
FLOOD = replace(
    WATER,
    title="洪水撤离",
    text="上游水库14时泄洪，流量每秒350立方米，河边120户立即往村小学撤，不要回头拿东西。",
    publisher="五重安镇政府",
    places=(VILLAGE,),
    urgency="emergency",
    ends=NOW + timedelta(hours=6),
)


class Desk:
    """The magazine of a county at a moment that can be changed, and who announces in it."""

    def __init__(self, engine: Engine, gazetteer: Places) -> None:
        self.now = NOW
        self.sessions = database.sessions(engine)
        self.magazine = Magazine(self.sessions, gazetteer, lambda: self.now)
        self.announcements = Announcements(self.sessions)
        team = Team(self.sessions)
        for name, role in (("甲", "editor"), ("乙", "approver")):
            team.add(name, role, COUNTY, NOW)

    def approved(self, draft: Draft) -> int:
        number = self.announcements.compose(draft, "甲", self.now)
        self.announcements.approve(number, "乙", self.now)
        return number

    def released(self, draft: Draft) -> int:
        number = self.announcements.compose(draft, "甲", self.now)
        self.announcements.release(number, "甲", self.now)
        return number

    def page(self, number: int) -> Page:
        page = self.magazine.page(number)
        assert page
        pages.check(page)
        for subpage in page.subpages:
            for row in subpage.rows:
                for run in row:
                    if run.link:
                        led, _, sub = run.link.partition("/")
                        target = self.magazine.page(int(led))
                        assert target, run.link
                        assert int(sub or 1) <= len(target.subpages), run.link
        return page

    def at(self, code: str) -> Page:
        number = self.magazine.place_number(code)
        assert number
        return self.page(number)

    def said(self, number: int) -> str:
        return plain(self.page(number))


def plain(page: Page, screen: int | None = None) -> str:
    """A page's text without the blanks and the breaks that set it."""
    return "".join(text.plain(page, screen).split())


@pytest.fixture
def desk(engine: Engine, gazetteer: Places) -> Desk:
    return Desk(engine, gazetteer)


def test_an_announcement_to_the_county_has_a_page_beside_the_notices(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        source = Source(dataset="notices", department="政府办", file="n.json", imported=NOW, as_of=NOW.date())
        session.add(source)
        session.flush()
        notice = {"key": "1", "digest": "", "source_id": source.id, "source_row": 1, "code": "TZ1", "place": COUNTY}
        told = {
            "title": "大集改期",
            "body": "大集改到11月30日。",
            "published": date(2026, 11, 22),
            "publisher": "政府办",
        }
        session.add(Notice(**notice, **told))
    desk.approved(WATER)
    assert "通知公告（2条）" in desk.said(100)
    assert "201停水通知" in desk.said(200)
    assert "202大集改期" in desk.said(200)
    shown = desk.said(201)
    assert WATER.text in shown
    assert "迁安市水务局11月23日发布，11月25日（后天）" in shown
    assert "来源：迁安市水务局2026-11-23" in shown
    assert "大集改到11月30日。" in desk.said(202)


def test_what_is_not_for_the_television_or_not_yet_approved_stays_away(desk: Desk) -> None:
    before = desk.magazine.version()
    desk.approved(replace(WATER, outlets=("sms", "speaker")))
    desk.announcements.compose(WATER, "甲", NOW)
    assert desk.magazine.version() == before
    assert "没有有效的通知" in desk.said(200)
    assert "没有快讯" in desk.said(101)


def test_it_comes_and_goes_at_its_hours(desk: Desk) -> None:
    desk.approved(replace(WATER, starts=NOW + timedelta(hours=1)))
    assert "停水" not in desk.said(200)
    desk.now = NOW + timedelta(hours=1)
    assert "停水" in desk.said(200)
    desk.now = WATER.ends
    assert "停水" not in desk.said(200)


def test_it_goes_when_it_is_withdrawn_or_replaced(desk: Desk) -> None:
    number = desk.approved(WATER)
    desk.announcements.turn(NOW)
    assert "3400户" in desk.said(201)
    second = desk.approved(replace(WATER, text="停水改到11月25日，涉及3500户。", replaces=number))
    desk.announcements.turn(NOW)
    assert "3500户" in desk.said(201)
    assert "3400户" not in desk.said(200) + desk.said(201)
    assert desk.magazine.page(202) is None
    desk.announcements.withdraw(second, "甲", "来水了", NOW)
    assert "停水" not in desk.said(200)


def test_the_newsflash_reads_all_that_is_announced_once_more(desk: Desk) -> None:
    desk.approved(WATER)
    page = desk.page(101)
    assert "11月23日停水通知" in plain(page)
    assert [run.link for row in page.subpages[0].rows for run in row if run.link] == ["201"]
    speech = page.subpages[0].speech
    assert speech.startswith("再听一遍。\n停水通知\n")
    assert WATER.text in speech
    assert "迁安市水务局11月23日发布" in speech
    assert "再听一遍" in html.document(page, "../"), "the box says it too"
    on_air = [screen.speech for screen in schedule.order(desk.magazine, COUNTY)]
    assert sum(WATER.text in said for said in on_air) == 1, "in the loop its own page says it, once a round"


def test_what_is_for_a_village_stands_on_its_page_alone(desk: Desk) -> None:
    desk.approved(replace(WATER, places=(VILLAGE,), publisher="万宝沟村委会"))
    page = desk.at(VILLAGE)
    assert "1通知（1条有效）" in plain(page, 1)
    assert "11.23停水通知" in plain(page, 1)
    (link,) = {run.link for row in page.subpages[0].rows for run in row if run.link}
    assert WATER.text in plain(page, int(link.partition("/")[2]))
    for other in (desk.at(SIBLING), desk.at(ELSEWHERE), desk.at(TOWN), desk.page(200), desk.page(101)):
        assert "停水" not in plain(other)
    assert any(WATER.text in screen.speech for screen in schedule.order(desk.magazine, VILLAGE))


def test_what_is_for_a_town_opens_its_page_and_reaches_its_villages(desk: Desk) -> None:
    desk.approved(replace(WATER, places=(TOWN,), publisher="五重安镇政府"))
    assert WATER.text in plain(desk.at(TOWN), 1)
    for village in (VILLAGE, SIBLING):
        page = desk.at(village)
        (link,) = {run.link for row in page.subpages[0].rows for run in row if run.link}
        assert link == f"{page.number}/6"
        assert WATER.text in plain(page, 6)
    assert "停水" not in plain(desk.at(ELSEWHERE)) + plain(desk.page(200))


def test_what_is_for_the_county_leads_from_a_village_to_its_own_page(desk: Desk) -> None:
    desk.approved(WATER)
    page = desk.at(VILLAGE)
    assert {run.link for row in page.subpages[0].rows for run in row if run.link} == {"201"}
    assert WATER.text not in plain(page)


def test_an_emergency_is_on_its_page_and_in_the_strip_at_once(desk: Desk) -> None:
    assert desk.magazine.flash() is None
    assert "没有生效的预警" in desk.said(199)
    before = desk.magazine.version()
    number = desk.released(FLOOD)
    assert desk.magazine.version() != before
    page = desk.page(199)
    assert page.priority == "emergency"
    assert page.subpages[0].rows[0][0].size == 2
    shown = plain(page)
    assert FLOOD.text in shown
    assert "万宝沟村" in shown
    assert "没有生效的预警" not in shown
    assert "119" in shown
    flash = desk.magazine.flash()
    assert flash == (f"announcement {number}", "万宝沟村：洪水撤离", 199)
    assert "万宝沟村：洪水撤离" in portal.script("flash", desk.magazine)
    assert "万宝沟村：洪水撤离" in desk.said(101)
    assert FLOOD.text in desk.page(101).subpages[0].speech
    assert "洪水撤离" in plain(desk.at(VILLAGE), 1)
    first = schedule.order(desk.magazine, ELSEWHERE)[0]
    assert first.page.number == 199
    assert FLOOD.text in first.speech
    told = [
        line.text for line in schedule.with_newsflash(desk.magazine, schedule.ticker(desk.magazine, COUNTY, ["一"]))
    ]
    assert told == ["万宝沟村：洪水撤离", "一"]
    desk.announcements.withdraw(number, "乙", "险情过了", NOW)
    assert desk.magazine.flash() is None
    assert "没有生效的预警" in desk.said(199)


def test_a_long_emergency_goes_on_over_further_screens_and_is_told_whole(desk: Desk) -> None:
    body = "".join(f"第{number}组{number * 7}户到{number}号楼集合。" for number in range(1, 60))
    desk.released(replace(FLOOD, text=body))
    page = desk.page(199)
    text_alone = "".join(
        "".join(pages.text_of(row) for row in subpage.rows if row and row[0].fg == pages.WHITE)
        for subpage in page.subpages
    )
    assert body in text_alone
    assert len(page.subpages) > 3


def test_a_warning_that_became_an_announcement_is_told_once(desk: Desk) -> None:
    _warned(desk, "A1", NOW - timedelta(hours=1))
    desk.released(replace(FLOOD, places=(COUNTY,), alert={"identifier": "A1"}))
    flash = desk.magazine.flash()
    assert flash
    assert flash.id == "A1"
    assert "洪水撤离" not in desk.said(199)
    assert "暴雨红色预警" in desk.said(199)


def test_the_newer_of_two_is_told_first_and_what_was_put_away_hides_no_other(desk: Desk) -> None:
    number = desk.released(FLOOD)
    _warned(desk, "A1", NOW - timedelta(hours=1))
    flash = desk.magazine.flash()
    assert flash == (f"announcement {number} A1", "万宝沟村：洪水撤离；暴雨红色预警", 199)
    desk.announcements.withdraw(number, "乙", "", NOW)
    assert desk.magazine.flash() == ("A1", "暴雨红色预警", 199)


def _warned(desk: Desk, name: str, sent: datetime) -> None:
    with desk.sessions.begin() as session:
        source = Source(dataset="alerts", department="应急管理局", file=f"{name}.xml", imported=NOW, as_of=NOW.date())
        session.add(source)
        session.flush()
        about = {"key": name, "digest": "", "source_id": source.id, "source_row": 1, "identifier": name, "sender": "yj"}
        told = {"event": "暴雨", "level": "红色", "severity": "Extreme", "headline": "暴雨红色预警", "instruction": ""}
        session.add(
            Alert(
                **about, **told, sent=sent, status="Actual", kind="Alert", description="",
                expires=sent + timedelta(hours=6), publisher="应急管理局",
            )
        )  # fmt: skip


def test_the_ticker_of_a_place_tells_what_is_for_it(desk: Desk) -> None:
    desk.approved(WATER)
    desk.approved(replace(WATER, title="村里打疫苗", places=(VILLAGE,)))
    assert desk.magazine.headlines(COUNTY) == ["停水通知"]
    assert desk.magazine.headlines(ELSEWHERE) == ["停水通知"]
    assert sorted(desk.magazine.headlines(VILLAGE)) == ["停水通知", "村里打疫苗"]


@pytest.mark.parametrize(
    "make", [lambda text: text * 3, lambda text: f"{text}\n\n{text}\u200b", lambda text: "1" * 300]
)
def test_whatever_is_written_fits_its_screens(desk: Desk, make: Callable[[str], str]) -> None:
    desk.approved(replace(WATER, title=make("停水")[:60], text=make(WATER.text)))
    desk.released(replace(FLOOD, title=make("洪水")[:60], text=make(FLOOD.text), places=(VILLAGE, TOWN)))
    for number in (100, 101, 199, 200, 201):
        desk.page(number)
    desk.at(VILLAGE)
    desk.at(TOWN)
