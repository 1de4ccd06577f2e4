"""The integrated data as SQLAlchemy models, and `DATASETS`, the visible table of what there is.

Each record knows where it comes from: `source` (department, file, sheet), `source_row` (counted as a clerk counts,
see `knowledge.imports`) and `as_of`, the day for which it is true. `key` stands for its natural key and `digest` for
all its values: importing a record with a known key updates that record, so importing twice changes nothing. Places are 12-digit division codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from knowledge.database import Base, Fixed, Moment

Scope = Literal["county", "village"]

BigKey = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER keys up by itself


class Source(Base):
    """One file (and sheet) of one department, as last imported."""

    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("dataset", "file", "sheet"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(String(40), index=True)
    department: Mapped[str] = mapped_column(String(60))
    file: Mapped[str] = mapped_column(String(300))
    sheet: Mapped[str] = mapped_column(String(100), default="")
    mapping: Mapped[str] = mapped_column(String(100), default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")
    as_of: Mapped[date | None]
    imported: Mapped[datetime] = mapped_column(Moment)
    sample: Mapped[bool] = mapped_column(default=False)  # made up by the demo county's script


class Quarantined(Base):
    """A row that could not be taken: where it stands, why, and its masked text. `retry` reads the file again."""

    __tablename__ = "quarantine"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    dataset: Mapped[str] = mapped_column(String(40), index=True)
    root: Mapped[str] = mapped_column(String(500))  # the path that was imported; `file` is relative to it
    file: Mapped[str] = mapped_column(String(300))
    sheet: Mapped[str] = mapped_column(String(100), default="")
    row: Mapped[int]
    reason: Mapped[str] = mapped_column(String(300))
    raw: Mapped[dict[str, Any]] = mapped_column(JSON)
    seen: Mapped[datetime] = mapped_column(Moment)


class Record:
    """What every record of a data set has beside its own columns."""

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    digest: Mapped[str] = mapped_column(String(32))
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), index=True)
    source_row: Mapped[int]
    as_of: Mapped[date | None]

    @declared_attr
    @classmethod
    def source(cls) -> Mapped[Source]:
        return relationship(Source, lazy="joined", innerjoin=True)


class Price(Record, Base):
    """One quote of one market on one day: `low`, `high`, `average` in 元 a `unit`, which is 公斤 for all weights."""

    __tablename__ = "prices"
    __table_args__ = (
        Index("prices_latest", "commodity", "market", "day"),
        Index("prices_market", "market", "day"),
    )
    market: Mapped[str] = mapped_column(String(60))
    region: Mapped[str] = mapped_column(String(60), default="")  # province and city, where the source says it
    commodity: Mapped[str] = mapped_column(String(60))  # canonical: 白菜
    published_name: Mapped[str] = mapped_column(String(60))  # 大白菜
    category: Mapped[str] = mapped_column(String(40), default="")
    spec: Mapped[str] = mapped_column(String(60), default="")
    origin: Mapped[str] = mapped_column(String(60), default="")
    day: Mapped[date]
    low: Mapped[Decimal | None] = mapped_column(Fixed)
    high: Mapped[Decimal | None] = mapped_column(Fixed)
    average: Mapped[Decimal] = mapped_column(Fixed)
    unit: Mapped[str] = mapped_column(String(10), default="公斤")
    published_average: Mapped[Decimal] = mapped_column(Fixed)  # in `published_unit`
    published_unit: Mapped[str] = mapped_column(String(20))  # 元/吨, 元/斤, 元/公斤, 元/盒


class FinanceEntry(Record, Base):
    """One line of a village's accounts, in 元."""

    __tablename__ = "finance_entries"
    __table_args__ = (Index("finance_place", "place", "day"),)
    place: Mapped[str] = mapped_column(String(12))
    day: Mapped[date]
    direction: Mapped[str] = mapped_column(String(4))  # 收入, 支出
    subject: Mapped[str] = mapped_column(String(60))
    summary: Mapped[str] = mapped_column(Text, default="")
    amount: Mapped[Decimal] = mapped_column(Fixed)
    handler: Mapped[str] = mapped_column(String(40), default="")
    approver: Mapped[str] = mapped_column(String(40), default="")
    voucher: Mapped[str] = mapped_column(String(60), default="", index=True)


