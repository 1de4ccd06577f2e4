"""`flask staff`: who may write and approve announcements, where. `flask announce group`: who is told things together."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from channels.announcements import composing
from channels.announcements.desk import Office, Refused, as_json, refusing, service

ROLES = {"editor": "写公告", "approver": "写和审公告"}

_NUMBER = re.compile(r"(1\d{10}|0\d{9,11})")


@click.group("staff", cls=Office)
def staff() -> None:
    """谁能写、谁能审公告，管哪个地方。"""


@staff.command("add")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(list(ROLES)), help="editor 写，approver 也能审别人写的。")
@click.option("--place", "place", required=True, help="管哪里：地名或代码（6、9、12位）。")
@with_appcontext
def add(name: str, role: str, place: str) -> None:
    """登记 NAME，或改他能做什么。"""
    name = name.strip()
    with refusing():
        if not 0 < len(name) <= 40:
            raise Refused("名字要1到40个字。")
        code = composing.place(place, service().places)
        service().team.add(name, role, code, service().settings.now())
    click.echo(f"{name}可以{ROLES[role]}，范围：{service().places.full_name(code)}（{code}）。")


@staff.command("list")
@as_json
@with_appcontext
def listing(json_: bool) -> None:
    """现在有谁。"""
    with refusing():
        team = service().team.all()
    if json_:
        shown = [{"name": each.name, "role": each.role, "place": each.place} for each in team]
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for each in team:
        click.echo(f"{each.name}  {ROLES[each.role]}  {service().places.full_name(each.place)}（{each.place}）")
    if not team:
        click.echo("还没有登记任何人：用 flask staff add 名字 --role approver --place 地方 登记。", err=True)


@staff.command("remove")
@click.argument("name")
@with_appcontext
def remove(name: str) -> None:
    """NAME 不再管公告；他做过的仍记着他。"""
    with refusing():
        known = service().team.remove(name, service().settings.now())
    if not known:
        raise Refused(f"没有叫“{name}”的工作人员。用 flask staff list 看有谁。")
    click.echo(f"{name}不再管公告。")


@click.command("group")
@click.argument("name", required=False)
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--remove", "gone", is_flag=True, help="撤掉这个组。")
@with_appcontext
def group(name: str | None, file: Path | None, gone: bool) -> None:
    """一起通知的人，如党员、种粮大户：FILE 里一行一个号码，整组换成这些；不写 NAME 看有哪些组。"""
    with refusing():
        groups = service().groups.all()
        if name is None:
            for each, size in groups.items():
                click.echo(f"{each}  {size}人")
            return
        if file is None and not gone:
            if name not in groups:
                raise Refused(f"没有“{name}”这个组。要建：flask announce group {name} 文件（一行一个号码）。")
            click.echo(f"{name}  {groups[name]}人")
            return
        numbers = [] if gone or file is None else _numbers(file)
        service().groups.fill(name, numbers)
    click.echo(f"{name}：{len(numbers)}人。" if numbers else f"“{name}”组已撤掉。")


def _numbers(file: Path) -> list[str]:
    """The numbers of a file, each once. Refused with each line that is none: nobody is left out silently."""
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        lines = content.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise Refused(f"读不了文件 {file}：{error.strerror}。") from None
    except UnicodeDecodeError:
        raise Refused(f"文件 {file} 不是 UTF-8 的文字：请另存为 UTF-8，一行一个号码。") from None
    found: dict[str, None] = {}
    wrong = []
    for at, line in enumerate(lines, 1):
        number = re.sub(r"[\s\-]", "", line.partition("#")[0])
        number = re.sub(r"^(\+86|0086)", "", number)
        if not number:
            continue
        if not _NUMBER.fullmatch(number):
            wrong.append(f"第{at}行不是电话号码。")
        found[number] = None
    if wrong:
        more = f"还有{len(wrong) - 10}行。" if len(wrong) > 10 else ""
        raise Refused("\n".join([*wrong[:10], f"{more}一个也没有存：请改好 {file} 再来一次。"]))
    if not found:
        raise Refused(f"文件 {file} 里没有号码。要撤掉这个组，用 --remove。")
    return list(found)
