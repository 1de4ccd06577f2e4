"""A worker of the outbox as a process of its own, to be killed. Forked from a server that has imported everything."""

from __future__ import annotations

import multiprocessing
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from threading import Event

from channels.outbox.worker import Worker
from channels.sms.kannel_sender import KannelSender
from config import SHANGHAI, Settings
from knowledge import database
from knowledge.outbox import LEASE, Outbox
from tests.conftest import NOW

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def start(
    url: str, gateway: str, ahead: timedelta, hands: int = 4, lease: timedelta = LEASE, per_second: float = 1000
) -> BaseProcess:
    """A worker whose clock is that much ahead of the tests' own time."""
    process = _processes.Process(target=_work, args=(url, gateway, ahead, hands, lease, per_second), daemon=True)
    process.start()
    return process


def _work(url: str, gateway: str, ahead: timedelta, hands: int, lease: timedelta, per_second: float) -> None:
    settings = Settings(
        kannel_send_url=gateway, kannel_secret="s", kannel_per_second=per_second, kannel_connections=hands
    )
    begun = datetime.now(SHANGHAI)

    def clock() -> datetime:
        return NOW + ahead + (datetime.now(SHANGHAI) - begun)

    outbox = Outbox(database.sessions(database.connect(url)), lease)
    Worker(outbox, KannelSender(settings), clock).run(Event())
