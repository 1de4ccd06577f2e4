"""Whom an announcement would reach, and what goes first, on both databases; groups."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, insert, select

from knowledge.announcements.audience import BATCH, UNFOLLOWED, Reach
from knowledge.announcements.groups import Groups
from knowledge.announcements.staff import NotAllowedError
from knowledge.service_tables import Door, OptOut, Outgoing
from knowledge.tables import Resident
from tests.conftest import NOW
from tests.knowledge.test_announcements import ALL, DRAFT, ELSEWHERE, HOUR, SIBLING, VILLAGE, County, shape

URGENT = replace(DRAFT, title="洪水", urgency="emergency", starts=NOW)


@pytest.fixture
def county(engine: Engine) -> County:
    return County(engine)


def settle(county: County, count: int, places: tuple[str, ...] = (VILLAGE, SIBLING)) -> None:
    """So many residents, in turn in these places."""
    about = {"digest": "", "source_id": 1, "name": "张*", "subscribed": True, "preferred": ""}
    rows = [
        {"key": f"many {at}", "source_row": at, "phone": f"139{at:08}", "place": places[at % len(places)], **about}
        for at in range(count)
    ]
    with county.sessions.begin() as session:
        session.execute(insert(Resident), rows)


def test_an_emergency_is_queued_next_while_an_ordinary_one_goes_to_20_000(county: County) -> None:
    settle(county, 20_000)
    ordinary = county.going()
    for _ in range(3):
        assert county.audience.spread(ALL, shape, NOW + HOUR) == BATCH
    urgent = county.announcements.compose(URGENT, "甲", NOW)
    county.announcements.approve(urgent, "乙", NOW + HOUR)
    county.announcements.turn(NOW + HOUR)
    assert county.spread() == 40_000 - 3 * BATCH
    with county.sessions() as session:
        order = session.scalars(select(Outgoing.announcement).order_by(Outgoing.id)).all()
        rank = session.execute(select(Outgoing.announcement, func.min(Outgoing.rank)).group_by(Outgoing.announcement))
        each = session.execute(
            select(Outgoing.announcement, func.count(), func.count(Outgoing.person.distinct())).group_by(
                Outgoing.announcement
            )
        ).all()
        ranks = {row[0]: row[1] for row in rank}
    assert order == [ordinary] * 3 * BATCH + [urgent] * 20_000 + [ordinary] * (20_000 - 3 * BATCH)
    assert sorted(each) == [(ordinary, 20_000, 20_000), (urgent, 20_000, 20_000)]
    assert ranks[urgent] < ranks[ordinary]


def test_what_nobody_here_can_send_waits_and_keeps_nobody_up(county: County) -> None:
    settle(county, 3)
    county.going(replace(DRAFT, outlets=("call",)))
    spoken = county.going(replace(DRAFT, outlets=("speaker", "tv")))
    sent = county.going(replace(DRAFT, outlets=("speaker", "sms")))
    assert county.spread(channels=("sms",)) == 3
    assert [county.announcements.get(number).spread for number in (spoken, sent)] == [True, True]
    assert county.spread(channels=()) == 0
    assert county.spread(channels=("call",)) == 3, "a worker that can call finds it still to be done"


@pytest.mark.parametrize("count", [1, 2100])
def test_the_reach_is_what_the_spread_then_makes(county: County, count: int) -> None:
    settle(county, count)
    phones = [f"139{at:08}" for at in range(min(count, 9))]
    for phone in phones:
        county.lives(phone, SIBLING)  # a phone of two people
    county.lives("03157000001")
    county.lives("13811110000", ELSEWHERE)
    county.lives("13811110001", subscribed=False)
    county.lives("13811110002")
    with county.sessions.begin() as session:
        session.add(Door(channel="wechat", address="openid", number=phones[0], since=NOW))
        session.add(OptOut(channel="sms", address="13811110002", since=NOW))
    number = county.announcements.compose(DRAFT, "甲", NOW)
    seen: list[int] = []
    ways = ("wechat", "sms")
    reach = county.audience.reach(number, ways, shape, seen.append)
    texts = count - 1
    assert reach == Reach(
        {"wechat": 1, **({"sms": texts} if texts else {})},
        {"wechat": 1, **({"sms": texts} if texts else {})},
        {"wechat": Decimal("0.05"), **({"sms": texts * Decimal("0.05")} if texts else {})},
        2,
    )
    assert county.audience.size(number) == seen[-1] == count + 2
    assert county.sent() == []
    county.announcements.approve(number, "乙", NOW)
    county.announcements.turn(DRAFT.starts)
    assert county.spread(channels=ways) == count


def test_a_price_that_is_not_known_is_not_said_to_be_nothing(county: County) -> None:
    settle(county, 3)
    number = county.announcements.compose(DRAFT, "甲", NOW)

    def priced(row: object, channel: str, address: str) -> tuple[str, int, Decimal | None]:
        return "", 2, None if address.endswith("1") else Decimal("0.05")

    assert county.audience.reach(number, ALL, priced).cost == {"sms": None}


def test_the_reach_of_one_that_is_not_there_is_told(county: County) -> None:
    with pytest.raises(NotAllowedError, match="没有第9号"):
        county.audience.reach(9, ALL, shape)
    with pytest.raises(NotAllowedError, match="没有第9号"):
        county.audience.size(9)


def test_a_group_is_what_it_was_filled_with_last(county: County) -> None:
    groups = Groups(county.sessions)
    groups.fill("党员", ["13900000001", "13900000002", "13900000001"])
    groups.fill("大户", ["13900000003"])
    groups.fill("党员", ["13900000004"])
    assert groups.all() == {"党员": 1, "大户": 1}
    groups.fill("大户", [])
    assert groups.all() == {"党员": 1}


def test_what_failed_is_found_by_its_own_index_in_an_outbox_of_any_size(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        asked = (
            UNFOLLOWED.with_only_columns(Outgoing.id)
            .limit(1)
            .compile(sqlite_engine, compile_kwargs={"literal_binds": False, "render_postcompile": True})
        )
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", tuple(asked.params.values())).all()
    assert "outbox_failed" in str(plan), plan
