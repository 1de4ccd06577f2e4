"""What the county's engineer runs: the production server and the check of settings and data."""

from __future__ import annotations

import errno
import gc
import logging
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from sqlalchemy import case, func, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from knowledge import demo, memory
from knowledge.identities import People
from knowledge.mailbox import Mailbox
from knowledge.tables import DATASETS, Source
from knowledge.wechat import Wechat

if TYPE_CHECKING:
    from app import Service


logger = logging.getLogger(__name__)

#: A client that begins a request and then says nothing for so many seconds is hung up on: it holds a thread.
SILENCE = 10

#: So many seconds pass between two looks at the calendar.
CALENDAR = 30


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around one application, loaded before the workers are forked so that they share its memory.

    `started` is called in each worker once it serves.
    """

    def __init__(self, app: Flask, options: dict[str, Any], started: Callable[[], None]) -> None:
        self._app = app
        self._options = options
        self._started = started
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

        def started(_worker: object) -> None:
            self._started()

        def ready(server: Any) -> None:
            for listener in server.LISTENERS:  # accepted connections take it over from their listener
                listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SILENCE, 0))

        self.cfg.set("when_ready", ready)
        self.cfg.set("post_worker_init", started)

    def load(self) -> Flask:
        return self._app


@click.command("serve")
@click.option("--demo", "with_demo", is_flag=True, help="Fill an empty database with the sample county first.")
@with_appcontext
def serve(with_demo: bool) -> None:
    """Serve all channels with gunicorn (production)."""
    service: Service = current_app.extensions["xiangyin"]
    settings = service.settings
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    _refuse_unusable(settings.host, settings.port)
    today = settings.now().date()
    with usable_database():
        if with_demo:
            demo.ensure(service.engine, today, interactive=sys.stderr.isatty())
        service.warm()
    where = f"{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}"
    click.echo(f"Serving on http://{where} (Ctrl-C stops)", err=True)
    options = {
        "bind": where,
        "workers": settings.workers,
        "worker_class": "gthread",
        "threads": 8,
        "preload_app": True,
        "timeout": 60,
        "graceful_timeout": 15,
        "keepalive": 5,
        "limit_request_line": 8190,
        "loglevel": settings.log_level,
        "control_socket_disable": True,  # nobody asks it anything, and two servers would share one in the home folder
    }
    gc.freeze()  # what is loaded stays shared: a collection would touch it in every worker
    service.engine.dispose()  # a connection that is open now would be shared by all workers
    application: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    Server(application, options, partial(watch_calendar, service, today, with_demo)).run()


@contextmanager
def usable_database() -> Iterator[None]:
    """Say in a sentence what is wrong where the database is out of reach, locked, full or read-only."""
    try:
        yield
    except OperationalError as error:
        raise click.ClickException(f"the database cannot be used: {error.orig}; check database_url") from None


def _refuse_unusable(host: str, port: int) -> None:
    """Say at once that the server cannot listen here, before anything is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise click.ClickException(
                    f"port {port} is taken: stop what listens there, or choose another by XIANGYIN_PORT"
                ) from None
            raise click.ClickException(
                f"cannot listen on {host}:{port}: {error.strerror}; check the settings host and port"
            ) from None


def watch_calendar(service: Service, today: date, with_demo: bool) -> None:
    """Start the thread that does a new day's chores in a server that runs for weeks.

    Every worker has one: what one has done, the others find done.
    """

    def watch(known: date) -> None:
        while True:
            time.sleep(CALENDAR)
            known = new_day(service, known, with_demo)

    Thread(target=watch, args=(today,), name="calendar", daemon=True).start()


def new_day(service: Service, known: date, with_demo: bool) -> date:
    """Forget what is too old, and bring sample data up to date, if the day is another than `known`.

    Returns the day whose chores are done: `known` again where they failed, so that they are tried again.
    """
    today = service.settings.now().date()
    if today == known:
        return known
    try:
        forget(service)
        if with_demo:
            demo.ensure(service.engine, today)
    except SQLAlchemyError as error:
        logger.warning("the chores of %s failed, trying again in %d s: %s", today, CALENDAR, error)
        return known
    return today


def forget(service: Service) -> None:
    """Forget messages, conversations and unanswered questions older than the setting message_days, and unheard recordings."""
    now, days = service.settings.now(), service.settings.message_days
    Mailbox(service.sessions).purge(now - timedelta(days=days))
    service.outbox.purge(now - timedelta(days=days))
    service.audience.purge(now - timedelta(days=days))
    service.speakers.purge(now - timedelta(days=days))
    Wechat(service.sessions).purge(now - timedelta(days=days))
    service.sms_pictures.purge(now - timedelta(days=days))
    service.forget_recordings()
    People(service.sessions).purge(now, now - timedelta(days=days))
    with service.sessions.begin() as session:
        memory.purge(session, now, days)


@click.command("check")
@with_appcontext
def check() -> None:
    """Check settings and data: what is missing or late, and what to do about it."""
    service: Service = current_app.extensions["xiangyin"]
    settings = service.settings
    today = settings.now().date()
    problems = 0
    with usable_database(), service.sessions() as session:
        newest = _newest(session)
        for dataset in DATASETS.values():
            as_of, sample = newest.get(dataset.name, (None, False))
            state = "ok"
            if as_of is None:
                state = "empty: import the department's export with `flask import`"
            elif dataset.rhythm_days and today - as_of > timedelta(days=dataset.rhythm_days):
                state = f"late: nothing newer than {as_of}, expected every {dataset.rhythm_days} days"
            elif sample:
                state = "sample data: import the department's own export to replace it"
            problems += state.startswith(("empty", "late"))
            click.echo(f"{dataset.name:18} {as_of or '-'!s:12} {state}")
    for name, what in (
        ("twilio_auth_token", "SMS by Twilio is closed (403)"),
        ("wechat_token", "WeChat is closed (403)"),
        ("wechat_app_secret", "WeChat gets no late answers and no pictures"),
        ("kannel_secret", "SMS by Kannel is closed (403)"),
        ("api_token", "the API trusts no sender as a resident"),
        ("metrics_token", "/metrics is closed (403)"),
        ("rasa_token", "/rasa/webhook is closed (403)"),
    ):
        if getattr(settings, name) is None:
            click.echo(f"{name:18} {'-':12} not set: {what}")
    for name, problem in service.voice_problems().items():
        use = "speaks the announcements: " if name == settings.voice else ""
        click.echo(f"{'voice ' + name:18} {'-':12} {use}{problem or 'ok'}")
    for problem in service.watch().problems():
        click.echo(f"{'loudspeakers':18} {'-':12} {problem}")
    click.echo("data: ok" if not problems else f"data: {problems} data sets are missing or late")


def _newest(session: Session) -> dict[str, tuple[Any, bool]]:
    rows = session.execute(
        select(Source.dataset, func.max(Source.as_of), func.max(case((Source.sample, 1), else_=0))).group_by(
            Source.dataset
        )
    )
    return {dataset: (as_of, bool(sample)) for dataset, as_of, sample in rows}


@click.command("purge")
@with_appcontext
def purge() -> None:
    """Forget messages, conversations and unanswered questions older than the setting message_days."""
    service: Service = current_app.extensions["xiangyin"]
    with usable_database():
        forget(service)
    click.echo(f"forgotten: what is older than {service.settings.message_days} days", err=True)


COMMANDS = (serve, check, purge)
