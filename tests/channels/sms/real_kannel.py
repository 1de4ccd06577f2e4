"""The real Kannel of Debian's packages, with its own test centre, set up by `docs/kannel.conf`."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes
from urllib.request import urlopen

from tests.conftest import ROOT
from tests.servers import absent

FAKESMSC = Path("/usr/lib/kannel/test/fakesmsc")
CONFIG = ROOT / "docs" / "kannel.conf"
OURS = "10693283"


def needs_kannel() -> None:
    """Skip with a reason where Kannel is not installed; in CI it always is."""
    if shutil.which("bearerbox") and shutil.which("smsbox") and FAKESMSC.exists():
        return
    absent("Kannel", "kannel kannel-extras")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is true; fail where it does not become so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def listening(port: int) -> bool:
    """Whether something listens there. The kernel is asked: a trial connection to the test centre's port would be taken for
    the carrier, and be given the messages that wait for it."""
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return any(row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port for row in rows)


class Kannel:
    """bearerbox, smsbox and fakesmsc, each a process of the test's own."""

    def __init__(self, folder: Path, server: str, secret: str, password: str) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("admin", "box", "centre", "send")}
        text = CONFIG.read_text(encoding="utf-8")
        for old, new in (
            ("admin-port = 13000", f"admin-port = {self.ports['admin']}"),
            ("smsbox-port = 13001", f"smsbox-port = {self.ports['box']}"),
            ("\nport = 10000", f"\nport = {self.ports['centre']}"),
            ("sendsms-port = 13013", f"sendsms-port = {self.ports['send']}"),
            ("/var/spool/kannel/messages", str(folder / "messages")),
            ("http-queue-delay = 5", "http-queue-delay = 1"),
            ("secret=change-me", f"secret={secret}"),
            ("\npassword = change-me", f"\npassword = {password}"),
            ("http://127.0.0.1:8080", server),
        ):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        text = text.replace("group = smsc\n", "group = smsc\ndenied-prefix = 999\n")
        self.config = folder / "kannel.conf"
        self.config.write_text(text, encoding="utf-8")
        self.send_url = f"http://127.0.0.1:{self.ports['send']}/cgi-bin/sendsms"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        for name in names or ("bearerbox", "smsbox", "fakesmsc"):
            if name == "fakesmsc":
                self._run(name, *self._centre(0, "nothing"))
            else:
                self._run(name, name, "-v", "0", str(self.config))
                self._wait("box" if name == "bearerbox" else "send")

    def _wait(self, port: str) -> None:
        until(lambda: listening(self.ports[port]))

    def _centre(self, count: int, line: str, *options: str) -> list[str]:
        """The test centre's command: sends a line `count` times, then prints what it is given to deliver."""
        self._wait("centre")
        where = ["-H", "127.0.0.1", "-r", str(self.ports["centre"])]
        return [str(FAKESMSC), "-v", "0", *where, "-i", "0.02", "-m", str(count), *options, line]

    def _run(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self, *names: str, how: signal.Signals = signal.SIGTERM) -> None:
        for name in names or tuple(reversed(self.running)):
            process = self.running.pop(name)
            process.send_signal(how)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def bring(self, text: str, sender: str = "+8613912345678") -> None:
        """Let the carrier bring one message in UCS-2."""
        self.bring_lines(1, f"{sender} {OURS} ucs2 {quote(text.encode('utf-16-be'))}")

    def bring_lines(self, count: int, line: str, *options: str) -> None:
        """Let the carrier bring a message in fakesmsc's own notation so many times."""
        self.stop("fakesmsc")
        self._run("fakesmsc", *self._centre(count, line, *options))

    def online(self) -> bool:
        """Whether the gateway thinks that it is connected to the carrier, by its status page."""
        url = f"http://127.0.0.1:{self.ports['admin']}/status.txt?password=change-me"
        with urlopen(url, timeout=10) as page:
            return "(online" in page.read().decode("utf-8", "replace")

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_bytes().decode("utf-8", "replace")

    def carried(self) -> list[tuple[str, str, str]]:
        """What the carrier was given to deliver: receiver, user data header in hex, text."""
        found = re.findall(r"Got message \d+: <(.*)>", self.log("fakesmsc"))
        return [parse(line) for line in found]


def parse(line: str) -> tuple[str, str, str]:
    """One line of fakesmsc."""
    _, receiver, kind, rest = line.split(" ", 3)
    header = ""
    if kind == "udh":
        header, kind, rest = rest.split(" ", 2)
    raw = unquote_to_bytes(rest.replace("+", " "))
    wide = kind == "ucs-2" or (header and kind == "data")
    return receiver, unquote_to_bytes(header.replace("+", " ")).hex(), raw.decode("utf-16-be" if wide else "utf-8")
