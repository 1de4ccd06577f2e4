"""Names as written, as heard, and with one character wrong; and what must not be heard."""

import pytest

from bot.understanding.lexicon import Lexicon
from bot.understanding.matcher import Matcher, Mention, Utterance, choose
from bot.understanding.query import Names

NAMES: Names = {
    "commodity": {"玉米": ("玉米", "棒子"), "板栗": ("板栗", "栗子"), "西红柿": ("西红柿", "番茄"), "姜": ("姜",), "油菜": ("油菜",)},
    "village": {"1": ("万宝沟村", "万宝沟"), "2": ("松汀村",), "3": ("大李庄村",), "4": ("小李庄村",), "5": ("树行村",)},
    "route": {"迁五重安1路": ("迁五重安1路",)},
}  # fmt: skip
WORDS = Lexicon(["办理", "处所", "谢谢", "价格"])


def heard(text: str) -> list[Mention]:
    matcher = Matcher(NAMES, lookalikes=["粟栗"])
    return choose(matcher.find(Utterance(text, WORDS.spans(text))))


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("玉米多少钱", "玉米", "玉米"),
        ("棒子啥价", "玉米", "棒子"),
        ("鱼米多少钱", "玉米", "鱼米"),
        ("yumi jiage", "玉米", "yumi"),
        ("yu mi", "玉米", "yu mi"),
        ("玉，米多少钱", "玉米", "玉，米"),
        ("板粟价格", "板栗", "板粟"),
        ("西红是多少", "西红柿", "西红是"),
        ("万宝钩村花了多少", "1", "万宝钩村"),
        ("晚宝沟村", "1", "晚宝沟村"),
        ("万宝宝沟村", "1", "万宝宝沟村"),
        ("wanbaogoucun", "1", "wanbaogoucun"),
        ("树杭村", "5", "树杭村"),
        ("松听村", "2", "松听村"),
        ("迁五众安1路", "迁五重安1路", "迁五众安1路"),
    ],
)
def test_a_name_is_found(text: str, value: str, said: str) -> None:
    found = heard(text)
    assert [(m.values, m.said) for m in found] == [((value,), said)]
    assert found[0].sure or value == "西红柿"


@pytest.mark.parametrize("text", ["万宝村", "万沟村"])
def test_a_name_with_a_character_lost_is_only_guessed(text: str) -> None:
    (found,) = heard(text)
    assert found.values == ("1",)
    assert not found.sure


@pytest.mark.parametrize("text", ["办理低保", "有菜卖吗", "谢谢", "价格", "讲一讲", "今天天气", "unknown", "123"])
def test_what_is_no_name(text: str) -> None:
    assert heard(text) == []


def test_what_is_written_is_not_taken_for_its_like() -> None:
    assert [m.values for m in heard("大李庄村和小李庄村")] == [("3",), ("4",)]


def test_names_that_sound_alike_are_both_offered() -> None:
    matcher = Matcher({"village": {"1": ("上庄村",), "2": ("尚庄村",)}})
    text = "shangzhuangcun"
    (found,) = choose(matcher.find(Utterance(text)))
    assert set(found.values) == {"1", "2"}
    text = "上庄村"
    (found,) = choose(matcher.find(Utterance(text)))
    assert found.values == ("1",)


def test_one_that_is_not_tolerant_hears_what_sounds_alike_or_is_doubled_and_no_more() -> None:
    matcher = Matcher(NAMES, tolerant=False)
    found = {text: matcher.find(Utterance(text)) for text in ("西红是", "西红红柿", "西红", "西大红柿", "西红板")}
    assert [text for text, mentions in found.items() if mentions] == ["西红是", "西红红柿"]


@pytest.mark.parametrize("text", ["", "。", "玉", "，，玉"])
def test_a_text_that_has_next_to_nothing_names_nothing(text: str) -> None:
    for matcher in (Matcher(NAMES), Matcher(NAMES, tolerant=False), Matcher(NAMES, by_ear=False)):
        assert matcher.find(Utterance(text)) == []


def test_a_number_is_not_cut_out_of_a_longer_one() -> None:
    matcher = Matcher({"route": {"1路": ("1路",)}}, by_ear=False)
    assert matcher.find(Utterance("11路")) == []
    assert matcher.find(Utterance("1路"))


def test_everyday_words_are_as_few_and_long_as_can_be() -> None:
    words = Lexicon(["多少", "少钱", "多少钱", "价格"])
    assert words.spans("价格多少钱") == [(0, 2), (2, 5)]
    assert words.spans("") == []
    assert "价格" in words
