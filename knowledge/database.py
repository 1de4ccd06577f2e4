"""The database: SQLite (WAL) by default, PostgreSQL where one machine is outgrown. Engine, sessions, migrations."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, DateTime, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

MIGRATIONS = Path(__file__).parent / "migrations"

Sessions = sessionmaker[Session]


class Base(DeclarativeBase):
    """The base of all tables."""


class Fixed(TypeDecorator[Decimal]):
    """A Decimal of four places, stored as a whole number so that sums are exact on every database."""

    impl = BigInteger
    cache_ok = True
    scale = Decimal(10000)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return int((Decimal(value) * self.scale).quantize(Decimal(1), ROUND_HALF_UP))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / self.scale


class Moment(TypeDecorator[datetime]):
    """A point in time with its zone, on databases that keep zones and on those that do not (stored as UTC)."""

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def connect(url: str, synchronous: str = "NORMAL") -> Engine:
    """An engine for `url`. `synchronous` is SQLite's own setting: NORMAL survives kill -9, FULL a power cut too."""
    # hide_parameters: an error must not carry names and numbers into a log
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": 30}, hide_parameters=True)

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA synchronous={synchronous}")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()

        return engine
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
    raise ValueError(f"database_url: {parsed.get_backend_name()} is not served; use sqlite:///… or postgresql://…")


def sessions(engine: Engine) -> Sessions:
    """The session factory of an engine; objects stay readable after a commit."""
    return sessionmaker(engine, expire_on_commit=False)


def table_of(model: type[Base]) -> Table:
    """The table of a model: for statements whose rows need not become objects, which halves the time they take."""
    return model.metadata.tables[model.__tablename__]


def insert(session: Session, table: type[Base]) -> Any:
    """An INSERT that knows ON CONFLICT, which each database spells in a dialect of its own."""
    return insert_on(dialect_of(session), table)


def insert_on(dialect: str, table: type[Base] | Table) -> Any:
    """The same for the name of a dialect: for a statement that is built once and executed with its values."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def dialect_of(session: Session) -> str:
    """The name of the dialect that a session's database speaks."""
    return session.get_bind().dialect.name


def migrate(engine: Engine) -> None:
    """Bring the schema up to date: creates an empty database, changes nothing in one that is current."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """Whether the schema is what the migrations make of it. Raises SQLAlchemyError where the database is out of reach."""
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        made = MigrationContext.configure(connection).get_current_heads()
    return set(made) == set(ScriptDirectory.from_config(config).get_heads())
