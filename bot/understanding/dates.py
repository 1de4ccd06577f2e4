"""Days, months and years as villagers say them -> Period. Pure: the day of asking is given.

Without a year the latest such day or month is meant that is not to come, unless the sentence looks ahead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.understanding import lunar, syllables
from bot.understanding.normalise import chinese_number
from bot.understanding.query import Grain, Period

_N = r"(?:\d{1,2}|[一二两三四五六七八九十]{1,3})"
_Y = r"(?:(?:19|20)\d{2}|[一二][〇零一二三四五六七八九]{3}|(?<!\d)\d{2}(?=年))"
_SAID_YEAR = rf"(?:大前年|[今去前明本当来上头昨]年|上一年|{_Y}年度?)"
_WEEK = r"(?:星期|周|礼拜)"

#: Words that look ahead: a date without a year may then be one to come.
_AHEAD = re.compile(r"停电|停水|停气|开会|会议|电影|体检|疫苗|截止|到期|举办|培训|预报|最晚|还能办|之前办|放假")
_LOOKS_AHEAD = 60  # days

_COMPARED = re.compile(r"(?:比起?|\bbi ?|较|对比|相比|相较于?)(?:着|于)?$")
_BESIDE = re.compile(r"(?:跟|和|同|与|照)$")
_CHANGED = re.compile("比|涨|跌|贵|便宜|降|升|变|差")
_COMPARES_AFTER = re.compile(r"[^，。？]{0,8}?(?:相?比|涨|跌|贵|便宜|降|升|高|低|差|变)")


@dataclass(frozen=True, slots=True)
class Found:
    """A period with where it stands in the text; `baseline` where it is what something is compared with."""

    period: Period
    start: int
    end: int
    baseline: bool = False


def month_period(year: int, month: int, said: str) -> Period:
    """A whole month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return Period(date(year, month, 1), following - timedelta(days=1), "month", said)


def year_period(year: int, said: str) -> Period:
    """A whole year."""
    return Period(date(year, 1, 1), date(year, 12, 31), "year", said)


def _day(day: date, said: str) -> Period:
    return Period(day, day, "day", said)


def _span(start: date, end: date, said: str, grain: Grain = "span") -> Period:
    return Period(start, end, grain, said)


def _number(said: str | None) -> int:
    return chinese_number(said) or 0 if said else 0


def _year(said: str | None, today: date) -> int | None:
    if not said:
        return None
    word = said.rstrip("年度")
    relative = {"今": 0, "本": 0, "当": 0, "去": -1, "上": -1, "上一": -1, "头": -1, "昨": -1, "前": -2, "大前": -3}
    relative |= {"明": 1, "来": 1}
    if word in relative:
        return today.year + relative[word]
    number = _number(word)
    return 2000 + number if number < 100 else number


def _back(today: date, months: int) -> date:
    """The same day some months earlier, or the last day of a shorter month."""
    index = today.year * 12 + today.month - 1 - months
    year, month = divmod(index, 12)
    last = month_period(year, month + 1, "").end.day
    return date(year, month + 1, min(today.day, last))


def _ahead(candidate: date, today: date, text: str) -> bool:
    return timedelta(0) < candidate - today <= timedelta(days=_LOOKS_AHEAD) and bool(_AHEAD.search(text))


def _calendar(found: re.Match[str], today: date) -> Period | None:
    """2026年2月3日, 去年12月, 9月7号, 二月份."""
    year, month, number = _year(found["y"], today), _number(found["m"]), _number(found["d"])
    if not 1 <= month <= 12:
        return None
    said = found[0]
    try:
        if number:
            if year is None:
                this = date(today.year, month, number)
                year = today.year if this <= today or _ahead(this, today, found.string) else today.year - 1
            return _day(date(year, month, number), said)
    except ValueError:
        return None
    if year is None:
        this = date(today.year, month, 1)
        year = today.year if this <= today or _ahead(this, today, found.string) else today.year - 1
    return _part_of(month_period(year, month, said), found["part"])


