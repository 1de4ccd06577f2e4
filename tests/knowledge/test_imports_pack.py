"""The public county export goes in whole: nothing lost, nothing twice, nothing taken that should not be."""

import json
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.imports import Summary, import_paths, parse
from knowledge.imports.readers import read
from knowledge.tables import DATASETS, Price, Quarantined, Relief, Resident, Source
from tests.conftest import NOW

#: Columns that hold numbers unmasked: addresses for sending, and contacts that were published to be called.
ADDRESSES = {("residents", "phone")}
CONTACTS = {
    *(("assets", "phone"), ("clinics", "phone"), ("cooperatives", "phone"), ("idle_resources", "phone")),
    *(("trades", "phone"), ("toilet_repairs", "keeper_phone"), ("notices", "body"), ("offices", "phone")),
    *(("hotlines", "number"), ("power_items", "hotline")),
}
BY_FOLDER = {
    "农业农村局/农产品价格_": "prices", "农业农村局/土壤": "soil_tests", "农业农村局/种养": "farming_stats",
    "农业农村局/设施": "facilities", "农业农村局/供求": "trades", "农经站/村务公开": "finance",
    "农经站/集体资产": "assets", "农经站/合作社": "cooperatives", "农经站/沉睡资源": "idle_resources",
    "纪委监委/": "power_items", "民政局/": "reliefs", "智慧家园/五化_村庄": "livability",
    "智慧家园/五化_项目": "projects", "智慧家园/厕所": "toilet_repairs", "公安局/": "cameras",
    "文明办/先进": "role_models", "文明办/文明": "civilized_titles", "应急管理局/": "alerts",
    "政府办/通知": "notices", "政府办/村民": "residents", "政策文件/": "policies",
}  # fmt: skip
SHEETS = {"服务网点": "offices", "常用电话": "hotlines", "村卫生室": "clinics", "公交时刻": "bus_routes"}


