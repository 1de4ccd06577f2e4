"""`flask announce preview`: how an announcement sounds, what it costs, how it looks, before anybody hears of it. Reads only."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from channels.announcements import composing, wording
from channels.announcements.composing import OUTLETS, PERSONAL
from channels.announcements.desk import Refused, as_json, places_of, refusing, service
from channels.announcements.speakers.booth import SilentError
from channels.tv import text as page_text
from knowledge.announcements import STATES

if TYPE_CHECKING:
    from knowledge.announcements.tables import Announcement

#: Characters that people read in more than one way every day: how they are read here is worth a look.
_POLYPHONES = frozenset(
    "长重行还占地得为乐调种差降数率参朝传当倒发干供会几间将角觉量强曲任散舍相应扎中转校薄血藏盛称处落"
)


@click.command("preview")
@click.argument("number", type=int)
@click.option(
    "-o", "--play", "out", type=click.Path(dir_okay=False, path_type=Path), help="把大喇叭的录音写成这个 MP3。"
)
@click.option("--pinyin", is_flag=True, help="全文的拼音（不写就只标多音字）。")
@as_json
@with_appcontext
def preview(number: int, out: Path | None, pinyin: bool, json_: bool) -> None:
    """第 NUMBER 号在各个渠道是什么样：念法和时长、短信几条多少钱、电视页面、微信多长。不播也不存。"""
    with refusing():
        row = service().announcements.get(number)
        about = _about(row, out)
    if json_:
        click.echo(json.dumps(about, ensure_ascii=False))
        return
    click.echo(f"第{number}号{STATES[row.state]}：{row.title}（给{places_of(row.places)}）")
    for doubt in composing.doubts(row):
        click.echo(f"注意：{doubt}")
    if "spoken" in about:
        _heard(about["spoken"], pinyin)
    for channel in PERSONAL:
        if channel in about["people"]:
            _sent(channel, about["people"][channel])
    if about["nobody"]:
        click.echo(
            f"— 联系不上 —\n  {about['nobody']}个号码没有能用的渠道（没订、退订了，或没接网关），播完会列进 missed。"
        )
    if "page" in about:
        page = service().announcement_page(row)
        click.echo(f"— 电视 —\n{page_text.ansi(page) if sys.stdout.isatty() else page_text.plain(page)}")


def _about(row: Announcement, out: Path | None) -> dict[str, Any]:
    """The preview, as it is printed and handed to scripts."""
    about: dict[str, Any] = {"number": row.id, "title": row.title, "state": row.state}
    if {"speaker", "call"} & set(row.outlets) or out:
        about["spoken"] = _spoken(row, out)
    flow = service().workflow()
    with _progress() as told:
        reach = service().audience.reach(row.id, flow.channels or PERSONAL, flow.shape, told)
    about["people"] = {}
    for channel in (name for name in PERSONAL if name in row.outlets):
        text, parts, _ = flow.shape(row, channel, "")
        cost = reach.cost.get(channel, Decimal(0))
        about["people"][channel] = {
            **{"people": reach.people.get(channel, 0), "parts": parts, "messages": reach.segments.get(channel, 0)},
            **{"cost": None if cost is None else f"{cost:.2f}", "bytes": len(text.encode()), "text": text},
            "set_up": channel in flow.channels,
        }
    about["nobody"] = reach.nobody
    if {"tv", "web"} & set(row.outlets):
        about["page"] = page_text.plain(service().announcement_page(row))
    return about


def _spoken(row: Announcement, out: Path | None) -> dict[str, Any]:
    text = wording.spoken(row)
    try:
        said, pinyin = service().pronounced(text)
        made = service().booth.make(row)
    except SilentError as error:
        raise Refused(f"念不出来：{error}。请换个写法，或看看 flask check 里的声音。") from None
    if out:
        try:
            out.write_bytes(made.file.read_bytes())
        except OSError as error:
            raise Refused(f"写不了文件 {out}：{error.strerror}。请换个地方。") from None
    unsure = {
        hanzi: reading
        for run in re.findall(r"[一-鿿]+", said)
        for hanzi, reading in zip(run, service().pronounced(run)[1].split(), strict=False)
        if hanzi in _POLYPHONES
    }
    return {"said": said, "pinyin": pinyin, "unsure": unsure, "seconds": round(made.seconds, 1)}


def _heard(spoken: dict[str, Any], pinyin: bool) -> None:
    click.echo(f"— 大喇叭和电话，{spoken['seconds']}秒（提示音、念两遍、落款）—\n  {spoken['said']}")
    if pinyin:
        click.echo(f"  {spoken['pinyin']}")
    elif spoken["unsure"]:
        click.echo(f"  多音字：{'、'.join(f'{hanzi} {reading}' for hanzi, reading in spoken['unsure'].items())}")


def _sent(channel: str, about: dict[str, Any]) -> None:
    size = {"sms": f"每人{about['parts']}条", "wechat": f"{about['bytes']}字节"}.get(channel, "每人一次")
    click.echo(f"— {OUTLETS[channel]}，{about['people']}人，{size} —")
    if channel == "sms":
        price = f"{about['cost']}元" if about["cost"] is not None else "多少钱不知道：请设短信单价 sms_prices"
        click.echo(f"  一共{about['messages']}条，{price}")
    if not about["set_up"]:
        click.echo("  注意：这个渠道没有接上，现在发不出去（见 flask check）。")
    if channel != "call":
        click.echo("\n".join(f"  {line}" for line in about["text"].splitlines()))


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """A count on a terminal, nothing elsewhere."""
    columns = (TextColumn("在数人"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda looked: bar.update(task, completed=looked)


COMMANDS = (preview,)
