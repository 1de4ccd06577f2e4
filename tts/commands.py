"""`flask speak TEXT -o FILE`: a text as a finished programme, or as it is said."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from tts.programme import Layout, Progress
from tts.pronounce import UnreadableError
from tts.sound import FORMATS, SoundError
from tts.speakable import speakable
from tts.voices import VOICES, VoiceError

if TYPE_CHECKING:
    from app import Service


@click.command("speak")
@click.argument("text")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; without it only the words."
)
@click.option("--voice", type=click.Choice(list(VOICES)), help="Another voice than the setting `voice`.")
@click.option("--slow", is_flag=True, help="For listeners who need time.")
@click.option(
    "--format", "name", type=click.Choice(list(FORMATS)), help="Of the file; its ending decides if not given."
)
@click.option("--sender", default="", help="Who says it: signs the programme.")
@click.option("--plain", is_flag=True, help="The text once, without chime.")
@with_appcontext
def speak(
    text: str, out: Path | None, voice: str | None, slow: bool, name: str | None, sender: str, plain: bool
) -> None:
    """Speak TEXT (- reads it from standard input) into a file: MP3, AMR, WAV or MP2. Without -o: print what is said."""
    service: Service = current_app.extensions["xiangyin"]
    text = sys.stdin.read() if text == "-" else text
    if out is None:
        click.echo(speakable(text))
        return
    name = name or out.suffix.removeprefix(".").lower()
    if name not in FORMATS:
        raise click.UsageError(f"{out}: which format? End it in .{', .'.join(FORMATS)}, or name one by --format")
    try:
        with _progress() as progress:
            made = service.studio(voice).make(
                text,
                sender=sender,
                name=name,
                slow=slow,
                layout=Layout(chime=False, repeats=1) if plain else None,
                progress=progress,
            )
        out.write_bytes(made.file.read_bytes())
    except (VoiceError, SoundError, UnreadableError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{out}: cannot be written: {error.strerror}") from None
    click.echo(f"{out}: {made.seconds:.1f} s, {made.syllables} syllables, {name}", err=True)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("speaking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("speaking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


COMMANDS = (speak,)
