"""When announcements are played: at their hours, at their beginning, never at night but for emergencies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from channels.announcements.speakers.plays import due, moments
from config import SHANGHAI


def at(written: str) -> datetime:
    """24 07:00 of November 2026, local."""
    day, clock = written.split()
    return datetime.fromisoformat(f"2026-11-{day}T{clock}").replace(tzinfo=SHANGHAI)


@dataclass
class Said:
    ends: datetime
    urgency: str = "routine"
    hours: tuple[str, ...] = ()


def told(said: Said, began: str, since: str = "20 00:00", until: str = "30 00:00") -> list[str]:
    return [f"{moment:%d %H:%M}" for moment in moments(said, at(began), at(since), at(until))]


@pytest.mark.parametrize(
    ("began", "ends", "hours", "played"),
    [
        ("23 10:00", "24 10:00", (), ["23 10:00", "23 12:00", "23 18:00", "24 07:00"]),
        ("23 10:00", "24 10:00", ("08:00", "19:30"), ["23 10:00", "23 19:30", "24 08:00"]),
        ("23 07:00", "23 13:00", (), ["23 07:00", "23 12:00"]),  # its beginning is an hour: once
        ("23 06:55", "23 13:00", (), ["23 06:55", "23 12:00"]),
        ("23 06:50", "23 13:00", (), ["23 06:50", "23 07:00", "23 12:00"]),
        ("23 22:00", "24 12:00", (), ["24 07:00"]),  # not in the night, and not at its very end
        ("23 06:29", "23 09:00", (), ["23 07:00"]),
        ("23 06:30", "23 09:00", ("06:30",), ["23 06:30"]),
        ("23 20:59", "24 06:00", (), ["23 20:59"]),
        ("23 21:00", "23 23:00", (), []),
        ("23 10:00", "23 23:59", ("21:00", "20:59", "03:00", "6:30"), ["23 10:00", "23 20:59"]),
        ("23 10:00", "23 19:00", ("noon", "25:00"), ["23 10:00", "23 12:00", "23 18:00"]),
        ("23 10:00", "23 19:00", ("noon", "11:00", "11:00"), ["23 10:00", "23 11:00"]),
    ],
)
def test_ordinary_ones(began: str, ends: str, hours: tuple[str, ...], played: list[str]) -> None:
    assert told(Said(at(ends), hours=hours), began) == played


def test_an_emergency_presses_first_and_then_reminds() -> None:
    played = told(Said(at("25 09:00"), "emergency"), "23 22:05")
    assert played[:7] == ["23 22:05", "23 22:15", "23 22:25", "23 22:35", "23 22:45", "23 22:55", "23 23:05"]
    assert played[7:10] == ["24 00:05", "24 01:05", "24 02:05"]  # by night too
    assert played[-3:] == ["24 20:05", "24 21:05", "25 07:00"]  # after a day at its hours
    assert len(played) == 6 + 23 + 1


def test_an_emergency_ends_when_it_ends() -> None:
    assert told(Said(at("23 10:20"), "emergency"), "23 10:00") == ["23 10:00", "23 10:10"]


def test_a_window_holds_its_first_moment_and_not_its_last() -> None:
    said = Said(at("25 00:00"))
    assert told(said, "23 10:00", "23 12:00", "23 18:00") == ["23 12:00"]
    assert told(said, "23 10:00", "23 18:00", "23 18:00") == []


def test_hours_are_local_whatever_zone_the_beginning_is_told_in() -> None:
    from datetime import UTC

    said = Said(at("23 13:00").astimezone(UTC))
    found = moments(said, at("23 06:00").astimezone(UTC), at("20 00:00"), at("30 00:00"))
    assert [f"{moment:%H:%M %z}" for moment in found] == ["07:00 +0800", "12:00 +0800"]


@pytest.mark.parametrize(
    ("later", "seconds", "played"),
    [(-1, 10, False), (0, 10, True), (30, 10, True), (31, 10, False), (31, 90, True), (90, 90, True), (91, 90, False)],
)
def test_it_is_due_while_it_would_be_playing(later: float, seconds: float, played: bool) -> None:
    now = at("23 12:00") + timedelta(seconds=later)
    assert due(Said(at("25 00:00")), at("23 08:00"), now, seconds) is played


def test_what_began_years_ago_is_found_at_once() -> None:
    began = datetime(1990, 1, 1, tzinfo=SHANGHAI)
    assert len(moments(Said(at("30 00:00")), began, at("23 00:00"), at("24 00:00"))) == 3
