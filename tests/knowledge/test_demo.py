"""The sample county: complete, marked, the same on every run, topped up by the day, replaced by real imports."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills.base import Context
from bot.skills.prices import latest
from bot.understanding.query import Query
from config import SHANGHAI
from knowledge import database, demo
from knowledge import prices as price_queries
from knowledge.demo import markets, papers
from knowledge.demo.scene import Scene
from knowledge.imports import import_paths
from knowledge.places import Places
from knowledge.tables import (
    DATASETS,
    Alert,
    FarmingStat,
    FinanceEntry,
    Livability,
    Notice,
    Policy,
    PowerItem,
    Price,
    Relief,
    Resident,
    Source,
    Trade,
)
from tests.conftest import NOW
from tests.support import unsupported

TODAY = date(2026, 11, 23)
MOMENT = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)


def contents(engine: Engine, *datasets: str) -> dict[str, dict[str, str]]:
    """The digest of every record by data set and key."""
    found: dict[str, dict[str, str]] = {}
    with engine.connect() as connection:
        for name in datasets or DATASETS:
            model = DATASETS[name].model
            found[name] = dict(connection.execute(select(model.key, model.digest)).all())
    return found


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The whole sample county of TODAY, made once; to be read only."""
    made = database.connect(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}")
    demo.ensure(made, TODAY)
    yield made
    made.dispose()


@pytest.fixture
def opened(county: Engine) -> Iterator[Session]:
    with Session(county) as session:
        yield session


@pytest.fixture
def hamlet(gazetteer: Places, monkeypatch: pytest.MonkeyPatch) -> Places:
    """The county with three towns of a few villages each and two months of days: the same code, quicker."""
    monkeypatch.setattr(demo, "DAYS", 60)
    towns = [town.code for town in gazetteer.towns if town.name.endswith("镇")][:3]
    kept = [gazetteer.county, *(gazetteer.by_code[code] for code in towns)]
    for code in towns:
        kept += gazetteer.villages(code)[:4]
    return Places(kept)


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_is_filled_and_marked(name: str, opened: Session) -> None:
    model = DATASETS[name].model
    assert opened.scalar(select(func.count()).select_from(model)) > 0
    sources = opened.scalars(select(Source).where(Source.dataset == name)).all()
    assert sources
    for source in sources:
        assert source.sample
        assert "样例" in source.department
        assert source.file.startswith("样例/")
        assert source.as_of is not None
        assert source.as_of <= TODAY
    assert opened.scalar(select(func.max(model.as_of))) <= TODAY


@pytest.mark.parametrize("name", DATASETS)
def test_no_data_set_is_late(name: str, opened: Session) -> None:
    rhythm = DATASETS[name].rhythm_days
    newest = opened.scalar(select(func.max(Source.as_of)).where(Source.dataset == name))
    assert rhythm is None or TODAY - newest <= timedelta(rhythm)


@pytest.mark.parametrize("model", [FinanceEntry, Livability, FarmingStat, Resident, Relief])
def test_every_village_has_them(model: type, opened: Session, gazetteer: Places) -> None:
    assert set(opened.scalars(select(model.place).distinct())) == {village.code for village in gazetteer.villages()}


def test_all_places_are_of_the_list(opened: Session, gazetteer: Places) -> None:
    assert len(gazetteer.towns) == 21
    assert sum(place.kind in {"village", "community"} for place in gazetteer) == 584
    for dataset in DATASETS.values():
        if "place" in inspect(dataset.model).columns:
            assert {*opened.scalars(select(dataset.model.place).distinct())} <= set(gazetteer.by_code), dataset.name


def test_a_village_has_a_year_of_accounts_and_the_pilots_many_more(opened: Session) -> None:
    counts = dict(opened.execute(select(FinanceEntry.place, func.count()).group_by(FinanceEntry.place)).all())
    pilots = {code: counts.pop(code) for code in demo.scene.PILOTS}
    assert min(counts.values()) >= 15
    assert max(counts.values()) <= 45
    assert min(pilots.values()) > 200
    vouchers = opened.scalars(select(FinanceEntry.voucher)).all()
    assert len(vouchers) == len(set(vouchers))
    assert all(re.fullmatch(r"记\d{6}-\d{6}-\d{3}", voucher) for voucher in vouchers)


