"""Soil tests: what was measured, what published gradings call it, and their general advice, marked as advice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.sector import (
    Area,
    Origin,
    area_of,
    asked_period,
    asks_which,
    none_held,
    not_held,
    number,
    origin,
    origin_of_all,
    period_said,
    ranked_area,
    ranking,
    wants_highest,
)
from bot.skills.wording import full_day
from bot.understanding.query import Query, Slots
from knowledge import soil
from knowledge.soil import Grade, Measure
from knowledge.tables import SoilTest

#: So many measures stand in a headline where the question is what is short.
SHORT = 2

#: What is told where nothing in particular is asked for.
_USUAL = ("ph", "organic")
_NUTRIENTS = ("organic", "nitrogen", "phosphorus", "potassium")
_LACKING = (
    "缺",
    "上啥",
    "上什么",
    "施什么",
    "施啥",
    "啥肥",
    "什么肥",
    "肥料",
    "追肥",
    "底肥",
    "补啥",
    "补什么",
    "养分",
)

#: The end of a plot's code, as whoever owns the land calls it.
_PLOTS = re.compile("哪一?(?:块|片)")
_SHORT_PLOT = re.compile(r"(?<![A-Za-z\d-])[A-Za-z]\d{1,3}(?=号)")


def answer(query: Query, ctx: Context) -> Reply:
    """A plot's latest sample, or what the plots of a village (a town, the county) amount to."""
    area = area_of(query, ctx)
    short = _SHORT_PLOT.search(query.text)
    plot = query.slots.get("plot") or soil.named(ctx.session, query.text) or (short and short[0])
    if plot:
        named = {"village", "town"} & query.slots.keys() or ctx.asker.home
        rows = soil.of_plot(ctx.session, plot, area.code if named else None) or soil.of_plot(ctx.session, plot)
        if not rows:
            return none_held(area, "这个地块土壤检测", "地块编号写在检测通知单上，请照着写全。")
        return _plot(query, ctx, rows)
    if asks_which(query):
        return _ranking(query, ctx)
    rows = soil.latest(ctx.session, area.code)
    if not rows:
        return none_held(area, "土壤检测", "想测土可以找镇农业技术推广站。")
    source = origin_of_all(area, rows)
    if declined := not_held(query, ctx, "土壤检测", source, soil.first_day(ctx.session, area.code)):
        return declined
    if period := asked_period(query, ctx.today):
        rows = soil.latest(ctx.session, area.code, (period.start, period.end))
        if not rows:
            said = period_said(period)
            return Reply(f"{area.name}{said}没有取土化验的记录。", (), (source.fact("所问时间", said),))
    if _PLOTS.search(query.text):
        return _end_plot(query, ctx, rows)
    of_crop = _of_crop(query, rows)
    reply = _several(query, ctx, area, of_crop or rows)
    crop = query.slots.get("commodity", "")
    return reply if of_crop else replace(reply, headline=f"没有{crop}地的化验，{reply.headline}")


def _measures(query: Query) -> list[Measure]:
    """What is asked for, in the order in which it is told."""
    text = query.text.lower()
    found = [measure for measure in soil.measures().values() if any(word in text for word in measure.words)]
    if any(word in text for word in _LACKING) and not found:
        found = [soil.measures()[name] for name in _NUTRIENTS]
    return found or [soil.measures()[name] for name in _USUAL]


def _plot(query: Query, ctx: Context, rows: Sequence[SoilTest]) -> Reply:
    row = rows[0]
    source = origin(ctx, row)
    asked = _measures(query)
    told = [
        (measure, value) for measure in soil.measures().values() if (value := getattr(row, measure.name)) is not None
    ]
    wanted = [(measure, value) for measure, value in told if measure in asked]
    if not wanted:
        return none_held(Area(row.place, source.place, source.place), "这块地这一项化验")
    facts = [source.fact("采样日期", full_day(row.sampled), "", row.plot)]
    for measure, value in told:
        facts += _facts(measure, value, source, row.plot)[: 2 if measure in asked else 1]
    words, details = _main(query, [(m, v, "") for m, v in wanted])
    rest = [_graded(measure, value) for measure, value in told if measure not in asked]
    details += ["，".join(rest)] if rest else []
    details += _advice(wanted, row.crop, facts)
    for older in rows[1:3]:
        before = [(m, v) for m in asked if (v := getattr(older, m.name)) is not None]
        if not before:
            continue
        details.append(f"{full_day(older.sampled)}化验：{'，'.join(_value(m, v) for m, v in before)}")
        facts += [source.fact(m.label, v, m.unit, f"{row.plot} {full_day(older.sampled)}") for m, v in before]
    head = f"{row.plot}号地{full_day(row.sampled)}化验：{words}。"
    return Reply(head, tuple(details), tuple(dict.fromkeys(facts)))


