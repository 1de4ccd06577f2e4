"""How soon an emergency is heard, seen and sent once it is approved, while an ordinary announcement goes to a whole county.

`flask serve`, `flask worker` and a gateway run as processes of their own; loudspeakers, television and telephones are
asked every 20 ms. Beside it, in the same run: the same emergency on the idle service.

    python benchmarks/bench_announcements.py [--people 100000] [--database sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from sqlalchemy import func, select

from config import Settings
from knowledge import database, places
from knowledge.announcements import Announcements, Draft
from knowledge.announcements.staff import Team
from knowledge.service_tables import Outgoing
from tests.channels.announcements.gateway import accepted
from tests.channels.announcements.processes import Station, free_port, gateway, settle, until
from tests.servers import postgres_bin, postgresql

TOWN = "130283111"
GOAL = 2.0
ASKED = 0.02
LIMIT = 60.0


class County:
    """A running service: `taken` is what its gateway has taken."""

    def __init__(self, url: str, people: int, station: Station, taken: Path) -> None:
        self.engine = database.connect(url)
        database.migrate(self.engine)
        self._sessions = database.sessions(self.engine)
        self.announcements = Announcements(self._sessions)
        self.people = people
        self.station = station
        self.taken = taken
        with self._sessions.begin() as session:
            settle(session, people, [village.code for village in places.load().villages()])
        team = Team(self._sessions)
        team.add("甲", "editor", "130283", Settings().now())
        team.add("乙", "approver", "130283", Settings().now())

    def queued(self) -> int:
        """How many messages there are."""
        with self._sessions() as session:
            return int(session.scalar(select(func.max(Outgoing.id))) or 0)

    def ordinary(self) -> None:
        """Send something to everybody."""
        now = Settings().now()
        draft = Draft("停水通知", "明天九点停水。", "县", ("130283",), ("sms",), now, now + timedelta(days=1))
        self.announcements.approve(self.announcements.compose(draft, "甲", now), "乙", now)

    def emergency(self, title: str) -> dict[str, float]:
        """Seconds from the approval of an emergency in a town until it is where it should be."""
        now = Settings().now()
        outlets = ("speaker", "sms", "tv", "web")
        draft = Draft(title, "请马上上山。", "县", (TOWN,), outlets, now, now + timedelta(hours=1), urgency="emergency")
        number = self.announcements.compose(draft, "甲", now)
        village = places.load().villages(TOWN)[0].code
        begun = time.time()

        def seen(path: str) -> Callable[[], bool]:
            return lambda: title in json.dumps(self.asked(path), ensure_ascii=False)

        wanted: dict[str, Callable[[], bool]] = {
            "on the playlist": seen(f"/speakers/{village}/playlist.json"),
            "its recording": lambda: any(
                item["title"] == title and item["url"]
                for item in self.asked(f"/speakers/{village}/playlist.json")["items"]
            ),
            "television page 199": seen("/tv/pages/199.json"),
            "first text message": lambda: any(title in each.text for each in accepted(self.taken)[-5000:]),
        }
        with ThreadPoolExecutor(len(wanted) + 1) as pool:
            found = {name: pool.submit(_when, true, begun) for name, true in wanted.items()}
            self.announcements.approve(number, "乙", now)
            approved = time.time() - begun
            return {"approved": approved, **{name: each.result() for name, each in found.items()}}

    def asked(self, path: str) -> Any:
        """What the server answers."""
        try:
            with urlopen(f"{self.station.url}{path}", timeout=10) as response:
                return json.load(response)
        except HTTPError as error:
            raise SystemExit(f"{path}: {error.code} {error.read()[:200]!r}") from None


def _when(true: Callable[[], bool], begun: float) -> float:
    while not true():
        if time.time() - begun > LIMIT:
            return float("nan")
        time.sleep(ASKED)
    return time.time() - begun


def measure(name: str, url: str, folder: Path, people: int) -> None:
    """Print the figures on one database."""
    taken = folder / "taken.tsv"
    with gateway(taken) as address:
        settings = {"kannel_send_url": address, "kannel_secret": "bench", "kannel_per_second": 1_000_000}
        station = Station(url, folder, port=free_port(), **settings)
        county = County(url, people, station, taken)
        with station.running("serve"), station.running("worker", by_day=True):
            until(lambda: _ready(county))
            county.emergency("演习")  # what is only made once is made by now
            until(lambda: len(accepted(taken)) == county.queued())
            idle = county.emergency("洪水在静时")
            until(lambda: len(accepted(taken)) == county.queued())
            before, begun = len(accepted(taken)), time.time()
            county.ordinary()
            until(lambda: len(accepted(taken)) > before + people * 0.05)
            busy = county.emergency("洪水在忙时")
            during = len(accepted(taken)) - before
            rate = during / (time.time() - begun)
        county.engine.dispose()
    at_it = f"{during} of {people} were sent when all of it was there, {rate:.0f} a second"
    print(f"{name}: an ordinary announcement to {people} people: {at_it}")
    print(f"  {'seconds from the approval':26} {'idle':>6} {'during':>7}   goal {GOAL:.0f}")
    for what, quiet in idle.items():
        print(f"  {what:26} {quiet:6.2f} {busy[what]:7.2f}")


def _ready(county: County) -> bool:
    try:
        return county.asked("/tv/pages/199.json") is not None
    except OSError:
        return False


def main() -> None:
    """Print the figures on each database that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    for name in ("sqlite", "postgresql"):
        if options.database not in (None, name):
            continue
        if name == "postgresql" and postgres_bin() is None:
            print("postgresql: its server is not installed")
            continue
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xy-bench-")))
            sqlite = f"sqlite:///{folder}/bench.db"
            measure(name, stack.enter_context(postgresql()) if name == "postgresql" else sqlite, folder, options.people)


if __name__ == "__main__":
    main()
