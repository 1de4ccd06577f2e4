"""`flask announce compose` and `change`: what is written on the command line or in a file becomes a draft, or what to mend."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from channels.announcements import composing
from channels.announcements.composing import ComposingError
from channels.announcements.desk import Refused, acting, as_json, local, now, places_of, refusing, service
from knowledge.announcements import STATES, Draft, draft_of

_WRITTEN = (
    click.option("--file", "file", type=click.Path(path_type=Path, allow_dash=True), help="正文在这个文件里（- 是标准输入）。"),
    click.option("--place", "places", multiple=True, help="给哪里：地名或代码，可以写几个；不写是作者管的地方。"),
    click.option("--group", "groups", multiple=True, help="只发给这些组的人（flask announce group 建的）。"),
    click.option("--outlet", "outlets", multiple=True, help="走哪些渠道：speaker sms call wechat tv web；不写是全部。"),
    click.option("--from", "starts", help="从什么时候起：2026-11-28 07:00，或 07:00（今天）；不写是马上。"),
    click.option("--until", "ends", help="到什么时候止；不写是3天后，紧急的1天后。"),
    click.option("--category", help="类别，如 通知、农事、停水停电。"),
    click.option("--urgency", type=click.Choice(["routine", "emergency"]), help="普通（默认）或紧急。"),
    click.option("--short", help="给短信用的短文，正文太长时要写。"),
    click.option("--publisher", help="落款；不写按作者管的地方。"),
    click.option("--confirm/--no-confirm", default=None, help="请人收到后回1。"),
    click.option("--hours", "hours", multiple=True, help="大喇叭几点播，可以写几个；不写是 07:00、12:00、18:00。"),
    click.option("--replaces", type=int, metavar="N", help="播出时代替第 N 号。"),
)  # fmt: skip


def _described(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_WRITTEN):
        command = option(command)
    return command


@click.command("compose")
@click.argument("title")
@click.argument("text", required=False)
@_described
@acting
@as_json
@with_appcontext
def compose(title: str, text: str | None, file: Path | None, who: str, json_: bool, **written: Any) -> None:
    """写一份草稿，打印它的号。"""
    with refusing():
        given = {"title": composing.plain(title), **_read(text, file, written)}
        home = _home(who)
        given.setdefault("places", (home,))
        draft = Draft(**{"text": "", **composing.completed(given, now(), _publisher(home))})
        _checked(draft)
        number = service().announcements.compose(draft, who, now())
    _told(number, json_)


@click.command("change")
@click.argument("number", type=int)
@click.option("--title", help="新的标题。")
@click.option("--text", help="新的正文。")
@_described
@acting
@as_json
@with_appcontext
def change(
    number: int, title: str | None, text: str | None, file: Path | None, who: str, json_: bool, **written: Any
) -> None:
    """改第 NUMBER 号，还没播的才能改；改完要重新审核。没写的照旧。"""
    with refusing():
        given = _read(text, file, written) | ({"title": composing.plain(title)} if title is not None else {})
        if not given:
            raise Refused("没说改什么：请写上 --title、--text、--until 等要改的。")
        draft = replace(draft_of(service().announcements.get(number)), **given)
        _checked(draft)
        service().announcements.change(number, draft, who, now())
    _told(number, json_)


# --- what was written ------------------------------------------------------------------------------------------------


def _read(text: str | None, file: Path | None, written: dict[str, Any]) -> dict[str, Any]:
    """The fields that are given. Raises ComposingError for all that cannot be read, at once."""
    if text is not None and file is not None:
        raise ComposingError(["正文写了两次：直接写，或用 --file，只要一个。"])
    if file is not None:
        text = _content(file)
    given: dict[str, Any] = {} if text is None else {"text": composing.plain(text)}
    written = {name: _several(value) if isinstance(value, tuple) else value for name, value in written.items()}
    readers: dict[str, Callable[[Any], Any]] = {
        "places": lambda names: composing.within(_each(names, lambda name: composing.place(name, service().places))),
        "outlets": lambda names: tuple(dict.fromkeys(map(composing.outlet, names))),
        "hours": lambda hours: tuple(sorted(set(map(composing.hour, hours)))),
        "starts": lambda moment: composing.moment(moment, now()),
        "ends": lambda moment: composing.moment(moment, now(), end=True),
        "short": composing.plain,
        "publisher": composing.plain,
        "category": composing.plain,
    }
    wrong: list[str] = []
    for name, value in written.items():
        if value in (None, ()):
            continue
        try:
            given[name] = readers.get(name, lambda as_it_is: as_it_is)(value)
        except ComposingError as error:
            wrong += error.problems
    if wrong:
        raise ComposingError(wrong)
    return given


def _several(values: tuple[str, ...]) -> tuple[str, ...]:
    """Values that were written one by one, or several in one with commas."""
    return tuple(part for value in values for part in re.split(r"\s*[,，、]\s*", value.strip()) if part)


def _each(names: tuple[str, ...], read: Callable[[str], str]) -> list[str]:
    found: list[str] = []
    wrong: list[str] = []
    for name in names:
        try:
            found.append(read(name))
        except ComposingError as error:
            wrong += error.problems
    if wrong:
        raise ComposingError(wrong)
    return found


def _content(file: Path) -> str:
    """The text of a file, as UTF-8 or as the GB 18030 of older editors."""
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise ComposingError([f"读不了文件 {file}：{error.strerror}。"]) from None
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ComposingError([f"文件 {file} 不是文字：请存成 UTF-8 的文本文件。"])


def _home(who: str) -> str:
    """The place of a member of staff; that of the county where they are none, which composing refuses."""
    return next((each.place for each in service().team.all() if each.name == who), service().places.county.code)


def _publisher(code: str) -> str:
    place = service().places.get(code)
    return composing.publisher(place, service().places) if place else ""


def _checked(draft: Draft) -> None:
    """Raises ComposingError for what has to be mended; says what is doubtful."""
    known = service().groups.all()
    found = composing.problems(draft, lambda text: service().price("sms", "", text)[0], now(), known)
    if found:
        raise ComposingError(found)
    for doubt in composing.doubts(draft):
        click.echo(f"注意：{doubt}", err=True)


def _told(number: int, json_: bool) -> None:
    row = service().announcements.get(number)
    if json_:
        click.echo(json.dumps({"number": number, "identifier": row.identifier, "state": row.state}))
        return
    click.echo(
        f"第{number}号{STATES[row.state]}：{row.title}（{places_of(row.places)}，{local(row.starts)} 至 {local(row.ends)}）"
    )
    next_step = f"flask announce preview {number} 预览，再请审核人 flask announce approve {number} --as 审核人"
    if row.urgency == "emergency":
        next_step += f"；等不及就 flask announce release {number} --as {row.author} 先播后审"
    click.echo(f"接着：{next_step}。", err=True)


COMMANDS = (compose, change)
