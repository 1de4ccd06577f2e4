"""The whole path with real processes: a server, a worker, commands and a gateway, killed in the middle and begun again."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from sqlalchemy import Engine, func, select

from config import Settings
from knowledge import database
from knowledge.announcements import Announcements, Draft
from knowledge.announcements.audience import BATCH
from knowledge.announcements.staff import Team
from knowledge.service_tables import Outgoing
from tests.channels.announcements.gateway import accepted
from tests.channels.announcements.processes import Station, free_port, gateway, settle, until
from tests.conftest import NOW

VILLAGES = ["130283111201", "130283111202", "130283116217"]
PEOPLE = 60


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """What the gateway has taken."""
    return tmp_path / "taken.tsv"


@pytest.fixture
def station(sqlite_engine: Engine, tmp_path: Path, taken: Path) -> Iterator[Station]:
    """A county of 60 people with a gateway that takes some twenty messages a second."""
    with database.sessions(sqlite_engine).begin() as session:
        settle(session, PEOPLE, VILLAGES)
    with gateway(taken, 0.2) as address:
        yield Station(
            url_of(sqlite_engine),
            tmp_path,
            port=free_port(),
            kannel_send_url=address,
            kannel_secret="s",
            kannel_per_second=1000,
            kannel_connections=4,
            sms_prices="*=0.05",
        )


def test_from_the_command_line_to_each_phone_once_and_a_withdrawal_stops_the_rest(
    station: Station, sqlite_engine: Engine, taken: Path
) -> None:
    sessions = database.sessions(sqlite_engine)
    for name, role in (("张三", "editor"), ("李四", "approver")):
        Team(sessions).add(name, role, "130283", NOW)
    urgent = ("--urgency", "emergency", "--outlet", "sms", "--outlet", "speaker", "--as", "张三", "--json")
    with station.running("serve"), station.running("worker") as worker:
        first = json.loads(station.flask("announce", "compose", "洪水", "请上山。", *urgent))["number"]
        assert accepted(taken) == []
        station.flask("announce", "approve", first, "--as", "李四")
        until(lambda: len(accepted(taken)) >= PEOPLE)
        until(lambda: _states(sqlite_engine, first) == {"sent": PEOPLE})
        about = json.loads(station.flask("announce", "status", first, "--json"))
        assert (about["people"], about["cost"], about["state"]) == (PEOPLE, "3.00", "going")
        until(lambda: _status(station, "/readyz") == 200)

        second = json.loads(station.flask("announce", "compose", "水退了", "可以回家。", *urgent))["number"]
        station.flask("announce", "approve", second, "--as", "李四")
        until(lambda: len(accepted(taken)) >= PEOPLE + 5)
        Announcements(sessions).withdraw(second, "张三", "还没退", Settings().now())
        until(lambda: set(_states(sqlite_engine, second)) <= {"sent", "failed"})
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert "Traceback" not in station.said("worker")
    messages = Counter((each.to, "洪水" in each.text) for each in accepted(taken))
    assert set(messages.values()) == {1}, "each person once for each announcement"
    assert sum(flood for _, flood in messages) == PEOPLE
    went = _states(sqlite_engine, second)
    assert went["sent"] + went["failed"] == PEOPLE
    assert 5 <= went["sent"] == len(messages) - PEOPLE < PEOPLE


def _states(engine: Engine, number: int) -> dict[str, int]:
    counted = select(Outgoing.state, func.count()).where(Outgoing.announcement == number).group_by(Outgoing.state)
    with database.sessions(engine)() as session:
        return {row[0]: row[1] for row in session.execute(counted)}


def _status(station: Station, path: str) -> int:
    try:
        with urlopen(f"{station.url}{path}", timeout=10) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_a_worker_killed_in_the_middle_of_a_spread_goes_on_and_queues_each_person_once(
    engine: Engine, tmp_path: Path
) -> None:
    count = 20_000
    with database.sessions(engine).begin() as session:
        settle(session, count, VILLAGES)
    announcements, now = Announcements(database.sessions(engine)), Settings().now()
    draft = Draft(
        "洪水", "请上山。", "县", ("130283",), ("sms",), now, now.replace(year=now.year + 1), urgency="emergency"
    )
    number = announcements.compose(draft, "", now)
    announcements.release(number, "", now)
    closed = "http://127.0.0.1:9/cgi-bin/sendsms"
    station = Station(url_of(engine), tmp_path, kannel_send_url=closed, kannel_secret="s")
    kills = 0
    for share in (0.2, 0.6):
        with station.running("worker") as worker:
            until(lambda share=share: _queued(engine) >= share * count)
            worker.kill()
            worker.wait()
        kills += not announcements.get(number).spread
        assert _queued(engine) % BATCH == 0, "a batch is stored whole or not at all"
    assert kills, "no kill came in the middle: the spread was over before"
    with station.running("worker"):
        until(lambda: announcements.get(number).spread)
    with database.sessions(engine)() as session:
        people = session.scalar(select(func.count(Outgoing.person.distinct())))
    assert (people, _queued(engine)) == (count, count)


def _queued(engine: Engine) -> int:
    with database.sessions(engine)() as session:
        return int(session.scalar(select(func.count()).select_from(Outgoing)) or 0)