def _part_of(whole: Period, part: str | None) -> Period:
    """The first, middle or last ten days of a month."""
    if not part:
        return whole
    if part in {"上旬", "初"}:
        return replace(whole, end=whole.start + timedelta(days=9), grain="span")
    if part == "中旬":
        return replace(
            whole, start=whole.start + timedelta(days=10), end=whole.start + timedelta(days=19), grain="span"
        )
    return replace(whole, start=whole.start + timedelta(days=20), grain="span")


def _iso(found: re.Match[str], today: date) -> Period | None:
    try:
        if found["d"]:
            return _day(date(int(found["y"]), int(found["m"]), int(found["d"])), found[0])
        return month_period(int(found["y"]), int(found["m"]), found[0])
    except ValueError:
        return None


def _month_slash_day(found: re.Match[str], today: date) -> Period | None:
    try:
        day = date(today.year, int(found["m"]), int(found["d"]))
    except ValueError:
        return None
    return _day(day if day <= today else day.replace(year=today.year - 1), found[0])


def _day_of_month(found: re.Match[str], today: date) -> Period | None:
    """20号: of this month, or of the last if it is still to come."""
    number = _number(found["d"])
    for back in (0, 1):
        first = _back(today.replace(day=1), back)
        try:
            day = first.replace(day=number)
        except ValueError:
            continue
        if day <= today or _ahead(day, today, found.string):
            return _day(day, found[0])
    return None


def _whole_year(found: re.Match[str], today: date) -> Period | None:
    year = _year(found["y"], today)
    part = found["part"] or ""
    if year is None:
        if not part:
            return None
        year = today.year - 1 if part.endswith("底") and today.month < 12 else today.year
    if not 1900 <= year <= 2199:
        return None
    said = found[0]
    if part.startswith("上半"):
        return _span(date(year, 1, 1), date(year, 6, 30), said)
    if part.startswith("下半"):
        return _span(date(year, 7, 1), date(year, 12, 31), said)
    if part.endswith("底"):
        return month_period(year, 12, said)
    if part.endswith("初"):
        return month_period(year, 1, said)
    return year_period(year, said)


def _same_time(found: re.Match[str], today: date) -> Period:
    return _day(_back(today, 12 * (today.year - (_year(found["y"], today) or today.year - 1))), found[0])


def _since(found: re.Match[str], today: date) -> Period:
    """今年以来, 年初到现在, 这个月以来."""
    start = today.replace(day=1) if "月" in found[0] else date(today.year, 1, 1)
    return _span(start, today, found[0])


def _day_word(found: re.Match[str], today: date) -> Period:
    back = {"今": 0, "昨": 1, "夜": 1, "前": 2, "大前": 3, "明": -1, "后": -2, "当": 0, "大后": -3}
    word = found[0]
    return _day(today - timedelta(days=back[word[:2] if word.startswith("大") else word[0]]), word)


def _week(found: re.Match[str], today: date) -> Period:
    word = found["w"]
    monday = today - timedelta(days=today.weekday())
    weeks = 2 if word.startswith("上上") else 1 if word.startswith("上") else -1 if word.startswith("下") else 0
    start = monday - timedelta(weeks=weeks)
    number = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}.get(found["d"] or "")
    if number is not None:
        return _day(start + timedelta(days=number), found[0])
    return _span(start, start + timedelta(days=6), found[0], "week")


def _month_word(found: re.Match[str], today: date) -> Period:
    word = found["w"]
    back = 2 if word.startswith(("上上", "前")) else 1 if word.startswith("上") else -1 if word.startswith("下") else 0
    start = _back(today.replace(day=1), back)
    whole = month_period(start.year, start.month, found[0])
    if found["d"]:
        try:
            return _day(start.replace(day=_number(found["d"])), found[0])
        except ValueError:
            return whole
    return _part_of(whole, found["part"])


def _ago(found: re.Match[str], today: date) -> Period:
    count, unit = _number(found["n"]), found["u"]
    if found["n"] == "半":
        day = _back(today, 6) if unit.endswith("年") else today - timedelta(days=15)
    elif unit in {"天", "日"}:
        day = today - timedelta(days=count)
    elif unit.endswith(("周", "星期", "礼拜")):
        day = today - timedelta(weeks=count)
    elif unit.endswith("月"):  # 一个月前 is said of thirty days
        day = today - timedelta(days=30 * count) if count <= 3 else _back(today, count)
    else:
        day = _back(today, 12 * count)
    return _day(day, found[0])


