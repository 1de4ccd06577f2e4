from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from knowledge import soil
from tests.sectors import MUZHUANG, WANBAOGOU, WUZHONGAN, add


@pytest.fixture
def tested(session: Session) -> Session:
    add(
        session,
        "soil_tests",
        {"plot": "116217-T01", "place": WANBAOGOU, "sampled": date(2025, 3, 1), "ph": Decimal("7.0"), "organic": Decimal(12)},
        {"plot": "116217-T01", "place": WANBAOGOU, "sampled": date(2026, 9, 16), "ph": Decimal("8.0"), "organic": Decimal("25.1")},
        {"plot": "116217-T02", "place": WANBAOGOU, "sampled": date(2026, 1, 5), "ph": Decimal("7.3")},
        {"plot": "116223-T01", "place": MUZHUANG, "sampled": date(2026, 1, 5), "ph": Decimal("6.5")},
    )  # fmt: skip
    return session


def test_only_the_latest_sample_of_a_plot_counts(tested: Session) -> None:
    rows = soil.latest(tested, WANBAOGOU)
    assert [(row.plot, row.ph) for row in rows] == [("116217-T01", Decimal(8)), ("116217-T02", Decimal("7.3"))]
    assert len(soil.latest(tested, WUZHONGAN)) == 3


def test_a_plot_is_found_however_its_code_is_written(tested: Session) -> None:
    assert [row.sampled.year for row in soil.of_plot(tested, "116217t01")] == [2026, 2025]
    assert [row.plot for row in soil.of_plot(tested, "T02", WANBAOGOU)] == ["116217-T02"]
    assert soil.of_plot(tested, "T02") == []  # the end of a code tells nothing without a place
    assert soil.of_plot(tested, "116217-T99", WANBAOGOU) == []
    assert soil.named(tested, "万宝沟村116217 T02号地缺啥") == "116217-T02"
    assert soil.named(tested, "俺家地酸不酸") is None


def test_a_spread_is_of_those_that_were_measured(tested: Session) -> None:
    rows = soil.latest(tested, WUZHONGAN)
    assert soil.spread(rows, "ph") == soil.Spread(Decimal("7.27"), Decimal("6.5"), Decimal(8), 3)
    assert soil.spread(rows, "organic") == soil.Spread(Decimal("25.1"), Decimal("25.1"), Decimal("25.1"), 1)
    assert soil.spread(rows, "ec") is None


@pytest.mark.parametrize(
    ("measure", "value", "name", "level"),
    [
        ("organic", "40", "丰富", "一级"),
        ("organic", "39.9", "较丰富", "二级"),
        ("organic", "20", "中等", "三级"),
        ("organic", "10", "偏低", "四级"),
        ("organic", "6", "低", "五级"),
        ("organic", "5.9", "很低", "六级"),
        ("nitrogen", "150", "丰富", "一级"),
        ("nitrogen", "89", "偏低", "四级"),
        ("nitrogen", "29.9", "很低", "六级"),
        ("phosphorus", "40", "丰富", "一级"),
        ("phosphorus", "4.9", "低", "五级"),
        ("potassium", "200", "丰富", "一级"),
        ("potassium", "99", "偏低", "四级"),
        ("ph", "4.9", "强酸性", ""),
        ("ph", "5", "酸性", ""),
        ("ph", "6.5", "中性", ""),
        ("ph", "7.5", "碱性", ""),
        ("ph", "8.5", "强碱性", ""),
        ("ec", "1999", "不算盐化", ""),
        ("ec", "2000", "轻度盐化", ""),
        ("ec", "16000", "盐分很重", ""),
    ],
)
def test_the_published_classes(measure: str, value: str, name: str, level: str) -> None:
    grade = soil.measures()[measure].grade(Decimal(value))
    assert (grade.name, grade.level) == (name, level)


def test_every_measure_is_graded_without_a_gap_and_names_its_source() -> None:
    for measure in soil.measures().values():
        assert measure.source
        assert measure.grades[0].high is None
        assert measure.grades[-1].low is None
        bounds = [grade.low for grade in measure.grades[:-1]]
        assert bounds == sorted(bounds, reverse=True)  # type: ignore[type-var]
        for grade in measure.grades:
            assert not any(character.isdigit() for character in grade.advice), "advice names no amount"


def test_crops_stand_salt_by_a_published_list() -> None:
    assert soil.salt_tolerance()["草莓"] == "怕盐"
    assert soil.salt_tolerance()["小麦"] == "比较耐盐"
    assert soil.salt_source()
