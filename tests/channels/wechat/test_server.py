"""The callback on the production server: several processes answer, each message once, and kill -9 loses none."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from wechatpy.crypto import WeChatCrypto

from channels.wechat.crypto import signature
from channels.wechat.incoming import fields
from tests.channels.test_server import ask, free_port
from tests.channels.wechat.conftest import KEY, TOKEN
from tests.channels.wechat.standin import APP_ID, SECRET, Standin
from tests.conftest import ROOT


@contextmanager
def serving(folder: Path, port: int, standin: Standin) -> Iterator[subprocess.Popen[bytes]]:
    """`flask serve` with two processes on the database of a folder."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("XIANGYIN_")} | {
        "XIANGYIN_DATABASE_URL": f"sqlite:///{folder / 'server.db'}",
        "XIANGYIN_PORT": str(port),
        "XIANGYIN_LOG_LEVEL": "debug",
        "XIANGYIN_WECHAT_TOKEN": TOKEN,
        "XIANGYIN_WECHAT_APP_ID": APP_ID,
        "XIANGYIN_WECHAT_APP_SECRET": SECRET,
        "XIANGYIN_WECHAT_AES_KEY": KEY,
        "XIANGYIN_WECHAT_API_URL": standin.url,
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "flask", "serve"], cwd=ROOT, env=environ, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                if ask(port, "GET", "/readyz")[0] == 200:
                    break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.1)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def post(port: int, number: str, text: str = "你好") -> str | None:
    """One sealed message; the text that answers it, None for "success"."""
    xml = (
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1795400000</CreateTime>"
        f"<MsgType>text</MsgType><Content>{text}</Content><MsgId>{number}</MsgId></xml>"
    )
    library = WeChatCrypto(TOKEN, KEY, APP_ID)
    sealed = fields(library.encrypt_message(xml, "n", "1"))
    query = {"timestamp": "1", "nonce": "n", "signature": signature(TOKEN, "1", "n"), "encrypt_type": "aes"}
    path = "/wechat?" + urlencode({**query, "msg_signature": sealed["MsgSignature"]})
    status, said = ask(
        port, "POST", path, f"<xml><Encrypt>{sealed['Encrypt']}</Encrypt></xml>", {"Content-Type": "text/xml"}
    )
    assert status == 200, said
    if said == "success":
        return None
    given = fields(said)
    opened = library.decrypt_message(said, given["MsgSignature"], given["TimeStamp"], given["Nonce"])
    return fields(opened)["Content"]


def at_once(port: int, number: str, text: str) -> list[str | None]:
    """What four requests with the same message are answered that arrive together."""
    answers: list[str | None] = []
    threads = [threading.Thread(target=lambda: answers.append(post(port, number, text))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def answered(path: Path) -> dict[str, bool]:
    with sqlite3.connect(path, timeout=30) as database:
        rows = database.execute(
            "SELECT message_id, answered IS NOT NULL FROM messages WHERE channel = 'wechat'"
        ).fetchall()
        return {number: bool(done) for number, done in rows}


def test_four_times_at_once_over_two_processes_is_answered_once(tmp_path: Path, standin: Standin) -> None:
    port = free_port()
    with serving(tmp_path, port, standin):
        for number in range(8):
            answers = at_once(port, f"m{number}", f"你好{number}")
            assert len(answers) == 4
            assert len([text for text in answers if text]) == 1, answers
    assert answered(tmp_path / "server.db") == {f"m{number}": True for number in range(8)}
    assert standin.texts == []
    log = (tmp_path / "log").read_text()
    for secret in (TOKEN, SECRET, KEY, "你好"):
        assert secret not in log


def test_killed_while_messages_come_in_each_is_answered_after_its_repeat(tmp_path: Path, standin: Standin) -> None:
    """WeChat repeats what got no answer; what was taken by the dead process is free ten seconds later."""
    port = free_port()
    got: dict[str, str] = {}

    def ask_all(name: str) -> None:
        for number in range(200):
            try:
                got[f"{name}{number}"] = post(port, f"{name}{number}", f"{name}{number}号") or ""
            except (OSError, AssertionError):
                return

    with serving(tmp_path, port, standin) as process:
        threads = [threading.Thread(target=ask_all, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        time.sleep(1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        for thread in threads:
            thread.join(60)
    told = dict(got)
    assert told, "some were answered before"
    kept = answered(tmp_path / "server.db")
    assert set(told) <= set(kept), "nothing was answered that is not stored"
    assert all(kept[number] for number in told)
    left = [number for number, done in kept.items() if not done]
    with serving(tmp_path, port, standin):
        time.sleep(10.5)
        assert all(post(port, number, f"{number}号") for number in left), "taken up after the crash"
        assert not any(post(port, number, f"{number}号") for number in list(told)[:5]), "and nothing twice"
    assert all(answered(tmp_path / "server.db").values())