def _recent(found: re.Match[str], today: date) -> Period:
    said, unit = found["n"] or found["m"], found["u"]
    few = {"几": 3, "两": 2}
    if said == "半":
        start = _back(today, 6) if unit.endswith("年") else today - timedelta(days=14)
    else:
        count = few.get(said or "") or _number(said) or 1
        if unit in {"天", "日"}:
            start = today - timedelta(days=max((7 if said == "几" else count) - 1, 0))
        elif "月" in unit:
            start = _back(today, count)
        elif "年" in unit:
            start = _back(today, 12 * count)
        else:
            start = today - timedelta(weeks=count)
    return _span(start, today, found[0])


def _quarter(found: re.Match[str], today: date) -> Period:
    year = _year(found["y"], today)
    number = {"上": 0, "本": 0, "这": 0}.get(found["q"][0])
    current = (today.month + 2) // 3
    if number is None:
        number = _number(found["q"])
        if year is None:
            year = today.year if number <= current else today.year - 1
    else:
        number, year = (
            (current, today.year) if found["q"][0] != "上" else (current - 1 or 4, today.year - (current == 1))
        )
    start = date(year or today.year, 3 * number - 2, 1)
    return _span(start, month_period(start.year, 3 * number, "").end, found[0])


def _lunar(found: re.Match[str], today: date) -> Period | None:
    """腊月, 农历八月十五, 阴历五月: the latest such stretch that has begun, or that of the lunar year said."""
    month, number = _lunar_month(found["m"]), _lunar_day(found["d"])

    def read(year: int) -> Period | None:
        if number:
            day = lunar.day(year, month, number)
            return _day(day, found[0]) if day else None
        whole = lunar.month(year, month)
        return _span(*whole, found[0]) if whole else None

    return _latest(read, _year(found["y"], today), today)


def _lunar_month(said: str) -> int:
    return {"正月": 1, "冬月": 11, "腊月": 12}.get(said) or _number(said.removesuffix("月"))


def _lunar_day(said: str | None) -> int:
    if not said:
        return 0
    return _number(said.removeprefix("初").replace("廿", "二十"))


def _festival(found: re.Match[str], today: date) -> Period | None:
    """春节前, 中秋, 国庆: a festival with the days around it that are meant by it."""
    word, beside = found["f"], found["b"]

    def read(year: int) -> Period | None:
        when = _festival_day(word, year)
        if when is None:
            return None
        start, length = when
        if beside:
            before = beside[0] in "前之以" and beside.endswith("前")
            first = start - timedelta(days=15) if before else start + timedelta(days=length)
            return _span(first, first + timedelta(days=14), found[0])
        return _span(start, start + timedelta(days=length - 1), found[0]) if length > 1 else _day(start, found[0])

    return _latest(read, _year(found["y"], today), today)


def _festival_day(word: str, year: int) -> tuple[date, int] | None:
    """The first day of a festival and how many days it lasts."""
    solar = {"元旦": (1, 1, 1), "五一": (5, 1, 5), "国庆": (10, 1, 7), "十一国庆": (10, 1, 7), "清明": (4, 4, 3)}
    moon = {
        "正月十五": (1, 15),
        "元宵": (1, 15),
        "端午": (5, 5),
        "五月节": (5, 5),
        "中秋": (8, 15),
        "八月节": (8, 15),
        "腊八": (12, 8),
        "小年": (12, 23),
    }
    name = word.removesuffix("节") if word not in {"五月节", "八月节"} else word
    if name in solar:
        month, day, length = solar[name]
        return date(year, month, day), length
    if name in moon:
        found = lunar.day(year, *moon[name])
        return (found, 1) if found else None
    if name in {"除夕", "年三十", "大年三十"}:  # the eve of the new year that is called by this year's number
        eve = lunar.NEW_YEAR.get(year)
        return (eve - timedelta(days=1), 1) if eve else None
    new_year = lunar.NEW_YEAR.get(year)
    return (new_year, 7) if new_year else None


def _latest(read: Callable[[int], Period | None], year: int | None, today: date) -> Period | None:
    if year is not None:
        return read(year)
    for candidate in (today.year, today.year - 1):
        period = read(candidate)
        if period and period.start <= today:
            return period
    return None


