"""A data set is late when its newest source is older than its rhythm."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from knowledge import freshness
from knowledge.tables import DATASETS, Source
from tests.conftest import NOW

TODAY = NOW.date()
RHYTHM = DATASETS["finance"].rhythm_days or 0


@pytest.mark.parametrize(("age", "late"), [(0, False), (RHYTHM, False), (RHYTHM + 1, True)])
def test_late_is_older_than_the_rhythm(engine: Engine, age: int, late: bool) -> None:
    with Session(engine) as session:
        for number, back in enumerate((age + 30, age)):
            session.add(
                Source(
                    dataset="finance", department=f"农经站{number}", file=f"{number}.csv", imported=NOW,
                    as_of=TODAY - timedelta(back),
                )
            )  # fmt: skip
        session.flush()
        found = freshness.of(session, "finance", TODAY)
        assert (found.as_of, found.department, found.late) == (TODAY - timedelta(age), "农经站1", late)


def test_an_empty_data_set_has_no_day(session: Session) -> None:
    found = freshness.of(session, "finance", TODAY)
    assert (found.as_of, found.late) == (None, False)