class PowerItem(Record, Base):
    """One matter of the small-power list and how far it has come. Amount in 元."""

    __tablename__ = "power_items"
    code: Mapped[str] = mapped_column(String(40), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(12), index=True)
    title: Mapped[str] = mapped_column(String(200))
    amount: Mapped[Decimal | None] = mapped_column(Fixed)
    counterparty: Mapped[str] = mapped_column(String(100), default="")
    applied: Mapped[date | None]
    accepted: Mapped[date | None]
    reviewed: Mapped[date | None]
    publicity_start: Mapped[date | None]
    publicity_end: Mapped[date | None]
    approved: Mapped[date | None]
    finished: Mapped[date | None]
    stage: Mapped[str] = mapped_column(String(20))
    hotline: Mapped[str] = mapped_column(String(40), default="")


class Relief(Record, Base):
    """One household on a public relief list. Monthly amount in 元; ID and phone are stored masked only."""

    __tablename__ = "reliefs"
    kind: Mapped[str] = mapped_column(String(20))  # 农村低保, 特困供养, 五保户
    dated: Mapped[date | None]  # the list's own date, where its title says one
    place: Mapped[str] = mapped_column(String(12), index=True)
    head: Mapped[str] = mapped_column(String(40))
    id_number: Mapped[str] = mapped_column(String(30), default="")
    persons: Mapped[int]
    monthly: Mapped[Decimal | None] = mapped_column(Fixed)
    since: Mapped[str] = mapped_column(String(10), default="")  # 2015-04
    reviewed: Mapped[date | None]
    cause: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    note: Mapped[str] = mapped_column(Text, default="")


class Livability(Record, Base):
    """A village's five works (五化) at one date: roads in 公里, greening in %, the rest counted."""

    __tablename__ = "livability"
    place: Mapped[str] = mapped_column(String(12), index=True)
    households: Mapped[int | None]
    population: Mapped[int | None]
    green_rate: Mapped[Decimal | None] = mapped_column(Fixed)
    road_total: Mapped[Decimal | None] = mapped_column(Fixed)
    road_hard: Mapped[Decimal | None] = mapped_column(Fixed)
    lamps: Mapped[int | None]
    lamps_lit: Mapped[int | None]
    toilets: Mapped[int | None]
    toilets_renovated: Mapped[int | None]
    waste: Mapped[str] = mapped_column(String(60), default="")


class Project(Record, Base):
    """One village project with budget and paid in 元, progress in %."""

    __tablename__ = "projects"
    code: Mapped[str] = mapped_column(String(40), index=True)
    title: Mapped[str] = mapped_column(String(200))
    place: Mapped[str] = mapped_column(String(12), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="")
    budget: Mapped[Decimal | None] = mapped_column(Fixed)
    paid: Mapped[Decimal | None] = mapped_column(Fixed)
    contractor: Mapped[str] = mapped_column(String(100), default="")
    started: Mapped[date | None]
    planned_end: Mapped[date | None]
    progress: Mapped[Decimal | None] = mapped_column(Fixed)
    remaining: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[str] = mapped_column(String(40), default="")


class ToiletRepair(Record, Base):
    """One reported fault of a household's toilet."""

    __tablename__ = "toilet_repairs"
    code: Mapped[str] = mapped_column(String(40), index=True)
    place: Mapped[str] = mapped_column(String(12), index=True)
    head: Mapped[str] = mapped_column(String(40), default="")
    fault: Mapped[str] = mapped_column(String(100), default="")
    reported: Mapped[date]
    fixed: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(20))
    keeper: Mapped[str] = mapped_column(String(40), default="")
    keeper_phone: Mapped[str] = mapped_column(String(30), default="")


class SoilTest(Record, Base):
    """One soil sample: EC in μS/cm, organic matter in g/kg, nutrients in mg/kg."""

    __tablename__ = "soil_tests"
    plot: Mapped[str] = mapped_column(String(40), index=True)
    place: Mapped[str] = mapped_column(String(12), index=True)
    sampled: Mapped[date]
    ph: Mapped[Decimal | None] = mapped_column(Fixed)
    ec: Mapped[Decimal | None] = mapped_column(Fixed)
    organic: Mapped[Decimal | None] = mapped_column(Fixed)
    nitrogen: Mapped[Decimal | None] = mapped_column(Fixed)
    phosphorus: Mapped[Decimal | None] = mapped_column(Fixed)
    potassium: Mapped[Decimal | None] = mapped_column(Fixed)
    crop: Mapped[str] = mapped_column(String(40), default="")


