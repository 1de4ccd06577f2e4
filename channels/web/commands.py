"""`flask qr`: the QR code that opens the web chat in one village."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import segno
from flask import current_app
from flask.cli import with_appcontext

from channels.base.reading import village as code_of
from channels.base.refusals import RefusedError

if TYPE_CHECKING:
    from app import Service

#: The pixels or units of one module, and the quiet zone around the code in modules, as ISO/IEC 18004 asks.
SCALE, QUIET = 12, 4


@click.command("qr")
@click.argument("village")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A .png or .svg file."
)
@with_appcontext
def qr(village: str, out: Path) -> None:
    """Write the QR code that opens the web chat in VILLAGE (its name or 12-digit code), to be printed and put up."""
    service: Service = current_app.extensions["xiangyin"]
    kind = out.suffix.lower().lstrip(".")
    if kind not in ("png", "svg"):
        raise click.UsageError(f"-o {out}: name a .png or an .svg file")
    if not service.settings.public_url:
        raise click.UsageError("set public_url (XIANGYIN_PUBLIC_URL) first: it is the address that the code opens")
    try:
        code = code_of(service.places, village)
    except RefusedError as refusal:
        raise click.UsageError(f"{village}: {refusal.english} {refusal.chinese}") from None
    if code is None:
        raise click.UsageError("name a village")
    url = f"{service.settings.own_url}/?village={code}"
    made = segno.make(url, error="q", micro=False)
    try:
        made.save(str(out), kind=kind, scale=SCALE, border=QUIET)
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror}") from None
    click.echo(f"{service.places.full_name(code)}: {url} -> {out}")


COMMANDS = (qr,)
