from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from knowledge import honours
from knowledge.tables import CivilizedTitle
from tests.sectors import COUNTY, MUZHUANG, WANBAOGOU, add


def test_people_by_name_and_kind(session: Session) -> None:
    add(
        session,
        "role_models",
        {"name": "王子", "place": WANBAOGOU, "kind": "助人为乐", "awarded": date(2024, 1, 1)},
        {"name": "王子轩", "place": WANBAOGOU, "kind": "孝老爱亲", "awarded": date(2025, 2, 25)},
        {"name": "王子轩", "place": MUZHUANG, "kind": "孝老爱亲", "awarded": date(2026, 2, 25)},
    )
    rows = honours.people(session, COUNTY)
    assert [row.awarded.year for row in rows if row.awarded] == [2026, 2025, 2024]
    assert [row.place for row in honours.named(rows, "王子轩得过啥")] == [MUZHUANG, WANBAOGOU]
    assert [row.name for row in honours.named(rows, "王子得过啥")] == ["王子"]
    assert honours.named(rows, "有啥先进") == []
    assert honours.by_kind(rows) == [("孝老爱亲", 2), ("助人为乐", 1)]


@pytest.mark.parametrize(
    ("status", "held"),
    [
        ("保持", True),
        ("", True),
        ("复查合格", True),
        ("已摘牌", False),
        ("撤销", False),
        ("不再保持", False),
        ("未通过", False),
    ],
)
def test_a_title_is_held_until_it_is_lost(status: str, held: bool) -> None:
    assert honours.is_held(CivilizedTitle(status=status)) is held


def test_titles_still_held_come_first(session: Session) -> None:
    add(
        session,
        "civilized_titles",
        {"place": WANBAOGOU, "title": "文明村", "year": 2025, "status": "已摘牌"},
        {"place": WANBAOGOU, "title": "示范村", "year": 2015, "status": "保持"},
        {"place": WANBAOGOU, "title": "卫生村", "year": 2020, "status": "保持"},
    )
    assert [row.title for row in honours.titles(session, WANBAOGOU)] == ["卫生村", "示范村", "文明村"]
