"""Sums of the accounts by code, and vouchers as people say them."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from knowledge import finance
from knowledge.finance import Books, Sum, Wanted
from tests.affairs import COUNTY, FAR, NEIGHBOUR, TODAY, TOWN, VILLAGE, add

START, END = date(2026, 10, 1), date(2026, 10, 31)


def entry(session: Session, place: str, day: date, way: str, subject: str, amount: str, voucher: str = "") -> None:
    add(session, "finance", "农经站", day, place=place, day=day, direction=way, subject=subject, summary=f"付{subject}",
        amount=Decimal(amount), handler="张静", approver="魏占山", voucher=voucher)  # fmt: skip


def fill(session: Session) -> None:
    entry(session, VILLAGE, date(2026, 9, 30), "支出", "水电费", "80", "记202609-116217-010")
    entry(session, VILLAGE, date(2026, 10, 1), "支出", "道路维修", "0.1", "记202610-116217-010")
    entry(session, VILLAGE, date(2026, 10, 31), "支出", "道路维修", "0.2", "记202610-116217-011")
    entry(session, VILLAGE, date(2026, 10, 5), "收入", "上级拨款", "1000", "付202610-116217-010")
    entry(session, NEIGHBOUR, date(2026, 10, 5), "支出", "道路维修", "50", "记202610-116218-010")
    entry(session, FAR, date(2026, 10, 5), "支出", "水电费", "7", "记202610-111216-010")


def test_sums_by_village_town_and_county_on_both_databases(engine: Engine) -> None:
    with Session(engine) as session:
        fill(session)
        assert finance.totals(session, Wanted(VILLAGE, START, END)) == {
            "收入": Sum(Decimal(1000), 1),
            "支出": Sum(Decimal("0.3"), 2),
        }
        assert finance.totals(session, Wanted(TOWN, START, END))["支出"] == Sum(Decimal("50.3"), 3)
        assert finance.totals(session, Wanted(COUNTY, START, END))["支出"] == Sum(Decimal("57.3"), 4)
        assert finance.totals(session, Wanted(VILLAGE, date(2026, 8, 1), date(2026, 8, 31)))["收入"] == Sum()
        assert finance.books(session, TOWN, TODAY) == Books(date(2026, 9, 30), date(2026, 10, 31), TODAY, "农经站")


def test_groups_come_the_largest_first(session: Session) -> None:
    fill(session)
    wanted = Wanted(COUNTY, START, END, "支出")
    assert [name for name, _ in finance.by_subject(session, wanted)] == ["道路维修", "水电费"]
    assert [code for code, _ in finance.by_village(session, wanted)] == [NEIGHBOUR, FAR, VILLAGE]
    assert finance.by_town(session, wanted) == [(TOWN, Sum(Decimal("50.3"), 3)), (FAR[:9], Sum(Decimal(7), 1))]
    assert [e.amount for e in finance.largest(session, wanted, 2)] == [50, 7]
    assert [e.amount for e in finance.largest(session, wanted, 1, smallest=True)] == [Decimal("0.1")]
    assert [e.day.day for e in finance.latest(session, wanted, 2)] == [31, 5]
    assert finance.people(session, wanted) == (["张静"], ["魏占山"])


def test_only_subjects_or_wordings_that_are_asked_for(session: Session) -> None:
    fill(session)
    assert finance.subjects(session, VILLAGE) == [("上级拨款", "收入"), ("水电费", "支出"), ("道路维修", "支出")]
    assert finance.summaries(session, FAR) == ["付水电费"]
    some = Wanted(TOWN, START, END, subjects=("道路维修",), summaries=("付道路维修",))
    assert finance.totals(session, some)["支出"].entries == 3


def test_no_books_of_a_place_without_entries_or_before_the_first(session: Session) -> None:
    fill(session)
    assert finance.books(session, "130283001", TODAY) is None
    assert finance.books(session, VILLAGE, date(2026, 9, 1)) is None


@pytest.mark.parametrize(
    "said",
    ["记202610-116217-010", "202610-116217-010", "记字第202610-116217-010号", "202610116217010", "记202610-116217-10"],
)
@pytest.mark.parametrize("place", [VILLAGE, None])
def test_a_voucher_as_people_say_it(session: Session, said: str, place: str | None) -> None:
    fill(session)
    found = finance.vouchers(session, said, place)
    series = [entry.voucher for entry in found if entry.voucher.startswith("记")]
    assert series == ["记202610-116217-010"]
    assert said.startswith("2") or len(found) == 1


def test_a_voucher_by_a_part_of_its_number_where_the_village_is_known(session: Session) -> None:
    fill(session)
    assert [e.voucher for e in finance.vouchers(session, "记202610-010", VILLAGE)] == ["记202610-116217-010"]
    assert [e.voucher for e in finance.vouchers(session, "记第10号", VILLAGE)] == [
        "记202610-116217-010",
        "记202609-116217-010",
    ]
    assert finance.vouchers(session, "记202610-010") == []


@pytest.mark.parametrize("said", ["收202610-116217-010", "记202610-116217-099", "没有数字", "记116217"])
def test_no_voucher_of_that_number(session: Session, said: str) -> None:
    fill(session)
    assert finance.vouchers(session, said, VILLAGE) == []