def _season(found: re.Match[str], today: date) -> Period | None:
    """春天 to 冬天 by whole months; winter begins in the year before."""
    first = {"春": 3, "夏": 6, "秋": 9, "冬": 12}[found["s"]]

    def read(year: int) -> Period:
        start = date(year - (first == 12), first, 1)
        return _span(start, month_period(start.year + (first == 12), (first + 1) % 12 + 1, "").end, found[0])

    said = _year(found["y"], today)
    if said is not None:
        return read(said + (first == 12))
    return next(
        period for year in (today.year + 1, today.year, today.year - 1) if (period := read(year)).start <= today
    )


def _year_before(found: re.Match[str], today: date) -> Period:
    return _day(_back(today, 12 if found[0] == "同比" else 1), found[0])


#: The characters without any of which a text has no such date, how one is said, and how it is read.
RULES: tuple[tuple[frozenset[str], re.Pattern[str], Callable[[re.Match[str], date], Period | None]], ...] = tuple(
    (frozenset(signs), re.compile(pattern), read)
    for signs, pattern, read in (
        ("-/.", r"(?<![\d-])(?P<y>(?:19|20)\d{2})[-/.](?P<m>\d{1,2})(?:[-/.](?P<d>\d{1,2})日?)?(?![\d-])", _iso),
        ("/", r"(?<![\d/])(?P<m>1[0-2]|[1-9])/(?P<d>3[01]|[12]\d|[1-9])(?![\d/])", _month_slash_day),
        (
            "节夕旦宵午秋庆五明腊年月",
            rf"(?:(?P<y>{_SAID_YEAR})的?)?(?P<f>春节|过大年|过年|大年三十|年三十|除夕|元旦|正月十五|元宵节?|端午节?|五月节|中秋节?|八月节|国庆节?|五一节?|清明节?|腊八节?|小年|(?<![\d一二两三四五六七八九十几半多当今去前明])年(?=[前后]))"
            r"(?P<b>(?:之|以)?[前后])?(?!补|放|老)",
            _festival,
        ),
        (
            "月",
            rf"(?:(?P<y>{_SAID_YEAR})的?)?(?:农历|阴历|旧历)?(?P<m>腊月|冬月|正月)(?P<d>初?[一二三四五六七八九十]{{1,3}}|廿[一二三四五六七八九]?)?(?:里|份)?",
            _lunar,
        ),
        (
            "月",
            rf"(?:(?P<y>{_SAID_YEAR})的?)?(?:农历|阴历|旧历)(?P<m>[一二三四五六七八九十]{{1,2}}月|\d{{1,2}}月)(?P<d>初?[一二三四五六七八九十]{{1,3}}|廿[一二三四五六七八九]?|\d{{1,2}})?(?:日|号)?",
            _lunar,
        ),
        ("年", rf"(?P<y>{_SAID_YEAR}|上年)的?(?:这时候|这个时候|这会儿|今天|同期|这阵子|这时)", _same_time),
        ("年月", r"今年以来|年初到现在|开年以来|这个?月以来|本月以来", _since),
        ("月", rf"(?:(?P<y>{_SAID_YEAR})的?)?(?P<m>[一二三四五六七八九十]{{1,2}}月)(?P<d>初[一二三四五六七八九十]|十五)(?![日号])", _lunar),
        (
            "月",
            rf"(?:(?P<y>{_SAID_YEAR}|{_Y}年?)的?)?(?<!\d)(?P<m>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月(?!饼|嫂|子)(?:份|里)?"
            rf"(?:(?P<d>{_N})(?:日|号)?(?![\d个万元块多共百千笔项次些直起])|(?P<part>上旬|中旬|下旬|初|底|末))?",
            _calendar,
        ),
        ("季", rf"(?:(?P<y>{_SAID_YEAR})的?)?(?:第?(?P<q>[一二三四1-4]|上个?|本|这个?)季度)", _quarter),
        ("前", rf"(?<![\d第])(?P<n>{_N}|半)(?P<u>天|日|周|个星期|星期|个礼拜|礼拜|个多?月|年)(?:之前|以前|前)", _ago),
        (
            "近过这",
            rf"(?:(?:最近|近|过去)的?这?(?P<n>{_N}|半|几)?|这(?P<m>{_N}|半|几))(?P<u>天|日|周|个星期|星期|个礼拜|礼拜|个月|年)(?:里|内|来|以来)?",
            _recent,
        ),
        ("春夏秋冬", rf"(?:(?P<y>{_SAID_YEAR})的?)?(?P<s>[春夏秋冬])(?:天|季(?!度)|上(?!涨)|里头?)", _season),
        ("年", rf"(?P<y>{_SAID_YEAR})(?:全年)?(?P<part>上半年?|下半年?|年?底|年?初|末)?", _whole_year),
        ("2", r"(?<![\d-])(?P<y>20[12]\d)(?![\d\-./年斤元块亩吨公个户人头只棵盏])(?P<part>)", _whole_year),
        ("年", r"(?P<y>)(?P<part>上半年|下半年|年底|年初)", _whole_year),
        ("周期拜", rf"(?P<w>上上个?{_WEEK}|上个?{_WEEK}|这个?{_WEEK}|本{_WEEK}|下个?{_WEEK})(?P<d>[一二三四五六日天末])?", _week),
        (
            "月",
            rf"(?P<w>上上个?月|上个?月|这个?月|本月|当月|下个?月|前个月)(?:(?P<d>{_N})(?:日|号)|份?(?P<part>上旬|中旬|下旬|初|底|末))?",
            _month_word,
        ),
        ("今昨夜前明后当", r"大前[天儿日]|大后[天儿日]|今[天儿日]个?|昨[天儿日]个?|夜儿个?|夜个|夜来(?!香)|前[天儿日]个?|明[天儿日]个?|后[天儿日]个?|当天", _day_word),
        ("比", r"同比|环比", _year_before),
        ("号日", r"(?<![\d.\-月A-Za-z第])(?P<d>[12]\d|3[01]|[1-9]|[一二三四五六七八九十]{1,3})[号日](?![\d地楼棚线车院店桌井库院门圈舍仓文机路公])", _day_of_month),
    )
)  # fmt: skip


