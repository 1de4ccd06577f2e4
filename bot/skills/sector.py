"""What the sectors' skills share: the place a question is about, facts that say where they are from, and rankings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from bot.messages import Fact, Reply, Value
from bot.skills.base import Context
from bot.skills.wording import fen, full_day, plain
from bot.understanding.query import Period, Query
from knowledge.places import short_name
from knowledge.standing import TOWN, VILLAGE, departments, standings

#: So many places are told of a ranking.
TOLD = 3

#: A number so short is a serial number.
_SERIAL = 3

#: A name so long is no ordinary word.
_LONG = 3

T = TypeVar("T")

_WHICH = re.compile(
    r"(?:哪(?:一)?[个些几]?个?|谁们?家?|啥)(?:村|庄(?!稼)|镇|乡|街道)|谁村|哪儿?的?村|最[^，。？ ]{1,3}的村"
)
_WHICH_TOWN = re.compile(r"(?:哪(?:一)?[个些几]?个?|啥)(?:镇|乡|街道)")
_STANDING = re.compile(r"排第?几|排[名在多老]|名次|第几|啥水平|什么水平|算好|算多|比(?:别|其他|人家|邻)")
_LOWEST = re.compile(r"最[差少低慢短坏小]|垫底|倒数|最不|落后")
_HIGHEST = re.compile(r"最|头名|第一|领先|多|好|高")
_WHOLE_TOWN = re.compile(r"全[镇乡]|整个[镇乡]|各村|全街道|镇里|镇上|[咱俺我本]们?这?个?镇")
_PAST = re.compile(r"比(?:去|前|上)年|比上[个次]|比以前|同比|涨|增加了|减少了|多了|(?<!多)少了|变化")
_WHOLE_COUNTY = re.compile(r"全[市县]|整个[市县]|[市县]里|各镇")


@dataclass(frozen=True, slots=True)
class Area:
    """Where a question is about: the code of a village (12 digits), a town (9) or the county (6), and its name.

    `name` is short where one name is enough; `full` has the town before a village.
    """

    code: str
    name: str
    full: str

    @property
    def is_village(self) -> bool:
        """Whether it is one village."""
        return len(self.code) == VILLAGE


@dataclass(frozen=True, slots=True)
class Origin:
    """Where, as of when and by whom something was recorded."""

    place: str
    as_of: date | None
    source: str

    def fact(self, what: str, value: Value, unit: str = "", subject: str = "") -> Fact:
        """A fact from here."""
        return Fact(what, value, unit, subject, self.place, self.as_of, self.source)


def area_of(query: Query, ctx: Context) -> Area:
    """The place a question names: its village, town or the county; else the sender's home; else the county."""
    slots = query.slots
    home = slots.get("village") or ctx.asker.home or ""
    named = is_named(query, ctx)
    if home and asks_standing(query):
        return area(ctx, home)
    if slots.get("county"):
        return area(ctx, ctx.places.county.code)
    if "town" in slots and "village" not in slots:
        return area(ctx, slots["town"])
    if home and not named and _WHOLE_COUNTY.search(query.text):
        return area(ctx, ctx.places.county.code)
    if home and not named and _WHOLE_TOWN.search(query.text):
        return area(ctx, home[:TOWN])
    return area(ctx, home or ctx.places.county.code)


def is_named(query: Query, ctx: Context) -> bool:
    """Whether the question itself names its village, or whether that is the sender's home, filled in."""
    village = query.slots.get("village")
    place = ctx.places.get(village or "")
    return place is not None and (place.code != ctx.asker.home or short_name(place.name) in query.text)


def ranked_area(query: Query, ctx: Context) -> Area:
    """Among whose villages a ranking is asked: those of a town that is named, else of the county."""
    slots = query.slots
    home = slots.get("village") or ctx.asker.home or ""
    if "town" in slots:
        return area(ctx, slots["town"])
    if home and not slots.get("county") and _WHOLE_TOWN.search(query.text):
        return area(ctx, home[:TOWN])
    return area(ctx, ctx.places.county.code)


