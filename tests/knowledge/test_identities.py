"""One person, many doors: proven by codes alone, on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.identities import CODES_A_DAY, PROOF_LASTS, People, Who
from knowledge.mailbox import Mailbox
from knowledge.service_tables import Code, Door, Person, Proof, Turn
from knowledge.tables import Resident, Source
from tests.conftest import NOW

NUMBER = "13900000001"
OTHER = "13900000002"
HOLDER = "wechat:openid-1"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def register(engine: Engine, *numbers: str, village: str = "130283116217") -> None:
    """Put numbers into the residents' list."""
    with Session(engine) as session:
        source = Source(dataset="residents", department="村委会", file="r.csv", imported=NOW)
        session.add(source)
        session.flush()
        for row, number in enumerate(numbers):
            session.add(
                Resident(
                    key=number, digest="", source_id=source.id, source_row=row, place=village, name="李*", phone=number
                )
            )  # fmt: skip
        session.commit()


@pytest.fixture
def people(engine: Engine) -> People:
    register(engine, NUMBER, OTHER)
    return People(database.sessions(engine))


def issued(people: People, holder: str = HOLDER, number: str = NUMBER, now=NOW, network: str | None = None) -> str:
    code = people.issue(holder, number, network, now)
    assert code
    assert code != "soon"
    return code


def test_a_code_proves_its_number_once(people: People) -> None:
    code = issued(people)
    assert len(code) == 6
    assert code.isdigit()
    assert people.redeem(HOLDER, code, NOW) == NUMBER
    assert people.redeem(HOLDER, code, NOW) is None


def test_codes_differ_and_are_stored_as_salted_hashes_alone(people: People, engine: Engine) -> None:
    codes = [issued(people, f"wechat:{n}", NUMBER, NOW + n * MINUTE) for n in range(5)]
    assert len(set(codes)) > 1
    with Session(engine) as session:
        rows = list(session.scalars(select(Code)))
    assert len({row.salt for row in rows}) == 5
    for row in rows:
        assert not any(code in f"{row.digest} {row.salt}" and code == row.digest for code in codes)
        assert len(row.digest) == 64


def test_a_code_lasts_five_minutes(people: People) -> None:
    code = issued(people)
    assert people.redeem(HOLDER, code, NOW + 5 * MINUTE) is None
    late = issued(people, now=NOW + 6 * MINUTE)
    assert people.redeem(HOLDER, late, NOW + 11 * MINUTE - SECOND) == NUMBER


def test_the_sixth_try_is_none(people: People) -> None:
    code = issued(people)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert [people.redeem(HOLDER, wrong, NOW) for _ in range(4)] == [None] * 4
    assert people.redeem(HOLDER, code, NOW) == NUMBER, "the fifth"
    again = issued(people, now=NOW + MINUTE)
    wrong = f"{(int(again) + 1) % 1_000_000:06}"
    assert [people.redeem(HOLDER, wrong, NOW + MINUTE) for _ in range(5)] == [None] * 5
    assert people.redeem(HOLDER, again, NOW + MINUTE) is None


def test_five_tries_are_five_for_all_threads_together(people: People, engine: Engine) -> None:
    code = issued(people)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    threads = [threading.Thread(target=people.redeem, args=(HOLDER, wrong, NOW)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Session(engine) as session:
        assert session.scalars(select(Code.tries)).one() == 5


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "１２３４５６", "' OR 1=1 --", "\0"])
def test_what_is_no_code_is_wrong(people: People, given: str) -> None:
    issued(people)
    assert people.redeem(HOLDER, given, NOW) is None


def test_a_code_is_its_holders_alone_and_only_the_latest_counts(people: People) -> None:
    first = issued(people)
    assert people.redeem("wechat:somebody", first, NOW) is None
    second = issued(people, now=NOW + MINUTE)
    if first != second:
        assert people.redeem(HOLDER, first, NOW + MINUTE) is None
    assert people.redeem(HOLDER, second, NOW + MINUTE) == NUMBER


def test_one_code_a_minute_for_a_number_and_for_a_network(people: People) -> None:
    issued(people, network="198.51.100.7")
    assert people.issue("web:b", NUMBER, "198.51.100.8", NOW + 59 * SECOND) == "soon", "same number"
    assert people.issue("web:b", OTHER, "198.51.100.7", NOW + 59 * SECOND) == "soon", "same network"
    assert people.issue("web:b", OTHER, "198.51.100.9", NOW + 59 * SECOND) not in ("soon", None)
    assert people.issue(HOLDER, NUMBER, "198.51.100.7", NOW + 60 * SECOND) not in ("soon", None)


def test_a_refused_network_does_not_hold_up_the_number(people: People) -> None:
    issued(people, network="198.51.100.7")
    assert people.issue("web:b", OTHER, "198.51.100.7", NOW + SECOND) == "soon"
    assert people.issue("web:c", OTHER, "198.51.100.8", NOW + 2 * SECOND) not in ("soon", None)


def test_a_number_gets_so_many_codes_a_day(people: People) -> None:
    for n in range(CODES_A_DAY):
        issued(people, f"web:{n}", now=NOW + n * MINUTE)
    assert people.issue("web:x", NUMBER, None, NOW + timedelta(hours=1)) == "soon"
    assert people.issue("web:x", NUMBER, None, NOW + timedelta(hours=25)) not in ("soon", None)


