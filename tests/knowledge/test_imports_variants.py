"""Other exports of the same departments import with no code: the records are the same as those of the public export."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from knowledge.imports import import_paths
from knowledge.places import Places
from tests.conftest import NOW
from tests.knowledge import variants


@pytest.mark.parametrize("seed", [3, 8, 12, 21, 34, 55])
def test_a_variant_holds_the_same_records(
    seed: int, pack_session: Session, sqlite_engine: Engine, gazetteer: Places, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    written = variants.make(pack_session, gazetteer, folder, seed)
    summary = import_paths(sqlite_engine, [folder], NOW, places=gazetteer)
    assert summary.errors == []
    assert sum(counts.quarantined for counts in summary.datasets.values()) == 0
    with Session(sqlite_engine) as session:
        for dataset, rows in written.items():
            expected = Counter(variants.alike(dataset, row) for row in rows)
            found = Counter(variants.alike(dataset, row) for row in variants.records(session, dataset, 10**9))
            assert expected - found == Counter(), dataset
            assert found - expected == Counter(), dataset


def test_variants_differ_from_each_other(pack_session: Session, gazetteer: Places, tmp_path: Path) -> None:
    """The drawn forms are many: two seeds share hardly a file."""
    names = []
    for seed in (3, 8):
        variants.make(pack_session, gazetteer, tmp_path / str(seed), seed, limit=10)
        names.append({p.relative_to(tmp_path / str(seed)) for p in (tmp_path / str(seed)).rglob("*") if p.is_file()})
    assert len(names[0] & names[1]) < len(names[0]) / 2