def _several(query: Query, ctx: Context, area: Area, rows: Sequence[SoilTest]) -> Reply:
    """Mean and range over the latest samples of an area's plots, and how to ask for one."""
    source = origin_of_all(area, rows)
    facts = [source.fact("地块数", len(rows), "块")]
    graded: list[tuple[Measure, Decimal, str]] = []
    for measure in _measures(query):
        spread = soil.spread(rows, measure.name)
        if spread is None:
            continue
        same = spread.low == spread.high
        graded.append((measure, spread.mean, "" if same else f"，{number(spread.low)}到{number(spread.high)}"))
        facts += _facts(measure, spread.mean, source, "平均")
        facts.append(source.fact(f"{measure.label}最低", spread.low, measure.unit))
        facts.append(source.fact(f"{measure.label}最高", spread.high, measure.unit))
    if not graded:
        return none_held(area, "这一项土壤化验")
    words, details = _main(query, graded)
    details += _advice([(measure, mean) for measure, mean, _ in graded], query.slots.get("commodity", ""), facts)
    example = rows[0].plot
    facts.append(source.fact("地块编号", example, "", example))
    details.append(f"要问自家那块地，请说地块编号，比如“{example}号地”；没有编号问村委会。")
    mean = "平均" if len(rows) > 1 else ""
    return Reply(f"{area.name}{len(rows)}块地{mean}：{words}。", tuple(details), tuple(dict.fromkeys(facts)))


def _main(query: Query, graded: Sequence[tuple[Measure, Decimal, str]]) -> tuple[str, list[str]]:
    """The headline's words and lines that did not fit: what is short alone, where that is asked for."""
    lines = [f"{_graded(measure, value)}{span}" for measure, value, span in graded]
    if len(graded) <= SHORT or not any(word in query.text for word in _LACKING):
        return "；".join(lines), []
    short = [line for line, (measure, value, _) in zip(lines, graded, strict=True) if measure.grade(value).lacking]
    enough = "、".join(measure.label for measure, value, _ in graded if not measure.grade(value).lacking)
    if not short:
        return f"{enough}都不缺", lines
    return f"缺的是{'；'.join(short)}" + (f"。{enough}不缺" if enough else ""), [
        line for line in lines if line not in short
    ]


def _of_crop(query: Query, rows: Sequence[SoilTest]) -> Sequence[SoilTest]:
    """The samples of a crop's land where the crop is named, else all."""
    crop = query.slots.get("commodity")
    return [row for row in rows if row.crop == crop] if crop else rows


def _end_plot(query: Query, ctx: Context, rows: Sequence[SoilTest]) -> Reply:
    """The plot with the highest or the lowest value of what is asked for."""
    measure = _measures(query)[0]
    known = [row for row in rows if getattr(row, measure.name) is not None] or list(rows)
    ordered = sorted(known, key=lambda row: getattr(row, measure.name) or 0, reverse=_upwards(query, measure))
    return _plot(query, ctx, ordered[:1])


def _ranking(query: Query, ctx: Context) -> Reply:
    """Villages by the mean of what is asked for."""
    measure = _measures(query)[0]
    among = ranked_area(query, ctx)
    by_village: dict[str, list[SoilTest]] = {}
    for row in soil.latest(ctx.session, among.code):
        by_village.setdefault(row.place, []).append(row)
    values = {place: spread.mean for place, rows in by_village.items() if (spread := soil.spread(rows, measure.name))}
    origins = {place: origin(ctx, rows[0]) for place, rows in by_village.items()}
    end = replace(query, text="最高" if _upwards(query, measure) else "最低", slots=Slots())
    return ranking(ctx, end, among, values, f"{measure.label}平均", measure.unit, origins)


def _upwards(query: Query, measure: Measure) -> bool:
    """Whether the highest value is asked for: 最酸 is the lowest pH."""
    if measure.name == "ph" and ("酸" in query.text) != ("碱" in query.text):
        return "碱" in query.text
    return wants_highest(query) and "瘦" not in query.text


def _value(measure: Measure, value: Decimal) -> str:
    return f"{measure.label}{' ' if measure.label.isascii() else ''}{number(value)}{measure.unit}"


def _graded(measure: Measure, value: Decimal) -> str:
    return f"{_value(measure, value)}（{_class(measure.grade(value))}）"


def _class(grade: Grade) -> str:
    return f"{grade.name}，{grade.level}" if grade.level else grade.name


def _facts(measure: Measure, value: Decimal, source: Origin, subject: str) -> list[Fact]:
    """The measured value, and the bounds of its class as they are published."""
    grade = measure.grade(value)
    published = Fact(f"{measure.label}分级", _bounds(grade, measure.unit), "", _class(grade), "", None, measure.source)
    return [source.fact(measure.label, value, measure.unit, subject), published]


def _bounds(grade: Grade, unit: str) -> str:
    """The bounds of a class in words: 10～20g/kg, 40g/kg以上."""
    if grade.low is None:
        return f"低于{grade.high}{unit}"
    return f"{grade.low}{unit}以上" if grade.high is None else f"{grade.low}～{grade.high}{unit}"


def _advice(graded: Sequence[tuple[Measure, Decimal]], crop: str, facts: list[Fact]) -> list[str]:
    """General advice for the classes, marked as such, with the published bounds that it rests on."""
    lines = []
    for measure, value in graded:
        grade = measure.grade(value)
        if grade.advice:
            lines.append(f"建议：{measure.label}{grade.name}（{_bounds(grade, measure.unit)}），{grade.advice}。")
    word = soil.salt_tolerance().get(crop)
    if word and any(measure.name == "ec" for measure, _ in graded):
        lines.append(f"建议：{crop}{word}，化肥少上、勤浇透水。")
        facts.append(Fact("耐盐程度", word, "", crop, "", None, soil.salt_source()))
    if lines:
        lines.append("建议按公布的分级给的，只供参考，用多少肥请问农技员。")
    return lines