def test_an_unknown_number_gets_none_and_leaves_the_same_rows(people: People, engine: Engine) -> None:
    assert people.issue(HOLDER, "13999999999", "198.51.100.7", NOW) is None
    assert people.issue("web:b", "13999999999", None, NOW + SECOND) == "soon", "limited like a known one"
    with Session(engine) as session:
        row = session.scalars(select(Code)).one()
        assert (row.number, len(row.digest), row.tries) == ("13999999999", 64, 0)
        assert len(list(session.scalars(select(Turn)))) == 2
    for guess in ("000000", "", "123456"):
        assert people.redeem(HOLDER, guess, NOW) is None


def test_a_browser_is_its_owners_until_it_is_dismissed_or_too_old(people: People, engine: Engine) -> None:
    token = people.admit(NUMBER, NOW)
    assert people.admitted(token, NOW) == NUMBER
    assert people.admitted(token, NOW + PROOF_LASTS) is None
    assert people.admitted(token[:-1], NOW) is None
    with Session(engine) as session:
        assert token not in session.scalars(select(Proof.token)).one(), "only its hash is kept"
    people.dismiss(token)
    assert people.admitted(token, NOW) is None


def test_an_address_without_a_code_is_nobodys(people: People) -> None:
    assert people.who("wechat", "openid-1") == Who()
    assert people.who("web", NUMBER) == Who(), "a browser that is named like a number"
    assert people.who("api-open", NUMBER) == Who()
    assert people.who("phone", NUMBER) == Who(), "a caller whose number the network does not vouch for"
    assert people.who("sms", NUMBER, NUMBER) == Who(NUMBER)


def test_what_one_door_wishes_all_doors_of_the_person_keep(people: People) -> None:
    people.prefer("wechat", "openid-1", None, NOW, level="large")
    assert people.who("wechat", "openid-1") == Who(None, "large")
    assert people.who("sms", NUMBER, NUMBER).level == "plain"
    people.link("wechat", "openid-1", NUMBER, NOW)
    assert people.who("wechat", "openid-1") == Who(NUMBER, "large")
    assert people.who("phone", NUMBER, NUMBER) == Who(NUMBER, "large")
    people.prefer("phone", NUMBER, NUMBER, NOW, level="slow", favourite="wechat")
    assert people.who("wechat", "openid-1") == Who(NUMBER, "slow", "wechat")
    assert people.who("web", "random", NUMBER) == Who(NUMBER, "slow", "wechat")
    people.prefer("sms", NUMBER, NUMBER, NOW, favourite="sms")
    assert people.who("sms", NUMBER, NUMBER) == Who(NUMBER, "slow", "sms")


def test_linking_does_not_overwrite_what_the_owner_prefers(people: People) -> None:
    people.prefer("sms", NUMBER, NUMBER, NOW, level="slow")
    people.prefer("wechat", "openid-1", None, NOW, level="large")
    people.link("wechat", "openid-1", NUMBER, NOW)
    assert people.who("wechat", "openid-1").level == "slow"


def test_a_link_can_be_made_anew_and_undone(people: People) -> None:
    people.link("wechat", "openid-1", NUMBER, NOW)
    people.link("wechat", "openid-1", OTHER, NOW)
    assert people.who("wechat", "openid-1").number == OTHER
    assert people.unlink("wechat", "openid-1")
    assert not people.unlink("wechat", "openid-1")
    assert people.who("wechat", "openid-1").number is None


def test_doors_are_the_favourite_first_and_never_one_that_opted_out(people: People, engine: Engine) -> None:
    people.link("wechat", "openid-1", NUMBER, NOW)
    people.link("wechat", "openid-2", NUMBER, NOW + SECOND)
    assert people.doors(NUMBER) == [("sms", NUMBER), ("wechat", "openid-1"), ("wechat", "openid-2")]
    people.prefer("sms", NUMBER, NUMBER, NOW, favourite="wechat")
    assert people.doors(NUMBER)[0] == ("wechat", "openid-1")
    mailbox = Mailbox(database.sessions(engine))
    mailbox.opt_out("wechat", "openid-1", NOW)
    assert people.doors(NUMBER) == [("wechat", "openid-2"), ("sms", NUMBER)]
    mailbox.opt_out("sms", NUMBER, NOW)
    assert people.doors(NUMBER) == [("wechat", "openid-2")]
    assert people.doors(OTHER) == [("sms", OTHER)]


def test_a_turn_is_one_for_all_and_comes_again(people: People) -> None:
    won: list[bool] = []
    pause = timedelta(minutes=10)
    threads = [threading.Thread(target=lambda: won.append(people.turn(f"call:{NUMBER}", NOW, pause))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]
    assert not people.turn(f"call:{NUMBER}", NOW + pause - SECOND, pause)
    assert people.turn(f"call:{OTHER}", NOW, pause)
    assert people.turn(f"call:{NUMBER}", NOW + pause, pause)


def test_what_has_expired_is_forgotten_and_links_are_kept(people: People, engine: Engine) -> None:
    issued(people, network="198.51.100.7")
    people.admit(NUMBER, NOW)
    people.link("wechat", "openid-1", NUMBER, NOW)
    people.prefer("web", "visitor", None, NOW, level="large")
    people.prefer("sms", NUMBER, NUMBER, NOW, level="slow")
    later = NOW + timedelta(days=91)
    people.purge(later, later - timedelta(days=90))
    with Session(engine) as session:
        assert [len(list(session.scalars(select(table)))) for table in (Code, Proof, Turn)] == [0, 0, 0]
        assert len(list(session.scalars(select(Door)))) == 1
        assert list(session.scalars(select(Person.key))) == [NUMBER]
