"""Values -> rows of the database: upsert by key, withdrawal of what a file no longer holds, quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import PurePath
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from knowledge.imports import masking
from knowledge.tables import DATASETS, Dataset, PolicySection, Quarantined, Source

BATCH = 5000
LONGEST_TEXT = 20_000  # characters of a text without a limit of its own
GAP = timedelta(days=31)  # days of a file that lie further apart than this are two stretches: one is a slip of the pen


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

    def add(self, more: Counts) -> None:
        """Add the counts of another sheet."""
        self.read += more.read
        self.stored += more.stored
        self.unchanged += more.unchanged
        self.quarantined += more.quarantined


class Known(NamedTuple):
    """What is stored of a record: the digest of its values, its source and its day."""

    digest: str
    source: int
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Held:
    """What one file and sheet holds now: row and as-of date by key, and its days where its data set has days."""

    dataset: Dataset
    source: int
    rows: Mapping[str, tuple[int, date | None]]
    days: Sequence[date]
    continues: bool  # it holds none of what it held before: the next instalment, not a new edition


@dataclass(slots=True)
class Writer:
    """Writes into one open transaction. Knows the records of each data set by key, so that nothing is stored twice.

    `sample` marks what the demo county's script writes: it is the one writer that leaves samples where they are.
    `only` are the keys of all that will be written, where one record comes to a table of many.
    """

    connection: Connection
    now: datetime
    sample: bool = False
    only: Sequence[str] | None = None
    _known: dict[str, dict[str, Known]] = field(default_factory=dict)  # by data set and key
    _open: list[Held] = field(default_factory=list)  # of the file being read
    _held: list[Held] = field(default_factory=list)  # of the files that were taken
    _read_again: set[int] = field(default_factory=set)  # sources whose file is byte for byte the one of before

    def keep(self) -> None:
        """The file being read was taken."""
        self._held += self._open
        self._open.clear()

    def forget(self) -> None:
        """The file being read was refused and its savepoint rolled back: drop what is known of the records."""
        self._open.clear()
        self._known.clear()

    def source(
        self, dataset: str, department: str, file: str, sheet: str, mapping: str, sha256: str, as_of: date
    ) -> int:
        """The id of the row for one file and sheet, made or brought up to date."""
        self._records(DATASETS[dataset])  # ends the samples, whose file may bear the same name
        where = (Source.dataset == dataset, Source.file == file, Source.sheet == sheet)
        found = self.connection.execute(
            select(Source.id, Source.sha256, Source.as_of, Source.mapping, Source.department).where(*where)
        ).first()
        values = {"department": department, "mapping": mapping, "sha256": sha256, "as_of": as_of, "sample": self.sample}
        if found is None:
            row = {"dataset": dataset, "file": file, "sheet": sheet, "imported": self.now, **values}
            return int(self.connection.execute(insert(Source).values(row)).inserted_primary_key[0])  # type: ignore[index]
        if sha256 and found.sha256 == sha256:
            self._read_again.add(int(found.id))
        if (found.sha256, found.as_of, found.mapping, found.department) != (sha256, as_of, mapping, department):
            self.connection.execute(update(Source).where(Source.id == found.id).values(imported=self.now, **values))
        return int(found.id)

    def write(self, dataset: Dataset, source: int, rows: Sequence[Taken]) -> tuple[Counts, list[Refused]]:
        """Store the rows of one file; returns counts and the rows whose number another row bears already."""
        known = self._records(dataset)
        before = {key for key, record in known.items() if record.source == source}
        counts, refused = Counts(), []
        seen: dict[str, tuple[str, Taken]] = {}
        fresh: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        confirmed: list[dict[str, Any]] = []
        for taken in rows:
            counts.read += 1
            key, digest = dataset.identify(taken.values)
            if key in seen:
                same, first = seen[key]
                if same == digest:
                    counts.unchanged += 1
                else:
                    refused.append(_conflict(dataset, taken, f"第{first.row}行"))
                continue
            seen[key] = (digest, taken)
            stored = known.get(key)
            if stored and stored.digest == digest:
                counts.unchanged += 1
                if taken.as_of and (stored.as_of is None or stored.as_of < taken.as_of):
                    confirmed.append({"of": key, "as_of": taken.as_of})
                    known[key] = stored._replace(as_of=taken.as_of)
                continue
            if stored and stored.source != source and stored.as_of and taken.as_of:
                if taken.as_of < stored.as_of:  # an older list that comes in late
                    counts.unchanged += 1
                    continue
                if taken.as_of == stored.as_of and self._is_held(dataset, key, stored.source):
                    refused.append(_conflict(dataset, taken, f"“{self._file_of(stored.source)}”里的一行"))
                    continue
            counts.stored += 1
            record = {
                **taken.values, "key": key, "digest": digest,
                "source_id": source, "source_row": taken.row, "as_of": taken.as_of,
            }  # fmt: skip
            known[key] = Known(digest, source, taken.as_of)
            (changed if stored else fresh).append(record)
        counts.quarantined = len(refused)
        days = [day for taken in rows if dataset.day and (day := taken.values.get(dataset.day))]
        continues = not dataset.day and source not in self._read_again and before.isdisjoint(seen)
        held = {key: (taken.row, taken.as_of) for key, (_, taken) in seen.items()}
        self._open.append(Held(dataset, source, held, days, continues))
        self._insert(dataset, fresh)
        self._replace(dataset, changed)
        if confirmed:
            table = dataset.model.__table__
            self.connection.execute(
                update(table).where(table.c.key == bindparam("of")).values(as_of=bindparam("as_of")), confirmed
            )
        return counts, refused

    def _is_held(self, dataset: Dataset, key: str, source: int) -> bool:
        """Whether a file that was read in this very import holds the record."""
        return any(h.source == source and h.dataset is dataset and key in h.rows for h in self._held + self._open)

    def _file_of(self, source: int) -> str:
        return str(self.connection.scalar(select(Source.file).where(Source.id == source)))

    def _replace(self, dataset: Dataset, records: list[dict[str, Any]]) -> None:
        if dataset.name == "policies":
            self._delete(dataset, [record["key"] for record in records])
            self._insert(dataset, records)
            return
        for record in records:
            self.connection.execute(update(dataset.model).where(dataset.model.key == record["key"]).values(record))

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

    def _records(self, dataset: Dataset) -> dict[str, Known]:
        if dataset.name not in self._known:
            if not self.sample:
                self._retire_samples(dataset)
            model = dataset.model
            rows = select(model.key, model.digest, model.source_id, model.as_of)
            if self.only is not None:
                rows = rows.where(model.key.in_(self.only))
            found = self.connection.execute(rows)
            self._known[dataset.name] = {key: Known(*rest) for key, *rest in found}
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

    def withdraw(self) -> None:
        """Records that a file brought before and no longer holds are gone, or pass to the other file that holds them.

        To be called when all files are read: rows move between the pages of an export. A data set that grows by the
        day loses only records of the days that the file covers, and a file that holds none of what it held before
        is the next instalment and withdraws nothing.
        """
        elsewhere = {(held.dataset.name, key): held for held in reversed(self._held) for key in held.rows}
        for held in self._held:
            gone = self._gone(held)
            moved = {key: other for key in gone if (other := elsewhere.get((held.dataset.name, key)))}
            for key, other in moved.items():
                row, as_of = other.rows[key]
                place = {"source_id": other.source, "source_row": row, "as_of": as_of}
                model = held.dataset.model
                self.connection.execute(update(model).where(model.key == key).values(place))
                known = self._known[held.dataset.name]
                known[key] = known[key]._replace(source=other.source, as_of=as_of)
            self._delete(held.dataset, sorted(gone - moved.keys()))
            for key in gone - moved.keys():
                del self._known[held.dataset.name][key]
        self._held.clear()

    def _gone(self, held: Held) -> set[str]:
        known = self._records(held.dataset)
        gone = {key for key, record in known.items() if record.source == held.source} - held.rows.keys()
        if not gone or held.continues:
            return set()
        if held.dataset.day and held.source not in self._read_again:
            model = held.dataset.model
            day = getattr(model, held.dataset.day)
            within = or_(*(day.between(first, last) for first, last in _stretches(held.days)))
            gone &= set(self.connection.scalars(select(model.key).where(model.source_id == held.source, within)))
        return gone

    def _delete(self, dataset: Dataset, keys: Sequence[str]) -> None:
        model = dataset.model
        for start in range(0, len(keys), 500):
            chunk = model.key.in_(keys[start : start + 500])
            if dataset.name == "policies":
                policies = select(model.id).where(chunk)
                self.connection.execute(delete(PolicySection).where(PolicySection.policy_id.in_(policies)))
            self.connection.execute(delete(model).where(chunk))

    def release(self, path: PurePath) -> None:
        """Forget the quarantined rows of a file, under whichever folder it was imported: it is read anew."""
        places = [
            and_(Quarantined.root == str(root), Quarantined.file == path.relative_to(root).as_posix())
            for root in path.parents
        ]
        self.connection.execute(delete(Quarantined).where(or_(*places)))

    def quarantine(self, dataset: str, root: str, file: str, sheet: str, refused: Sequence[Refused]) -> None:
        """Keep the refused rows of one sheet with their reasons."""
        if refused:
            fixed = {"dataset": dataset, "root": root, "file": file, "sheet": sheet, "seen": self.now}
            self.connection.execute(
                insert(Quarantined), [{**fixed, "row": r.row, "reason": r.reason[:300], "raw": r.raw} for r in refused]
            )


def _stretches(days: Iterable[date]) -> list[tuple[date, date]]:
    """The days as stretches without a gap of more than a month, so that one wrong year covers no decade."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] <= GAP:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def too_long(dataset: Dataset, values: Mapping[str, Any]) -> tuple[str, int] | None:
    """The first field that is longer than its column, with the number of characters allowed."""
    limits = _limits(dataset.name)
    for name, value in values.items():
        if isinstance(value, str) and len(value) > limits[name]:
            return name, limits[name]
    return None


@cache
def _limits(dataset: str) -> dict[str, int]:
    columns = DATASETS[dataset].model.__table__.columns
    return {column.key: getattr(column.type, "length", None) or LONGEST_TEXT for column in columns}


def _conflict(dataset: Dataset, taken: Taken, other: str) -> Refused:
    number = "、".join(str(taken.values[name]) for name in dataset.key if taken.values.get(name)) or dataset.label
    return Refused(taken.row, masking.private(f"与{other}是同一条（{number}），内容却不同"), {})
