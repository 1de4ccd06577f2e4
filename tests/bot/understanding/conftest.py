"""An engine with the shipped model and the names of the official list of places, goods and a few of each other kind."""

from __future__ import annotations

import pytest

from bot import understanding
from bot.understanding import Understanding
from bot.understanding.query import Names
from knowledge.names import commodity_aliases
from knowledge.places import Places, short_name


@pytest.fixture(scope="session")
def names(gazetteer: Places) -> Names:
    """Names as `knowledge.names.collect` gives them, without a database."""
    found: dict[str, dict[str, tuple[str, ...]]] = {"village": {}, "town": {}}
    for place in gazetteer:
        if place.kind != "county":
            slot = "town" if place.kind == "town" else "village"
            found[slot][place.code] = tuple(sorted({place.name, short_name(place.name)}))
    found["commodity"] = {name: (name, *others) for name, others in commodity_aliases().items()}
    found["market"] = {"东风市场": ("东风市场", "东风"), "海港市批发市场": ("海港市批发市场",)}
    found["policy"] = {"农村低保": ("农村低保", "低保"), "高龄津贴": ("高龄津贴", "老人补贴")}
    found["subject"] = {"办公用品": ("办公用品",), "道路维修": ("道路维修",), "水电费": ("水电费",)}
    found["relief"] = {"农村低保": ("低保", "低保户", "农村低保"), "五保户": ("五保", "五保户")}
    found["office"] = {"派出所": ("派出所",), "便民服务中心": ("便民服务中心",)}
    found["route"] = {"迁五重安1路": ("迁五重安1路",)}
    return found


@pytest.fixture(scope="session")
def engine(names: Names) -> Understanding:
    """The shipped model with these names."""
    return understanding.load().with_names(names)
