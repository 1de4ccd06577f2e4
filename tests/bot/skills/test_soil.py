from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import soil
from tests.sectors import MUZHUANG, WANBAOGOU, WUZHONGAN, add, ask, empty, year

OWN = {"village": WANBAOGOU}


@pytest.fixture(scope="module")
def data() -> Iterator[Session]:
    def sample(
        plot: str, day: date, ph: str, organic: str | None, crop: str = "", place: str = WANBAOGOU, **more: Any
    ) -> dict[str, Any]:
        return {
            "plot": plot, "place": place, "sampled": day, "ph": Decimal(ph),
            "organic": None if organic is None else Decimal(organic), "crop": crop,
        } | {name: Decimal(value) for name, value in more.items()}  # fmt: skip

    rich = {"ec": 2100, "nitrogen": 63, "phosphorus": 41, "potassium": 241}
    with empty() as session:
        add(
            session,
            "soil_tests",
            sample("116217-T01", date(2026, 9, 16), "8.0", "25.1", "草莓", **rich),
            sample("116217-T01", date(2025, 3, 1), "7.9", "20", "草莓"),
            sample("116217-T02", date(2026, 1, 5), "7.3", "8.6", ec=300, nitrogen=150, phosphorus=40, potassium=200),
            sample("116223-T01", date(2026, 1, 5), "6.4", None, place=MUZHUANG),
            department="农业农村局",
        )
        yield session


@pytest.mark.parametrize(
    ("text", "slots", "headline"),
    [
        ("116217-T01号地的pH是多少？有机质呢？", {**OWN, "plot": "116217-T01"}, "116217-T01号地2026年9月16日化验：pH 8（碱性）；有机质25.1g/kg（中等，三级）。"),
        ("116217T01酸不酸", {}, "116217-T01号地2026年9月16日化验：pH 8（碱性）。"),
        ("T02号地酸不酸", OWN, "116217-T02号地2026年1月5日化验：pH 7.3（中性）。"),
        ("116217-T01号地缺啥", OWN, "116217-T01号地2026年9月16日化验：缺的是碱解氮63mg/kg（偏低，四级）。有机质、有效磷、速效钾不缺。"),
        ("116217-T01号地电导率高不高", OWN, "116217-T01号地2026年9月16日化验：电导率2100μS/cm（轻度盐化）。"),
        ("116223-T01号地有机质多少", {}, "没有五重安镇母庄村这块地这一项化验的记录。"),
        ("T99号地酸不酸", OWN, "没有万宝沟村这个地块土壤检测的记录。"),
        ("俺家地酸不酸", OWN, "万宝沟村2块地平均：pH 7.65（碱性），7.3到8。"),
        ("俺村土咋样", OWN, "万宝沟村2块地平均：pH 7.65（碱性），7.3到8；有机质16.85g/kg（偏低，四级），8.6到25.1。"),
        ("玉米地酸不酸", {**OWN, "commodity": "玉米"}, "没有玉米地的化验，万宝沟村2块地平均：pH 7.65（碱性），7.3到8。"),
        ("2025年测的土酸不酸", {**OWN, "period": year(2025)}, "万宝沟村1块地：pH 7.9（碱性）。"),
        ("去年测的土酸不酸", OWN, "万宝沟村1块地：pH 7.9（碱性）。"),
        ("2025年测的土酸不酸", {"village": MUZHUANG, "period": year(2025)}, "没有五重安镇母庄村2025年土壤检测的记录，现有的是2026年1月5日的。"),
        ("哪块地最酸", OWN, "116217-T02号地2026年1月5日化验：pH 7.3（中性）。"),
        ("哪块地有机质最低", OWN, "116217-T02号地2026年1月5日化验：有机质8.6g/kg（低，五级）。"),
        ("哪个村地最肥", {}, "迁安市有机质平均最高的是五重安镇万宝沟村，16.85g/kg。"),
        ("哪个村地最酸", {"extreme": "highest"}, "迁安市pH平均最低的是五重安镇母庄村，6.4；其次五重安镇万宝沟村7.65。"),
        ("哪个村地最碱", {"extreme": "highest"}, "迁安市pH平均最高的是五重安镇万宝沟村，7.65；其次五重安镇母庄村6.4。"),
        ("草莓地酸不酸", {**OWN, "commodity": "草莓"}, "万宝沟村1块地：pH 8（碱性）。"),
        ("全镇的地酸不酸", {"town": WUZHONGAN}, "五重安镇3块地平均：pH 7.23（中性），6.4到8。"),
        ("地缺啥", {"village": MUZHUANG}, "没有母庄村这一项土壤化验的记录。"),
        ("地酸不酸", {"village": "130283001201"}, "没有建设村土壤检测的记录。"),
        ("2020年地酸不酸", {**OWN, "period": year(2020)}, "没有五重安镇万宝沟村2020年土壤检测的记录，现有的是2026年9月16日的。"),
    ],
)  # fmt: skip
def test_measured_values(data: Session, text: str, slots: dict[str, Any], headline: str) -> None:
    assert ask(data, soil.answer, text, Asker(), **slots).headline == headline


def test_advice_is_marked_and_rests_on_published_bounds(data: Session) -> None:
    reply = ask(data, soil.answer, "116217-T01号地缺啥该上啥肥", **OWN)
    advice = [line for line in reply.details if line.startswith("建议：")]
    assert "建议：碱解氮偏低（60～90mg/kg），氮肥要上够，分次追。" in advice
    assert "建议按公布的分级给的，只供参考，用多少肥请问农技员。" in reply.details
    published = [fact for fact in reply.facts if fact.what == "碱解氮分级"]
    assert [(fact.value, fact.source) for fact in published] == [("60～90mg/kg", "第二次全国土壤普查")]
    measured = next(fact for fact in reply.facts if fact.what == "碱解氮")
    assert (measured.value, measured.unit, measured.source, measured.as_of) == (
        63,
        "mg/kg",
        "农业农村局",
        date(2026, 9, 16),
    )


def test_a_crop_that_minds_salt_is_told_of(data: Session) -> None:
    reply = ask(data, soil.answer, "116217-T01号地盐分高不高", **OWN)
    assert "建议：草莓怕盐，化肥少上、勤浇透水。" in reply.details


def test_an_older_sample_stands_beside_the_latest(data: Session) -> None:
    reply = ask(data, soil.answer, "116217-T01号地酸不酸", **OWN)
    assert "2025年3月1日化验：pH 7.9" in reply.details


def test_how_to_ask_for_ones_own_plot_is_told(data: Session) -> None:
    reply = ask(data, soil.answer, "俺家地酸不酸", **OWN)
    assert "要问自家那块地，请说地块编号，比如“116217-T01号地”；没有编号问村委会。" in reply.details
