"""Repairs of household toilets: whom to call and how many are open for everybody; a household's own for its village."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills import disclosure
from bot.skills.base import Context
from bot.skills.sector import (
    Area,
    Origin,
    area_of,
    asks_towns,
    asks_which,
    none_held,
    not_held,
    numbered,
    origin,
    origin_of_all,
    period_said,
    ranked_area,
    ranking,
)
from bot.skills.wording import full_day, mask_name
from bot.understanding.query import Query
from knowledge import toilets
from knowledge.standing import by_town
from knowledge.tables import ToiletRepair

#: So many open repairs stand on lines of their own.
LINES = 12

#: Who is meant where a number is asked for: not the keeper.
_HOUSEHOLDER = re.compile(r"户主|报修(?:的|人)|他家|她家|身份证|银行卡|卡号|住址|门牌|住哪")
_LIST = ("谁家", "哪家", "哪户", "哪几家", "哪几户", "名单", "都有谁", "有谁", "台账")


def answer(query: Query, ctx: Context) -> Reply:
    """A household's repair (to its own village), who repairs, how many are open; a ranking among villages."""
    if asks_which(query):
        return _ranking(query, ctx)
    area = area_of(query, ctx)
    rows = toilets.of(ctx.session, area.code)
    allowed = area.is_village and ctx.asker.may_see(area.code)
    if _HOUSEHOLDER.search(query.text) and disclosure.asks_private(query):
        return _refused(area, rows)
    if allowed and (asked := _asked(query, rows)):
        return _told_all(asked, ctx)
    named = disclosure.names_person(query, ctx)
    if not allowed and (named or numbered(query, rows)):
        return _refused(area, rows)
    if named and "家" in query.text:
        return _unknown(area, rows)
    if not rows:
        return none_held(area, "厕所报修", "厕所坏了先找村委会，由村里报给管护员。")
    source = origin_of_all(area, rows, ledger=True)
    if declined := not_held(query, ctx, "厕所报修", source, min(row.reported for row in rows)):
        return declined
    if any(word in query.text for word in _LIST):
        return _list(area, rows, ctx) if allowed else _refused(area, rows)
    period = query.slots.get("period")
    if period is None:
        words, facts = _public(area, rows)
        return Reply(words, _how_to_ask(area, allowed), tuple(facts))
    within = [row for row in rows if period.start <= row.reported <= period.end]
    when = source.fact("所问时间", period_said(period))
    if not within:
        return Reply(f"{area.name}{period_said(period)}没有厕所报修的记录。", (), (when,))
    words, facts = _counted(within, source)
    return Reply(f"{area.name}{period_said(period)}{words}。", _how_to_ask(area, allowed), (when, *facts))


def _asked(query: Query, rows: Sequence[ToiletRepair]) -> list[ToiletRepair]:
    """The repair of a number, those of the household that is named, or of the families with a name that is."""
    if called := numbered(query, rows):
        return called
    period = query.slots.get("period")
    days = (period.start, period.end) if period else None
    return toilets.of_household(rows, query.text, days) or toilets.of_family(rows, query.text)


def _told_all(rows: Sequence[ToiletRepair], ctx: Context) -> Reply:
    """Repairs, the latest first: one in the headline, others on lines of their own."""
    told = [_repair(row, ctx) for row in rows[: LINES + 1]]
    details = tuple(f"{line}。" for line, _ in told[1:])
    return Reply(f"{told[0][0]}。", details, tuple(dict.fromkeys(fact for _, more in told for fact in more)))


def _unknown(area: Area, rows: Sequence[ToiletRepair]) -> Reply:
    words, facts = _public(area, rows) if rows else ("", [])
    return Reply(f"没查到这户的厕所报修。{words}", ("名字请写全，和报修时登记的户主一样。",), tuple(facts))


