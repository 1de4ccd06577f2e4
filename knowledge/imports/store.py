"""Values -> rows of the database: upsert by key, withdrawal of what a file no longer holds, quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from knowledge.tables import Dataset, PolicySection, Quarantined, Source

BATCH = 5000


@dataclass(frozen=True, slots=True)
class Taken:
    """One row that was read well: its number, its values and the day for which it is true."""

    row: int
    values: dict[str, Any]
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that was not taken: its number, the reason and its masked cells."""

    row: int
    reason: str
    raw: dict[str, str]


@dataclass(slots=True)
class Counts:
    """What became of the rows of a data set."""

    read: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class Writer:
    """Writes into one open transaction. Knows the records of each data set by key, so that nothing is stored twice.

    `sample` marks what the demo county's script writes: it is the one writer that leaves samples where they are.
    """

    connection: Connection
    now: datetime
    sample: bool = False
    _known: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)  # dataset: key: (digest, source)

    def forget(self) -> None:
        """Drop what is known of the records, after a savepoint was rolled back."""
        self._known.clear()

    def source(
        self, dataset: str, department: str, file: str, sheet: str, mapping: str, sha256: str, as_of: date
    ) -> int:
        """The id of the row for one file and sheet, made or brought up to date."""
        where = (Source.dataset == dataset, Source.file == file, Source.sheet == sheet)
        found = self.connection.execute(
            select(Source.id, Source.sha256, Source.as_of, Source.mapping, Source.department).where(*where)
        ).first()
        values = {"department": department, "mapping": mapping, "sha256": sha256, "as_of": as_of, "sample": self.sample}
        if found is None:
            row = {"dataset": dataset, "file": file, "sheet": sheet, "imported": self.now, **values}
            return int(self.connection.execute(insert(Source).values(row)).inserted_primary_key[0])  # type: ignore[index]
        if (found.sha256, found.as_of, found.mapping, found.department) != (sha256, as_of, mapping, department):
            self.connection.execute(update(Source).where(Source.id == found.id).values(imported=self.now, **values))
        return int(found.id)

    def write(self, dataset: Dataset, source: int, rows: Sequence[Taken]) -> tuple[Counts, list[Refused]]:
        """Store the rows of one file; returns counts and the rows whose number another row bears already."""
        known = self._records(dataset)
        counts, refused = Counts(), []
        seen: dict[str, tuple[str, int]] = {}
        fresh: list[dict[str, Any]] = []
        changed: list[tuple[str, dict[str, Any]]] = []
        for taken in rows:
            counts.read += 1
            key, digest = dataset.identify(taken.values)
            if key in seen:
                before, row = seen[key]
                if before == digest:
                    counts.unchanged += 1
                else:
                    refused.append(
                        Refused(taken.row, f"与第{row}行是同一条（{_named(dataset, taken)}），内容却不同", {})
                    )
                    counts.quarantined += 1
                continue
            seen[key] = (digest, taken.row)
            stored = known.get(key)
            if stored and stored[0] == digest:
                counts.unchanged += 1
                continue
            counts.stored += 1
            record = {
                **taken.values, "key": key, "digest": digest,
                "source_id": source, "source_row": taken.row, "as_of": taken.as_of,
            }  # fmt: skip
            known[key] = (digest, source)
            if stored:
                changed.append((key, record))
            else:
                fresh.append(record)
        self._withdraw(dataset, source, seen.keys(), rows)
        self._insert(dataset, fresh)
        for key, record in changed:
            if dataset.name == "policies":
                self._delete(dataset, [key])
                self._insert(dataset, [record])
            else:
                self.connection.execute(update(dataset.model).where(dataset.model.key == key).values(record))
        return counts, refused

    def _insert(self, dataset: Dataset, records: list[dict[str, Any]]) -> None:
        if dataset.name == "policies":
            for record in records:
                sections = record.pop("sections")
                made = self.connection.execute(insert(dataset.model).values(record)).inserted_primary_key
                assert made is not None
                self.connection.execute(insert(PolicySection), [{**s, "policy_id": made[0]} for s in sections])
            return
        for start in range(0, len(records), BATCH):
            self.connection.execute(insert(dataset.model), records[start : start + BATCH])

    def _records(self, dataset: Dataset) -> dict[str, tuple[str, int]]:
        if dataset.name not in self._known:
            if not self.sample:
                self._retire_samples(dataset)
            rows = self.connection.execute(select(dataset.model.key, dataset.model.digest, dataset.model.source_id))
            self._known[dataset.name] = {key: (digest, source) for key, digest, source in rows}
        return self._known[dataset.name]

    def _retire_samples(self, dataset: Dataset) -> None:
        """Sample data are never mixed with real data: the first real record of a data set ends them."""
        samples = self.connection.scalars(
            select(Source.id).where(Source.dataset == dataset.name, Source.sample.is_(True))
        ).all()
        if samples:
            model = dataset.model
            if dataset.name == "policies":
                policies = select(model.id).where(model.source_id.in_(samples))
                self.connection.execute(delete(PolicySection).where(PolicySection.policy_id.in_(policies)))
            self.connection.execute(delete(model).where(model.source_id.in_(samples)))
            self.connection.execute(delete(Source).where(Source.id.in_(samples)))

    def _withdraw(self, dataset: Dataset, source: int, kept: Iterable[str], rows: Sequence[Taken]) -> None:
        """A record that this very file brought before and no longer holds is gone, within the days that it covers."""
        known = self._records(dataset)
        gone = {key for key, (_, origin) in known.items() if origin == source} - set(kept)
        if not gone:
            return
        if dataset.day:
            days = [day for taken in rows if (day := taken.values.get(dataset.day))]
            if not days:
                return
            column = getattr(dataset.model, dataset.day)
            within = select(dataset.model.key).where(
                dataset.model.source_id == source, column >= min(days), column <= max(days)
            )
            gone &= set(self.connection.scalars(within))
        self._delete(dataset, sorted(gone))
        for key in gone:
            del known[key]

    def _delete(self, dataset: Dataset, keys: Sequence[str]) -> None:
        model = dataset.model
        for start in range(0, len(keys), 500):
            chunk = model.key.in_(keys[start : start + 500])
            if dataset.name == "policies":
                policies = select(model.id).where(chunk)
                self.connection.execute(delete(PolicySection).where(PolicySection.policy_id.in_(policies)))
            self.connection.execute(delete(model).where(chunk))

    def quarantine(self, dataset: str, root: str, file: str, sheet: str, refused: Sequence[Refused]) -> None:
        """Put the refused rows of one sheet in the place of those of its earlier import."""
        where = (Quarantined.root == root, Quarantined.file == file, Quarantined.sheet == sheet)
        self.connection.execute(delete(Quarantined).where(*where))
        if refused:
            fixed = {"dataset": dataset, "root": root, "file": file, "sheet": sheet, "seen": self.now}
            self.connection.execute(
                insert(Quarantined), [{**fixed, "row": r.row, "reason": r.reason, "raw": r.raw} for r in refused]
            )


def _named(dataset: Dataset, taken: Taken) -> str:
    return "、".join(str(taken.values[name]) for name in dataset.key if taken.values.get(name)) or dataset.label
