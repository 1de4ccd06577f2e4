"""`flask tv`: the carousel as files, a page in the terminal, the key of a village's box."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from channels.tv import boxes, png, text
from channels.tv.export import export as export_to
from channels.tv.loop.commands import loop
from channels.tv.teletext.commands import teletext

if TYPE_CHECKING:
    from app import Service


@click.group("tv")
def tv() -> None:
    """The television: its pages as files, in the terminal, and the keys of its boxes."""


@tv.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--size", type=click.Choice(list(png.SIZES)), default=png.HD.name, show_default=True)
@click.option("--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Processes; one a core.")
@with_appcontext
def export(folder: Path, size: str, jobs: int) -> None:
    """Write every page as HTML, JSON, PNG and TTI with checksums; only what changed is made again. Ctrl-C is no harm."""
    service: Service = current_app.extensions["xiangyin"]
    columns = (TextColumn("pages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None)
        try:
            result = export_to(
                service.magazine,
                folder,
                png.SIZES[size],
                jobs,
                in_child=lambda: service.engine.dispose(close=False),
                progress=lambda done, of: bar.update(task, completed=done, total=of),
            )
        except KeyboardInterrupt:
            raise click.ClickException("stopped; call it again to go on from here") from None
        except OSError as error:
            raise click.ClickException(f"{folder}: {error.strerror}: choose a folder that can be written") from None
    click.echo(f"{result.pages} pages, {result.made} made, {result.files} files in {folder}", err=True)


@tv.command("page")
@click.argument("number", type=int)
@click.option("--plain", is_flag=True, help="Without colours.")
@with_appcontext
def page(number: int, plain: bool) -> None:
    """Show a page in the terminal."""
    service: Service = current_app.extensions["xiangyin"]
    found = service.magazine.page(number)
    if found is None:
        raise click.ClickException(f"there is no page {number}; 100 is the index")
    click.echo(text.plain(found) if plain else text.ansi(found))


@tv.command("box")
@click.argument("village")
@with_appcontext
def box(village: str) -> None:
    """Print the address that binds a box to a VILLAGE (name or code), so that it shows what only residents may see."""
    service: Service = current_app.extensions["xiangyin"]
    token = service.settings.tv_token
    if token is None or not token.get_secret_value():
        raise click.ClickException("set tv_token (XIANGYIN_TV_TOKEN) first: the key is made from it")
    found = [place for place in (service.places.get(village),) if place] or service.places.units(village)
    if len(found) != 1:
        names = "、".join(service.places.full_name(place.code) for place in found)
        raise click.UsageError(f"VILLAGE {village}: {f'which one? {names}' if names else 'no such village'}")
    click.echo(f"{service.settings.own_url}/tv/?box={boxes.key(token, found[0].code)}")


tv.add_command(loop)
tv.add_command(teletext)

COMMANDS = (tv,)
