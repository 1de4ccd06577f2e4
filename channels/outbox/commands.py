"""`flask worker`: announcements, and what waits in the outbox. `flask outbox`: what waits, what it cost or would cost."""

from __future__ import annotations

import logging
import signal
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext

from channels.outbox.worker import Worker
from channels.sms.prices import cost as cost_of

if TYPE_CHECKING:
    from app import Service

#: Failures that the same message may survive later: those of the gateway, not of the number or the receiver's wish.
PASSING = ("throttled", "failed", "unknown", "unreachable", "auth", "url", "modem_database", "SendingError", "Error")


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Carry announcements on, send what waits in the outbox, serve the modem. Several may run, on several machines too."""
    service: Service = current_app.extensions["xiangyin"]
    logging.basicConfig(
        level=service.settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    senders = service.senders()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    workers = [Worker(service.outbox, sender, service.settings.now) for sender in senders]
    threads = [Thread(target=each.run, args=(stop,), name="outbox") for each in workers]
    threads.append(Thread(target=service.workflow().run, args=(stop,), name="announcements"))
    threads.append(Thread(target=service.watch().run, args=(stop,), name="loudspeakers"))
    for thread in threads:
        thread.start()
    doing = f"Sending by {', '.join(sender.name for sender in senders)}"
    if not senders:
        doing = "No gateway is set up: nobody is sent anything; set kannel_send_url or gammu_database_url"
    click.echo(f"{doing} (Ctrl-C stops)", err=True)
    for thread in threads:
        thread.join()


@click.group("outbox", invoke_without_command=True)
@click.option("--days", default=30, show_default=True, help="So far back.")
@click.pass_context
@with_appcontext
def outbox(context: click.Context, days: int) -> None:
    """What went out or waits, by channel and state: messages, their parts, what they cost."""
    if context.invoked_subcommand:
        return
    service: Service = current_app.extensions["xiangyin"]
    totals = service.outbox.totals(service.settings.now() - timedelta(days=days))
    for total in totals:
        click.echo(
            f"{total.channel:10} {total.state:10} {total.messages:8} messages {total.segments:8} parts {total.cost:10.2f} yuan"
        )
    click.echo(
        f"uncertain: {sum(total.uncertain for total in totals)} times a message was sent again that may have come"
    )


@outbox.command("cost")
@click.argument("text")
@click.option("--to", "address", default="", help="The number that it goes to, where prices differ.")
@click.option("--people", default=1, show_default=True, help="To so many people.")
@with_appcontext
def cost(text: str, address: str, people: int) -> None:
    """What it costs to send TEXT, before it is sent."""
    service: Service = current_app.extensions["xiangyin"]
    parts, price = cost_of(service.settings.sms_prices, address, text)
    known = f"{price * people:.2f} yuan" if price is not None else "set sms_prices to know the price"
    click.echo(f"{people} x {parts} parts = {people * parts}: {known}")


@outbox.command("retry")
@with_appcontext
def retry() -> None:
    """Queue again what failed because of its gateway."""
    service: Service = current_app.extensions["xiangyin"]
    count = service.outbox.retry(service.settings.now(), PASSING)
    click.echo(f"{count} messages are queued again", err=True)


COMMANDS = (worker, outbox)
