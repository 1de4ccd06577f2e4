"""The magazine: every page fits and names its source, and says what the chat says."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from bot.magazine import Magazine
from bot.messages import Asker
from bot.skills import SKILLS
from bot.skills.base import Context
from bot.understanding.query import Query
from channels.tv import html, pages, text
from channels.tv.pages import Page
from config import SHANGHAI
from knowledge import database
from knowledge.places import Places
from knowledge.tables import Alert, Notice, Relief, Source
from tests.conftest import NOW

VILLAGE = "130283116217"


@pytest.fixture(scope="module")
def copy(pack: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The imported public export once more: the magazine writes its numbers into it."""
    path: Path = tmp_path_factory.mktemp("magazine") / "pack.db"
    assert pack.url.database
    with sqlite3.connect(pack.url.database) as source, sqlite3.connect(path) as target:
        source.backup(target)
    made = database.connect(f"sqlite:///{path}")
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def magazine(copy: Engine, gazetteer: Places) -> Magazine:
    return Magazine(database.sessions(copy), gazetteer, lambda: NOW)


@pytest.fixture(scope="module")
def every(magazine: Magazine) -> dict[int, Page]:
    return {page.number: page for page in magazine.pages()}


@pytest.fixture
def bare(engine: Engine, gazetteer: Places) -> Magazine:
    """A magazine on a database without any data, of each kind that is served."""
    return Magazine(database.sessions(engine), gazetteer, lambda: NOW)


def said(magazine: Magazine, code: str, screen: int, resident: bool = False) -> str:
    number = magazine.place_number(code)
    assert number
    page = magazine.page(number, resident)
    assert page
    return text.plain(page, screen)


def plain(shown: str) -> str:
    return re.sub(r"\s+", "", shown)


def test_every_page_of_the_county_fits_its_screen(every: dict[int, Page]) -> None:
    for page in every.values():
        pages.check(page)
    assert sum(len(page.subpages) for page in every.values()) > 3000


def test_every_town_and_village_has_its_page(every: dict[int, Page], magazine: Magazine, gazetteer: Places) -> None:
    numbers = magazine.place_numbers()
    assert len(numbers) == 551
    for code, number in numbers.items():
        assert every[number].place == code
        place = gazetteer.get(code)
        assert place
        if place.kind == "village":
            first = [pages.text_of(subpage.rows[0])[0] for subpage in every[number].subpages[:5]]
            assert first == list("12345"), place.name


def test_every_screen_names_its_source_and_a_day(every: dict[int, Page]) -> None:
    for page in every.values():
        if page.number in (102, 153, 154) or (page.number >= 300 and len(page.place) == 9):
            continue  # lists of places and their numbers
        for number, subpage in enumerate(page.subpages, 1):
            foot = "".join(pages.text_of(row) for row in subpage.rows[-2:])
            assert re.search(r"来源：.*\d{4}-\d{2}-\d{2}|全国统一", foot), (page.number, number, foot)


def test_every_colour_that_is_used_is_readable(every: dict[int, Page]) -> None:
    pairs = {
        (run.fg, run.bg)
        for page in every.values()
        for number in range(1, len(page.subpages) + 1)
        for row in pages.screen(page, number)
        for run in row
        if run.text.strip()
    }
    assert len(pairs) > 8
    assert {pair for pair in pairs if pages.contrast(*pair) < 7} == set()


def test_every_link_leads_to_a_screen_that_is_there(every: dict[int, Page]) -> None:
    links = {
        run.link
        for page in every.values()
        for subpage in page.subpages
        for row in subpage.rows
        for run in row
        if run.link
    }
    assert len(links) > 500
    for link in links:
        number, _, sub = link.partition("/")
        assert int(number) in every, link
        assert int(sub or 1) <= len(every[int(number)].subpages), link


def test_no_page_is_too_large_for_an_old_box(every: dict[int, Page]) -> None:
    sizes = {
        (number, first): len(html.document(page, "../", first).encode())
        for number, page in every.items()
        for first in html.parts(page)
    }
    assert {number: size for number, size in sizes.items() if size > html.LIMIT} == {}


