"""`flask tv teletext`: the magazine as teletext for a head-end, as a T42 or DVB stream or a folder of TTI files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext

from channels.tv.loop import schedule
from channels.tv.loop.commands import code_of
from channels.tv.pages import LayoutError
from channels.tv.teletext import dvb, service, t42, tti

if TYPE_CHECKING:
    from app import Service


@click.command("teletext")
@click.argument("place")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="FILE.t42, FILE.ts (DVB teletext), or a folder for TTI files.",
)
@with_appcontext
def teletext(place: str, out: Path) -> None:
    """Write the pages of a PLACE (name or code of county, town or village) as teletext of Level 2.5."""
    running: Service = current_app.extensions["xiangyin"]
    found = schedule.pages_of(running.magazine, code_of(running, place))
    if not found:
        raise click.ClickException("there is no page to show: import data first, or start with `flask serve --demo`")
    try:
        sheets = service.sheets(found)
        if out.suffix.lower() == ".t42":
            out.write_bytes(b"".join(t42.stream(sheets)))
        elif out.suffix.lower() == ".ts":
            out.write_bytes(b"".join(dvb.transport(t42.stream(sheets))))
        else:
            out.mkdir(parents=True, exist_ok=True)
            for name, content in tti.files(sheets).items():
                (out / name).write_bytes(content)
    except LayoutError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{out}: {error.strerror}: choose a place that can be written") from None
    click.echo(f"{out}: {len(found)} pages, {len(sheets)} teletext pages with their tables", err=True)