class FarmingStat(Record, Base):
    """One yearly figure of crops or livestock of a village: area in 亩, animals in 头 or 只."""

    __tablename__ = "farming_stats"
    place: Mapped[str] = mapped_column(String(12), index=True)
    year: Mapped[int]
    sector: Mapped[str] = mapped_column(String(20))
    item: Mapped[str] = mapped_column(String(40))
    indicator: Mapped[str] = mapped_column(String(40))
    quantity: Mapped[Decimal] = mapped_column(Fixed)
    unit: Mapped[str] = mapped_column(String(10))


class Facility(Record, Base):
    """Greenhouses of one kind in a village, counted; area in 亩."""

    __tablename__ = "facilities"
    place: Mapped[str] = mapped_column(String(12), index=True)
    year: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    count: Mapped[int]
    vacant: Mapped[int | None]
    area: Mapped[Decimal | None] = mapped_column(Fixed)
    crops: Mapped[str] = mapped_column(String(100), default="")


class Trade(Record, Base):
    """One offer to sell or to buy. `price` is None where it is to be agreed (面议)."""

    __tablename__ = "trades"
    code: Mapped[str] = mapped_column(String(40), index=True)
    side: Mapped[str] = mapped_column(String(10))  # 供应, 求购
    item: Mapped[str] = mapped_column(String(60), index=True)
    place: Mapped[str] = mapped_column(String(12), index=True)
    quantity: Mapped[Decimal | None] = mapped_column(Fixed)
    unit: Mapped[str] = mapped_column(String(20), default="")
    price: Mapped[Decimal | None] = mapped_column(Fixed)
    price_unit: Mapped[str] = mapped_column(String(20), default="")
    contact: Mapped[str] = mapped_column(String(40), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    published: Mapped[date]
    expires: Mapped[date | None]


class Asset(Record, Base):
    """One collective asset: value in 元, area in 平方米."""

    __tablename__ = "assets"
    code: Mapped[str] = mapped_column(String(40), index=True)
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40), default="")
    place: Mapped[str] = mapped_column(String(12), index=True)
    location: Mapped[str] = mapped_column(String(100), default="")
    area: Mapped[Decimal | None] = mapped_column(Fixed)
    value: Mapped[Decimal | None] = mapped_column(Fixed)
    status: Mapped[str] = mapped_column(String(20), default="")
    contact: Mapped[str] = mapped_column(String(40), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")


class Cooperative(Record, Base):
    """One farmers' cooperative: yearly income in 元."""

    __tablename__ = "cooperatives"
    name: Mapped[str] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(12), index=True)
    business: Mapped[str] = mapped_column(String(200), default="")
    founded: Mapped[date | None]
    members: Mapped[int | None]
    chair: Mapped[str] = mapped_column(String(40), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    income: Mapped[Decimal | None] = mapped_column(Fixed)


class IdleResource(Record, Base):
    """One idle hill, house or plot on offer. `area` in `area_unit`, `price` in `price_unit`."""

    __tablename__ = "idle_resources"
    code: Mapped[str] = mapped_column(String(40), index=True)
    place: Mapped[str] = mapped_column(String(12), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    location: Mapped[str] = mapped_column(String(100), default="")
    area: Mapped[Decimal | None] = mapped_column(Fixed)
    area_unit: Mapped[str] = mapped_column(String(10), default="")
    status: Mapped[str] = mapped_column(String(20), default="")
    price: Mapped[Decimal | None] = mapped_column(Fixed)
    price_unit: Mapped[str] = mapped_column(String(20), default="")
    contact: Mapped[str] = mapped_column(String(40), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    registered: Mapped[date | None]


class RoleModel(Record, Base):
    """One person honoured in public."""

    __tablename__ = "role_models"
    name: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(12), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    deed: Mapped[str] = mapped_column(Text, default="")
    level: Mapped[str] = mapped_column(String(20), default="")
    awarded: Mapped[date | None]


class CivilizedTitle(Record, Base):
    """One title of honour of a village, and whether it still holds it."""

    __tablename__ = "civilized_titles"
    place: Mapped[str] = mapped_column(String(12), index=True)
    title: Mapped[str] = mapped_column(String(60))
    year: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(20), default="")


class Camera(Record, Base):
    """One camera of the Snow Bright project."""

    __tablename__ = "cameras"
    code: Mapped[str] = mapped_column(String(40), index=True)
    place: Mapped[str] = mapped_column(String(12), index=True)
    title: Mapped[str] = mapped_column(String(100), default="")
    status: Mapped[str] = mapped_column(String(20))
    installed: Mapped[date | None]
    keeper: Mapped[str] = mapped_column(String(40), default="")


class Alert(Record, Base):
    """One CAP 1.2 alert. `areas` are division codes; `references` the identifiers it updates or cancels."""

    __tablename__ = "alerts"
    identifier: Mapped[str] = mapped_column(String(200), index=True)
    sender: Mapped[str] = mapped_column(String(200))
    sent: Mapped[datetime] = mapped_column(Moment)
    status: Mapped[str] = mapped_column(String(20))  # Actual, Exercise, Test …
    kind: Mapped[str] = mapped_column(String(20))  # Alert, Update, Cancel …
    scope: Mapped[str] = mapped_column(String(20), default="Public")
    references: Mapped[list[str]] = mapped_column(JSON, default=list)
    event: Mapped[str] = mapped_column(String(60))
    level: Mapped[str] = mapped_column(String(20), default="")
    severity: Mapped[str] = mapped_column(String(20), default="")
    effective: Mapped[datetime | None] = mapped_column(Moment)
    expires: Mapped[datetime | None] = mapped_column(Moment)
    publisher: Mapped[str] = mapped_column(String(60), default="")
    headline: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    instruction: Mapped[str] = mapped_column(Text, default="")
    contact: Mapped[str] = mapped_column(String(200), default="")
    areas: Mapped[list[str]] = mapped_column(JSON, default=list)
    area_names: Mapped[list[str]] = mapped_column(JSON, default=list)


class Notice(Record, Base):
    """One notice of a village (12-digit place), a town (9) or the county (6)."""

    __tablename__ = "notices"
    code: Mapped[str] = mapped_column(String(40), index=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(String(12), index=True)
    kind: Mapped[str] = mapped_column(String(40), default="")
    published: Mapped[date]
    expires: Mapped[date | None]
    publisher: Mapped[str] = mapped_column(String(60), default="")


class Resident(Record, Base):
    """One number of the residents' list; one number may stand for several people. `phone` is digits, unmasked."""

    __tablename__ = "residents"
    phone: Mapped[str] = mapped_column(String(20), index=True)
    name: Mapped[str] = mapped_column(String(40), default="")
    place: Mapped[str] = mapped_column(String(12), index=True)
    subscribed: Mapped[bool] = mapped_column(default=False)
    preferred: Mapped[str] = mapped_column(String(20), default="")
    registered: Mapped[date | None]


class Office(Record, Base):
    """One public office of a town (9-digit place; the county's have 6)."""

    __tablename__ = "offices"
    place: Mapped[str] = mapped_column(String(12), index=True)
    name: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(60), default="")
    hours: Mapped[str] = mapped_column(String(100), default="")
    tasks: Mapped[str] = mapped_column(Text, default="")


class Hotline(Record, Base):
    """One telephone number for everybody."""

    __tablename__ = "hotlines"
    name: Mapped[str] = mapped_column(String(100))
    number: Mapped[str] = mapped_column(String(60))
    hours: Mapped[str] = mapped_column(String(100), default="")
    note: Mapped[str] = mapped_column(String(200), default="")


class Clinic(Record, Base):
    """One village clinic and its doctor."""

    __tablename__ = "clinics"
    place: Mapped[str] = mapped_column(String(12), index=True)
    name: Mapped[str] = mapped_column(String(100))
    doctor: Mapped[str] = mapped_column(String(40), default="")
    phone: Mapped[str] = mapped_column(String(60), default="")
    hours: Mapped[str] = mapped_column(String(100), default="")
    insured: Mapped[bool | None]


class BusRoute(Record, Base):
    """One bus line as it leaves a town: times as 6:46, interval in minutes, fare in 元."""

    __tablename__ = "bus_routes"
    place: Mapped[str] = mapped_column(String(12), index=True)
    route: Mapped[str] = mapped_column(String(60))
    origin: Mapped[str] = mapped_column(String(60), default="")
    terminus: Mapped[str] = mapped_column(String(60), default="")
    first: Mapped[str] = mapped_column(String(10), default="")
    last: Mapped[str] = mapped_column(String(10), default="")
    interval: Mapped[int | None]
    fare: Mapped[Decimal | None] = mapped_column(Fixed)
    stops: Mapped[str] = mapped_column(Text, default="")


class Policy(Record, Base):
    """One policy document of the county, or one national law."""

    __tablename__ = "policies"
    kind: Mapped[str] = mapped_column(String(10))  # county, law
    title: Mapped[str] = mapped_column(String(200))
    doc_no: Mapped[str] = mapped_column(String(100), default="")
    issuer: Mapped[str] = mapped_column(String(100), default="")
    issued: Mapped[date | None]
    effective: Mapped[date | None]
    expires: Mapped[date | None]
    audience: Mapped[str] = mapped_column(String(200), default="")
    keywords: Mapped[list[str]] = mapped_column(JSON, default=list)
    sections: Mapped[list[PolicySection]] = relationship(
        back_populates="policy", order_by="PolicySection.ordinal", cascade="all, delete-orphan", lazy="selectin"
    )


class PolicySection(Base):
    """One section of a policy (谁能领) or one article of a law (第六条)."""

    __tablename__ = "policy_sections"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policies.id", ondelete="CASCADE"), index=True)
    ordinal: Mapped[int]
    chapter: Mapped[str] = mapped_column(String(100), default="")
    heading: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text)
    policy: Mapped[Policy] = relationship(back_populates="sections")


@dataclass(frozen=True, slots=True)
class Dataset:
    """One data set: its table, what it is called, who may be told its records, and how often it should be renewed."""

    name: str
    model: type[Any]
    label: str
    scope: Scope = "county"
    rhythm_days: int | None = None
    key: tuple[str, ...] = ()  # the fields that tell two records apart; () means all of them
    day: str = ""  # the field that dates a record, in data sets that grow by the day

    def identify(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """Key and digest of a record's values."""
        key = {name: values.get(name) for name in self.key or values}
        return _hash(self.name, key), _hash(self.name, values)


def _hash(name: str, values: Mapping[str, Any]) -> str:
    parts = [f"{field}={_canonical(value)}" for field, value in sorted(values.items()) if value not in (None, "")]
    return blake2b("\x1f".join([name, *parts]).encode(), digest_size=16).hexdigest()


def _canonical(value: Any) -> str:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


DATASETS: dict[str, Dataset] = {
    row.name: row
    for row in (
        Dataset("prices", Price, "农产品价格", rhythm_days=3, day="day"),
        Dataset("finance", FinanceEntry, "村务财务收支", rhythm_days=45, day="day"),
        Dataset("power_items", PowerItem, "小微权力事项", rhythm_days=30, key=("code",)),
        Dataset(
            "reliefs",
            Relief,
            "社会救助公示名单",
            scope="village",
            rhythm_days=100,
            key=("kind", "place", "head", "id_number", "since", "dated"),
        ),
        Dataset("livability", Livability, "五化村庄现状", rhythm_days=200, key=("place",)),
        Dataset("projects", Project, "五化项目进展", rhythm_days=45, key=("code",)),
        Dataset(
            "toilet_repairs",
            ToiletRepair,
            "厕所管护台账",
            scope="village",
            rhythm_days=30,
            key=("code",),
            day="reported",
        ),
        Dataset("soil_tests", SoilTest, "土壤检测", rhythm_days=400, key=("plot", "place", "sampled"), day="sampled"),
        Dataset("farming_stats", FarmingStat, "种养统计", rhythm_days=400, key=("place", "year", "item", "indicator")),
        Dataset("facilities", Facility, "设施农业", rhythm_days=400, key=("place", "year", "kind")),
        Dataset("trades", Trade, "供求信息", rhythm_days=15, key=("code",), day="published"),
        Dataset("assets", Asset, "集体资产", rhythm_days=400, key=("code",)),
        Dataset("cooperatives", Cooperative, "合作社", rhythm_days=400, key=("name", "place")),
        Dataset("idle_resources", IdleResource, "沉睡资源", rhythm_days=100, key=("code",)),
        Dataset("role_models", RoleModel, "先进典型", rhythm_days=200, key=("name", "place", "kind", "awarded")),
        Dataset("civilized_titles", CivilizedTitle, "文明村镇", rhythm_days=400, key=("place", "title", "year")),
        Dataset("cameras", Camera, "雪亮工程监控点位", rhythm_days=200, key=("code",)),
        Dataset("alerts", Alert, "预警", key=("identifier", "sender")),
        Dataset("notices", Notice, "通知公告", rhythm_days=15, key=("code",), day="published"),
        Dataset("residents", Resident, "村民通讯录", scope="village", rhythm_days=200, key=("phone", "name", "place")),
        Dataset("offices", Office, "服务网点", rhythm_days=400, key=("place", "name")),
        Dataset("hotlines", Hotline, "常用电话", rhythm_days=400, key=("name",)),
        Dataset("clinics", Clinic, "村卫生室", rhythm_days=400, key=("place", "name")),
        Dataset("bus_routes", BusRoute, "公交时刻", rhythm_days=400, key=("place", "route", "origin")),
        Dataset("policies", Policy, "政策法规", rhythm_days=400, key=("kind", "title", "doc_no")),
    )
}