def _repair(row: ToiletRepair, ctx: Context) -> tuple[str, list[Fact]]:
    """One repair in words: fault, days, status, and who looks after it."""
    source = origin(ctx, row, ledger=True)
    name = f"{mask_name(row.head)}家"
    facts = [
        source.fact("报修日期", full_day(row.reported), "", name),
        source.fact("状态", row.status, "", name),
        source.fact("故障", row.fault, "", name),
    ]
    fault = row.fault or "厕所"
    words = f"{name}{full_day(row.reported)}报的{fault}，"
    if toilets.is_open(row):
        words += f"还没修好（{row.status}）"
    elif row.fixed:
        words += f"{full_day(row.fixed)}修好了"
        facts.append(source.fact("修好日期", full_day(row.fixed), "", name))
    else:
        words += row.status
    if row.keeper:
        words += f"，找管护员{row.keeper}{row.keeper_phone}"
        facts.append(source.fact("管护员", row.keeper))
    if row.keeper_phone:
        facts.append(source.fact("管护电话", row.keeper_phone))
    return words, facts


def _public(area: Area, rows: Sequence[ToiletRepair]) -> tuple[str, list[Fact]]:
    """What is for everybody: the keeper of the village, reported and open repairs."""
    source = origin_of_all(area, rows, ledger=True)
    words, facts = _counted(rows, source)
    if not area.is_village:
        return f"{area.name}{words}。", facts
    found = toilets.keepers(rows)
    if not found:
        return f"{area.name}{words}。", facts
    keeper = found[0]
    facts += [source.fact("管护员", keeper.name), source.fact("管护电话", keeper.phone)]
    return f"{area.name}厕所坏了找管护员{keeper.name}{keeper.phone}；{words}。", facts


def _counted(rows: Sequence[ToiletRepair], source: Origin) -> tuple[str, list[Fact]]:
    """How many were reported, are mended, are open."""
    opened = sum(map(toilets.is_open, rows))
    facts = [
        source.fact("报修", len(rows), "件"),
        source.fact("没修好", opened, "件"),
        source.fact("修好", len(rows) - opened, "件"),
    ]
    return f"厕所报修{len(rows)}件，修好{len(rows) - opened}件，没修好{opened}件", facts


def _list(area: Area, rows: Sequence[ToiletRepair], ctx: Context) -> Reply:
    """The open repairs of a village with masked householders."""
    opened = [row for row in rows if toilets.is_open(row)]
    words, facts = _public(area, rows)
    lines = []
    for row in opened[:LINES]:
        line, more = _repair(row, ctx)
        lines.append(f"{line}。")
        facts += more
    if len(opened) > LINES:
        lines.append("只列了最近报的。")
    return Reply(words, (*lines, "户主姓名按规定遮着。"), tuple(dict.fromkeys(facts)))


def _refused(area: Area, rows: Sequence[ToiletRepair]) -> Reply:
    words, facts = _public(area, rows) if rows else ("", [])
    return Reply(
        f"哪一户报修、修没修好只告诉本村村民。{words}",
        ("本村村民用登记过的手机号发短信来问，或到村委会看台账。",),
        tuple(facts),
        intent="denied",
    )


def _how_to_ask(area: Area, allowed: bool) -> tuple[str, ...]:
    if not area.is_village:
        return ("要问哪个村找谁修，请说村名。",)
    return ("要问某一户修没修好，请说户主名字。",) if allowed else ()


def _ranking(query: Query, ctx: Context) -> Reply:
    among = ranked_area(query, ctx)
    rows = toilets.of(ctx.session, among.code)
    if not rows:
        return none_held(among, "厕所报修")
    values: dict[str, Decimal] = {}
    for row in rows:
        values[row.place] = values.get(row.place, Decimal(0)) + toilets.is_open(row)
    origins = {row.place: origin(ctx, row, ledger=True) for row in rows}
    values = by_town(values) if asks_towns(query) else values
    return ranking(ctx, query, among, values, "没修好的厕所", "件", origins, ("最多", "最少"))
