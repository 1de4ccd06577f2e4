"""Fixtures: a database of each kind, the gazetteer, and the public pack imported once a run where it is present."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config import SHANGHAI
from knowledge import database, places
from tests.servers import postgresql

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of the tests' own, on a socket in a temporary folder."""
    with postgresql("fsync=off") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated database of each kind that is served."""
    if request.param == "sqlite":
        made = database.connect(f"sqlite:///{tmp_path / 'test.db'}")
    else:
        made = database.connect(request.getfixturevalue("postgres_url"))
        with made.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    database.migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated SQLite database, for tests whose subject is not the storage."""
    made = database.connect(f"sqlite:///{tmp_path / 'test.db'}")
    database.migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def session(sqlite_engine: Engine) -> Iterator[Session]:
    """A session on an empty SQLite database."""
    with Session(sqlite_engine, expire_on_commit=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def gazetteer() -> places.Places:
    """The county's own list of places."""
    return places.load()


@pytest.fixture(scope="session")
def platform() -> Path:
    """The public county export; skips where it is absent."""
    path = SHARED / "platform"
    if not path.is_dir():
        pytest.skip("the county export ../shared/platform is not on this machine")
    return path


@pytest.fixture(scope="session")
def real() -> Path:
    """The real market prices, alerts and laws; skips where they are absent."""
    path = SHARED / "real"
    if not path.is_dir():
        pytest.skip("the real data ../shared/real are not on this machine")
    return path


@pytest.fixture(scope="session")
def pack(platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The public export in a SQLite database, imported once a run; to be read only."""
    from knowledge.imports import import_paths

    made = database.connect(f"sqlite:///{tmp_path_factory.mktemp('pack') / 'pack.db'}")
    database.migrate(made)
    import_paths(made, [platform], now=NOW)
    yield made
    made.dispose()


@pytest.fixture
def pack_session(pack: Engine) -> Iterator[Session]:
    """A session on the imported public export."""
    with Session(pack, expire_on_commit=False) as opened:
        yield opened
