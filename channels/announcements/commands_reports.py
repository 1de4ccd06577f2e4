"""`flask announce status`: how far an announcement has come. `flask announce missed`: at whose doors to knock."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from channels.announcements import composing
from channels.announcements.composing import OUTLETS
from channels.announcements.desk import Refused, as_json, local, places_of, refusing, service
from knowledge.announcements import STATES

_MESSAGE = {"queued": "在等", "sending": "正在发", "sent": "已发出", "delivered": "已送到", "failed": "没送到"}

_DONE = {
    **{"composed": "起草", "changed": "修改", "approved": "审核通过", "rejected": "退回", "released": "紧急先播"},
    **{"started": "开始播发", "done": "到期结束", "missed": "过期了也没播", "withdrawn": "撤回", "superseded": "被新的代替"},
}  # fmt: skip

#: Nothing comes after these.
_OVER = ("done", "withdrawn", "superseded")

#: More than this are in a file, not on the screen.
SHOWN = 10_000


@click.command("status")
@click.argument("number", type=int)
@click.option("--watch", is_flag=True, help="一直看着，到发完为止；Ctrl-C 不看了。")
@click.option("--interval", default=1.0, show_default=True, help="隔几秒看一次。")
@as_json
@with_appcontext
def status(number: int, watch: bool, interval: float, json_: bool) -> None:
    """第 NUMBER 号播到哪里了。"""
    with refusing():
        if watch and not json_:
            try:
                _watched(number, interval)
            except KeyboardInterrupt:
                click.echo("不看了；播发照常进行。", err=True)
        about = _about(number)
    if json_:
        click.echo(json.dumps(about, ensure_ascii=False))
        return
    urgent = "，紧急" if about["urgency"] == "emergency" else ""
    click.echo(f"第{number}号 {about['title']}：{STATES[about['state']]}{urgent}")
    click.echo(f"  给{places_of(about['places'])}{''.join(f'、{group}组' for group in about['groups'])}；", nl=False)
    click.echo(f"走{'、'.join(OUTLETS.get(name, name) for name in about['outlets'])}")
    click.echo(f"  {about['from']} 至 {about['until']}；应通知{about['people']}个号码")
    for channel, found in groupby(about["deliveries"], key=lambda each: each["channel"]):
        counts = "，".join(f"{_MESSAGE[each['state']]} {each['messages']}" for each in found)
        click.echo(f"  {OUTLETS.get(channel, channel)}：{counts}")
    click.echo(f"  回执{about['confirmed']}人，重听{about['heard']}人，大喇叭播了{about['played']}次，", nl=False)
    click.echo(f"花费{about['cost']}元")
    for speaker in about["unplayed"]:
        click.echo(f"  大喇叭没播：{speaker['speaker']}（{places_of([speaker['place']])}），请派人去看")
    for event in about["trace"]:
        detail = f"：{event['detail']}" if event["detail"] else ""
        click.echo(f"  {event['at']}  {event['who'] or '系统'}{_DONE.get(event['what'], event['what'])}{detail}")


def _about(number: int) -> dict[str, Any]:
    """How far an announcement has come, as it is printed and handed to scripts. Moments are local."""
    row, progress = service().announcements.get(number), service().audience.progress(number)
    deliveries = [
        {"channel": channel, "state": state, "messages": count}
        for (channel, state), count in sorted(progress.deliveries.items())
    ]
    trace = service().announcements.trace(number)
    unplayed = service().speakers.unplayed(number, service().settings.now())
    return {
        **{"number": number, "identifier": row.identifier, "title": row.title, "state": row.state},
        **{"urgency": row.urgency, "places": row.places, "groups": row.groups, "outlets": row.outlets},
        **{"author": row.author, "approver": row.approver, "from": local(row.starts), "until": local(row.ends)},
        **{"people": service().audience.size(number), "queued_for_all": row.spread, "deliveries": deliveries},
        **{"confirmed": progress.confirmed, "heard": progress.heard, "played": progress.played},
        **{"cost": f"{progress.cost:.2f}"},
        "unplayed": [{"speaker": speaker.name, "place": speaker.place} for speaker in unplayed],
        "trace": [
            {"at": local(event.at), "who": event.who, "what": event.what, "detail": event.detail} for event in trace
        ],
    }


def _watched(number: int, interval: float) -> None:
    """Show how far it has come until there is nothing more to come."""
    people, told = service().audience.size(number), ""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=people or None)
        while True:
            row = service().announcements.get(number)
            counts = Counter[str]()
            for (_, state), count in service().audience.progress(number).deliveries.items():
                counts[state] += count
            words = "，".join(f"{_MESSAGE[state]} {counts[state]}" for state in _MESSAGE if counts[state])
            line = f"{STATES[row.state]} {words}".strip()
            bar.update(
                task, description=line, completed=sum(counts[state] for state in ("sent", "delivered", "failed"))
            )
            if bar.disable and line != told:
                click.echo(line, err=True)
            told = line
            if row.state in _OVER or (row.spread and not counts["queued"] and not counts["sending"]):
                return
            time.sleep(interval)


@click.command("missed")
@click.argument("number", type=int)
@click.option("--place", "place", default="", help="只看这里：地名或代码。")
@click.option("--numbers", is_flag=True, help="号码不遮（只给上门的人看）。")
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="写成表格文件。")
@with_appcontext
def missed(number: int, place: str, numbers: bool, file: Path | None) -> None:
    """第 NUMBER 号没通知到的人，按村列，请村干部上门。"""
    with refusing():
        row = service().announcements.get(number)
        if row.state in ("draft", "scheduled"):
            raise Refused(f"第{number}号{STATES[row.state]}，还没有人该收到：播发以后再看。")
        code = composing.place(place, service().places) if place else ""
        found = service().audience.missed(number, code, 10**9 if file else SHOWN + 1)
    if row.state == "going" and not row.spread:
        click.echo("还在排队发，名单没有完：过一会儿再看（flask announce status）。", err=True)
    places = service().places
    rows = [
        (who.place, places.full_name(who.place), who.name, who.number if numbers else masked(who.number), who.why)
        for who in found
    ]
    if file:
        try:
            with file.open("w", encoding="utf-8-sig", newline="") as opened:  # with the mark by which Excel knows UTF-8
                csv.writer(opened).writerows([("村代码", "村", "姓名", "号码", "原因"), *rows])
        except OSError as error:
            raise Refused(f"写不了文件 {file}：{error.strerror}。请换个地方。") from None
        click.echo(f"{len(rows)}人，写在 {file}。", err=True)
        return
    for (village, name), members in groupby(rows[:SHOWN], key=lambda row: row[:2]):
        people = list(members)
        click.echo(f"{name}（{village}）：{len(people)}人")
        for _, _, who, phone, why in people:
            click.echo(f"  {who}  {phone}  {why}")
    if len(rows) > SHOWN:
        click.echo(f"只列了前{SHOWN}人：全部请用 --csv 写成文件，或用 --place 分村看。", err=True)
    if not rows:
        click.echo("没有漏下的人。")


def masked(number: str) -> str:
    """A number of which the middle is not shown."""
    kept = 3 if len(number) >= 11 else 2
    return f"{number[:kept]}****{number[-kept - 1 :]}"


COMMANDS = (status, missed)
