"""Where and when a question about a policy is meant: another county's rules and another year's we do not know."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from bot.skills.base import Context
from bot.understanding.query import Query
from knowledge.places import Places, short_name

DATA = Path(__file__).parent.parent.parent / "knowledge" / "data" / "elsewhere.yml"

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:年度?|的)(?!生|出生|盖|买|结|入|参|退|建|得|办的|落户)")
_CHINESE_YEAR = re.compile(r"([二一][零〇九][零〇一二三四五六七八九]{2})年")
_SHORT_YEAR = re.compile(
    r"(?:^|[，。？！、\s那在从])([0-3]\d)年(?:度)?(?=的|医保|低保|种|养老|高龄|玉米|农|危|补|标准)"
)
_RELATIVE = {"大前年": -3, "前年": -2, "去年": -1, "上年": -1, "往年": -1, "明年": 1, "来年": 1, "后年": 2, "大后年": 3}
_RELATIVE_WORD = re.compile("|".join(sorted(_RELATIVE, key=len, reverse=True)))
_NUMERALS = str.maketrans("零〇一二三四五六七八九", "00123456789")


@cache
def _elsewhere() -> tuple[tuple[str, ...], re.Pattern[str]]:
    stored = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    plain = sorted(stored["plain"], key=len, reverse=True)
    marked = "|".join(sorted(stored["marked"], key=len, reverse=True))
    return tuple(plain), re.compile(f"({marked})(?={'|'.join(stored['after'])})")


def elsewhere(query: Query, ctx: Context) -> str | None:
    """A place that the question names and that is none of ours, or None."""
    if named := query.slots.get("unknown_place"):
        return named
    plain, marked = _elsewhere()
    for name in plain:
        if name in query.text and not _ours(name, ctx.places):
            return name
    found = marked.search(query.text)
    return found[1] if found and not _ours(found[1], ctx.places) else None


def _ours(name: str, places: Places) -> bool:
    county = places.county.name
    return short_name(name) == short_name(county) or places.town(name) is not None or bool(places.units(name))


def period(query: Query, today: date) -> tuple[date, date] | None:
    """The first and last day of the time that a question is about; None where it is about now.

    A year before or after this one that is only hinted at (去年) is taken for the time of the rule where a sum or a day
    is asked for, not in 去年撂荒的地还给补吗.
    """
    text = query.text
    if found := _YEAR.search(text) or _SHORT_YEAR.search(text):
        said = found[1]
        return _whole(int(said) if len(said) == 4 else 2000 + int(said))
    if chinese := _CHINESE_YEAR.search(text):
        return _whole(int(chinese[1].translate(_NUMERALS)))
    if _FIGURE_ASKED.search(text):
        if relative := _RELATIVE_WORD.search(text):
            return _whole(today.year + _RELATIVE[relative[0]])
        slot = query.slots.get("period")
        if slot and not slot.start <= today <= slot.end:
            return slot.start, slot.end
    return None


_FIGURE_ASKED = re.compile(r"多少|多些|几|标准|百分|截止|最晚|哪天|啥时候|什么时候|多咱|咋办|怎么办|政策")


def _whole(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)
