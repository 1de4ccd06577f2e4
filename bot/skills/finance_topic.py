"""What a question about village accounts is about: place, period, direction and subject, or the reply that we hold none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills import people, where
from bot.skills.base import Context
from bot.skills.lookup import closest
from bot.skills.price_topic import named
from bot.skills.wording import day as day_said
from bot.skills.wording import fen, full_day, plain, yuan
from bot.understanding.query import Period, Query
from knowledge import finance
from knowledge.finance import EXPENSE, INCOME, Books, Sum, Wanted
from knowledge.places import Place, short_name
from knowledge.tables import FinanceEntry

#: From so much on an amount is said in 万元, with the exact one beside it.
_LARGE = Decimal(1_000_000)

_SPENT = re.compile("支出|花|开支|开销|付了|使了|出账|用了")
_EARNED = re.compile("收入|进账|进项|收了|收上来|拨了|进了")

#: Words for now do not mean this one day, but how things stand.
_NOW = frozenset({"现在", "眼下"})

_BRACKETS = re.compile("[（(][^（）()]*[）)]")
_BEFORE_SPENT = re.compile("([一-鿿]{2,12}?)(?:一共|总共|拢共|共|都)*(?:花|用|使)(?:了|费|掉|出|钱|多|得|的)")
_FILLER = re.compile(
    "一年到头|一年|多少|多些|哪项|哪笔|让谁|谁|想知道|知道|就想|哪个|哪些|啥时候|我们|俺们|咱们|你们|他们|我|俺|咱|你|村委会|村干部|大队|集体|全村|村里|村上|村子|村|全镇|镇里|镇上|镇|全市|全县|市里|县里|"
    "上上个月|上个?月|这个?月|本月|当月|月份?|今年|去年|前年|上半年|下半年|年度?|季度|最近|到现在|到底|一共|总共|拢共|合计|"
    "[一二三四五六七八九十]|账上|账面|账|钱|项目|这项|方面|上面|给|在|把|都|的|了|里|上|共|还|是|为|啥"
)


@dataclass(frozen=True, slots=True)
class Topic:
    """What is asked about. `subjects` or `summaries` are empty where the whole of the accounts is meant.

    `purpose` is what the question names and the accounts do not.
    """

    place: Place
    books: Books
    period: Period
    direction: str | None
    subjects: tuple[str, ...]
    summaries: tuple[str, ...]
    purpose: str
    ctx: Context

    @property
    def title(self) -> str:
        """The place as it is said."""
        return where.said(self.place, self.ctx.places)

    @property
    def when(self) -> str:
        """The period as it is said, with the day to which the accounts go where they do not go to its end."""
        return said_period(self.period, self.books, self.ctx.today)

    @property
    def thing(self) -> str:
        """What the accounts call the things asked for: 道路维修; "" for all."""
        if self.subjects or not self.summaries:
            return "、".join(self.subjects)
        purposes = list(dict.fromkeys(_BRACKETS.sub("", summary) for summary in self.summaries))
        return f"“{purposes[0]}”" if len(purposes) == 1 else f"“{purposes[0]}”等"

    def wanted(self, direction: str | None = None) -> Wanted:
        """The entries asked for, of one direction or of the one that is asked for."""
        return Wanted(
            self.place.code,
            self.period.start,
            self.period.end,
            direction or self.direction,
            self.subjects,
            self.summaries,
        )

    def fact(self, what: str, value: Decimal | int | str, unit: str = "", subject: str = "", place: str = "") -> Fact:
        """A figure of the accounts as they were published, by default for the period and the place asked about."""
        of = subject or f"{self.when}{self.thing}"
        at = place or self.ctx.places.full_name(self.place.code)
        return Fact(what, value, unit, of, at, self.books.as_of, self.books.department)


def topic_of(query: Query, ctx: Context) -> Topic | Reply:
    """The topic, or the reply that there is nothing to answer from."""
    place = where.asked(query, ctx)
    if place is None:
        return Reply("您问的是哪个村的账？请连镇名和村名一起说。")
    title = where.said(place, ctx.places)
    books = finance.books(ctx.session, place.code, ctx.today)
    if books is None:
        return Reply(f"没有{title}的收支账，不能拿别处的数回您。", ("可以到村务公开栏看，或者问村委会。",))
    period = query.slots.get("period")
    if period and period.said in _NOW:
        period = None
    baseline = query.slots.get("baseline")
    if period is None and baseline and baseline.grain == "year":  # 比去年 is said of the year
        period = Period(date(books.last.year, 1, 1), date(books.last.year, 12, 31), "year")
    if period and (period.start > books.last or period.end < books.first):
        return _not_held(place, period, books, ctx)
    subjects, summaries, purpose = _things(query, place, ctx)
    direction = direction_of(query)
    if subjects and direction:
        own = {way for subject, way in finance.subjects(ctx.session, place.code) if subject in subjects}
        direction = direction if direction in own else None
    topic = Topic(place, books, period or _month_of(books.last), direction, subjects, summaries, purpose, ctx)
    if period is None and topic.thing:  # the last month in which there was any of it
        ever = replace(topic.wanted(), start=books.first, end=books.last)
        last = finance.latest(ctx.session, ever, 1)
        topic = replace(topic, period=_month_of(last[0].day)) if last else topic
    return topic


def direction_of(query: Query) -> str | None:
    """收入 or 支出 where the question asks for one of them alone."""
    spent, earned = bool(_SPENT.search(query.text)), bool(_EARNED.search(query.text))
    if spent and earned:
        return None
    return query.slots.get("direction") or (EXPENSE if spent else INCOME if earned else None)


def _month_of(day: date) -> Period:
    """The month of the last entry: what is meant where no period is named."""
    following = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return Period(day.replace(day=1), following - timedelta(days=1), "month")


def said_period(period: Period, books: Books, today: date) -> str:
    """2月, 11月（到11月23日）, 2025年（从12月1日起）: what of a period the accounts cover."""
    words = named(period, today)
    if period.grain == "day":
        return words
    notes = []
    if period.start < books.first.replace(day=1):
        first = books.first
        notes.append(
            f"从{first.month}月{first.day}日起" if first.year == period.start.year else f"从{full_day(first)}起"
        )
    if period.end > books.last and period.grain != "span":
        notes.append(f"到{books.last.month}月{books.last.day}日")
    return f"{words}（{'，'.join(notes)}）" if notes else words


def _not_held(place: Place, period: Period, books: Books, ctx: Context) -> Reply:
    words = named(period, ctx.today)
    title = where.said(place, ctx.places)
    last = day_said(books.last, ctx.today)
    why = f"{words}还没到，没有{title}的账" if period.start > ctx.today else f"没有{title}{words}的账"
    full = ctx.places.full_name(place.code)
    facts = (
        Fact("有无账目", f"{words}没有", "", title, full, books.as_of, books.department),
        Fact("最早一笔", full_day(books.first), "", "收支账", full, books.first, books.department),
        Fact("最近一笔", full_day(books.last), "", "收支账", full, books.last, books.department),
    )
    return Reply(f"{why}，只有{full_day(books.first)}到{last}的。", (), facts)


def _things(query: Query, place: Place, ctx: Context) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """The subjects, else the wordings of entries that a question names, else what it names and nobody wrote down."""
    known = [subject for subject, _ in finance.subjects(ctx.session, place.code)]
    named_one = query.slots.get("subject")
    if named_one:
        return ((named_one,), (), "") if named_one in known else ((), (), named_one)
    subjects = tuple(closest(query, known, _core, ctx.places)) or _repaired(query.text, known)
    if subjects:
        return subjects, (), ""
    if place.kind in {"village", "community"}:
        # without what stands in brackets: nobody's name is to be looked for here
        summaries = closest(
            query, finance.summaries(ctx.session, place.code), lambda said: _core(_BRACKETS.sub("", said)), ctx.places
        )
        if summaries:
            return (), tuple(summaries), ""
    return (), (), query.slots.get("title") or _purpose(query.text, place)


def _core(subject: str) -> str:
    """What tells a subject apart from others of its direction: 光伏发电收入 -> 光伏发电."""
    return subject.removesuffix(INCOME).removesuffix(EXPENSE) or subject


def _repaired(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """修路 means 道路维修: a verb of mending and what is mended, where the accounts put them the other way round."""
    pairs = [text[at : at + 2] for at in range(len(text) - 1) if text[at] in "修补铺建装换"]
    return tuple(subject for subject in known if any(pair[0] in subject and pair[1] in subject for pair in pairs))


def _purpose(text: str, place: Place) -> str:
    """What a question says that money was spent on: 修桥 of 俺村修桥花了多少; "" where it asks for the whole."""
    found = _BEFORE_SPENT.search(text)
    if not found:
        return ""
    before = found[1].replace(place.name, " ").replace(short_name(place.name), " ")
    words = _FILLER.sub(" ", before).split()
    return words[-1] if words and len(words[-1]) >= 2 and before.endswith(words[-1]) else ""


def money(value: Decimal) -> str:
    """An amount in 元, a large one in 万元."""
    return f"{plain(_wan(value))}万元" if abs(value) >= _LARGE else yuan(value)


def _wan(value: Decimal) -> Decimal:
    return fen(value / 10_000)


def money_facts(topic: Topic, what: str, found: Sum, subject: str = "", place: str = "") -> list[Fact]:
    """An amount and the number of its entries as facts; a large one in 万元 too."""
    facts = [
        topic.fact(what, fen(found.amount), "元", subject, place),
        topic.fact(f"{what}笔数", found.entries, "笔", subject, place),
    ]
    if abs(found.amount) >= _LARGE:
        facts.append(topic.fact(what, _wan(found.amount), "万元", subject, place))
    return facts


def summary_said(entry: FinanceEntry, ctx: Context) -> str:
    """What an entry was for, as far as the asker may know who got the money."""
    return people.told_in(entry.summary, entry.place, ctx.asker)


def entry_line(entry: FinanceEntry, ctx: Context) -> str:
    """An entry as a line: 10月14日环境整治支出1350元：付沟渠清淤工钱（经手张静，审批魏占山，凭证记202610-116217-010）."""
    way = "" if entry.subject.endswith(entry.direction) else entry.direction
    words = f"{day_said(entry.day, ctx.today)}{entry.subject}{way}{yuan(entry.amount)}"
    if entry.summary:
        words += f"：{summary_said(entry, ctx)}"
    people = [f"经手{entry.handler}"] if entry.handler else []
    people += [f"审批{entry.approver}"] if entry.approver else []
    people += [f"凭证{entry.voucher}"] if entry.voucher else []
    return words + (f"（{'，'.join(people)}）" if people else "")


def entry_facts(entries: Iterable[FinanceEntry], ctx: Context) -> list[Fact]:
    """What the entries' lines say, as facts of the day of each entry."""
    facts = []
    for entry in entries:

        def fact(what: str, value: Decimal | str, unit: str = "", entry: FinanceEntry = entry) -> Fact:
            place = ctx.places.full_name(entry.place)
            return Fact(what, value, unit, entry.subject, place, entry.day, entry.source.department)

        facts.append(fact("金额", fen(entry.amount), "元"))
        said = {
            "用途": summary_said(entry, ctx),
            "经手人": entry.handler,
            "审批人": entry.approver,
            "凭证号": entry.voucher,
        }
        facts += [fact(what, value) for what, value in said.items() if value]
    return facts


def before(topic: Topic, baseline: Period) -> Period:
    """The period to compare with: of 比去年 the same stretch a year earlier, else the one named."""
    if baseline.grain == "year" and topic.period.grain != "year":
        years = topic.period.start.year - baseline.start.year
        return _years_back(topic.period, years) if years > 0 else baseline
    return baseline


def _years_back(period: Period, years: int) -> Period:
    start = _moved(period.start, years)
    end = (
        _month_of(_moved(period.end.replace(day=1), years)).end
        if period.grain == "month"
        else _moved(period.end, years)
    )
    return replace(period, start=start, end=end)


def _moved(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=min(day.day, 28) if day.month == 2 else day.day)
