"""`flask tv loop`: the information channel for a head-end, as a file or live by UDP."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from channels.base.refusals import RefusedError
from channels.tv.loop import broadcast, name, pieces, udp
from channels.tv.loop.broadcast import Moment, NothingToShowError
from channels.tv.loop.coding import HD, KINDS, CodingError

if TYPE_CHECKING:
    from app import Service


@click.command("loop")
@click.argument("place")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False),
    help="The file; - is standard output; udp://HOST:PORT sends it live, also to a multicast group.",
)
@click.option("--seconds", type=click.IntRange(1), help="How long it is to be; else one whole round, live without end.")
@click.option(
    "--kind", type=click.Choice(list(KINDS)), default=HD.name, show_default=True, help="H.264 720p, or MPEG-2 SD."
)
@click.option("--silent", is_flag=True, help="Without speech.")
@with_appcontext
def loop(place: str, out: str, seconds: int | None, kind: str, silent: bool) -> None:
    """Write the information channel of a PLACE (name or code of county, town or village) as an MPEG transport stream."""
    service: Service = current_app.extensions["xiangyin"]
    code = code_of(service, place)
    written = 0
    try:
        made = broadcast(service, code, KINDS[kind], _silent if silent else None)
        if to := udp.address(out):
            live = islice(made.live(service.settings.now), seconds)
            written = udp.send(pieces(service, code, live, KINDS[kind]), to, KINDS[kind].rate)
        else:
            with click.open_file(out, "wb") as file, _progress() as progress:
                moments = made.round() if seconds is None else islice(made.rounds(), seconds)
                for piece in pieces(service, code, progress(moments, seconds), KINDS[kind]):
                    written += len(piece)
                    file.write(piece)
    except KeyboardInterrupt:
        raise click.ClickException("stopped; what was written until then can be played") from None
    except NothingToShowError:
        raise click.ClickException(
            "there is no page to show: import data first, or start with `flask serve --demo`"
        ) from None
    except (CodingError, RefusedError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"{out}: {error.strerror}: choose a file that can be written, or udp://HOST:PORT"
        ) from None
    length = round(written * 8 / KINDS[kind].rate)
    click.echo(f"{out}: {name(service, code)}, {length} s, {written} bytes", err=True)


def _silent(text: str) -> None:
    """The voice of who wants none."""


def code_of(service: Service, place: str) -> str:
    """The division code of a place by its code or name."""
    county = service.places.county
    named = {county.name: county, county.code: county}
    one = named.get(place) or service.places.get(place) or service.places.town(place)
    found = [one] if one else service.places.units(place)
    if len(found) != 1:
        names = "、".join(f"{service.places.full_name(each.code)} {each.code}" for each in found)
        raise click.UsageError(f"PLACE {place}: {f'which one? {names}' if names else 'no such place'}")
    return found[0].code


Shown = Callable[[Iterator[Moment], int | None], Iterator[Moment]]


@contextmanager
def _progress() -> Iterator[Shown]:
    """Passes moments on, and shows on a terminal how far they are: seconds, or screens of a round."""
    columns = (TextColumn("loop"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=None)

        def passed(moments: Iterator[Moment], seconds: int | None) -> Iterator[Moment]:
            for second, moment in enumerate(moments, 1):
                done, total = (second, seconds) if seconds else (moment.at + 1, moment.of)
                bar.update(task, completed=done, total=total)
                yield moment

        yield passed