def test_prices_have_seasons_gaps_several_quotes_and_pieces(opened: Session, gazetteer: Places) -> None:
    days: dict[tuple[str, str], set[date]] = defaultdict(set)
    for commodity, market, day in opened.execute(select(Price.commodity, Price.market, Price.day)):
        days[commodity, market].add(day)
    assert len({commodity for commodity, _ in days}) >= 45
    assert len({market for _, market in days}) == 5
    local = next(market for _, market in days if market.startswith("迁安"))
    assert len(days["玉米", local]) == 401
    assert 200 < len(days["核桃", local]) < 401
    assert not any(day.month in {6, 7, 8, 9, 10} for day in days["草莓", local])
    assert price_queries.quotes(opened, "苹果", [local], TODAY, TODAY)[0].count == 3
    assert set(opened.scalars(select(Price.unit).where(Price.commodity == "柚子").distinct())) == {"个"}
    assert set(opened.scalars(select(Price.published_unit).distinct())) == {"元/公斤", "元/斤", "元/吨", "元/个"}
    wrong = select(Price).where((Price.low > Price.average) | (Price.average > Price.high) | (Price.low <= 0))
    assert not opened.scalars(wrong).all()
    nearest = price_queries.nearest_first(price_queries.markets(opened, "玉米", TODAY), gazetteer)[0]
    assert (nearest.name, nearest.last) == (local, TODAY)


def test_the_first_question_is_answered_from_it_and_says_that_it_is_sample(opened: Session, gazetteer: Places) -> None:
    answered = latest(Query("price_latest", {"commodity": "玉米"}), Context(opened, MOMENT, gazetteer, Asker()))
    assert re.match(r"迁安东关市场玉米今天平均[\d.]+元/斤（[\d.]+～[\d.]+）", answered.headline)
    assert answered.source == "农业农村局·样例 2026-11-23"
    assert unsupported(answered) == set()


def test_matters_stand_at_every_stage_and_some_are_on_public_notice(opened: Session) -> None:
    stages = set(opened.scalars(select(PowerItem.stage).distinct()))
    assert stages == {"申请", "受理", "民主评议", "公示", "审批", "办结"}
    on_notice = opened.scalars(
        select(PowerItem.place).where(
            PowerItem.stage == "公示", PowerItem.publicity_start <= TODAY, PowerItem.publicity_end >= TODAY
        )
    ).all()
    assert set(on_notice) >= demo.scene.PILOTS


def test_an_alert_is_in_force_for_known_towns_and_others_are_over_or_called_off(
    opened: Session, gazetteer: Places
) -> None:
    alerts = opened.scalars(select(Alert)).all()
    towns = {town.code for town in gazetteer.towns}
    assert all(set(alert.areas) <= towns and alert.areas for alert in alerts)
    assert all("样例" in alert.publisher and "样例" in alert.headline for alert in alerts)
    cancelled = {reference for alert in alerts if alert.kind == "Cancel" for reference in alert.references}
    assert cancelled
    assert cancelled <= {alert.identifier for alert in alerts}
    for hour in (0, 12, 23):
        now = datetime(2026, 11, 23, hour, 30, tzinfo=SHANGHAI)
        active = [a for a in alerts if a.kind == "Alert" and a.effective <= now < a.expires]
        assert len(active) == 1
        assert active[0].identifier not in cancelled
        assert active[0].sent <= now
    assert any(alert.expires < MOMENT for alert in alerts if alert.identifier not in cancelled)


@pytest.mark.parametrize("model", [Notice, Trade])
def test_some_still_hold_and_some_are_over(model: type, opened: Session) -> None:
    assert opened.scalars(select(model).where(model.expires >= TODAY)).all()
    assert opened.scalars(select(model).where(model.expires < TODAY)).all()


