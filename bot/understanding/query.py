"""What understanding hands to the skills. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypedDict

from bot.understanding.story import question_of

Grain = Literal["day", "week", "month", "year", "span"]


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days, both ends included. `said` is the sender's own word for it (上月, 9月7日)."""

    start: date
    end: date
    grain: Grain
    said: str = ""


class Slots(TypedDict, total=False):
    """The slots a query may carry; each is absent when the message does not name it.

    Names are canonical (玉米, never 棒子), places are division codes.
    """

    commodity: str  # anything grown, raised or sold: 玉米, 肉牛, 板栗
    commodities: tuple[str, ...]  # when several are named (玉米和花生); `commodity` is then the first
    market: str
    village: str  # 12-digit code
    villages: tuple[str, ...]  # all codes that a namesake may mean; `village` is absent then
    own_village: bool  # 我们村, 俺村, 咱家
    town: str  # 9-digit code
    own_town: bool  # 我们镇, 镇里
    county: bool  # 全市, 全县
    unknown_place: str  # a place that is named but is none of ours, as said
    period: Period
    baseline: Period  # what a change is measured against: 比上个月, 比去年
    extreme: Literal["highest", "lowest"]
    policy: str  # a policy's title as its document has it
    aspect: Literal["who", "amount", "how", "documents", "where", "deadline"]
    subject: str  # an account's subject: 道路维修
    direction: Literal["收入", "支出"]
    voucher: str  # 记202610-116217-010
    code: str  # a record's number: GQ0494, JZ00762
    plot: str  # 116217-T01
    title: str  # words in quotation marks, as said
    indicator: str  # a livability figure: green, road_hard, lamp_lit …
    relief: str  # 农村低保, 特困供养, 五保户
    office: str  # a kind of office: 派出所
    route: str  # a bus line
    side: Literal["供应", "求购"]
    amount: str  # a number with its unit as said, digits normalised: 2000斤
    level: str  # an alert's or an award's level


@dataclass(frozen=True, slots=True)
class Query:
    """One question: its intent, its slots, how sure we are (0 to 1), and the normalised text it stands for.

    `alternatives` are the next intents with their confidence, best first; of an unsure question `others` are its
    readings as these intents, each with the slots that it may have.
    """

    intent: str
    slots: Slots = field(default_factory=Slots)
    confidence: float = 1.0
    text: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    others: tuple[Query, ...] = ()

    @property
    def asking(self) -> str:
        """Of a story the part with its question; "" for a text that is none."""
        return question_of(self.text) or ""


#: Surface forms of names by slot: {"commodity": {"玉米": ("玉米", "苞米")}, "market": …}. Keys of the inner
#: mapping are the canonical values that `Slots` carries.
Names = Mapping[str, Mapping[str, tuple[str, ...]]]