@pytest.fixture(scope="module")
def dirty(platform: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((platform / "_dirty.json").read_text(encoding="utf-8"))["rows"]
    return rows


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def imported(
    request: pytest.FixtureRequest, platform: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Engine, Summary]:
    """The export in a database of each kind, and the summary of its import."""
    if request.param == "sqlite":
        engine = database.connect(f"sqlite:///{tmp_path_factory.mktemp('whole') / 'whole.db'}")
    else:
        engine = database.connect(request.getfixturevalue("postgres_url"))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    database.migrate(engine)
    return engine, import_paths(engine, [platform], NOW)


def documented(platform: Path) -> Counter[str]:
    """The number of rows of each data set, from the table in the export's own README."""
    counts: Counter[str] = Counter()
    for line in (platform / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and cells[3].isdigit():
            dataset = next((name for path, name in BY_FOLDER.items() if cells[1].startswith(path)), "")
            counts[dataset or SHEETS[cells[2]]] += int(cells[3])
    return counts


def stored(engine: Engine) -> Counter[str]:
    with Session(engine) as session:
        return Counter({n: session.scalar(select(func.count()).select_from(d.model)) or 0 for n, d in DATASETS.items()})


def test_the_quarantine_is_exactly_what_the_export_lists(
    imported: tuple[Engine, Summary], dirty: list[dict[str, Any]]
) -> None:
    engine, _ = imported
    with Session(engine) as session:
        found = {(q.file, q.sheet, q.row) for q in session.scalars(select(Quarantined))}
    listed = {(r["file"], r.get("sheet", ""), r["row"]) for r in dirty if r["expect"] == "quarantine"}
    assert found - listed == set()
    assert listed - found == set()


def test_every_reason_is_a_sentence_that_names_a_column_or_what_is_missing(imported: tuple[Engine, Summary]) -> None:
    engine, _ = imported
    with Session(engine) as session:
        for reason in session.scalars(select(Quarantined.reason)):
            assert re.search(r"“.+”|缺|最低价|平均价", reason), reason


def test_nothing_is_lost_and_duplicates_count_once(
    imported: tuple[Engine, Summary], platform: Path, dirty: list[dict[str, Any]]
) -> None:
    engine, summary = imported
    assert summary.errors == []
    read_rows = documented(platform)
    assert {name: counts.read for name, counts in summary.datasets.items()} == dict(read_rows)
    kinds = {(r["file"], r.get("sheet", ""), r["row"]): r["expect"] for r in dirty}
    repeated = sum(expect == "dedupe" for expect in kinds.values())
    quarantined = sum(expect == "quarantine" for expect in kinds.values())
    assert sum(counts.unchanged for counts in summary.datasets.values()) == repeated
    assert sum(counts.quarantined for counts in summary.datasets.values()) == quarantined
    assert sum(stored(engine).values()) == sum(read_rows.values()) - repeated - quarantined


def test_accepted_rows_are_stored_as_they_are_meant(
    imported: tuple[Engine, Summary], platform: Path, dirty: list[dict[str, Any]]
) -> None:
    """Each odd cell that is to be accepted stands in the record of its row with the value that it means."""
    engine, _ = imported
    accepted = [row for row in dirty if row["expect"] == "accept"]
    assert len(accepted) > 100
    with Session(engine) as session:
        sources = {(s.file, s.sheet): s for s in session.scalars(select(Source))}
        for row in accepted:
            source = sources[row["file"], row.get("sheet", "")]
            model = DATASETS[source.dataset].model
            query = select(model).where(model.source_id == source.id, model.source_row == row["row"])
            record = session.scalars(query).one()
            assert means(row["means"]) & told(record), (row, vars(record))


def means(value: object) -> set[str]:
    """What a cell may be stored as: text, number, day, month, a place's code."""
    stored_as = {parse.text(value)}
    for read_as in (parse.number, parse.day, parse.month):
        try:
            stored_as.add(plain(read_as(value)))
        except parse.CellError:
            continue
    number = next((v for v in (parse_number(value),) if v is not None), None)
    if number is not None:
        stored_as |= {plain(number * factor) for factor in (Decimal(2), Decimal(10000), Decimal("0.001"))}
    return stored_as


def parse_number(value: object) -> Decimal | None:
    try:
        return parse.number(value)
    except parse.CellError:
        return None


def plain(value: object) -> str:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


def told(record: object) -> set[str]:
    """The values of a record as text; of places their code and both forms of their names."""
    from knowledge import places

    known = places.load()
    found = {plain(value) for name, value in vars(record).items() if not name.startswith("_")}
    place = known.get(getattr(record, "place", ""))
    if place:
        parent = known.get(place.parent or "")
        names = [place.name, *([parent.name, parent.name + place.name] if parent else [])]
        found |= {form for name in names for form in (name, places.short_name(name), name + "委会")}
    return found


def test_a_title_says_the_unit_and_a_header_the_ten_thousands(imported: tuple[Engine, Summary]) -> None:
    engine, _ = imported
    with Session(engine) as session:
        quote = session.scalars(
            select(Price).where(Price.market == "唐山荷花坑市场", Price.published_name == "玉米").order_by(Price.day)
        ).first()
        assert quote is not None
        assert (quote.day, quote.published_average, quote.published_unit) == (
            date(2026, 5, 28), Decimal("1.19"), "元/斤",
        )  # fmt: skip
        assert quote.average == Decimal("2.38")
        entry = DATASETS["finance"].model
        malan = session.scalars(
            select(entry).where(entry.place == "130283109201", entry.day == date(2025, 12, 2))
        ).first()
        assert malan.amount == Decimal("700")


def test_each_source_knows_its_department(imported: tuple[Engine, Summary], platform: Path) -> None:
    engine, _ = imported
    with Session(engine) as session:
        for source in session.scalars(select(Source)):
            folder = source.file.split("/")[0]
            if source.dataset in {"policies", "alerts"}:
                assert source.department, source.file
            else:
                assert source.department == folder, source.file


def walk(engine: Engine) -> list[tuple[str, str, str]]:
    """Every text of the database as (table, column, text)."""
    found = []
    with engine.connect() as connection:
        for table in database.Base.metadata.sorted_tables:
            names = [column.name for column in table.columns if column.name not in {"key", "digest", "sha256"}]
            for row in connection.execute(select(*(table.c[name] for name in names))):
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, (dict, list)):
                        found.append((table.name, name, json.dumps(value, ensure_ascii=False)))
                    elif isinstance(value, str):
                        found.append((table.name, name, value))
    return found


def test_no_number_of_a_private_person_is_kept(imported: tuple[Engine, Summary], platform: Path) -> None:
    engine, _ = imported
    phones = {
        phone
        for grid in read(platform / "民政局" / "社会救助公示名单.xlsx")
        for row in grid.rows
        for cell in row
        for phone in re.findall(r"1\d{10}", re.sub(r"\D", " ", parse.text(cell)))
    }
    assert len(phones) > 500
    with Session(engine) as session:
        published = {
            phone
            for dataset, column in CONTACTS
            for value in session.scalars(select(getattr(DATASETS[dataset].model, column)))
            for phone in re.findall(r"1\d{10}", value)
        }
    for table, column, value in walk(engine):
        if (table, column) in ADDRESSES:
            continue
        assert not re.search(r"(?<!\d)\d{17}[\dXx](?!\d)", value), (table, column)
        assert not re.search(r"(?<!\d)\d{16}(?:\d{3})?(?!\d)", value), (table, column)
        if (table, column) not in CONTACTS and table != "policy_sections":
            held = set(re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", value))
            assert not held & phones - published, (table, column, held)


def test_relief_lists_and_the_quarantine_hold_masked_numbers_only(imported: tuple[Engine, Summary]) -> None:
    engine, _ = imported
    with Session(engine) as session:
        reliefs = session.scalars(select(Relief)).all()
        assert any(r.id_number.startswith("130***") for r in reliefs)
        assert any("****" in r.phone for r in reliefs)
        assert any("***" in r.note for r in reliefs)
        for relief in reliefs:
            assert not re.search(r"\d{11}", relief.phone + relief.note + relief.id_number + relief.cause)
        for row in session.scalars(select(Quarantined)):
            assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", json.dumps(row.raw) + row.reason), row.file
        assert all(
            re.fullmatch(r"1\d{10}|0\d{2,3}-?\d{7,8}", phone) for phone in session.scalars(select(Resident.phone))
        )


def test_importing_twice_changes_nothing(imported: tuple[Engine, Summary], platform: Path) -> None:
    engine, first = imported
    before = snapshot(engine)
    second = import_paths(engine, [platform], NOW)
    assert sum(counts.stored for counts in second.datasets.values()) == 0
    assert {n: (c.read, c.quarantined) for n, c in second.datasets.items()} == {
        n: (c.read, c.quarantined) for n, c in first.datasets.items()
    }
    assert snapshot(engine) == before


def snapshot(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of the data, but for the ids of quarantined rows, which are written anew."""
    found = {}
    with engine.connect() as connection:
        for table in database.Base.metadata.sorted_tables:
            columns = [c for c in table.columns if table.name != "quarantine" or c.name != "id"]
            rows = [tuple(row) for row in connection.execute(select(*columns))]
            found[table.name] = sorted(rows, key=repr)
    return found
