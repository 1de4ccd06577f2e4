"""`flask worker` and `flask outbox` as they are run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import text

from app import create_app
from channels.base.sending import Fate, Wanted
from config import SHANGHAI, Settings
from knowledge import database
from knowledge.announcements import Announcements, Draft
from knowledge.outbox import Outbox
from tests.channels.test_outbox import Carrier, rows
from tests.conftest import ROOT

Run = Callable[..., Result]


@pytest.fixture
def url(migrated: Path, tmp_path: Path) -> str:
    path = tmp_path / "outbox.db"
    path.write_bytes(migrated.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def run(url: str) -> Run:
    """Runs a command against the test's database, with more settings if wanted."""

    def runs(*arguments: str, **settings: Any) -> Result:
        app = create_app(Settings(database_url=url, **settings))
        result = app.test_cli_runner().invoke(args=arguments)
        app.extensions["xiangyin"].engine.dispose()
        return result

    return runs


@pytest.mark.parametrize(
    ("arguments", "prices", "said"),
    [
        (["明天停水。"], "*=0.05", "1 x 1 parts = 1: 0.05 yuan"),
        (["问" * 71, "--people", "300"], "*=0.05", "300 x 2 parts = 600: 30.00 yuan"),
        (["问" * 71, "--to", "+14158675309"], "*=0.05, +=0.6", "1 x 2 parts = 2: 1.20 yuan"),
        (["明天停水。"], "", "1 x 1 parts = 1: set sms_prices to know the price"),
    ],
)
def test_what_a_text_costs_is_shown_before_it_is_sent(run: Run, arguments: list[str], prices: str, said: str) -> None:
    assert run("outbox", "cost", *arguments, sms_prices=prices).output.strip() == said


def test_what_went_out_and_what_it_cost_is_counted_after(run: Run, url: str) -> None:
    engine = database.connect(url)
    now = Settings().now()
    outbox = Outbox(database.sessions(engine))
    outbox.put([Wanted("sms", "13912345678", "甲", "reply", None, 2, None)], now)
    (taken,) = outbox.take("kannel", "sms", now, 1e9).letters
    outbox.take("kannel", "sms", now, 1e9, 0, [Fate(taken, "refused", "throttled", "网关忙。")])
    shown = run("outbox").output
    assert "sms        failed            1 messages        2 parts       0.00 yuan" in shown
    assert "uncertain: 0" in shown
    assert "1 messages are queued again" in run("outbox", "retry").output
    assert [row.state for row in rows(engine)] == ["queued"]
    assert "0 messages" in run("outbox", "retry").output
    engine.dispose()


def worker(url: str, **more: str) -> subprocess.Popen[str]:
    """`flask worker` on a database, with more settings."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("XIANGYIN_")}
    environ |= {"XIANGYIN_DATABASE_URL": url} | {f"XIANGYIN_{name.upper()}": value for name, value in more.items()}
    command = [sys.executable, "-m", "flask", "worker"]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("more", [{}, {"gammu_database_url": "mysql://smsd@localhost/smsd"}])
def test_a_worker_without_a_gateway_says_what_to_set_and_begins_announcements(url: str, more: dict[str, str]) -> None:
    engine = database.connect(url)
    announcements, now = Announcements(database.sessions(engine)), Settings().now()
    draft = Draft("停水", "明天停水。", "县", ("130283",), ("tv",), now, now + timedelta(days=1), urgency="emergency")
    number = announcements.compose(draft, "", now)
    with engine.begin() as connection:
        connection.execute(text("UPDATE announcements SET state = 'scheduled'"))
    process = worker(url, **more)
    try:
        deadline = time.monotonic() + 60
        while announcements.get(number).state != "going" and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
    assert announcements.get(number).state == "going"
    assert process.returncode == 0
    assert "No gateway is set up" in told
    assert "set kannel_send_url" in told
    engine.dispose()


def test_a_worker_sends_what_waits_and_stops_when_told_to(url: str) -> None:
    engine = database.connect(url)
    outbox = Outbox(database.sessions(engine))
    now = Settings().now().astimezone(SHANGHAI)
    outbox.put([Wanted("sms", "13912345678", f"第{number}条", "reply") for number in range(20)], now)
    carrier = Carrier({}, None)
    gateway = f"http://127.0.0.1:{carrier.server_port}/cgi-bin/sendsms"
    process = worker(url, kannel_send_url=gateway, kannel_secret="s3cret", kannel_per_second="1000")
    try:
        deadline = time.monotonic() + 60
        while len(carrier.taken) < 20 and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
        carrier.shutdown()
        carrier.server_close()
    assert process.returncode == 0, told
    assert "Sending by kannel" in told
    assert "Traceback" not in told
    assert "s3cret" not in told
    assert sorted(carrier.taken) == [row.id for row in rows(engine)]
    assert {row.state for row in rows(engine)} == {"sent"}
    engine.dispose()
