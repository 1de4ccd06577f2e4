"""`flask speaker`: the county's loudspeakers, and the ways to them that are a stream."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext

if TYPE_CHECKING:
    from app import Service


@click.group("speaker")
def speaker() -> None:
    """The loudspeakers: their tokens, whether they are heard of, streams for them."""


@speaker.command("add")
@click.argument("name")
@click.option("--place", required=True, help="The village, by name or 12-digit code.")
@with_appcontext
def add(name: str, place: str) -> None:
    """Expect reports from a loudspeaker NAME, and print the token that it reports with: only now."""
    service = _service()
    if not 0 < len(name.strip()) <= 40:
        raise click.UsageError("NAME: 1 to 40 characters")
    code = village(service, place)
    token = service.speakers.add(name.strip(), code, service.settings.now())
    if token is None:
        raise click.ClickException(f"there is a loudspeaker {name} already: choose another name, or remove it first")
    click.echo(token)
    click.echo(f"it pulls  {service.settings.own_url}/speakers/{code}/playlist.json (or .m3u)", err=True)
    click.echo(
        f"reports   POST {service.settings.own_url}/speakers/{code}/report, Authorization: Bearer TOKEN", err=True
    )


@speaker.command("list")
@click.option("--silent", is_flag=True, help="Only those that are not heard of.")
@with_appcontext
def listing(silent: bool) -> None:
    """The loudspeakers, when each was last heard of, and what it told of itself."""
    service = _service()
    now, limit = service.settings.now(), timedelta(minutes=service.settings.speaker_silent_minutes)
    missing = {each.name for each in service.speakers.silent(now, limit)}
    for each in service.speakers.all():
        if silent and each.name not in missing:
            continue
        seen = f"{each.seen.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S}" if each.seen else "never"
        about = " ".join(f"{name}={value}" for name, value in each.about.items())
        state = "SILENT" if each.name in missing else "ok"
        place = service.places.full_name(each.place)
        click.echo(f"{each.name}\t{each.place}\t{place}\t{seen}\t{state}\t{about}".rstrip())


@speaker.command("remove")
@click.argument("name")
@with_appcontext
def remove(name: str) -> None:
    """Expect nothing more from a loudspeaker; its token is void, what it played stays told."""
    if not _service().speakers.remove(name):
        raise click.ClickException(f"there is no loudspeaker {name}; `flask speaker list` names them")
    click.echo(f"{name} is removed", err=True)


def village(service: Service, named: str) -> str:
    """The code of a village by its name or code. Raises UsageError where it is not one."""
    known = service.places.get(named)
    found = [known] if known else list(service.places.units(named))
    found = [place for place in found if len(place.code) == 12]
    if len(found) != 1:
        names = "、".join(service.places.full_name(place.code) for place in found)
        raise click.UsageError(
            f"{named}: {f'which one? {names}' if names else 'no such village; use its 12-digit code'}"
        )
    return found[0].code


def _service() -> Service:
    service: Service = current_app.extensions["xiangyin"]
    return service


COMMANDS = (speaker,)
