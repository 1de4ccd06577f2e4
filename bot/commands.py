"""`flask ask`: one answer on the command line, or a chat. `flask unanswered`: what could not be answered."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext

from bot.messages import Address, Message, as_json
from knowledge import memory

if TYPE_CHECKING:
    from app import Service


@click.command("ask")
@click.argument("text", required=False)
@click.option("--village", help="A resident's village: its name or 12-digit code.")
@click.option("--sender", default="", help="A phone number; one of the residents' list is answered as that resident.")
@click.option("--json", "to_json", is_flag=True, help="Print the reply as JSON.")
@with_appcontext
def ask(text: str | None, village: str | None, sender: str, to_json: bool) -> None:
    """Ask one question, or chat where TEXT is missing.

    Whoever runs this holds the database, so --village is taken as proven.
    """
    service: Service = current_app.extensions["xiangyin"]
    if village and not service.places.get(village) and len(service.places.units(village)) != 1:
        named = "、".join(service.places.full_name(place.code) for place in service.places.units(village))
        raise click.UsageError(f"--village {village}: {'which one? ' + named if named else 'no such village'}")

    def answer(line: str) -> str:
        message = Message(
            Address("cli", sender or "terminal" if text is None else sender or "once"),
            line,
            service.settings.now(),
            village=village,
            resident=sender or None,
            operator=True,
        )
        reply = service.assistant.answer(message)
        return json.dumps(as_json(reply), ensure_ascii=False) if to_json else reply.text

    if text is not None:
        if not sender:
            with service.sessions.begin() as session:
                memory.forget(session, "cli:once")
        click.echo(answer(text))
        return
    click.echo("请输入问题，空行结束。", err=True)
    while line := click.prompt("问", default="", show_default=False, err=True):
        click.echo(answer(line))


@click.command("unanswered")
@click.option("--json", "to_json", is_flag=True)
@with_appcontext
def unanswered(to_json: bool) -> None:
    """What could not be answered, the most frequent first."""
    service: Service = current_app.extensions["xiangyin"]
    with service.sessions() as session:
        groups = memory.unanswered(session)
    if to_json:
        rows = [asdict(group) | {"last": group.last.isoformat()} for group in groups]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for group in groups:
        others = f"  （还有：{'；'.join(group.others[:3])}）" if group.others else ""
        click.echo(f"{group.count:5}  {group.reason:15}  {group.example}{others}")


COMMANDS = (ask, unanswered)
