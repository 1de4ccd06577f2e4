"""Page numbers of places: given once, never reused, the same for everybody who asks."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from knowledge import page_numbers
from knowledge.places import Place, Places
from knowledge.service_tables import PageNumber

DAY, LATER = date(2026, 11, 23), date(2027, 3, 1)


def county(*villages: str, towns: tuple[str, ...] = ("130283101", "130283102")) -> Places:
    listed = [Place("130283", "迁安市", "county", None)]
    listed += [Place(code, f"镇{code[-3:]}", "town", "130283") for code in towns]
    listed += [Place(code, f"村{code[-6:]}", "village", code[:9]) for code in villages]
    return Places(listed)


FIRST = ("130283101201", "130283101202", "130283102201")


def test_the_whole_county_has_its_blocks(engine: Engine, gazetteer: Places) -> None:
    with Session(engine) as session:
        numbers = page_numbers.assign(session, gazetteer, DAY)
        assert page_numbers.assign(session, gazetteer, LATER) == numbers, "asked again nothing changes"
        assert set(session.scalars(select(PageNumber.since))) == {DAY}
    assert len(numbers) == 21 + 530 == len(set(numbers.values()))
    assert min(numbers.values()) == 300
    assert max(numbers.values()) <= 899
    ordered = sorted(numbers, key=numbers.__getitem__)
    assert ordered == sorted(ordered), "a town before its villages, all in the order of their codes"


def test_a_new_village_takes_a_spare_number_of_its_town(session: Session) -> None:
    before = page_numbers.assign(session, county(*FIRST), DAY)
    after = page_numbers.assign(session, county(*FIRST, "130283101203"), LATER)
    assert {code: after[code] for code in before} == before
    assert before["130283101202"] < after["130283101203"] < after["130283102"]
    assert session.get(PageNumber, after["130283101203"]).edition == 2


def test_a_number_is_never_given_to_another_place(session: Session) -> None:
    before = page_numbers.assign(session, county(*FIRST), DAY)
    gone = before["130283101201"]
    less = page_numbers.assign(session, county(*FIRST[1:]), LATER)
    assert "130283101201" not in less
    assert page_numbers.retired(session) == {gone: "130283101201"}
    more = page_numbers.assign(session, county(*FIRST[1:], "130283101209"), LATER)
    assert more["130283101209"] != gone
    assert gone not in more.values()


def test_a_place_that_comes_back_gets_a_new_number(session: Session) -> None:
    before = page_numbers.assign(session, county(*FIRST), DAY)
    page_numbers.assign(session, county(*FIRST[1:]), LATER)
    again = page_numbers.assign(session, county(*FIRST), LATER)
    assert again["130283101201"] not in before.values()


def test_a_new_town_stands_after_all_others(session: Session) -> None:
    before = page_numbers.assign(session, county(*FIRST), DAY)
    towns = ("130283101", "130283102", "130283103")
    after = page_numbers.assign(session, county(*FIRST, "130283103201", towns=towns), LATER)
    assert max(before.values()) < after["130283103"] < after["130283103201"]


@pytest.mark.parametrize("count", [700])
def test_a_county_that_three_digits_do_not_hold_goes_on_from_1000(session: Session, count: int) -> None:
    villages = tuple(f"130283101{number:03}" for number in range(201, 201 + count))
    numbers = page_numbers.assign(session, county(*villages, towns=("130283101",)), DAY)
    assert len(set(numbers.values())) == count + 1
    assert not [number for number in numbers.values() if 899 < number < 1000]
    assert max(numbers.values()) == 1000 + count + 1 - 600 - 1
