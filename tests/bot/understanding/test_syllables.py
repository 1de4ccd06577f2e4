import pytest

from bot.understanding import syllables


@pytest.mark.parametrize(
    ("run", "split"),
    [
        ("yumijiage", ("yu", "mi", "jia", "ge")),
        ("Yumi", ("yu", "mi")),
        ("wanbaogoucun", ("wan", "bao", "gou", "cun")),
        ("dibao", ("di", "bao")),
        ("hello", ()),
        ("xyz", ()),
        ("GQ", ()),
    ],
)
def test_typed_pinyin_is_cut_into_syllables(run: str, split: tuple[str, ...]) -> None:
    assert syllables.split_pinyin(run) == split


def test_tokens_are_characters_syllables_and_runs() -> None:
    found = syllables.tokens("yumi 价格2.5元 GQ0494")
    assert [token.surface for token in found] == ["yu", "mi", "价", "格", "2.5", "元", "GQ", "0494"]
    assert [token.typed for token in found] == [True, True, False, False, False, False, False, False]
    assert "yumi 价格2.5元 GQ0494"[found[1].start : found[1].end] == "mi"


@pytest.mark.parametrize(
    ("one", "other"), [("zhang1", "zang4"), ("shi4", "si1"), ("chen2", "ceng2"), ("nan2", "lan2"), ("jin1", "jing1")]
)
def test_what_people_mix_up_sounds_the_same(one: str, other: str) -> None:
    assert syllables.folded(one) == syllables.folded(other)
    assert syllables.code(one) == syllables.code(other)


def test_names_are_heard_as_they_are_said() -> None:
    from pypinyin import lazy_pinyin
    from pypinyin.constants import PHRASES_DICT  # words whose readings are known as a whole

    from bot import understanding
    from knowledge.names import commodity_aliases

    said = {name for first, others in commodity_aliases().items() for name in (first, *others)}
    said |= {form for forms in understanding.load_words()["names"]["commodity"].values() for form in forms}
    unheard = [
        name
        for name in sorted(said & PHRASES_DICT.keys())
        for character, sound in zip(name, lazy_pinyin(name), strict=False)
        if "一" <= character <= "鿿" and sound not in {r[:-1] for r in syllables.likely_readings(character)}
    ]
    assert len(said & PHRASES_DICT.keys()) >= 30
    assert unheard == []


def test_different_syllables_stay_apart() -> None:
    assert syllables.folded("mi3") != syllables.folded("mai3")
    assert syllables.folded("dong1") != syllables.folded("dou1")


def test_distances_are_ordered() -> None:
    distance = syllables.distance
    near = [
        distance("yu4", "yu", True),
        distance("yu4", "yu4", False),
        distance("yu4", "yu2", False),
        distance("shi4", "si4", False),
        distance("yu4", "yun4", False),
        distance("yu4", "ban1", False),
    ]
    assert near == sorted(near)
    assert len(set(near)) == len(near)


def test_readings_have_tones_the_commonest_first() -> None:
    assert syllables.readings("玉") == ("yu4",)
    assert set(syllables.likely_readings("行")) >= {"xing2", "hang2"}
    assert syllables.readings("?") == ()
