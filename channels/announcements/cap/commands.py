"""`flask announce cap-in`: alerts come in from files. `flask announce cap`: an announcement as a message of CAP 1.2."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import with_appcontext

from channels.announcements.cap import out as cap_out
from channels.announcements.cap.routes import MAX_MESSAGE, house
from channels.announcements.desk import Refused, as_json, refusing, service

#: What became of a message, as staff read it.
OUTCOMES = {
    "released": "已紧急播发，请审核人补审",
    "scheduled": "已排好，到点播发",
    "waiting": "写成了草稿，等审核",
    "missed": "到的时候已经过期，没有播",
    "late": "更新或解除先到了，没有播",
    "withdrawn": "所解除的已撤回",
    "stored": "只存档，不播",
    "elsewhere": "不是本县的，不播",
    "ignored": "没有收",
    "repeat": "以前收过，没有变",
    "refused": "收不了",
}


@click.command("cap-in")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@as_json
@with_appcontext
def cap_in(files: tuple[Path, ...], json_: bool) -> None:
    """收 CAP 1.2 预警（- 是标准输入）：名单里的发送者发的红色、橙色预警马上播，别的等审核。

    有收不了的文件，退出码是1。
    """
    refused = False
    for file in files:
        with refusing():
            receipt = service().alerts.receive(_content(file), service().settings.now())
        refused |= receipt.outcome == "refused"
        if json_:
            click.echo(json.dumps({"file": str(file), **asdict(receipt)}, ensure_ascii=False))
            continue
        numbers = "、".join(f"第{number}号" for number in receipt.announcements)
        reasons = f"：{'；'.join(receipt.reasons)}" if receipt.reasons else ""
        click.echo(f"{file} {OUTCOMES[receipt.outcome]}{numbers and f'（{numbers}）'}{reasons}")
    if refused:
        sys.exit(1)


@click.command("cap")
@click.argument("number", type=int)
@with_appcontext
def cap(number: int) -> None:
    """按 CAP 1.2 打印第 NUMBER 号公告；还没播的状态是 Draft，撤回的是 Cancel。"""
    with refusing():
        issued = service().published.of(number, service().settings.now())
    sys.stdout.buffer.write(cap_out.message(issued, house(service())) + b"\n")


def _content(file: Path) -> bytes:
    try:
        with click.open_file(str(file), "rb") as opened:
            content = bytes(opened.read(MAX_MESSAGE + 1))
    except OSError as error:
        raise Refused(f"读不了文件 {file}：{error.strerror}。") from None
    if len(content) > MAX_MESSAGE:
        raise Refused(f"文件 {file} 太大：一条预警最多{MAX_MESSAGE // 1024} KB。")
    return content


COMMANDS = (cap_in, cap)