def test_notices_of_county_towns_and_villages_are_signed_as_samples(opened: Session) -> None:
    found = opened.execute(select(Notice.place, Notice.publisher, Notice.body)).all()
    assert {len(place) for place, _, _ in found} == {6, 9, 12}
    assert all(publisher.endswith("·样例") for _, publisher, _ in found)
    assert not any("{" in body for _, _, body in found)


def test_persons_are_nobody(opened: Session) -> None:
    assert all(re.fullmatch(r"1990000\d{4}", phone) for phone in opened.scalars(select(Resident.phone)))
    for number, phone in opened.execute(select(Relief.id_number, Relief.phone)):
        assert "*" in number
        assert "*" in phone
    shared = select(Resident.phone).group_by(Resident.phone).having(func.count() > 1)
    assert opened.scalars(shared).all()


def test_policies_are_of_this_year_marked_and_one_has_expired(opened: Session) -> None:
    policies = opened.scalars(select(Policy)).all()
    assert len(policies) == 16
    assert len([policy for policy in policies if policy.expires and policy.expires < TODAY]) == 1
    for policy in policies:
        assert policy.doc_no.startswith("样例〔20")
        assert policy.issuer.endswith("·样例")
        assert policy.source.department == policy.issuer
        assert {"到哪办", "怎么办", "截止"} <= {section.heading for section in policy.sections}
        assert not any("{" in section.text for section in policy.sections)


def test_the_issuer_of_a_paper_is_its_folder(gazetteer: Places) -> None:
    for path in papers.FOLDER.glob("*/*.md"):
        assert f"issuer: {path.parent.name}\n" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2027, 1, 1), date(2028, 2, 29)])
def test_every_record_has_its_own_key_and_all_columns(today: date, gazetteer: Places) -> None:
    county = Scene(gazetteer, today, today - timedelta(40))
    for part in demo.parts(gazetteer):
        dataset = DATASETS[part.dataset]
        columns = {column.key for column in inspect(dataset.model).columns}
        columns -= {"id", "key", "digest", "source_id", "source_row", "as_of"}
        rows = list(part.make(county))
        assert {frozenset(values) - {"sections"} for values, _ in rows} == {frozenset(columns)}, part.dataset
        assert len({dataset.identify(values)[0] for values, _ in rows}) == len(rows), part.dataset
        assert max(as_of for _, as_of in rows) <= today, part.dataset


def test_prices_go_on_in_every_month(gazetteer: Places) -> None:
    county = Scene(gazetteer, TODAY, TODAY - timedelta(400))
    months = defaultdict(set)
    for values, day in markets.quotes(county):
        months[day.month].add(values["commodity"])
    assert min(len(commodities) for commodities in months.values()) >= 40


def test_filled_twice_alike_and_filled_again_unchanged(engine: Engine, hamlet: Places, tmp_path: Path) -> None:
    assert demo.ensure(engine, TODAY, places=hamlet) > 0
    first = contents(engine)
    assert all(first.values())
    assert demo.ensure(engine, TODAY, places=hamlet) == 0
    assert contents(engine) == first
    other = database.connect(f"sqlite:///{tmp_path / 'other.db'}")
    demo.ensure(other, TODAY, places=hamlet)
    assert contents(other) == first
    other.dispose()


def test_the_next_day_adds_its_own_and_changes_nothing_that_was(engine: Engine, hamlet: Places) -> None:
    demo.ensure(engine, TODAY, places=hamlet)
    before = contents(engine, "prices", "finance", "trades", "notices", "alerts")
    following = TODAY + timedelta(1)
    assert demo.ensure(engine, following, places=hamlet) > 0
    after = contents(engine, "prices", "finance", "trades", "notices", "alerts")
    for name in ("prices", "finance", "trades", "notices"):
        assert after[name].items() >= before[name].items(), name
    assert all(after["alerts"].get(key, digest) == digest for key, digest in before["alerts"].items())
    with engine.connect() as connection:
        for name, day in (("prices", Price.day), ("trades", Trade.published)):
            new = set(after[name]) - set(before[name])
            assert new
            days = connection.scalars(select(day).where(DATASETS[name].model.key.in_(new)))
            assert set(days) == {following}
        assert connection.scalar(select(Source.as_of).where(Source.dataset == "prices")) == following