#: Most messages have none of them.
_SIGNS = frozenset().union(*(signs for signs, _, _ in RULES))


def find(text: str, today: date) -> list[Found]:
    """All periods of a text, left to right, none inside another; two joined by 到 are one stretch."""
    taken: list[Found] = []
    if _SIGNS.isdisjoint(text):
        return taken
    said = set(text)
    for signs, pattern, read in RULES:
        for match in pattern.finditer(text) if not signs.isdisjoint(said) else ():
            if not match[0] or any(match.start() < other.end and other.start < match.end() for other in taken):
                continue
            period = read(match, today)
            if period is not None:
                taken.append(Found(period, match.start(), match.end()))
    joined = _joined(sorted(taken, key=lambda found: found.start), text)
    return [replace(found, baseline=_is_baseline(found, text, joined)) for found in joined]


def _joined(found: list[Found], text: str) -> list[Found]:
    out: list[Found] = []
    for each in found:
        between = text[out[-1].end : each.start] if out else ""
        if out and between in {"到", "至", "-", "—", "~", "－"} and out[-1].period.start < each.period.end:
            first = out.pop()
            said = text[first.start : each.end]
            out.append(Found(_span(first.period.start, each.period.end, said), first.start, each.end))
        else:
            out.append(each)
    return out


def _is_baseline(found: Found, text: str, all_found: list[Found]) -> bool:
    if found.period.said in {"同比", "环比"}:
        return True
    before, after = text[: found.start], text[found.end :]
    if _COMPARED.search(before) or _sounds_like_than(before[-1:]):
        return True
    if len(all_found) == 1 and after.startswith("相比"):
        return True
    alone_or_later = len(all_found) == 1 or found is not all_found[0]
    return bool(
        _BESIDE.search(before)
        and alone_or_later
        and (_sounds_like_than(after[:1]) or (_COMPARES_AFTER.match(after) and _CHANGED.search(after)))
    )


def _sounds_like_than(character: str) -> bool:
    """Whether a character is 比 or another of its sound; 笔 (那笔去年的账) and 币 stand there for themselves."""
    return character not in {"", "笔", "币"} and any(said[:-1] == "bi" for said in syllables.readings(character)[:1])