def area(ctx: Context, code: str) -> Area:
    """The area of a code. A village that has a namesake is always named with its town."""
    full = ctx.places.full_name(code)
    place = ctx.places.get(code)
    alone = place is None or len(ctx.places.units(place.name)) < 2
    return Area(code, place.name if place and alone else full, full)


def origin(ctx: Context, row: Any, ledger: bool = False) -> Origin:
    """The origin of one record; what a `ledger` says of it is as of the ledger's own day."""
    as_of = (row.source.as_of or row.as_of) if ledger else row.as_of
    return Origin(ctx.places.full_name(row.place), as_of, row.source.department)


def origin_of_all(area: Area, rows: Sequence[Any], ledger: bool = False) -> Origin:
    """The origin of what several records amount to: as of the latest of them."""
    days = [(row.source.as_of or row.as_of) if ledger else row.as_of for row in rows]
    return Origin(area.full, max((day for day in days if day), default=None), departments(list(rows)))


def placeless(query: Query, ctx: Context) -> str:
    """The question without the names of places: long ones, and short ones of those that it is about."""
    slots = query.slots
    codes = {slots.get("village"), slots.get("town"), *slots.get("villages", ()), ctx.asker.home}
    codes |= {code[:TOWN] for code in codes if code} | {ctx.places.county.code}
    names = {name for place in ctx.places if len(name := place.name) >= _LONG}
    for code in codes:
        if place := ctx.places.get(code or ""):
            names |= {place.name, short_name(place.name)}
    text = query.text
    for name in sorted((name for name in names if name in text), key=len, reverse=True):
        text = text.replace(name, " ")
    return text


def numbered(query: Query, rows: Sequence[T]) -> list[T]:
    """The records whose number stands in a question. A bare serial number of up to three characters tells nothing."""
    said = query.text.upper()
    return [row for row in rows if len(code := getattr(row, "code", "")) > _SERIAL and _stands_in(code.upper(), said)]


def _stands_in(code: str, text: str) -> bool:
    return code in text and bool(re.search(rf"(?<![A-Z0-9]){re.escape(code)}(?![A-Z0-9])", text))


def asks_which(query: Query) -> bool:
    """Whether a place is what is asked for: 哪个村绿化最差."""
    return bool(_WHICH.search(query.text))


def asks_towns(query: Query) -> bool:
    """Whether a town is what is asked for: 哪个镇养猪最多."""
    return bool(_WHICH_TOWN.search(query.text))


def asks_standing(query: Query) -> bool:
    """Whether it is asked how a village stands among others: 俺村排第几."""
    return bool(_STANDING.search(query.text))


def wants_highest(query: Query) -> bool:
    """Which end of a ranking is asked for."""
    said = query.slots.get("extreme")
    if said and not _LOWEST.search(query.text):
        return said == "highest"
    return not _LOWEST.search(query.text)


def year_of(query: Query, today: date) -> int | None:
    """The year a question names, or None."""
    period = query.slots.get("period")
    if period:
        return period.start.year
    if found := re.search(r"(?<!\d)(20\d\d)年?", query.text):
        return int(found[1])
    said = {"前年": 2, "去年": 1, "上年": 1, "今年": 0, "本年": 0}
    compared = re.compile(r"[比跟和较](?:前年|去年|上年)")
    text = compared.sub("", query.text)
    return next((today.year - back for word, back in said.items() if word in text), None)


def period_said(period: Period) -> str:
    """A period in plain dates: 2025年, 2025年9月, 2025年9月7日."""
    if period.grain == "year":
        return f"{period.start.year}年"
    if period.grain == "month":
        return f"{period.start.year}年{period.start.month}月"
    first = full_day(period.start)
    return first if period.start == period.end else f"{first}到{full_day(period.end)}"


def not_held(query: Query, ctx: Context, about: str, source: Origin, first: date | None = None) -> Reply | None:
    """Declines a period before the first day that is held or after today, and says what is held; None if neither."""
    period, first = asked_period(query, ctx.today), first or source.as_of
    if period is None or first is None or (period.end >= first and period.start <= ctx.today):
        return None
    said = period_said(period)
    why = "还没到" if period.start > ctx.today else f"没有{source.place}{said}{about}的记录"
    why = f"{said}{why}" if period.start > ctx.today else why
    held = source.as_of or first
    facts = (source.fact("所问时间", said), source.fact("现有记录的日期", full_day(held)))
    return Reply(f"{why}，现有的是{full_day(held)}的。", ("要问现在的，不带年月再问一遍。",), facts)


