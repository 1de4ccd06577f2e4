"""`flask import`: departments' exports go in. `flask quarantine`: the rows that were not taken, and another try at them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.cells import set_cell_size
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from knowledge.imports import Progress, Summary, import_paths, retry
from knowledge.imports.mapping import MappingError
from knowledge.tables import DATASETS, Quarantined

if TYPE_CHECKING:
    from app import Service

INTERRUPTED = 130  # what a shell says of a program stopped by Ctrl-C
HEADINGS = ("数据", "读到", "存入", "没变", "隔离")


class ImportFailed(click.ClickException):
    """Nothing could be imported at all; 1 stays the exit code of single files that were not taken."""

    exit_code = 2


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "to_json", is_flag=True, help="Print the summary as JSON.")
@with_appcontext
def import_command(paths: tuple[Path, ...], to_json: bool) -> None:
    """Import files, folders or a whole platform export.

    Exits with 1 if a file could not be read or was refused; bad rows alone go to quarantine.
    """
    service: Service = current_app.extensions["xiangyin"]
    _run(
        lambda progress: import_paths(service.engine, paths, service.settings.now(), progress, service.places), to_json
    )


@click.group("quarantine", invoke_without_command=True)
@click.option("--json", "to_json", is_flag=True, help="Print the rows as JSON.")
@click.pass_context
@with_appcontext
def quarantine(context: click.Context, to_json: bool) -> None:
    """The rows that were not taken, with file, row and reason."""
    if context.invoked_subcommand:
        return
    service: Service = current_app.extensions["xiangyin"]
    order = (Quarantined.root, Quarantined.file, Quarantined.sheet, Quarantined.row)
    with service.sessions() as session:
        found = session.scalars(select(Quarantined).order_by(*order)).all()
    if to_json:
        rows = [{"file": q.file, "sheet": q.sheet, "row": q.row, "reason": q.reason, "raw": q.raw} for q in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in found:
        where = f"{row.file}〔{row.sheet}〕" if row.sheet else row.file
        click.echo(f"{where} 第{row.row}行：{row.reason}")
    click.echo(
        f"共{len(found)}行。改好文件或对照表后，用 flask quarantine retry 重收。" if found else "没有被隔离的行。"
    )


@quarantine.command("retry")
@click.option("--json", "to_json", is_flag=True, help="Print the summary as JSON.")
@with_appcontext
def retry_command(to_json: bool) -> None:
    """Read the files again that have rows in quarantine, after a mapping or a file was mended."""
    service: Service = current_app.extensions["xiangyin"]
    _run(lambda progress: retry(service.engine, service.settings.now(), progress, service.places), to_json)


def _run(work: Callable[[Progress], Summary], to_json: bool) -> None:
    service: Service = current_app.extensions["xiangyin"]
    try:
        service.sessions()  # creates and migrates an empty database
        with _progress() as progress:
            summary = work(progress)
    except KeyboardInterrupt:
        click.echo("已中断，数据没有改动，和导入前一样。", err=True)
        sys.exit(INTERRUPTED)
    except MappingError as error:
        raise ImportFailed(f"{error}；改好这个对照表再导") from None
    except OperationalError as error:
        raise ImportFailed(f"数据库用不了（{error.orig}），数据没有改动；是不是另一个导入还没完？") from None
    click.echo(json.dumps(summary.as_json(), ensure_ascii=False) if to_json else _told(summary))
    for file, reason in summary.errors:
        click.echo(f"没有收 {file}：{reason}", err=True)
    if summary.errors:
        sys.exit(1)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Tells which file is being read, on stderr: a bar on a terminal, a line a file elsewhere."""
    if not sys.stderr.isatty():
        yield lambda file, number, total: click.echo(f"[{number}/{total}] {file}", err=True)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda file, number, total: bar.update(task, total=total, completed=number - 1, description=file)


def _told(summary: Summary) -> str:
    """The summary as a table for people; a hanzi is two columns wide."""
    if not summary.datasets:
        return "没有导入任何数据。"
    rows = [
        (DATASETS[name].label, f"{c.read}", f"{c.stored}", f"{c.unchanged}", f"{c.quarantined}")
        for name, c in sorted(summary.datasets.items())
    ]
    lines = [
        set_cell_size(first, 20) + "".join(set_cell_size("", max(8 - _width(cell), 1)) + cell for cell in rest)
        for first, *rest in (HEADINGS, *rows)
    ]
    if any(c.quarantined for c in summary.datasets.values()):
        lines.append("隔离的行和原因：flask quarantine")
    return "\n".join(lines)


def _width(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)


COMMANDS = (import_command, quarantine)
