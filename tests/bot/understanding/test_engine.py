"""Messages as villagers write them -> intents and slots, with the shipped model."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import unicodedata
from datetime import date
from typing import Any

import pytest

from bot.understanding import Understanding
from bot.understanding.query import Names, Period, Query
from knowledge.places import Places
from tests.conftest import ROOT

TODAY = date(2026, 11, 23)
WANBAOGOU = "130283116217"


def parsed(engine: Understanding, text: str) -> Query:
    queries = engine.parse(text, TODAY)
    assert len(queries) == 1, queries
    return queries[0]


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("棒子多少钱一斤", "price_latest", {"commodity": "玉米"}),
    ("玉米介格", "price_latest", {"commodity": "玉米"}),
    ("yumi jiage", "price_latest", {"commodity": "玉米"}),
    ("地蛋今天卖几毛", "price_latest", {"commodity": "土豆"}),
    ("ｈｕａｓｈｅｎｇ多少钱", "price_latest", {"commodity": "花生"}),
    ("玉米和花生现在多少钱", "price_latest", {"commodity": "玉米", "commodities": ("玉米", "花生")}),
    ("东风市场的白菜啥价", "price_latest", {"commodity": "白菜", "market": "东风市场"}),
    ("滦州的玉米多少钱", "price_latest", {"commodity": "玉米", "unknown_place": "滦州"}),
    ("低宝咋办", "policy", {"policy": "农村低保", "relief": "农村低保", "aspect": "how"}),
    ("万宝钩村上个月买办公用品花了多少钱", "finance_total", {"village": WANBAOGOU, "subject": "办公用品", "direction": "支出"}),
    ("萬寶溝村上個月花了多少錢", "finance_total", {"village": WANBAOGOU, "direction": "支出"}),
    ("wanbaogoucun shangyue huale duoshao qian", "finance_total", {"village": WANBAOGOU}),
    ("俺村上月花了多少钱", "finance_total", {"own_village": True, "direction": "支出"}),
    ("凤凰台子村上月花了多少钱", "finance_total", {"unknown_place": "凤凰台子村", "direction": "支出"}),
    ("万宝沟村有几个监控", "camera", {"village": WANBAOGOU}),
    ("俺家地酸不酸", "soil", {"own_village": True}),
    ("116217-T01号地酸碱度多少", "soil", {"plot": "116217-T01"}),
    ("GQ0494还有效吗", "trade_status", {"code": "GQ0494"}),
    ("派出所几点上班", "office", {"office": "派出所"}),
    ("派出电话多少", "office", {"office": "派出所"}),
    ("全市有几个中国好人", "role_model", {"county": True}),
    ("五重安镇有森林火险预警吗", "alert", {"town": "130283116"}),
    ("那个村养猪最多", "livestock", {"extreme": "highest"}),
    ("低保到那里办", "policy", {"policy": "农村低保", "aspect": "where"}),
    ("鸡弹现在罪低多少", "price_extreme", {"commodity": "鸡蛋", "extreme": "lowest"}),
    ("凤凰岭！村上月花了多少钱", "finance_total", {"unknown_place": "凤凰岭村", "direction": "支出"}),
    ("店子镇有几个监控", "camera", {"unknown_place": "店子镇"}),
    ("重安镇谁家卖羊", "trade_find", {"town": "130283116"}),
    ("孪州白菜啥价", "price_latest", {"commodity": "白菜", "unknown_place": "滦州"}),
    ("T02号递的酸碱度", "soil", {"plot": "T02"}),
    ("GQ04。94还有效吗", "trade_status", {"code": "GQ0494"}),
    ("记202610-，116217-010是啥钱", "finance_voucher", {"voucher": "记202610-116217-010"}),
    ("直绊电话是多少", "hotline", {}),
    ("派所礼拜天有人没", "office", {"office": "派出所"}),
    ("qiezi duoshao qian", "price_latest", {"commodity": "茄子"}),
    ("玉密涨家了吗", "price_trend", {"commodity": "玉米"}),
    ("再说一遍", "repeat", {}),
    ("谢谢你啊", "thanks", {}),
    ("你会啥", "help", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "intent", "slots"), CASES)
def test_a_message_is_understood(engine: Understanding, text: str, intent: str, slots: dict[str, Any]) -> None:
    query = parsed(engine, text)
    assert query.intent == intent, query
    without_dates = {k: v for k, v in query.slots.items() if not isinstance(v, Period)}
    assert slots.items() <= without_dates.items(), query
    places = {"village", "villages", "own_village", "town", "own_town", "county", "unknown_place"}
    assert places & without_dates.keys() == places & slots.keys(), query
    assert query.confidence > 0.35, query


def test_a_period_and_what_it_is_compared_with(engine: Understanding) -> None:
    slots = parsed(engine, "今年花生比去年贵吗").slots
    assert (slots["period"].start.year, slots["baseline"].start.year) == (2026, 2025)
    assert parsed(engine, "2012年玉米多少钱").slots["period"] == Period(
        date(2012, 1, 1), date(2012, 12, 31), "year", "2012年"
    )


@pytest.mark.parametrize("said", ["那笔去年修路的账是多少", "那笔去年的账"])
def test_an_entry_of_last_year_is_compared_with_nothing(engine: Understanding, said: str) -> None:
    query = parsed(engine, said)
    assert query.text == said
    assert query.slots["period"].start.year == 2025
    assert "baseline" not in query.slots


def test_a_misspelt_date_is_read(engine: Understanding) -> None:
    assert parsed(engine, "俺村商个月花了多少钱").slots["period"].start == date(2026, 10, 1)
    assert parsed(engine, "zuotian yumi duoshao qian").slots["period"].start == date(2026, 11, 22)


def test_last_month_is_heard(engine: Understanding) -> None:
    assert parsed(engine, "俺村尚月的流水").slots["period"].start == date(2026, 10, 1)


@pytest.mark.parametrize("said", ["柒月", "七阅", "其月", "今年。七月"])
def test_a_month_is_read_however_it_is_written(engine: Understanding, said: str) -> None:
    assert parsed(engine, f"俺村{said}的流水").slots["period"].start == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("said", "read"), [("鸡蛋上哪卖", "鸡蛋上哪卖"), ("鸡蛋上哪mai", "鸡蛋上哪买"), ("上哪埋化肥", "上哪买化肥")]
)
def test_who_wants_to_sell_is_not_taken_for_a_buyer(engine: Understanding, said: str, read: str) -> None:
    assert parsed(engine, said).text == read


def test_a_longer_name_of_the_same_sound_is_meant(engine: Understanding) -> None:
    assert parsed(engine, "咱村低保弧都是些谁家").text == "咱村低保户都是些谁家"


def test_a_village_with_a_stray_mark_inside_needs_no_more_signs_than_without(engine: Understanding) -> None:
    assert parsed(engine, "列一下松！汀今年的支出").slots["village"] == "130283111209"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("低保增么办", "低保怎么办"),
        ("村里有森么通知", "村里有什么通知"),
        ("这么贵", "这么贵"),
        ("低保户鼻去年多吗", "低保户比去年多吗"),
    ],
)
def test_a_character_is_heard_by_its_neighbour(engine: Understanding, said: str, read: str) -> None:
    assert parsed(engine, said).text == read


@pytest.mark.parametrize("text", ["树猩村上阁星期支出了多少", "树行村上个星期支出了多少"])
def test_what_a_misspelt_village_ends_with_is_no_village_of_ours(engine: Understanding, text: str) -> None:
    slots = parsed(engine, text).slots
    assert slots["period"].start == date(2026, 11, 16)
    assert "village" in slots
    assert "own_village" not in slots


def test_and_that_nothing_stands_before_is_part_of_a_name(engine: Understanding) -> None:
    assert parsed(engine, "和桃多少钱一斤").slots["commodity"] == "核桃"
    assert parsed(engine, "玉米和桃多少钱一斤").slots["commodities"] == ("玉米", "桃")


def test_a_torn_word_is_no_place(engine: Understanding) -> None:
    slots = parsed(engine, "那个个，村里账目明细").slots
    assert "county" not in slots
    assert slots["own_village"]


def test_a_town_with_a_character_lost_is_no_maize(engine: Understanding) -> None:
    slots = parsed(engine, "彭子镇有谁被评为见义勇为").slots
    assert "commodity" not in slots
    assert slots["town"] == "130283117"


def test_a_village_elsewhere_is_heard_where_its_last_character_is_misspelt(engine: Understanding) -> None:
    assert parsed(engine, "凤凰台子存上月花了多少钱").slots["unknown_place"] == "凤凰台子村"


def test_the_end_of_the_month_is_no_september(engine: Understanding) -> None:
    assert (
        parsed(engine, "俺村这账啥时候公布，就月底吗").slots.get("period")
        != parsed(engine, "俺村九月的账").slots["period"]
    )


def test_namesakes_are_left_open_and_a_town_tells_them_apart(engine: Understanding, gazetteer: Places) -> None:
    name, both = sorted(gazetteer.namesakes().items())[0]
    slots = parsed(engine, f"{name}上月花了多少钱").slots
    assert slots["villages"] == tuple(sorted(place.code for place in both))
    assert "village" not in slots
    town = gazetteer.get(both[0].parent or "")
    assert town
    assert parsed(engine, f"{town.name}{name}上月花了多少钱").slots["village"] == both[0].code


@pytest.mark.parametrize("text", ["万宝村上月花了多少钱", "东高各庄村上月花了多少钱", "高各村十月支出多少"])
def test_a_guessed_village_is_left_open(engine: Understanding, text: str) -> None:
    slots = parsed(engine, text).slots
    assert len(slots["villages"]) == 1
    assert "village" not in slots


@pytest.mark.parametrize(
    "text", ["上午几点上班", "今天天气真好", "祝您平安", "科学发展", "西安天气", "家里太平", "办理低保", "文化广场"]
)
def test_an_everyday_word_is_no_village(engine: Understanding, text: str) -> None:
    for query in engine.parse(text, TODAY):
        assert not {"village", "villages"} & query.slots.keys(), query


@pytest.mark.parametrize("place", ["石家庄", "遵化", "王家梁村", "赵各寨镇", "凤凰岭村"])
def test_a_place_that_is_none_of_ours(engine: Understanding, place: str) -> None:
    slots = parsed(engine, f"{place}上月花了多少钱").slots
    assert slots["unknown_place"] == place
    assert not {"village", "villages", "town"} & slots.keys()


def test_a_village_elsewhere_is_not_our_namesake(engine: Understanding) -> None:
    assert "unknown_place" in parsed(engine, "滦州的刘庄子村上月花了多少钱").slots


def test_two_questions_are_two_queries(engine: Understanding) -> None:
    first, second = engine.parse("玉米多少钱一斤？低保怎么办？", TODAY)
    assert (first.intent, first.slots["commodity"]) == ("price_latest", "玉米")
    assert second.intent == "policy"
    assert "commodity" not in second.slots


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("村医是谁去县城几点有车", ["clinic", "bus"]),
        ("低保咋办镇上几点下班", ["policy", "office"]),
        ("花生涨了没有谁收花生", ["price_trend", "trade_find"]),
        ("猪肉今天多少钱还有鸡蛋比昨天涨了没", ["price_latest", "price_trend"]),
        ("今天有多少户低保还有多少户五保", ["relief_count"]),
        ("村里路灯亮了多少", ["livability"]),  # one question each from here on
        ("咱庄这几天有啥通知没", ["notice"]),
        ("玉米今天！多少钱", ["price_latest"]),
        ("我们村上月。都花在啥上了", ["finance_list"]),
        ("都是白菜，哪个市场贵", ["price_compare"]),
        ("哪个村，板栗种得最多", ["planting"]),
    ],
)
def test_questions_are_as_many_as_are_asked(engine: Understanding, text: str, intents: list[str]) -> None:
    assert [query.intent for query in engine.parse(text, TODAY)] == intents


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("涤保怎么申请", "低保怎么申请"),
        ("yumi多少钱", "玉米多少钱"),
        ("今儿停税不", "今儿停水不"),
        ("三、农热线是多少", "三农热线是多少"),
        ("养老保险要郊多少钱", "养老保险要交多少钱"),
        ("医保搁纳交", "医保搁哪交"),
        ("医保找谁交", "医保找谁交"),
        ("树行村养了多少只姬", "树行村养了多少只鸡"),
        ("我们存有谁得过先进", "我们村有谁得过先进"),
        ("土豆比。上个月跌了多少", "土豆比上个月跌了多少"),
        ("路灯最。多的是哪个村", "路灯最多的是哪个村"),
        ("俺村上，个月花了多少", "俺村上个月花了多少"),
        ("养养注多少头", "养养猪多少头"),
        ("俺村谁泥道铺了多长", "俺村水泥道铺了多长"),
        ("俺村今娘总收入多少", "俺村今年总收入多少"),
        ("women cun you shenme tongzhi", "我们村 you 什么 通知"),
        ("俺家地酸不酸", "俺家地酸不酸"),
        ("“文滑广场改造”办完没", "“文化广场改造”办完没"),
    ],
)
def test_the_text_is_handed_on_as_it_is_written(engine: Understanding, text: str, written: str) -> None:
    assert engine.parse(text, TODAY)[0].text == written


@pytest.mark.parametrize("text", ["五重安臻哪些村有低保户", "五重安哪个村低保户最多"])
def test_a_town_is_meant_where_villages_are_compared(engine: Understanding, text: str) -> None:
    query = engine.parse(text, TODAY)[0]
    assert query.slots.get("town") == "130283116"
    assert "village" not in query.slots


@pytest.mark.parametrize(
    "text", ["汀村卫生室电话多少", "在庄镇装了几个监控", "松村上个月支出多少", "园镇去年出栏多少头猪"]
)
def test_what_is_left_of_a_name_is_not_ours(engine: Understanding, text: str) -> None:
    assert engine.parse(text, TODAY)[0].slots.get("unknown_place") in {"汀村", "庄镇", "松村", "园镇"}


def test_a_village_without_its_suffix_is_asked_about(engine: Understanding) -> None:
    slots = engine.parse("树行养了多少只鸡", TODAY)[0].slots
    assert (slots.get("villages"), slots.get("village")) == (("130283103230",), None)


def test_an_honour_is_no_place_elsewhere(engine: Understanding) -> None:
    assert "unknown_place" not in engine.parse("五重安镇哪些村是河北省文明村", TODAY)[0].slots
    assert engine.parse("河北省的玉米多少钱", TODAY)[0].slots.get("unknown_place")


def test_a_figure_behind_pinyin_is_a_year(engine: Understanding) -> None:
    slots = engine.parse("songtingcun2026年3月支出多少", TODAY)[0].slots
    assert (slots.get("village"), slots["period"].start) == ("130283111209", date(2026, 3, 1))


def test_an_unsure_question_has_its_other_readings(engine: Understanding) -> None:
    query = next(q for text in ("村里人钱", "路灯电话谁") if (q := engine.parse(text, TODAY)[0]).confidence < 0.9)
    assert [other.intent for other in query.others] == [name for name, _ in query.alternatives]
    assert all(not other.others for other in query.others)


def test_the_second_question_is_about_the_same_village(engine: Understanding) -> None:
    first, second = engine.parse("万宝沟村有多少户低保？有几个监控？", TODAY)
    assert first.slots["village"] == second.slots["village"] == WANBAOGOU


def test_a_story_is_taken_by_its_question(engine: Understanding) -> None:
    text = "去年冬天就听广播里说要查账，我这腿脚不好也没去大队问，麻烦你告诉我上个月我们村一共花了多少钱"
    query = parsed(engine, text)
    assert query.intent == "finance_total"
    assert query.slots["period"].start == date(2026, 10, 1)


@pytest.mark.parametrize(
    "text",
    [
        "俺家去年秋天收的白菜在窖里放着一直没舍得出手今儿个有人来问俺也不知道行情白菜一斤卖多少钱",
        "去年秋天收的白菜 一直在窖里放着 今儿个有人来问 俺也不知道行情 白菜一斤卖多少钱",
    ],
    ids=["no mark at all", "blanks"],
)
def test_a_story_without_commas_is_taken_by_its_question(engine: Understanding, text: str) -> None:
    query = parsed(engine, text)
    assert (query.intent, query.slots.get("commodity"), query.slots.get("period")) == ("price_latest", "白菜", None)


def test_two_policies_that_nothing_parts_are_two_questions(engine: Understanding) -> None:
    queries = engine.parse("低保一个月多少钱老人补贴怎么申请", TODAY)
    assert [(q.slots.get("policy"), q.slots.get("aspect")) for q in queries] == [
        ("农村低保", "amount"),
        ("高龄津贴", "how"),
    ]


@pytest.mark.parametrize("text", ["玉米痹昨天涨了没有", "玉米和昨天敝涨了没有", "玉米同昨天相比涨了没有"])
def test_what_sounds_like_than_compares(engine: Understanding, text: str) -> None:
    slots = parsed(engine, text).slots
    assert slots["baseline"].start == date(2026, 11, 22)
    assert "period" not in slots


def test_a_message_is_read_alike_whatever_the_order_of_sets(names: Names) -> None:
    """A town and its market are said alike: which of them was taken changed from one start of the service to the next."""
    told = json.dumps([names["town"], names["market"] | {"建昌营市场": ["建昌营市场", "建昌营"]}])
    script = (
        "import json, sys, datetime; from bot import understanding; town, market = json.load(sys.stdin);"
        "engine = understanding.load().with_names({'town': town, 'market': market});"
        "print([(q.intent, sorted(q.slots.items(), key=str)) for text in"
        " ('从建昌营枕去市里坐几路车', '建昌营的韭菜', '建昌营营镇哪个村路灯最多')"
        " for q in engine.parse(text, datetime.date(2026, 11, 23))])"
    )
    said = set()
    for seed in range(4):
        env = os.environ | {"PYTHONHASHSEED": str(seed)}
        run = [sys.executable, "-c", script]
        said.add(subprocess.run(run, input=told, capture_output=True, text=True, check=True, env=env, cwd=ROOT).stdout)
    assert len(said) == 1, said


@pytest.mark.parametrize("text", ["", "   ", "？？？", "。。。", "😀😀", "\u200b", "\n"])
def test_nothing_to_read(engine: Understanding, text: str) -> None:
    assert engine.parse(text, TODAY) == []


def test_parsing_is_pure(engine: Understanding) -> None:
    texts = [case[0] for case in CASES]
    assert [engine.parse(text, TODAY) for text in texts] == [engine.parse(text, TODAY) for text in reversed(texts)][
        ::-1
    ]


def test_no_text_breaks_it(engine: Understanding) -> None:
    chance = random.Random(7)
    pieces = [
        "玉米",
        "万宝沟村",
        "“",
        "”",
        "《",
        "2026年",
        "13月45号",
        "yumi",
        "记2026-1-1",
        "[",
        "]",
        "{",
        "\\",
        "%s",
        "\x00",
        "é",
        "ü",
        "’",
    ]
    for _ in range(600):
        if chance.random() < 0.5:
            text = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 12)))
        else:
            text = "".join(_character(chance) for _ in range(chance.randint(1, 40)))
        for query in engine.parse(text, TODAY):
            assert 0 <= query.confidence <= 1
            assert len(query.text) <= 500


def _character(chance: random.Random) -> str:
    while True:
        found = chr(chance.randrange(0x20, 0x11000 if chance.random() < 0.9 else 0x110000))
        if unicodedata.category(found) != "Cs":
            return found


def test_a_long_text_is_read_in_time(engine: Understanding) -> None:
    text = "万宝沟村玉米多少钱一斤，" * 60
    assert engine.parse(text, TODAY)
    assert engine.parse("万" * 5000, TODAY)


def test_other_names_give_another_engine(engine: Understanding) -> None:
    other = engine.with_names({"village": {"990000000001": ("龙王岭村", "龙王岭")}})
    assert parsed(other, "龙王岭村上月花了多少钱").slots["village"] == "990000000001"
    assert parsed(engine, "龙王岭村上月花了多少钱").slots["unknown_place"] == "龙王岭村"


@pytest.mark.parametrize(
    ("text", "slot", "value"),
    [
        ("汀村的大棚都种什么", "unknown_place", "汀村"),  # half a name is no reason to answer with the home village
        ("哪个村板栗种得最多", "unknown_place", None),
        ("邻村上月花了多少", "unknown_place", None),
        ("村民代表能罢免村主任吗", "unknown_place", None),
        ("县医院太远，我们村卫生室能开药不", "unknown_place", None),  # 太远 is not 太原
        ("占地补偿一亩多少钱", "policy", None),  # 地补 is torn out of two words
        ("想买几十斤鸡蛋", "amount", None),
    ],
)
def test_what_only_looks_like_a_name(engine: Understanding, text: str, slot: str, value: str | None) -> None:
    assert parsed(engine, text).slots.get(slot) == value
