from datetime import date

import pytest

from bot.understanding import dates, lunar

TODAY = date(2026, 11, 23)  # a Monday


def d(month: int, day: int, year: int = 2026) -> date:
    return date(year, month, day)


CASES = [
    ("今天", d(11, 23), d(11, 23), "day"),
    ("今儿个", d(11, 23), d(11, 23), "day"),
    ("昨天", d(11, 22), d(11, 22), "day"),
    ("夜个", d(11, 22), d(11, 22), "day"),
    ("前天", d(11, 21), d(11, 21), "day"),
    ("前儿", d(11, 21), d(11, 21), "day"),
    ("大前天", d(11, 20), d(11, 20), "day"),
    ("明天", d(11, 24), d(11, 24), "day"),
    ("三天前", d(11, 20), d(11, 20), "day"),
    ("一个月前", d(10, 24), d(10, 24), "day"),
    ("半年前", d(5, 23), d(5, 23), "day"),
    ("上个月", d(10, 1), d(10, 31), "month"),
    ("上月", d(10, 1), d(10, 31), "month"),
    ("上上个月", d(9, 1), d(9, 30), "month"),
    ("这个月", d(11, 1), d(11, 30), "month"),
    ("上个月20号", d(10, 20), d(10, 20), "day"),
    ("上月底", d(10, 21), d(10, 31), "span"),
    ("上礼拜三", d(11, 18), d(11, 18), "day"),
    ("上周", d(11, 16), d(11, 22), "week"),
    ("这星期", d(11, 23), d(11, 29), "week"),
    ("三月份", d(3, 1), d(3, 31), "month"),
    ("十二月", d(12, 1, 2025), d(12, 31, 2025), "month"),
    ("今年10月", d(10, 1), d(10, 31), "month"),
    ("去年12月", d(12, 1, 2025), d(12, 31, 2025), "month"),
    ("2026年2月", d(2, 1), d(2, 28), "month"),
    ("二〇二六年二月", d(2, 1), d(2, 28), "month"),
    ("26年2月", d(2, 1), d(2, 28), "month"),
    ("2026-11-03", d(11, 3), d(11, 3), "day"),
    ("9月7号", d(9, 7), d(9, 7), "day"),
    ("11月22日", d(11, 22), d(11, 22), "day"),
    ("三月三号", d(3, 3), d(3, 3), "day"),
    ("12月5号", d(12, 5, 2025), d(12, 5, 2025), "day"),
    ("20号", d(11, 20), d(11, 20), "day"),
    ("28号", d(10, 28), d(10, 28), "day"),
    ("今年以来", d(1, 1), d(11, 23), "span"),
    ("今年", d(1, 1), d(12, 31), "year"),
    ("去年", d(1, 1, 2025), d(12, 31, 2025), "year"),
    ("头年", d(1, 1, 2025), d(12, 31, 2025), "year"),
    ("前年", d(1, 1, 2024), d(12, 31, 2024), "year"),
    ("2012年", d(1, 1, 2012), d(12, 31, 2012), "year"),
    ("上半年", d(1, 1), d(6, 30), "span"),
    ("去年下半年", d(7, 1, 2025), d(12, 31, 2025), "span"),
    ("第三季度", d(7, 1), d(9, 30), "span"),
    ("近半年", d(5, 23), d(11, 23), "span"),
    ("这几天", d(11, 17), d(11, 23), "span"),
    ("3月到5月", d(3, 1), d(5, 31), "span"),
    ("9月1号到9月7号", d(9, 1), d(9, 7), "span"),
    ("去年这时候", d(11, 23, 2025), d(11, 23, 2025), "day"),
    ("夏天", d(6, 1), d(8, 31), "span"),
    ("去年冬天", d(12, 1, 2025), d(2, 28), "span"),
    ("去年腊月", d(1, 19), d(2, 16), "span"),
    ("腊月", d(1, 19), d(2, 16), "span"),
    ("正月", d(2, 17), d(3, 18), "span"),
    ("春节前", d(2, 2), d(2, 16), "span"),
    ("中秋", d(9, 25), d(9, 25), "day"),
    ("八月十五", d(9, 25), d(9, 25), "day"),
    ("端午节", d(6, 19), d(6, 19), "day"),
    ("农历五月初五", d(6, 19), d(6, 19), "day"),
    ("国庆", d(10, 1), d(10, 7), "span"),
    ("11/20", d(11, 20), d(11, 20), "day"),
    ("今年以来", d(1, 1), d(11, 23), "span"),
    ("2025", d(1, 1, 2025), d(12, 31, 2025), "year"),
]


