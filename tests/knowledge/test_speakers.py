"""Loudspeakers on both databases: what is on the air and since when, who is silent, what was played, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from knowledge.announcements.speakers import Play, Speakers
from knowledge.announcements.tables import SpeakerPlay
from tests.conftest import NOW
from tests.knowledge.test_announcements import COUNTY, DRAFT, ELSEWHERE, TOWN, VILLAGE, County

MINUTE, LIMIT = timedelta(minutes=1), timedelta(minutes=15)
EMERGENCY = replace(DRAFT, urgency="emergency", starts=NOW - timedelta(hours=3))


@pytest.fixture
def county(engine: Engine) -> County:
    return County(engine)


@pytest.fixture
def speakers(county: County) -> Speakers:
    return Speakers(county.sessions)


def test_a_token_is_told_once_and_is_the_place_s_own(speakers: Speakers) -> None:
    token = speakers.add("东头", VILLAGE, NOW)
    assert token
    assert speakers.add("东头", ELSEWHERE, NOW) is None
    assert speakers.bearing(VILLAGE, token) == "东头"
    assert speakers.bearing(ELSEWHERE, token) is None
    assert speakers.bearing(VILLAGE, "") is None
    assert token not in str([vars(row) for row in speakers.all()])


def test_a_removed_one_is_void_and_what_it_played_stays(county: County, speakers: Speakers) -> None:
    token = speakers.add("东头", VILLAGE, NOW)
    number = county.going()
    assert speakers.report("东头", {}, [Play(number, NOW, 40)], NOW).new == 1
    assert speakers.remove("东头")
    assert not speakers.remove("东头")
    assert speakers.all() == []
    assert speakers.bearing(VILLAGE, token or "") is None
    assert speakers.silent(NOW + timedelta(days=1), LIMIT) == []
    assert county.audience.progress(number).played == 1
    again = speakers.add("东头", ELSEWHERE, NOW)
    assert again
    assert again != token
    assert [speaker.place for speaker in speakers.all()] == [ELSEWHERE]


def test_what_is_on_the_air_begins_when_it_could_first_be_heard(county: County, speakers: Speakers) -> None:
    """An emergency that was written for the morning and is released now is played now."""
    ordinary = county.announcements.compose(replace(DRAFT, starts=NOW - timedelta(hours=2)), "甲", NOW - 9 * MINUTE)
    county.announcements.approve(ordinary, "乙", NOW - 5 * MINUTE)
    urgent = county.announcements.compose(EMERGENCY, "甲", NOW - 30 * MINUTE)
    county.announcements.release(urgent, "甲", NOW - 2 * MINUTE)
    county.announcements.approve(urgent, "乙", NOW - MINUTE)
    planned = county.announcements.compose(DRAFT, "甲", NOW - 9 * MINUTE)
    county.announcements.approve(planned, "乙", NOW - 9 * MINUTE)
    assert [(each.said.id, each.began) for each in speakers.on_air(NOW)] == [
        (urgent, NOW - 2 * MINUTE),
        (ordinary, NOW - 5 * MINUTE),
    ]
    assert speakers.on_air(DRAFT.starts, VILLAGE)[1].began == DRAFT.starts
    later = county.announcements.compose(replace(DRAFT, starts=NOW + timedelta(days=1)), "甲", NOW)
    county.announcements.approve(later, "乙", NOW)
    assert [row.id for row in speakers.coming(NOW)] == [planned]
    assert speakers.on_air(NOW, ELSEWHERE) == []
    assert speakers.on_air(NOW)[0].concerns(VILLAGE)
    assert not speakers.on_air(NOW)[0].concerns(COUNTY)


def test_a_play_is_kept_once(county: County, speakers: Speakers) -> None:
    speakers.add("东头", VILLAGE, NOW)
    speakers.add("西头", VILLAGE, NOW)
    number = county.going()
    elsewhere = county.announcements.compose(replace(DRAFT, places=(ELSEWHERE,)), "", NOW)
    plays = [
        Play(number, NOW, 40),
        Play(number, NOW + MINUTE, 0, "no power"),
        Play(elsewhere, NOW, 1),
        Play(99, NOW, 1),
    ]
    assert speakers.report("东头", {}, plays, NOW) == speakers_heard(2, (elsewhere, 99))
    assert speakers.report("东头", {}, plays, NOW) == speakers_heard(0, (elsewhere, 99))
    assert speakers.report("西头", {}, plays[:1], NOW).new == 1
    assert county.audience.progress(number).played == 2
    with county.sessions() as session:
        assert len(list(session.scalars(select(SpeakerPlay)))) == 3


def test_old_plays_are_forgotten(county: County, speakers: Speakers) -> None:
    speakers.add("东头", VILLAGE, NOW)
    number = county.going()
    speakers.report("东头", {}, [Play(number, NOW, 40)], NOW)
    speakers.report("东头", {}, [Play(number, NOW + MINUTE, 40)], NOW + MINUTE)
    speakers.purge(NOW + MINUTE)
    assert county.audience.progress(number).played == 1


def speakers_heard(new: int, unknown: tuple[int, ...], back: bool = False):
    from knowledge.announcements.speakers import Heard

    return Heard(new, unknown, back)


def test_silence_is_noticed_once_and_so_is_its_end(speakers: Speakers) -> None:
    speakers.add("东头", VILLAGE, NOW)
    speakers.add("西头", VILLAGE, NOW)
    assert not speakers.report("东头", {"volume": 60}, [], NOW + 10 * MINUTE).back
    later = NOW + 20 * MINUTE
    assert [speaker.name for speaker in speakers.silent(later, LIMIT)] == ["西头"]  # never heard of
    assert [speaker.name for speaker in speakers.newly_silent(later, LIMIT)] == ["西头"]
    assert speakers.newly_silent(later, LIMIT) == []
    assert [speaker.name for speaker in speakers.silent(later, LIMIT)] == ["西头"]
    assert speakers.report("西头", {}, [], later).back
    assert not speakers.report("西头", {}, [], later).back
    assert speakers.silent(later, LIMIT) == []
    assert [speaker.name for speaker in speakers.newly_silent(NOW + 26 * MINUTE, LIMIT)] == ["东头"]
    assert {speaker.name: speaker.about for speaker in speakers.all()} == {"东头": {"volume": 60}, "西头": {}}


def test_who_has_not_played_an_emergency(county: County, speakers: Speakers) -> None:
    for name, place in (("东头", VILLAGE), ("西头", VILLAGE), ("别村", ELSEWHERE), ("没电", VILLAGE)):
        speakers.add(name, place, NOW - MINUTE)
    number = county.announcements.compose(EMERGENCY, "甲", NOW)
    assert speakers.unplayed(number, NOW + 10 * MINUTE) == []  # a draft
    county.announcements.release(number, "甲", NOW)
    speakers.report("东头", {}, [Play(number, NOW, 40)], NOW + MINUTE)
    speakers.report("没电", {}, [Play(number, NOW, 0, "no power")], NOW + MINUTE)
    speakers.add("新的", VILLAGE, NOW + 2 * MINUTE)
    assert speakers.unplayed(number, NOW + 4 * MINUTE) == []
    missing = [speaker.name for speaker in speakers.unplayed(number, NOW + 5 * MINUTE)]
    assert sorted(missing) == sorted(["西头", "没电"])
    county.announcements.withdraw(number, "甲", "", NOW + 6 * MINUTE)
    assert len(speakers.unplayed(number, NOW + 60 * MINUTE)) == 2
    assert speakers.unplayed(county.going(), NOW + 300 * MINUTE) == []  # an ordinary one
    assert speakers.unplayed(12345, NOW) == []


def test_an_emergency_that_was_over_before_it_could_be_played(county: County, speakers: Speakers) -> None:
    speakers.add("东头", VILLAGE, NOW - MINUTE)
    number = county.announcements.compose(replace(EMERGENCY, places=(TOWN,)), "甲", NOW)
    county.announcements.release(number, "甲", NOW)
    county.announcements.withdraw(number, "甲", "误发", NOW + MINUTE)
    assert speakers.unplayed(number, NOW + 60 * MINUTE) == []
