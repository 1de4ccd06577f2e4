"""`flask announce`: an announcement is written, approved by a second person, withdrawn, all from the command line.

Writing, previews and reports stand in modules of their own; another part hangs its commands into `announce` in the same way.
"""

from __future__ import annotations

import json

import click
from flask.cli import with_appcontext

from channels.announcements import commands_preview, commands_reports, commands_writing
from channels.announcements.cap import commands as commands_cap
from channels.announcements.commands_staff import group, staff
from channels.announcements.desk import Office, acting, as_json, local, now, places_of, refusing, service
from knowledge.announcements import STATES


@click.group("announce", cls=Office)
def announce() -> None:
    """公告：写一次，由第二个人审核，到点从大喇叭、短信、电话、微信、电视和网页播出去。"""


@announce.command("approve")
@click.argument("number", type=int)
@acting
@with_appcontext
def approve(number: int, who: str) -> None:
    """审核通过第 NUMBER 号：作者以外的审核人来审。"""
    with refusing():
        state = service().announcements.approve(number, who, now())
        row = service().announcements.get(number)
    when = f"，{local(row.starts)}起播发" if state == "scheduled" and row.starts > now() else ""
    click.echo(f"第{number}号审核通过，{STATES[state]}{when}。")


@announce.command("reject")
@click.argument("number", type=int)
@click.option("--why", required=True, help="为什么，记在经过里。")
@acting
@with_appcontext
def reject(number: int, why: str, who: str) -> None:
    """退回第 NUMBER 号；已经先播的紧急公告就撤回。"""
    with refusing():
        service().announcements.reject(number, who, why, now())
        state = service().announcements.get(number).state
    click.echo(f"第{number}号已退回，现在{STATES[state]}。")


@announce.command("release")
@click.argument("number", type=int)
@acting
@with_appcontext
def release(number: int, who: str) -> None:
    """紧急的第 NUMBER 号马上播，之后再审核。"""
    with refusing():
        service().announcements.release(number, who, now())
    click.echo(f"第{number}号马上播发。请审核人随后补审：flask announce approve {number} --as 审核人")


@announce.command("withdraw")
@click.argument("number", type=int)
@click.option("--why", required=True, help="为什么，记在经过里。")
@acting
@with_appcontext
def withdraw(number: int, why: str, who: str) -> None:
    """撤回第 NUMBER 号：各渠道不再播，还没发的不再发。"""
    with refusing():
        service().announcements.withdraw(number, who, why, now())
    click.echo(f"第{number}号已撤回，还没发出的不再发。")


@announce.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(list(STATES)), help="只看这些状态的。")
@click.option("--limit", default=50, show_default=True)
@as_json
@with_appcontext
def listing(states: tuple[str, ...], limit: int, json_: bool) -> None:
    """有哪些公告，新的在前。"""
    with refusing():
        rows = service().announcements.listing(states, limit)
    if json_:
        shown = [
            {
                **{"number": row.id, "title": row.title, "state": row.state, "urgency": row.urgency},
                **{"places": row.places, "outlets": row.outlets, "author": row.author, "approver": row.approver},
                **{"starts": row.starts.isoformat(), "ends": row.ends.isoformat()},
            }
            for row in rows
        ]
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for row in rows:
        urgent = "【紧急】" if row.urgency == "emergency" else ""
        click.echo(f"{row.id:>5}  {STATES[row.state]}  {local(row.starts)} 至 {local(row.ends)}  {urgent}{row.title}")
        click.echo(f"       {places_of(row.places)}；{row.author or '系统'}写", nl=False)
        click.echo(f"，{row.approver}审" if row.approver else "，还没审")
    if not rows:
        click.echo("还没有公告：用 flask announce compose 写一份。", err=True)


for part in (
    *commands_writing.COMMANDS,
    group,
    *commands_preview.COMMANDS,
    *commands_reports.COMMANDS,
    *commands_cap.COMMANDS,
):
    announce.add_command(part)

COMMANDS = (announce, staff)