def test_next_and_previous_lead_through_all_pages(every: dict[int, Page], magazine: Magazine) -> None:
    walked, number = [], 100
    while number is not None:
        walked.append(number)
        number = every[number].next
    assert walked == magazine.numbers()


@pytest.mark.parametrize("code", [VILLAGE, "130283001201", "130283106203", "130283118205"])
def test_figures_are_those_of_the_chat(magazine: Magazine, copy: Engine, gazetteer: Places, code: str) -> None:
    with database.sessions(copy)() as session:
        ctx = Context(session, NOW, gazetteer, Asker())
        accounts = SKILLS["finance_total"].answer(Query("finance_total", {"village": code}), ctx)
        reliefs = SKILLS["relief_count"].answer(Query("relief_count", {"village": code}), ctx)
    shown = plain(said(magazine, code, 2))
    sums = [fact for fact in accounts.facts if fact.what in ("收入合计", "支出合计")]
    assert sums
    for fact in sums:
        amount = f"{fact.value:f}".rstrip("0").rstrip(".") if "." in f"{fact.value:f}" else f"{fact.value:f}"
        assert f"{fact.what}{amount}元" in shown, (fact, shown)
    shown = plain(said(magazine, code, 3))
    for fact in reliefs.facts:
        if fact.what in ("户数", "人数"):
            assert f"{fact.value}{fact.unit}" in shown, (fact, shown)


def test_a_price_is_that_of_the_chat(magazine: Magazine, copy: Engine, gazetteer: Places) -> None:
    with database.sessions(copy)() as session:
        ctx = Context(session, NOW, gazetteer, Asker())
        reply = SKILLS["price_latest"].answer(Query("price_latest", {"commodity": "玉米"}), ctx)
    fact = next(fact for fact in reply.facts if fact.what == "平均价")
    board = next(page for number in range(110, 115) if (page := magazine.page(number)) and fact.place in page.title)
    assert re.search(rf"玉米\s+{fact.value.normalize():f}{fact.unit}", text.plain(board))


def test_a_drawn_course_ends_with_the_price_of_the_board(magazine: Magazine) -> None:
    course = magazine.page(116)
    assert course
    bars = [row for row in course.subpages[0].rows if any(run.bg == pages.BAR for run in row)]
    assert 3 <= len(bars) <= 8
    commodity = course.title.split("价走势")[0]
    last = pages.text_of(bars[-1]).split()[-1]
    board = magazine.page(110)
    assert board
    assert re.search(rf"{commodity}\s+{re.escape(last)}元/斤", text.plain(board))


def test_names_stand_only_on_pages_for_residents_and_masked(every: dict[int, Page], magazine: Magazine) -> None:
    number = magazine.place_numbers()[VILLAGE]
    public, private = every[number], magazine.page(number, resident=True)
    assert private
    assert "名单（姓名已遮）" not in text.plain(public)
    told = text.plain(private)
    assert "名单（姓名已遮）" in told
    assert re.search(r"农村低保 .\* \d+人", told)
    assert len(private.subpages) > len(public.subpages)
    pages.check(private)
    others = [subpage for subpage in public.subpages if subpage != public.subpages[2]]
    assert all(subpage in private.subpages for subpage in others), "nothing else is told in full"
    assert magazine.page(number) == public, "what a resident saw is not told to the next one"


def test_no_name_of_a_relief_list_stands_on_a_public_screen_of_lists(
    every: dict[int, Page], magazine: Magazine, copy: Engine
) -> None:
    heads: dict[str, set[str]] = {}
    with database.sessions(copy)() as session:
        for place, head in session.execute(select(Relief.place, Relief.head)):
            heads.setdefault(place, set()).add(head)
    assert sum(map(len, heads.values())) > 1000
    numbers = magazine.place_numbers()
    for place, names in heads.items():
        shown = plain(text.plain(every[numbers[place]], 3))
        assert not [name for name in names if name in shown], place


