import pytest

from bot.understanding.normalise import MAX_LENGTH, chinese_number, normalise, tidy


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("玉米多少钱", "玉米多少钱"),
        ("玉米 多少钱 ？", "玉米多少钱？"),
        ("ｙｕｍｉ　ｊｉａｇｅ", "yumi jiage"),
        ("萬寶溝村花了多少錢", "万宝沟村花了多少钱"),
        ("請問玉米多少錢", "玉米多少钱"),
        ("你好，请问一下玉米多少钱，谢谢了！", "玉米多少钱"),
        ("玉米😀多少钱\u200b", "玉米多少钱"),
        ("啊啊啊啊玉米多少钱", "玉米多少钱"),
        ("花了1,350,000元", "花了1350000元"),
        ("谢谢", "谢谢"),
        ("你好", "你好"),
        ("玉…米多少钱", "玉米多少钱"),
        ("俺村柒月和拾贰月的账", "俺村七月和十二月的账"),
        ("陆家庄的账", "陆家庄的账"),
        ("咱庄五户有几个", "咱庄五保户有几个"),
        ("十五户有几个监控", "十五户有几个监控"),
        ("我们村上个月月最大的的一笔", "我们村上个月最大的一笔"),
        ("厕所坏了了找谁", "厕所坏了找谁"),
        ("俺村20！25年的账", "俺村2025年的账"),
        ("凭证202610-1…16217-010", "凭证202610-116217-010"),
        ("种花生5，12年前种的玉米", "种花生5，12年前种的玉米"),
        ("wan bao gou cun路灯改造 项目谁承包的", "wan bao gou cun路灯改造项目谁承包的"),
        ("", ""),
        ("？？", "？？"),
    ],
)
def test_one_plain_form(typed: str, plain: str) -> None:
    assert normalise(typed) == plain


def test_tidy_keeps_courtesy_and_marks() -> None:
    assert tidy("你好，玉米多少钱。") == "你好，玉米多少钱。"


def test_a_long_text_is_cut() -> None:
    assert len(normalise("玉米价格" * 1000)) <= MAX_LENGTH


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("三", 3), ("十", 10), ("十一", 11), ("二十三", 23), ("一百零五", 105), ("两千三百", 2300), ("三万五千", 35000),
        ("二〇二六", 2026), ("12", 12), ("", None), ("玉米", None),
    ],
)  # fmt: skip
def test_chinese_numbers(said: str, number: int | None) -> None:
    assert chinese_number(said) == number


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("低保到那里办", "低保到哪里办"),
        ("镇政府在那", "镇政府在哪"),
        ("那有卖羊的", "哪有卖羊的"),
        ("那个镇路灯最多", "哪个镇路灯最多"),
        ("那个村上个月的账", "那个村上个月的账"),
        ("那个村的书记是谁", "那个村的书记是谁"),
        ("到那里怎么走", "到那里怎么走"),
        ("那一亩补多少", "那一亩补多少"),
    ],
)
def test_which_is_written_for_that_only_where_nothing_else_asks(said: str, meant: str) -> None:
    assert normalise(said) == meant