def test_topped_up_and_newly_filled_agree(sqlite_engine: Engine, hamlet: Places, tmp_path: Path) -> None:
    later = TODAY + timedelta(9)
    demo.ensure(sqlite_engine, TODAY, places=hamlet)
    demo.ensure(sqlite_engine, later, places=hamlet)
    fresh = database.connect(f"sqlite:///{tmp_path / 'fresh.db'}")
    demo.ensure(fresh, later, places=hamlet)
    grown = contents(sqlite_engine)
    for name, records in contents(fresh).items():
        assert grown[name].items() >= records.items(), name
    fresh.dispose()


def test_a_clock_set_back_takes_nothing_away(sqlite_engine: Engine, hamlet: Places) -> None:
    demo.ensure(sqlite_engine, TODAY, places=hamlet)
    before = contents(sqlite_engine, "prices", "finance")
    demo.ensure(sqlite_engine, TODAY - timedelta(5), places=hamlet)
    assert contents(sqlite_engine, "prices", "finance") == before


def test_a_real_import_ends_the_samples_of_its_data_set_alone(engine: Engine, hamlet: Places, tmp_path: Path) -> None:
    demo.ensure(engine, TODAY, places=hamlet)
    before = contents(engine)
    export = tmp_path / "export"
    export.mkdir()
    (export / "农产品价格_迁安测试市场.csv").write_text(
        "日期,品名,最低价,最高价,平均价,计量单位\n2026-11-20,玉米,2.1,2.3,2.2,元/公斤\n", encoding="utf-8"
    )
    import_paths(engine, [export], now=NOW)
    for today in (TODAY, TODAY + timedelta(1)):
        demo.ensure(engine, today, places=hamlet)
        assert len(contents(engine, "prices")["prices"]) == 1
    with engine.connect() as connection:
        assert connection.scalars(select(Source.sample).where(Source.dataset == "prices")).all() == [False]
        assert connection.scalar(select(Price.market)) == "迁安测试市场"
    after = contents(engine)
    for name in set(DATASETS) - {"prices"}:
        assert len(after[name]) >= len(before[name]) * 0.9, name


def test_a_database_with_imports_alone_is_left_alone(sqlite_engine: Engine, hamlet: Places, tmp_path: Path) -> None:
    (tmp_path / "农产品价格_迁安测试市场.csv").write_text(
        "日期,品名,最低价,最高价,平均价,计量单位\n2026-11-20,玉米,2.1,2.3,2.2,元/公斤\n", encoding="utf-8"
    )
    import_paths(sqlite_engine, [tmp_path / "农产品价格_迁安测试市场.csv"], now=NOW)
    assert demo.ensure(sqlite_engine, TODAY, places=hamlet) == 0
    assert {name for name, records in contents(sqlite_engine).items() if records} == {"prices"}


def test_cut_off_the_database_is_as_before(engine: Engine, hamlet: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(_county: Scene) -> Iterator[demo.Row]:
        raise KeyboardInterrupt

    whole = demo.parts
    broken = demo.Part("bus_routes", "", cut_off, demo.scene.every_day)
    with monkeypatch.context() as patched:
        patched.setattr(demo, "parts", lambda places: [*whole(places), broken])
        with pytest.raises(KeyboardInterrupt):
            demo.ensure(engine, TODAY, places=hamlet)
    assert not any(contents(engine).values())
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Source)) == 0
    assert demo.ensure(engine, TODAY, places=hamlet) > 0
    assert all(contents(engine).values())


def test_what_an_earlier_script_made_is_made_anew(
    sqlite_engine: Engine, hamlet: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(demo, "SCRIPT", "demo 0")
        demo.ensure(sqlite_engine, TODAY, places=hamlet)
    with sqlite_engine.begin() as connection:
        kept = connection.scalars(select(Price.key).limit(1)).one()
        connection.execute(Price.__table__.update().where(Price.key == kept).values(digest="old"))
    assert demo.ensure(sqlite_engine, TODAY, places=hamlet) == 1
    assert "old" not in contents(sqlite_engine, "prices")["prices"].values()
