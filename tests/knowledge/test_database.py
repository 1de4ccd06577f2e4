"""The schema is the same on both databases, and what goes in comes out."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.tables import DATASETS, FinanceEntry, Source
from tests.conftest import NOW


def test_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, database.Base.metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Source(dataset="finance", department="农经站", file="a.csv", imported=NOW))
        session.commit()
    database.migrate(engine)
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Source)) == 1


def test_sums_of_money_are_exact(engine: Engine) -> None:
    amounts = [Decimal("0.10")] * 10 + [Decimal("2024.27"), Decimal("0.0001")]
    with Session(engine) as session:
        source = Source(dataset="finance", department="农经站", file="a.csv", imported=NOW)
        session.add(source)
        session.flush()
        for number, amount in enumerate(amounts):
            session.add(
                FinanceEntry(
                    key=str(number), digest="", source_id=source.id, source_row=number, place="130283116217", day=NOW.date(),
                    direction="支出", subject="水电费", amount=amount,
                )
            )  # fmt: skip
        session.commit()
        assert session.scalar(select(func.sum(FinanceEntry.amount))) == Decimal("2025.2701")


def test_a_moment_keeps_its_instant_and_needs_a_zone(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Source(dataset="x", department="", file="f", imported=NOW))
        session.commit()
        stored = session.scalars(select(Source.imported)).one()
        assert stored == NOW
        assert stored.tzinfo == UTC
        session.add(Source(dataset="x", department="", file="g", imported=datetime(2026, 1, 1)))  # noqa: DTZ001
        with pytest.raises(Exception, match="time zone"):
            session.commit()


def test_every_data_set_has_a_table_of_its_own() -> None:
    tables = [row.model.__tablename__ for row in DATASETS.values()]
    assert len(set(tables)) == len(tables)


def test_an_unknown_database_is_refused_with_what_to_use() -> None:
    with pytest.raises(ValueError, match="sqlite:///"):
        database.connect("mysql://x/y")
