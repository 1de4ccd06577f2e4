"""What the county's engineer runs: the production server and the check of settings and data."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from knowledge import demo, memory
from knowledge.tables import DATASETS, Source

if TYPE_CHECKING:
    from app import Service


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around one application, loaded before the workers are forked so that they share its memory."""

    def __init__(self, app: Flask, engine: Engine, options: dict[str, Any]) -> None:
        self._app = app
        self._engine = engine
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

        def forked(_server: object, _worker: object) -> None:
            self._engine.dispose(close=False)  # a connection must not be shared with the parent

        self.cfg.set("post_fork", forked)

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
    if with_demo:
        demo.ensure(service.engine, settings.now().date(), interactive=sys.stderr.isatty())
    service.warm()
    click.echo(f"Serving on http://{settings.host}:{settings.port} (Ctrl-C stops)", err=True)
    options = {
        "bind": f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "worker_class": "gthread",
        "threads": 8,
        "preload_app": True,
        "timeout": 60,
        "graceful_timeout": 15,
        "keepalive": 5,
        "limit_request_line": 8190,
        "loglevel": settings.log_level,
    }
    application: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    Server(application, service.engine, options).run()


@click.command("check")
@with_appcontext
def check() -> None:
    """Check settings and data: what is missing or late, and what to do about it."""
    service: Service = current_app.extensions["xiangyin"]
    settings = service.settings
    today = settings.now().date()
    problems = 0
    with service.sessions() as session:
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
        ("api_token", "the API trusts no sender as a resident"),
    ):
        if getattr(settings, name) is None:
            click.echo(f"{name:18} {'-':12} not set: {what}")
    click.echo("data: ok" if not problems else f"data: {problems} data sets are missing or late")


def _newest(session: Session) -> dict[str, tuple[Any, bool]]:
    rows = session.execute(select(Source.dataset, func.max(Source.as_of), func.max(Source.sample)).group_by(Source.dataset))
    return {dataset: (as_of, bool(sample)) for dataset, as_of, sample in rows}


@click.command("purge")
@with_appcontext
def purge() -> None:
    """Forget messages, conversations and unanswered questions older than the setting message_days."""
    service: Service = current_app.extensions["xiangyin"]
    now = service.settings.now()
    with service.sessions.begin() as session:
        memory.purge(session, now, service.settings.message_days)
    click.echo(f"forgotten: what is older than {service.settings.message_days} days", err=True)


COMMANDS = (serve, check, purge)
