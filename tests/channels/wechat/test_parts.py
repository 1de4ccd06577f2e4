"""Long answers in parts: none over the limit, nothing lost, cut where a reader would pause."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from bot.messages import Choice, Fact, Reply
from channels.wechat.parts import HINT, MOST, size, split, wants_more
from tests.conftest import NOW

SOURCE = "（来源：农业农村局 2026-11-23）"


def all_parts(text: str) -> list[str]:
    found = []
    while text:
        part, rest = split(text)
        assert part
        assert len(rest) < len(text), "it comes to an end"
        found.append(part)
        text = rest
    return found


def bare(part: str) -> str:
    return part.removesuffix(f"\n{HINT}").removesuffix(SOURCE).rstrip("\n")


LONG = {
    "sentences": "玉米今天1.17元/斤，和昨天一样。最低1.15元，最高1.2元。" * 60,
    "lines": "\n".join(f"{n}月{n}日 道路维修 1,350.{n:02}元，经手人张某某" for n in range(1, 90)),
    "clauses": "东，南，西，北，" * 400,
    "no place to cut": "问" * 3000,
    "one figure": "1" * 5000,
    "Latin words": "price list of maize and peanuts " * 200,
    "emoji": "🌽🥜👨‍👩‍👧‍👦" * 300,
    "combined": "e\u0301" * 2000,
    "blank lines": ("玉米\n\n\n" * 400) + "完",
}


@pytest.mark.parametrize("source", ["", SOURCE], ids=["bare", "sourced"])
@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_no_part_is_too_long_and_nothing_is_lost(text: str, source: str) -> None:
    parts = all_parts(text + ("\n" + source if source else ""))
    assert len(parts) > 1
    assert all(size(part) <= MOST for part in parts)
    assert all(part.endswith(HINT) for part in parts[:-1])
    assert HINT not in parts[-1]
    if source:
        assert all(source in part for part in parts), "no figure without a source"
    squeezed = re.sub(r"\s", "", "".join(bare(part) for part in parts))
    assert squeezed == re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    "text", ["", "玉米1.17元/斤", "问" * 666, "a" * MOST], ids=["none", "short", "full hanzi", "full"]
)
def test_what_fits_stays_as_it_is(text: str) -> None:
    assert split(text) == (text, "")


def test_one_byte_more_is_split() -> None:
    first, rest = split("a" * (MOST + 1))
    assert size(first) <= MOST
    assert bare(first) + rest == "a" * (MOST + 1)


def test_parts_are_filled() -> None:
    parts = all_parts(LONG["sentences"])
    assert all(size(part) > MOST * 0.8 for part in parts[:-1])


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("sentences", r"。$"),
        ("lines", r"张某某$"),
        ("clauses", r"，$"),
        ("Latin words", r"\w$"),
        ("emoji", r"[🌽🥜👦]$"),
    ],
)
def test_a_part_ends_where_a_reader_pauses(name: str, end: str) -> None:
    for part in all_parts(LONG[name])[:-1]:
        assert re.search(end, bare(part)), part[-60:]


def test_a_figure_a_date_and_a_unit_are_never_torn() -> None:
    line = "记202610-116217-010号2026-11-23付1,350.75元给3.5公斤"
    for shift in range(40):
        text = "问" * shift + line * 60
        for part in all_parts(text)[:-1]:
            assert not re.search(r"[\w.,:/%-]$", bare(part), re.ASCII), part[-40:]


def test_markup_and_addresses_are_no_places_to_cut() -> None:
    text = "看https://xiangyin.example/pictures/price/a.png?x=1,2;y:3吧。" * 60
    for part in all_parts(text)[:-1]:
        assert bare(part).endswith("吧。")


def test_a_reply_ends_with_its_choices_and_its_source() -> None:
    facts = (Fact("均价", Decimal("1.17"), "元/斤", "玉米", "迁安市", NOW.date(), "农业农村局"),)
    choices = (Choice("彭店子乡刘庄子村", "a"), Choice("上射雁庄乡刘庄子村", "b"))
    reply = Reply("玉米1.17元/斤。", tuple(f"第{n}条：和昨天一样，没有变化。" for n in range(1, 100)), facts, choices)
    parts = all_parts(reply.text)
    assert parts[0].startswith("玉米1.17元/斤。\n第1条")
    assert parts[-1].endswith(f"1 彭店子乡刘庄子村\n2 上射雁庄乡刘庄子村\n{SOURCE}")


def test_a_source_as_long_as_a_part_is_a_text_like_any_other() -> None:
    parts = all_parts("玉米。" * 400 + "\n（来源：" + "局；" * 900 + "）")
    assert all(size(part) <= MOST for part in parts)


@pytest.mark.parametrize(
    "text", ["更多", " 更多。", "“更多”", "还有吗？", "还有呢", "继续", "接着说", "下一页", "more", "Ｍore!"]
)
def test_words_that_ask_for_more(text: str) -> None:
    assert wants_more(text)


@pytest.mark.parametrize("text", ["", "更多补贴", "还有玉米吗", "继续教育补贴", "1", "玉米", "。"])
def test_words_that_ask_for_something_else(text: str) -> None:
    assert not wants_more(text)