@pytest.mark.parametrize(("said", "start", "end", "grain"), CASES)
def test_a_date_as_it_is_said(said: str, start: date, end: date, grain: str) -> None:
    found = dates.find(f"{said}玉米多少钱", TODAY)
    assert [(f.period.start, f.period.end, f.period.grain, f.baseline) for f in found] == [(start, end, grain, False)]
    assert found[0].period.said == said


@pytest.mark.parametrize(
    "text", ["玉米多少钱", "2000斤", "1号地酸不酸", "60岁给多少", "116217-T01号地", "记202610-116217-010"]
)
def test_what_is_no_date(text: str) -> None:
    assert dates.find(text, TODAY) == []


@pytest.mark.parametrize(
    ("text", "baseline"),
    [
        ("白菜比上个月涨了没", "上个月"),
        ("白菜跟去年比贵不贵", "去年"),
        ("和去年同期相比", "去年同期"),
        ("较昨天涨了多少", "昨天"),
        ("今年花生比去年便宜了多少", "去年"),
        ("玉米同比涨了多少", "同比"),
    ],
)
def test_what_something_is_compared_with(text: str, baseline: str) -> None:
    assert [f.period.said for f in dates.find(text, TODAY) if f.baseline] == [baseline]


def test_a_date_to_come_where_the_sentence_looks_ahead() -> None:
    assert dates.find("12月5号停电不", TODAY)[0].period.start == date(2026, 12, 5)
    assert dates.find("12月5号玉米多少钱", TODAY)[0].period.start == date(2025, 12, 5)


def test_impossible_dates_are_none() -> None:
    assert dates.find("2月30号", date(2026, 3, 5)) == []
    assert dates.find("13月", TODAY) == []


MID_AUTUMN = {
    2016: (9, 15), 2017: (10, 4), 2018: (9, 24), 2019: (9, 13), 2020: (10, 1), 2021: (9, 21), 2022: (9, 10),
    2023: (9, 29), 2024: (9, 17), 2025: (10, 6), 2026: (9, 25), 2027: (9, 15), 2028: (10, 3), 2029: (9, 22),
}  # fmt: skip


@pytest.mark.parametrize("year", MID_AUTUMN)
def test_the_lunar_calendar_finds_mid_autumn(year: int) -> None:
    assert lunar.day(year, 8, 15) == date(year, *MID_AUTUMN[year])


@pytest.mark.parametrize("year", range(2015, 2035))
def test_lunar_years_follow_each_other(year: int) -> None:
    first, last = lunar.month(year, 1), lunar.month(year, 12)
    assert first is not None
    assert last is not None
    assert first[0] == lunar.NEW_YEAR[year]
    assert (lunar.NEW_YEAR[year + 1] - last[1]).days == 1


def test_outside_the_table_there_is_no_lunar_date() -> None:
    assert lunar.month(1999, 1) is None
    assert lunar.day(2026, 1, 31) is None


@pytest.mark.parametrize("text", ["6月一共收入多少", "6月一次没停", "6月三笔账", "6月一直下雨"])
def test_a_number_after_a_month_is_not_always_a_day(text: str) -> None:
    assert [f.period.grain for f in dates.find(text, TODAY)] == ["month"]


def test_what_a_rule_reads_always_holds_a_sign_of_a_time() -> None:
    """A text without such a sign is not tried: each rule is tried here."""
    texts = [*(said for said, *_ in CASES), "同比"]
    for signs, rule, _ in dates.RULES:
        read = [m[0] for said in texts for m in rule.finditer(said) if m[0]]
        assert read, rule.pattern
        assert [said for said in read if signs.isdisjoint(said)] == []
