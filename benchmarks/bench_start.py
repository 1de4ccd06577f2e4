"""How soon the first question is answered after `flask serve --demo` is called: on an empty database, and on a filled one.

Beside it, in the same run: gunicorn with an empty Flask application, called and asked in the same way.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
QUESTION = "棒子多少钱一斤"
WARM_GOAL = 3.0
RUNS = 3

_EMPTY = 'from flask import Flask\napp = Flask("empty")\napp.post("/api/chat")(lambda: {"text": ""})\n'


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def first_answer(command: list[str | Path], folder: Path, port: int, limit: float = 120) -> tuple[float, str]:
    """Seconds from the call of a server to its first answer, and the answer; the server is stopped again."""
    environ = os.environ | {
        "XIANGYIN_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "XIANGYIN_PORT": str(port),
        "XIANGYIN_LOG_LEVEL": "error",
        "PYTHONPATH": str(ROOT),
    }
    body = json.dumps({"sender": "bench", "text": QUESTION}).encode()
    begun = time.perf_counter()
    server = subprocess.Popen(command, cwd=folder if "gunicorn" in str(command[0]) else ROOT, env=environ)
    try:
        while time.perf_counter() - begun < limit and server.poll() is None:
            request = Request(f"http://127.0.0.1:{port}/api/chat", body, {"Content-Type": "application/json"})
            try:
                with urlopen(request, timeout=limit) as response:
                    text: str = json.load(response)["text"]
                    return time.perf_counter() - begun, text
            except (URLError, ConnectionError):
                time.sleep(0.02)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    raise SystemExit(f"{command[0]} gave no answer in {limit:.0f} s")


def processor() -> float:
    """Seconds of processor time that servers have used which are stopped by now."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the figures. The processor's seconds are those of the server and its workers, whatever else is running."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.py").write_text(_EMPTY, encoding="utf-8")
        serve: list[str | Path] = [BIN / "flask", "serve", "--demo"]
        cold, answer = first_answer(serve, folder, free_port())
        print(f"{QUESTION}: {answer.splitlines()[0]}")
        print(f"empty database, sample county made: {cold:6.2f} s")
        warm, bare, spent = [], [], []
        for _ in range(RUNS):
            port = free_port()
            gunicorn: list[str | Path] = [
                *(BIN / "gunicorn", "--preload", "-w", "2", "-k", "gthread", "--threads", "8"),
                *("--log-level", "error", "-b", f"127.0.0.1:{port}", "empty:app"),
            ]
            bare.append(first_answer(gunicorn, folder, port)[0])
            before = processor()
            warm.append(first_answer(serve, folder, free_port())[0])
            spent.append(processor() - before)
        print(
            f"filled database, {RUNS} runs:            {min(warm):6.2f} to {max(warm):.2f} s (goal {WARM_GOAL:.0f} s)"
        )
        print(f"  of the processor:                 {min(spent):6.2f} to {max(spent):.2f} s")
        print(f"gunicorn with an empty application: {min(bare):6.2f} to {max(bare):.2f} s")


if __name__ == "__main__":
    main()
