from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

from knowledge.standing import by_town, departments, nearness, standings
from tests.sectors import MUZHUANG, SHUXING, WANBAOGOU


def test_equal_values_share_a_rank() -> None:
    values = {"a": Decimal(2), "b": Decimal(5), "c": Decimal(5), "d": Decimal(1)}
    assert [(s.place, s.rank, s.of) for s in standings(values)] == [("b", 1, 4), ("c", 1, 4), ("a", 3, 4), ("d", 4, 4)]
    assert [(s.place, s.rank) for s in standings(values, highest=False)] == [("d", 1), ("a", 2), ("b", 3), ("c", 3)]
    assert standings({}) == []


def test_towns_are_sums_of_their_villages() -> None:
    values = {WANBAOGOU: Decimal(1), MUZHUANG: Decimal("2.5"), SHUXING: Decimal(4)}
    assert by_town(values) == {"130283116": Decimal("3.5"), "130283103": Decimal(4)}


def test_nearness_goes_by_village_and_town() -> None:
    assert [nearness(code, WANBAOGOU) for code in (WANBAOGOU, MUZHUANG, SHUXING)] == [0, 1, 2]
    assert nearness(WANBAOGOU, None) == 2


def test_departments_are_named_once() -> None:
    rows = [SimpleNamespace(source=SimpleNamespace(department=name)) for name in ("农经站", "民政局", "农经站")]
    assert departments(rows) == "农经站、民政局"
