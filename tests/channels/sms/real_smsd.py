"""The real gammu-smsd of Debian's packages with its dummy phone, set up by `docs/smsdrc`."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.conftest import ROOT
from tests.servers import absent

SCHEMAS = Path("/usr/share/doc/gammu-smsd/examples")
CENTRE = "+8613800100500"


def needs_smsd() -> None:
    """Skip with a reason where gammu-smsd is not installed; in CI it always is."""
    found = shutil.which("gammu-smsd") and list(Path("/usr/lib").glob("*/dbd/libdbdsqlite3.so"))
    if found:
        return
    absent("gammu-smsd", "gammu-smsd libdbd-sqlite3")


def make_tables(url: str) -> None:
    """smsd's own tables in an empty database."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        script = SCHEMAS / "sqlite.sql"
        with sqlite3.connect(str(parsed.database)) as connection:
            connection.executescript(script.read_text(encoding="utf-8"))
        return
    script = (SCHEMAS / "pgsql.sql").read_text(encoding="utf-8")
    script = script.replace("CREATE LANGUAGE plpgsql;", "")  # every PostgreSQL has had it for long
    with psycopg.connect(parsed.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute(script)


class Smsd:
    """gammu-smsd, a process of the test's own, and the phone that it believes it has."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self._places = itertools.count(1)
        parsed = make_url(url)
        text = (ROOT / "docs" / "smsdrc").read_text(encoding="utf-8")
        changes = [
            ("device = /dev/ttyUSB0", f"device = {folder / 'phone'}"),
            ("connection = at", "connection = none\nmodel = dummy"),
            ("/var/log/gammu-smsd.log", str(folder / "smsd.log")),
            ("commtimeout = 2", "commtimeout = 1"),
            ("receivefrequency = 3", "receivefrequency = 1"),
            ("multiparttimeout = 20", "multiparttimeout = 1"),
        ]
        if parsed.get_backend_name() == "sqlite":
            database = Path(str(parsed.database))
            changes += [
                ("dbdir = /var/lib/gammu", f"dbdir = {database.parent}"),
                ("database = smsd.db", f"database = {database.name}"),
            ]
        else:
            host = f"host = {parsed.query['host']}\nuser = {parsed.username}\npassword = none"
            changes += [
                ("driver = sqlite3", "driver = native_pgsql"),
                ("dbdir = /var/lib/gammu\n", host + "\n"),
                ("database = smsd.db", f"database = {parsed.database}"),
            ]
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / "smsdrc").write_text(text + "debuglevel = 255\n", encoding="utf-8")
        (folder / "phone" / "sms" / "1").mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "out.log").open("ab") as log:
            command = ["gammu-smsd", "-c", str(self.folder / "smsdrc")]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _receive(self, *lines: str) -> None:
        """Put a message into the phone, in gammu's own notation; whole at once, for smsd is reading there."""
        name = str(next(self._places))
        waiting = self.folder / name
        waiting.write_text(
            "\n".join(["", "[SMSBackup000]", "State = UnRead", "Folder = 1", *lines, ""]), encoding="utf-8"
        )
        waiting.rename(self.folder / "phone" / "sms" / "1" / name)

    def bring(self, text: bytes | str, sender: str = "+8613912345678", udh: str = "", coding: str = "Unicode") -> None:
        """Let the phone receive one part of a message."""
        raw = (text.encode("utf-16-be") if isinstance(text, str) else text).hex().upper()
        chunks = [f"Text{place:02} = {raw[start : start + 200]}" for place, start in enumerate(range(0, len(raw), 200))]
        header = [f"UDH = {udh}"] if udh else []
        self._receive(
            f'SMSC = "{CENTRE}"',
            f'Number = "{sender}"',
            f"Coding = {coding}",
            "Sent = 20261123T100000",
            *header,
            *chunks,
        )

    def deliver(self, number: str, told: str = "Delivered") -> None:
        """Let the phone receive the report of what it has sent last to a number."""
        now = time.strftime("%Y%m%dT%H%M%S")
        self._receive(
            *('SMSC = "123456"', f'Number = "{number}"', "Coding = Unicode", f"Sent = {now}", f"DateTime = {now}"),
            *("PDU = Status_Report", "MessageReference = 255", f"Text00 = {told.encode('utf-16-be').hex().upper()}"),
        )
