"""What is said for what is written: the gold list, and what holds for any text."""

from __future__ import annotations

import random
import re
import time

import pytest

from tests.conftest import ROOT
from tts.numerals import amount, dictated, each, number
from tts.pronounce import PAUSES, Readings, UnreadableError, syllables
from tts.speakable import speakable

GOLD = [
    line.split("\t")
    for line in (ROOT / "tests" / "tts" / "gold.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
SAID = re.compile(rf"[一-鿿㐀-䶿A-Z {PAUSES}]*")


def test_the_gold_list_is_long_and_has_no_doubles() -> None:
    assert len(GOLD) >= 400
    assert sum(len(row) > 2 for row in GOLD) >= 150
    assert len({row[0] for row in GOLD}) == len(GOLD)


def test_what_is_said_is_right_in_the_gold_list() -> None:
    wrong = [(text, speakable(text), said) for text, said, *_ in GOLD if speakable(text) != said]
    assert len(wrong) <= len(GOLD) * 0.01, wrong


def test_how_it_is_read_is_right_in_the_gold_list() -> None:
    rows = [(row[1], row[2]) for row in GOLD if len(row) > 2]
    wrong = [(said, syllables(said), pinyin) for said, pinyin in rows if " ".join(syllables(said)) != pinyin]
    assert len(wrong) <= len(rows) * 0.01, wrong


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("0", "零"),
        ("2", "二"),
        ("10", "十"),
        ("110", "一百一十"),
        ("1010", "一千零一十"),
        ("20002", "两万零二"),
        ("100010", "十万零一十"),
        ("1000000", "一百万"),
        ("100000001", "一亿零一"),
        ("200000000", "两亿"),
        ("0012", "十二"),
    ],
)
def test_amounts(digits: str, said: str) -> None:
    assert amount(digits) == said


def test_amounts_can_be_read_back() -> None:
    values = {word: value for value, word in enumerate("零一二三四五六七八九")} | {"两": 2}
    powers = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}

    def read(said: str) -> int:
        total, group, digit = 0, 0, 0
        for char in said:
            if char in values:
                digit = values[char]
            elif powers[char] < 10**4:
                group += (digit or (1 if char == "十" and not group else 0)) * powers[char]
                digit = 0
            else:
                total += (group + digit) * powers[char]
                group, digit = 0, 0
        return total + group + digit

    chance = random.Random(7)
    for figure in [*range(3000), *(chance.randrange(10 ** chance.randrange(1, 13)) for _ in range(3000))]:
        assert read(amount(str(figure))) == figure, (figure, amount(str(figure)))


def test_figures_one_by_one() -> None:
    assert (each("2026"), dictated("110"), number("1,002.50")) == ("二零二六", "幺幺零", "一千零二点五零")


@pytest.mark.parametrize("seed", range(4))
def test_any_text_becomes_words_that_can_be_read(seed: int) -> None:
    chance = random.Random(seed)
    parts = [text for text, *_ in GOLD]
    signs = "0123456789.,-—～~/:：%％℃*×+±＝()（）〔〕[]{}<>《》“”'\"¥$#@&|\\_^·•…\t\n 　aZé😀ａ１①½Ⅲ½㎡№\u200b\ufeff"
    for _ in range(300):
        text = "".join(
            chance.choice(parts) if chance.random() < 0.3 else chance.choice(signs) for _ in range(chance.randrange(12))
        )
        said = speakable(text)
        assert SAID.fullmatch(said), (text, said)
        assert all(re.fullmatch(rf"[{PAUSES}]|[a-zê]+[1-5]", part) for part in syllables(said)), text


def test_what_was_said_is_said_again_alike() -> None:
    for text, *_ in GOLD:
        said = speakable(text)
        assert speakable(said) == said, text


def test_lines_are_sentences_and_spaces_are_pauses() -> None:
    assert speakable("合2.12元/公斤\n北京新发地 今天\r\n好！\n\n再见 · 谢谢") == (
        "合每公斤二点一二元。北京新发地，今天。好！再见，谢谢"
    )
    assert speakable("") == speakable(" \n《》") == ""


def test_a_long_hostile_text_takes_no_longer_than_its_length_allows() -> None:
    began = time.process_time()
    for text in (
        "1" * 5000,
        "1-" * 2500,
        "1.2.3" * 1000,
        "a@" * 2000,
        "元/" * 2000,
        "12,345" * 800,
        "电话" * 1000 + "1",
    ):
        speakable(text)
    assert time.process_time() - began < 5


def test_a_name_is_read_by_itself_whatever_stands_around_it() -> None:
    assert Readings(("行长",)).syllables("行长") == ["hang2", "zhang3"]
    alone = Readings(("东会计村",)).syllables("到东会计村开会")
    assert alone == ["dao4", *syllables("东会计村"), "kai1", "hui4"]


def test_the_countys_places_are_all_read() -> None:
    lines = (ROOT / "knowledge" / "data" / "places.csv").read_text(encoding="utf-8").splitlines()[1:]
    names = {name for line in lines for name in line.split(",")[1::2]}
    readings = Readings(tuple(names))
    assert len(names) > 500
    for name in names:
        assert len(readings.syllables(name)) == len(name)
    assert readings.syllables("五重安乡大望都庄村委会") == [
        "wu3",
        "chong2",
        "an1",
        "xiang1",
        "da4",
        "wang4",
        "du1",
        "zhuang1",
        "cun1",
        "wei3",
        "hui4",
    ]


def test_a_character_without_a_reading_is_refused_in_a_sentence() -> None:
    with pytest.raises(UnreadableError, match="换一个写法"):
        syllables("好\u5159")


def test_the_readings_fit_their_phrases() -> None:
    for line in (ROOT / "tts" / "data" / "readings.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            phrase, pinyin = line.split("\t")
            assert len(phrase) == len(pinyin.split()), line
            assert all(re.fullmatch(r"[a-z]+[1-5]", part) for part in pinyin.split()), line


def test_the_public_export_can_be_said(platform) -> None:
    """All its notices and policies become words and readings, none of them empty."""
    texts = [path.read_text(encoding="utf-8") for path in (platform / "政策文件").glob("*.md")]
    texts += re.findall(r'"((?:[^"\\]|\\.)+)"', (platform / "政府办" / "通知公告.json").read_text(encoding="utf-8"))
    assert len(texts) > 100
    for text in texts:
        if re.search(r"[一-鿿]", text):
            assert syllables(speakable(text)), text
