"""The names that the data know, with the forms in which people write them; what understanding looks for in a text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from knowledge import database
from knowledge.places import Places, short_name
from knowledge.tables import BusRoute, FarmingStat, FinanceEntry, Office, Policy, Price, Relief, Source, Trade

DATA = Path(__file__).parent / "data"

_MARKET_TAILS = ("农副产品批发市场", "农产品批发市场", "农贸批发市场", "批发市场", "农贸市场", "市场")
_RELIEF_WORDS = {"农村低保": ("低保", "低保户"), "特困供养": ("特困", "特困户", "特困人员"), "五保户": ("五保",)}


@cache
def commodity_aliases() -> Mapping[str, tuple[str, ...]]:
    """Canonical produce names with their other names, from data/commodities.yml."""
    stored = yaml.safe_load((DATA / "commodities.yml").read_text(encoding="utf-8"))
    return {name: tuple(others) for name, others in stored.items()}


_VERSION = select(func.count(), func.max(database.table_of(Source).c.imported))  # built once: every message asks


def version(session: Session) -> str:
    """Changes whenever an import has changed what is known."""
    count, latest = session.execute(_VERSION).one()
    return f"{count} {latest}"


def collect(session: Session, places: Places) -> dict[str, dict[str, tuple[str, ...]]]:
    """All names by slot: {slot: {canonical value: surface forms}}; places under their division codes."""
    names: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def add(slot: str, canonical: str, surfaces: Iterable[str] = ()) -> None:
        named_by_code = slot in {"village", "town", "county"}
        names[slot][canonical].update(surfaces if named_by_code else {canonical, *surfaces})

    for place in places:
        if place.kind == "town":
            add("town", place.code, {place.name, short_name(place.name)})
        elif place.kind == "county":
            add("county", "1", {place.name, _bare(place.name), f"全{_bare(place.name)}"})
        else:
            add("village", place.code, {place.name, short_name(place.name)})

    for canonical, published in session.execute(select(Price.commodity, Price.published_name).distinct()):
        add("commodity", canonical, {published})
    for column in (FarmingStat.item, Trade.item):
        for item in session.scalars(select(column).distinct()):
            add("commodity", item)
    for canonical, others in commodity_aliases().items():
        add("commodity", canonical, others)

    cities = {places.county.name, _bare(places.county.name)}
    for market, region in session.execute(select(Price.market, Price.region).distinct()):
        add("market", market, _market_forms(market, cities | set(region.split())))

    for title, keywords in session.execute(select(Policy.title, Policy.keywords).where(Policy.kind == "county")):
        add("policy", title, keywords)
    for subject in session.scalars(select(FinanceEntry.subject).distinct()):
        add("subject", subject)
    for kind in session.scalars(select(Relief.kind).distinct()):
        add("relief", kind, _RELIEF_WORDS.get(kind, ()))
    for route in session.scalars(select(BusRoute.route).distinct()):
        add("route", route)
    for name, code in session.execute(select(Office.name, Office.place)):
        town = places.get(code)
        add("office", name.removeprefix(town.name) if town else name)
    return {slot: {c: tuple(sorted(s)) for c, s in found.items()} for slot, found in names.items()}


def _bare(county: str) -> str:
    """A county's name without 市, 县 or 区: 迁安市 -> 迁安."""
    return county[:-1] if len(county) > 2 and county[-1] in "市县区" else county


def _market_forms(market: str, cities: set[str]) -> set[str]:
    """The ways a market is called: 唐山荷花坑市场 -> 荷花坑市场, 荷花坑; 北京新发地 -> 新发地."""
    forms = {market}
    for city in cities | {"北京", "天津", "唐山", "秦皇岛", "承德", "石家庄"}:
        if city and market.startswith(city) and len(market) - len(city) >= 2:
            forms.add(market.removeprefix(city))
    for form in list(forms):
        for tail in _MARKET_TAILS:
            if form.endswith(tail) and len(form) - len(tail) >= 2:
                forms.update({form.removesuffix(tail), form.removesuffix(tail) + "市场"})
                break
    return forms
