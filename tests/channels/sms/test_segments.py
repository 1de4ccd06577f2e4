"""What a text message costs, and what is kept of a reply when it must be short."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bot.messages import Choice, Fact, Reply
from channels.sms.segments import MOST, encoding, fit, split, units
from tests.channels.conftest import CHOOSE, PRICE
from tests.support import numbers

FACT = Fact("均价", Decimal("1.17"), "元/斤", "玉米", as_of=date(2026, 11, 23), source="农业农村局")
SOURCE = "农业农村局 2026-11-23"


@pytest.mark.parametrize(
    ("text", "kind", "length", "parts"),
    [
        ("", "gsm7", 0, 1),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 81, "gsm7", 162, 2),
        ("àÄ£Δ@\n", "gsm7", 6, 1),
        ("[]{}~|\\^€\f", "gsm7", 20, 1),
        ("`", "ucs2", 1, 1),  # a grave accent alone stands in no GSM table
        ("ç", "ucs2", 1, 1),  # the table has Ç only
        ("a\u00a0" + "a" * 68, "ucs2", 70, 1),
        ("a\u00a0" + "a" * 69, "ucs2", 71, 2),
        ("问" * 70, "ucs2", 70, 1),
        ("问" * 71, "ucs2", 71, 2),
        ("问" * 134, "ucs2", 134, 2),
        ("问" * 135, "ucs2", 135, 3),
        ("问" * 201, "ucs2", 201, 3),
        ("问" * 202, "ucs2", 202, 4),
        ("🌽" * 35, "ucs2", 70, 1),
        ("🌽" * 36, "ucs2", 72, 2),
        ("𠮷" * 34, "ucs2", 68, 1),
    ],
)
def test_encoding_length_and_parts(text: str, kind: str, length: int, parts: int) -> None:
    assert encoding(text) == kind
    assert units(text, encoding(text)) == length
    assert split(text).count == parts


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("问" * 66 + "🌽" + "问" * 10, "问" * 66),  # the pair would begin in unit 67 of 67
        ("问" * 65 + "🌽" + "问" * 10, "问" * 65 + "🌽"),
        ("a" * 152 + "€" + "a" * 10, "a" * 152),
        ("a" * 151 + "€" + "a" * 10, "a" * 151 + "€"),
    ],
)
def test_no_pair_is_split(text: str, first: str) -> None:
    parts = split(text)
    assert parts.texts[0] == first
    assert "".join(parts.texts) == text


@pytest.mark.parametrize("text", ["🌽" * 200, "问🌽" * 100, "a€" * 300, "问" * 500])
def test_every_part_holds_what_it_may(text: str) -> None:
    parts = split(text)
    room = 153 if parts.encoding == "gsm7" else 67
    assert "".join(parts.texts) == text
    assert all(units(part, parts.encoding) <= room for part in parts.texts)
    for part in parts.texts:
        part.encode("utf-16-le")  # raises where a surrogate stands alone


def test_a_short_answer_is_one_message_with_its_source_and_what_else_fits() -> None:
    text = fit(PRICE)
    assert (
        text
        == "玉米今天1.17元/斤，和昨天一样。\n最低1.15元，最高1.2元。\n问“哪卖最好”可比市场。（来源：农业农村局 2026-11-23）"
    )
    assert split(text).count == 1


def test_details_go_first() -> None:
    reply = Reply("玉米1.17元/斤。", ("长" * 60, "短"), (FACT,))
    assert fit(reply) == f"玉米1.17元/斤。（来源：{SOURCE}）"
    assert fit(reply, budget=2) == f"玉米1.17元/斤。\n{'长' * 60}\n短（来源：{SOURCE}）"


def test_the_word_for_source_goes_where_it_would_cost_a_message() -> None:
    headline = "玉" * (70 - len(f"（{SOURCE}）"))
    assert fit(Reply(headline, facts=(FACT,))) == f"{headline}（{SOURCE}）"
    assert split(fit(Reply(headline, facts=(FACT,)))).count == 1


def test_a_long_headline_takes_the_messages_it_needs_and_details_fill_them() -> None:
    headline = "玉米价格" * 16 + "。"
    text = fit(Reply(headline, ("再说一句。", "很" * 200), (FACT,)))
    assert text == f"{headline}\n再说一句。（来源：{SOURCE}）"
    assert split(text).count == 2


def test_choices_are_numbered_and_stand_alone() -> None:
    assert fit(CHOOSE) == "您问的是哪个？回数字。\n1 彭店子乡刘庄子村\n2 上射雁庄乡刘庄子村"


def test_choices_with_a_source_keep_both() -> None:
    reply = Reply("问哪个？", choices=CHOOSE.choices, facts=(FACT,))
    assert fit(reply).endswith(f"\n2 上射雁庄乡刘庄子村\n（来源：{SOURCE}）")


@pytest.mark.parametrize(
    ("headline", "kept_at_least"),
    [
        ("甲项目1,350.5元，" * 40, 90),
        ("补贴发放" * 80, 170),
        ("无标点" * 30 + "1234567890" * 30, 80),
        ("1.5元" * 100, 170),
    ],
)
def test_what_is_too_long_for_three_is_cut_at_a_clause_and_never_in_a_figure(headline: str, kept_at_least: int) -> None:
    reply = Reply(headline, ("细节",), (FACT,))
    text = fit(reply)
    assert split(text).count <= MOST
    kept, ellipsis, source = text.partition("…")
    assert ellipsis
    assert source in (f"（来源：{SOURCE}）", f"（{SOURCE}）")
    assert headline.startswith(kept)
    assert len(kept) >= kept_at_least
    assert numbers(kept) <= numbers(headline)


def test_a_headline_cut_at_a_clause_ends_there() -> None:
    text = fit(Reply("一二三四五六七八九十，" * 30, (), (FACT,)))
    assert "九十…（" in text


def test_too_many_choices_leave_room_for_the_question() -> None:
    choices = tuple(Choice(f"第{n}个很长很长的名字的村庄", "") for n in range(1, 40))
    text = fit(Reply("有39个这样的村，您问哪个？回数字。", choices=choices, facts=(FACT,)))
    assert split(text).count <= MOST
    assert text.startswith("有39个这样的村，您问哪个")
    assert "\n1 第1个" in text
    assert SOURCE in text


@pytest.mark.parametrize("length", [1, 30, 48, 49, 50, 69, 70, 71, 133, 134, 135, 180, 200, 201, 202, 500, 3000])
@pytest.mark.parametrize("letter", ["问", "🌽", "a", "7", "，", "7，"])
def test_never_more_than_three_and_always_the_source(length: int, letter: str) -> None:
    for facts in ((), (FACT,)):
        for choices in ((), CHOOSE.choices):
            reply = Reply((letter * length)[:length], ("细" * 30, "节" * 90), facts, choices)
            text = fit(reply)
            assert split(text).count <= MOST
            assert (SOURCE in text) == bool(facts)
            for budget in (2, 3, 9):
                assert split(fit(reply, budget)).count <= MOST


def test_a_non_breaking_space_does_not_double_the_cost() -> None:
    assert fit(Reply("a\u00a0b\u3000c\u2009d")) == "a b c d"
