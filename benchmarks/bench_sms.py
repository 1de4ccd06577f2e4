"""How many signed text messages a second make the round trip through the production server, on the sample county.

Beside it, in the same server and the same minute: a view that makes only the same commits, as many and as large (the
message stored, the conversation remembered, the answer stored). What is lost between the two is signature, understanding,
the query and the rendering. The queries of the skill and who asks are most of it. Twelve questions come again and again,
and a process remembers how it understood a text: understanding new texts is measured by bench_understanding.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, current_app, request
from twilio.request_validator import RequestValidator

import config
from app import create_app
from knowledge import memory

ROOT = Path(__file__).parent.parent

TOKEN = "benchmark"
CLIENTS = 4
SECONDS = 5.0
ROUNDS = 3
QUESTIONS = (
    *("玉米多少钱一斤", "花生啥价", "板栗最近一周最高多少钱", "白菜比昨天涨了吗", "棒子介格", "yumi jiage"),
    *("低保怎么办", "万宝沟村上月花了多少钱", "镇上几点办公", "最近有什么通知", "你好", "谢谢"),
)

_number = count(1)


def application() -> Flask:
    """What is served: the application, and one view more."""
    app = create_app()

    @app.post("/bench/commits")
    def commits() -> str:
        """The three commits of one answered message, and nothing else."""
        service = current_app.extensions["xiangyin"]
        store, now, sender = service.desk.store, service.settings.now(), request.form["From"]
        receipt = store.receive("bench", sender, request.form["Body"], now, request.form["MessageSid"])
        with service.sessions() as session:
            state = memory.recall(session, f"bench:{sender}") or {}
            memory.remember(session, f"bench:{sender}", {**state, "reply": "答" * 400}, now)
            session.commit()
        store.answered(receipt, "答" * 800, service.settings.now(), "price_latest", 1)
        return ""

    return app


def text_message(port: int) -> tuple[str, dict[str, str], str]:
    """One signed text message, each sender's few and far between, as people's are: path, headers, body."""
    number = next(_number)
    form = {
        "From": f"+86139{number % 10_007:08}",
        "To": "+15005550006",
        "Body": QUESTIONS[number % len(QUESTIONS)],
        "MessageSid": f"SM{os.getpid()}{number:026}",
        "NumMedia": "0",
    }
    signature = RequestValidator(TOKEN).compute_signature(f"http://127.0.0.1:{port}/sms/twilio", form)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return "/sms/twilio", headers, urlencode(form)


def bare_commits(port: int) -> tuple[str, dict[str, str], str]:
    """The same, for the view that only commits."""
    _, headers, body = text_message(port)
    return "/bench/commits", headers, body


def rate(port: int, make: Callable[[int], tuple[str, dict[str, str], str]]) -> tuple[float, list[float]]:
    """Requests a second with CLIENTS kept-alive connections, and the milliseconds that each took."""
    took: list[float] = []
    failed: list[str] = []
    begun = time.perf_counter()

    def client() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        while time.perf_counter() - begun < SECONDS and not failed:
            path, headers, body = make(port)
            before = time.perf_counter()
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            said = response.read().decode()
            took.append((time.perf_counter() - before) * 1000)
            if response.status != 200 or (path == "/sms/twilio" and "<Message>" not in said):
                failed.append(f"{response.status} {said[:200]}")

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"a round trip failed: {failed[0]}")
    return len(took) / (time.perf_counter() - begun), took


def main() -> None:
    """Print the rates and their ratio."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("XIANGYIN_")} | {
            "XIANGYIN_DATABASE_URL": f"sqlite:///{folder}/bench.db",
            "XIANGYIN_PORT": str(port),
            "XIANGYIN_TWILIO_AUTH_TOKEN": TOKEN,
            "XIANGYIN_LOG_LEVEL": "error",
        }
        flask = str(Path(sys.executable).parent / "flask")
        command = [flask, "--app", f"{__file__}:application", "serve", "--demo"]
        server = subprocess.Popen(command, env=environ, cwd=ROOT)
        try:
            _wait(port, server)
            _compare(port)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _compare(port: int) -> None:
    settings = config.load()
    rate(port, text_message)  # warm
    rates: dict[str, list[float]] = {"sms": [], "bare": []}
    took: list[float] = []
    for _ in range(ROUNDS):
        speed, times = rate(port, text_message)
        rates["sms"].append(speed)
        took += times
        rates["bare"].append(rate(port, bare_commits)[0])
    sms, bare = statistics.median(rates["sms"]), statistics.median(rates["bare"])
    quantiles = statistics.quantiles(took, n=100)
    print(
        f"SQLite, WAL, synchronous={settings.sqlite_synchronous}; {settings.workers} processes, {CLIENTS} clients, {ROUNDS} x {SECONDS:.0f} s"
    )
    print(
        f"signed text messages answered: {sms:7.0f} a second  (each {quantiles[49]:.1f} ms, 99 of 100 in {quantiles[98]:.0f} ms)"
    )
    print(f"the same commits alone:        {bare:7.0f} a second")
    print(f"ratio:                         {sms / bare:7.2f}")


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until the server is ready: it makes the sample county first."""
    deadline = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < deadline:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
