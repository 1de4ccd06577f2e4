"""The production server's start, its chores of a new day, and what `flask check` and `flask purge` say."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

import operations
from app import create_app
from config import Settings
from knowledge import demo
from knowledge.announcements import Draft
from knowledge.announcements.tables import Acknowledgement
from knowledge.service_tables import Conversation, Inbound, Unanswered
from knowledge.tables import DATASETS, Source
from tests.conftest import NOW, ROOT


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings(database_url=f"sqlite:///{tmp_path / 'run.db'}", today=NOW.date()))


def test_a_taken_port_is_said_in_a_sentence_before_anything_is_loaded(app: Flask, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        busy = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'busy.db'}", port=port))
        result = busy.test_cli_runner().invoke(args=["serve", "--demo"])
    assert result.exit_code == 1
    assert result.output == (
        f"Error: port {port} is taken: stop what listens there, or choose another by XIANGYIN_PORT\n"
    )
    assert not (tmp_path / "busy.db").exists()


def test_a_host_that_is_not_ours_is_said_in_a_sentence(tmp_path: Path) -> None:
    elsewhere = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'run.db'}", host="192.0.2.1"))
    result = elsewhere.test_cli_runner().invoke(args=["serve"])
    assert result.exit_code == 1
    assert "check the settings host and port" in result.output


@pytest.mark.parametrize("command", ["check", "purge"])
def test_a_database_out_of_reach_is_said_in_a_sentence(command: str, tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    broken = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'folder.db'}"))
    result = broken.test_cli_runner().invoke(args=[command])
    assert result.exit_code == 1
    assert result.output.startswith("Error: the database cannot be used: ")
    assert "Traceback" not in result.output


def test_check_tells_empty_late_sample_and_imported_data_apart(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, today=NOW.date()))
    fixed = {"department": "农业农村局", "imported": NOW}
    with engine.begin() as connection:
        for dataset, as_of, sample in (
            ("prices", NOW.date(), False),
            ("trades", NOW.date(), True),
            ("trades", NOW.date() - timedelta(1), True),
            ("finance", date(2026, 1, 1), False),
        ):
            row = {"dataset": dataset, "file": f"{as_of}.csv", "as_of": as_of, "sample": sample, **fixed}
            connection.execute(Source.__table__.insert().values(row))
    result = app.test_cli_runner().invoke(args=["check"])
    assert result.exit_code == 0, result.output
    said = {line.split()[0]: line for line in result.output.splitlines()}
    assert said["prices"].split()[1:] == ["2026-11-23", "ok"]
    assert "sample data" in said["trades"]
    assert "late: nothing newer than 2026-01-01" in said["finance"]
    assert "empty" in said["offices"]
    assert set(DATASETS) <= set(said)
    assert f"data: {len(DATASETS) - 2} data sets are missing or late" in result.output


def test_purge_forgets_what_is_old_and_that_alone(app: Flask) -> None:
    service = app.extensions["xiangyin"]
    old, new = datetime.now(UTC) - timedelta(days=4000), NOW
    draft = Draft("停水", "明天停水。", "县", ("130283",), ("sms",), new, new + timedelta(days=1))
    announcement = service.announcements.compose(draft, "", new)
    with service.sessions.begin() as session:
        for number, moment in enumerate((old, new)):
            heard = {"announcement": announcement, "what": "heard", "channel": "sms", "at": moment}
            session.add(Acknowledgement(person=str(number), **heard))
            session.add(Conversation(sender=f"sms:{number}", state={}, touched=moment))
            session.add(Unanswered(text=f"问{number}", reason="unknown", seen=moment))
            session.add(
                Inbound(channel="sms", sender=str(number), message_id=None, text="问", received=moment, taken=moment)
            )
    result = app.test_cli_runner().invoke(args=["purge"])
    assert result.exit_code == 0, result.output
    with service.sessions() as session:
        assert session.scalars(select(Conversation.sender)).all() == ["sms:1"]
        assert session.scalars(select(Unanswered.text)).all() == ["问1"]
        assert session.scalars(select(Inbound.sender)).all() == ["1"]
        assert session.scalars(select(Acknowledgement.person)).all() == ["1"]


def test_a_new_day_has_its_chores_done_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[date] = []
    monkeypatch.setattr(demo, "ensure", lambda engine, today: done.append(today))
    service = app.extensions["xiangyin"]
    yesterday = NOW.date() - timedelta(1)
    assert operations.new_day(service, NOW.date(), True) == NOW.date()
    assert done == []
    assert operations.new_day(service, yesterday, False) == NOW.date()
    assert done == []
    assert operations.new_day(service, yesterday, True) == NOW.date()
    assert done == [NOW.date()]


def test_chores_that_failed_are_tried_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(_engine: Engine, _today: date) -> None:
        raise OperationalError("BEGIN", {}, Exception("database is locked"))

    monkeypatch.setattr(demo, "ensure", locked)
    yesterday = NOW.date() - timedelta(1)
    assert operations.new_day(app.extensions["xiangyin"], yesterday, True) == yesterday


def test_the_server_serves_and_stops_gracefully(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {
        "XIANGYIN_DATABASE_URL": f"sqlite:///{tmp_path / 'run.db'}",
        "XIANGYIN_PORT": str(port),
        "HOME": str(tmp_path),
    }
    command = [Path(sys.executable).parent / "flask", "serve"]
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            try:
                with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as response:
                    assert response.status == 200
                    break
            except URLError:
                assert server.poll() is None, server.stderr.read()
                time.sleep(0.1)
        else:
            pytest.fail("the server did not start in a minute")
    finally:
        server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=30)
    assert server.returncode == 0
    assert f"Serving on http://127.0.0.1:{port}" in said
    assert "Traceback" not in said
    assert not (tmp_path / ".gunicorn").exists()


def test_two_that_fill_the_same_database_fill_it_once(tmp_path: Path) -> None:
    script = (
        "import sys; from datetime import date; from knowledge import database, demo, places\n"
        "demo.DAYS = 20; engine = database.connect(sys.argv[1]); county = places.load()\n"
        "towns = {town.code for town in county.towns[4:7]}\n"
        "few = places.Places(p for p in county if p.kind == 'county' or towns & {p.code, p.parent})\n"
        "print(demo.ensure(engine, date(2026, 11, 23), places=few))\n"
    )
    url = f"sqlite:///{tmp_path / 'both.db'}"
    app = create_app(Settings(database_url=url))
    assert app.extensions["xiangyin"].sessions  # migrated
    both = [
        subprocess.Popen([sys.executable, "-c", script, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts = sorted(int(process.communicate(timeout=120)[0]) for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert counts[0] == 0 < counts[1]
    with app.extensions["xiangyin"].sessions() as session:
        assert session.scalar(select(func.count()).select_from(DATASETS["livability"].model)) > 0
