"""The words of a question against the names of records: in part, with a slip, and never another matter."""

import pytest

from bot.skills.lookup import closest
from bot.understanding.query import Query, Slots
from knowledge.places import Places

VILLAGE = "130283116217"  # 五重安镇万宝沟村
MATTERS = [
    "万宝沟村火灾困难救助",
    "万宝沟村临时困难救助",
    "万宝沟村文化广场改造工程",
    "万宝沟村北沟荒山承包",
    "万宝沟村南梁荒山续包",
    "万宝沟村农村低保申请",
    "万宝沟村防火灭火器材采购",
]
ASSETS = ["万宝沟村集体冷库", "万宝沟村旧小学校舍", "万宝沟村文化广场", "万宝沟村村委会办公楼"]
NOTICES = [
    "万宝沟村计划停电通知",
    "万宝沟村停水通知",
    "万宝沟村老年人免费体检",
    "万宝沟村放电影",
    "五重安镇医保缴费提醒",
]


def found(text: str, names: list[str], places: Places, title: str = "") -> list[str]:
    slots = Slots(village=VILLAGE)
    if title:
        slots["title"] = title
    return closest(Query("power_stage", slots, 1.0, text), names, str, places)


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("万宝沟村火灾困难救助办到哪一步了", MATTERS, ["万宝沟村火灾困难救助"]),
        ("广场改造办到哪步了", MATTERS, ["万宝沟村文化广场改造工程"]),
        ("荒山包给谁了多少钱", MATTERS, ["万宝沟村北沟荒山承包", "万宝沟村南梁荒山续包"]),
        ("俺村低保评议通过没", MATTERS, ["万宝沟村农村低保申请"]),
        ("灭火器买了没", MATTERS, ["万宝沟村防火灭火器材采购"]),
        ("困难救助办了没", MATTERS, ["万宝沟村火灾困难救助", "万宝沟村临时困难救助"]),
        ("万宝沟村的万宝沟村集体冷库租给谁了", ASSETS, ["万宝沟村集体冷库"]),
        ("冷库多大", ASSETS, ["万宝沟村集体冷库"]),
        ("办公楼值多少钱", ASSETS, ["万宝沟村村委会办公楼"]),
        ("哪天停电", NOTICES, ["万宝沟村计划停电通知"]),
        ("停水到几点", NOTICES, ["万宝沟村停水通知"]),
        ("老人体检是哪天", NOTICES, ["万宝沟村老年人免费体检"]),
        ("医保缴费截止没", NOTICES, ["五重安镇医保缴费提醒"]),
    ],
)
def test_a_part_of_the_name_finds_it(text: str, names: list[str], expected: list[str], gazetteer: Places) -> None:
    assert found(text, names, gazetteer) == expected


@pytest.mark.parametrize("slip", ["火灾困难求助", "火灾困难助", "火宅困难救助", "万宝沟村火灾困难救住"])
def test_one_wrong_or_missing_character_is_forgiven(slip: str, gazetteer: Places) -> None:
    assert found(f"{slip}办到哪了", MATTERS, gazetteer) == ["万宝沟村火灾困难救助"]
    assert found("办到哪了", MATTERS, gazetteer, title=slip) == ["万宝沟村火灾困难救助"]


def test_of_a_short_name_the_middle_character_may_be_wrong(gazetteer: Places) -> None:
    assert found("放店影是哪天", NOTICES, gazetteer) == ["万宝沟村放电影"]


@pytest.mark.parametrize(
    "text",
    [
        "篮球场改造办到哪步了",
        "东沟荒山包给谁了",
        "幼儿园改建办到哪步了",
        "最近有什么通知",
        "停气通知",
        "万宝沟村咋样",
        "",
    ],
)
def test_another_matter_finds_nothing(text: str, gazetteer: Places) -> None:
    assert found(text, MATTERS + NOTICES, gazetteer) == []


@pytest.mark.parametrize("title", ["篮球场改造", "学校操场建设", "道路维修改造", "低保复核公示名单"])
def test_a_quoted_title_of_another_matter_finds_nothing(title: str, gazetteer: Places) -> None:
    assert found("办到哪一步了", MATTERS, gazetteer, title=title) == []


def test_the_quoted_title_counts_alone(gazetteer: Places) -> None:
    assert found("火灾困难救助还有文化广场", MATTERS, gazetteer, title="文化广场改造") == ["万宝沟村文化广场改造工程"]


def test_the_whole_name_is_taken_before_a_longer_one_with_it(gazetteer: Places) -> None:
    assert found("集体冷库多大", ["万宝沟村集体冷库扩建", "万宝沟村集体冷库"], gazetteer) == ["万宝沟村集体冷库"]


def test_a_name_of_generic_words_alone_is_still_a_name(gazetteer: Places) -> None:
    assert found("那个公告", ["万宝沟村公告"], gazetteer) == ["万宝沟村公告"]


def test_no_records(gazetteer: Places) -> None:
    assert found("广场改造", [], gazetteer) == []