def test_a_town_lists_its_villages_and_committees(magazine: Magazine, gazetteer: Places) -> None:
    number = magazine.place_number("130283109")
    assert number
    page = magazine.page(number)
    assert page
    shown = text.plain(page)
    for village in gazetteer.villages("130283109"):
        assert f"{magazine.place_number(village.code)} {village.name}" in shown
    assert "社区居委会" in shown


def test_an_emergency_is_told_in_large_type_and_in_the_strip(magazine: Magazine) -> None:
    page = magazine.page(199)
    assert page
    assert page.priority == "emergency"
    first = page.subpages[0].rows[0][0]
    assert first.size == 2
    assert "预警" in first.text
    flash = magazine.flash()
    assert flash
    assert flash.page == 199
    assert "森林火险橙色预警" in flash.text
    assert "12119" in text.plain(page)


def test_without_data_the_emergency_page_and_all_places_are_there(bare: Magazine) -> None:
    found = {page.number: page for page in bare.pages([100, 101, 110, 120, 121, 130, 140, 150, 199, 200])}
    for page in found.values():
        pages.check(page)
    assert "没有生效的预警" in text.plain(found[199])
    assert "119" in text.plain(found[199])
    assert bare.flash() is None
    number = bare.place_number(VILLAGE)
    assert number
    page = bare.page(number)
    assert page
    pages.check(page)
    assert len(page.subpages) >= 5
    assert bare.page(999) is None


def test_pages_are_made_anew_when_the_data_or_the_day_change(sqlite_engine: Engine, gazetteer: Places) -> None:
    now = [NOW]
    sessions = database.sessions(sqlite_engine)
    magazine = Magazine(sessions, gazetteer, lambda: now[0])
    before = magazine.version()
    assert "没有有效的通知" in text.plain(magazine.page(200))
    with sessions.begin() as session:
        source = Source(dataset="notices", department="政府办", file="n.json", imported=NOW, as_of=NOW.date())
        session.add(source)
        session.flush()
        session.add(
            Notice(
                key="1", digest="", source_id=source.id, source_row=1, code="TZ1", title="全市大集改期", body="大集改到11月30日。",
                place="130283", published=date(2026, 11, 22), expires=date(2026, 11, 30), publisher="政府办",
            )
        )  # fmt: skip
    assert magazine.version() != before
    assert "全市大集改期" in text.plain(magazine.page(200))
    assert "大集改到11月30日" in text.plain(magazine.page(201))
    now[0] = NOW + timedelta(days=30)
    assert magazine.page(201) is None
    assert "没有有效的通知" in text.plain(magazine.page(200))


def test_a_warning_is_in_the_strip_until_it_ends(sqlite_engine: Engine, gazetteer: Places) -> None:
    sent = datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)
    now = [sent]
    sessions = database.sessions(sqlite_engine)
    magazine = Magazine(sessions, gazetteer, lambda: now[0])
    assert magazine.flash() is None
    with sessions.begin() as session:
        source = Source(dataset="alerts", department="应急管理局", file="a.xml", imported=NOW, as_of=NOW.date())
        session.add(source)
        session.flush()
        session.add(
            Alert(
                key="1", digest="", source_id=source.id, source_row=1, identifier="A1", sender="yj@example", sent=sent,
                status="Actual", kind="Alert", event="暴雨", level="红色", severity="Extreme", headline="暴雨红色预警" * 4,
                instruction="远离河道。" * 60, description="", expires=sent + timedelta(hours=6), publisher="应急管理局",
            )
        )  # fmt: skip
    flash = magazine.flash()
    assert flash
    assert flash.id == "A1"
    page = magazine.page(199)
    assert page
    pages.check(page)
    now[0] = sent + timedelta(hours=7)
    assert magazine.flash() is None
    assert "没有生效的预警" in text.plain(magazine.page(199))
