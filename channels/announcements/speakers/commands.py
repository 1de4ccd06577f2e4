"""`flask speaker`: the county's loudspeakers, and the ways to them that are a stream."""

from __future__ import annotations

import logging
import signal
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext

from channels.announcements.speakers.casting import Cast
from channels.announcements.speakers.rtp import Group
from channels.announcements.speakers.rtp import run as run_rtp

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


@speaker.command("cast")
@click.argument("villages", nargs=-1)
@with_appcontext
def cast(villages: tuple[str, ...]) -> None:
    """Stream to Icecast, one mount /CODE.mp3 for each of the VILLAGES; without them, those that have loudspeakers."""
    service = _service()
    url = service.settings.icecast_url
    if url is None or not url.get_secret_value():
        raise click.ClickException("set icecast_url (XIANGYIN_ICECAST_URL) first: http://source:PASSWORD@HOST:8000")
    codes = {village(service, named) for named in villages} or {each.place for each in service.speakers.all()}
    if not codes:
        raise click.UsageError("name the VILLAGES, or add their loudspeakers by `flask speaker add`")
    places = [(code, service.places.full_name(code)) for code in sorted(codes)]
    made = Cast(url.get_secret_value(), places, service.speakers, service.booth, service.settings.now)
    stop = _stop(service)
    click.echo(f"Streaming {len(places)} mounts (Ctrl-C stops)", err=True)
    made.run(stop)


@speaker.command("rtp")
@click.option(
    "--group", required=True, metavar="ADDRESS:PORT", help="Such as 239.1.2.3:5004: multicast, or one receiver."
)
@click.option("--place", required=True, help="The village, by name or 12-digit code.")
@click.option("--ttl", default=1, show_default=True, type=click.IntRange(1, 255), help="So many routers it may pass.")
@click.option("--source", default="", help="The address of the network card to send by.")
@with_appcontext
def rtp(group: str, place: str, ttl: int, source: str) -> None:
    """Send what a village hears as RTP (MP3, payload type 14), and print the SDP that receivers are set up with."""
    service = _service()
    code = village(service, place)
    try:
        target = Group.of(group, ttl, source)
    except ValueError as error:
        raise click.UsageError(f"--group {error}") from None
    stop = _stop(service)
    click.echo(target.sdp(service.places.full_name(code)), nl=False)
    click.echo(f"Sending to {group} (Ctrl-C stops)", err=True)
    try:
        run_rtp(target, code, service.speakers, service.booth, service.settings.now, stop)
    except OSError as error:
        raise click.ClickException(
            f"{group}: {error.strerror or error}: check the route, or name a card by --source"
        ) from None


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


def _stop(service: Service) -> Event:
    """Set by Ctrl-C or SIGTERM; what happens meanwhile is logged."""
    level = service.settings.log_level.upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _service() -> Service:
    service: Service = current_app.extensions["xiangyin"]
    return service


COMMANDS = (speaker,)