def asked_period(query: Query, today: date) -> Period | None:
    """The period that understanding found, else the year that the text names."""
    year = year_of(query, today)
    whole = Period(date(year, 1, 1), date(year, 12, 31), "year") if year else None
    return query.slots.get("period") or whole


def none_held(area: Area, about: str, hint: str = "") -> Reply:
    """Says that there is no record, and what to do."""
    return Reply(f"没有{area.name}{about}的记录。", (hint or "可以到村委会或镇便民服务中心问。",))


def compared_in_vain(query: Query, headline: str) -> str:
    """A headline that says so where a comparison with the past is asked for and only one state is held."""
    wanted = "baseline" in query.slots or _PAST.search(query.text)
    return f"{headline.removesuffix('。')}；没有以前的数，比不了。" if wanted else headline


def number(value: Decimal | int) -> str:
    """A figure as it is said."""
    return plain(value)


def amount(value: Decimal) -> str:
    """An amount in 元, from 万 on in 万元 where that loses nothing: 25000元 -> 2.5万元."""
    rounded = fen(value)
    if rounded >= 10000 and rounded == rounded.quantize(Decimal(1)) and rounded % 100 == 0:
        return f"{plain(rounded / 10000)}万元"
    return f"{plain(rounded)}元"


def amount_fact(source: Origin, what: str, value: Decimal, subject: str = "") -> Fact:
    """The fact for an amount, in the unit in which `amount` says it."""
    said = amount(value)
    unit = "万元" if said.endswith("万元") else "元"
    return source.fact(what, Decimal(said.removesuffix(unit)), unit, subject)


def ranking(
    ctx: Context,
    query: Query,
    among: Area,
    values: Mapping[str, Decimal],
    what: str,
    unit: str,
    origins: Mapping[str, Origin],
    words: tuple[str, str] = ("最高", "最低"),
) -> Reply:
    """The places at the end of a ranking that is asked for, and where the sender's own village stands in it.

    `origins` may lack places (towns, whose values are sums): then the first origin tells date and department.
    """
    highest = wants_highest(query)
    found = standings(values, highest)
    if not found:
        return none_held(among, what)
    any_origin = next(iter(origins.values()))

    def fact(place: str, named: str, value: Decimal | int, measured: str) -> Fact:
        known = origins.get(place, any_origin)
        return Fact(named, value, measured, "", ctx.places.full_name(place), known.as_of, known.source)

    def name(place: str) -> str:
        return ctx.places.full_name(place)

    top = found[:TOLD]
    firsts = [standing for standing in found if standing.rank == 1]
    leading = "、".join(name(s.place) for s in firsts[:TOLD]) + (f"等{len(firsts)}个" if len(firsts) > TOLD else "")
    head = f"{among.name}{what}{words[0 if highest else 1]}的是{leading}，{number(top[0].value)}{unit}"
    rest = "、".join(f"{name(s.place)}{number(s.value)}{unit}" for s in top[len(firsts) :])
    facts = [fact(s.place, what, s.value, unit) for s in top]
    facts.append(fact(among.code, "参加排名的个数", len(found), "个"))
    facts.append(fact(among.code, "并列第一的个数", len(firsts), "个"))
    details = []
    own = next((s for s in found if s.place == ctx.asker.home), None)
    if own and own not in top:
        details.append(f"{name(own.place)}{number(own.value)}{unit}，{rank_said(own.rank, own.of, highest)}")
        facts += [fact(own.place, what, own.value, unit), fact(own.place, "名次", own.rank, "名")]
    return Reply(head + (f"；其次{rest}。" if rest else "。"), tuple(details), tuple(facts))


def rank_said(rank: int, of: int, highest: bool = True) -> str:
    """A rank in words: 从高到低排第3，共20个村."""
    return f"{'从高到低' if highest else '从低到高'}排第{rank}，共{of}个"
