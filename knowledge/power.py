"""The small-power list: the matters of a village, a town or the county, their stages and their days of public notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge.areas import within
from knowledge.tables import PowerItem

PUBLICITY, FINISHED = "公示", "办结"

#: The stages in their order; departments word them with 中 or 已 around.
STAGES = ("申请", "受理", "民主评议", PUBLICITY, "审批", FINISHED)
_WORDINGS = (("办结", FINISHED), ("完成", FINISHED), ("审批", "审批"), ("批准", "审批"), ("审核", "审批"), ("公示", PUBLICITY),
             ("评议", "民主评议"), ("表决", "民主评议"), ("受理", "受理"), ("申请", "申请"), ("申报", "申请"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A stage with its day; of public notice `until` is its last day."""

    stage: str
    day: date | None
    until: date | None = None


def items(session: Session, place: str) -> list[PowerItem]:
    """The matters of a place (6, 9 or 12 digits), those with the latest step first."""
    found = list(session.scalars(select(PowerItem).where(within(PowerItem.place, place))))
    return sorted(found, key=lambda item: (latest_day(item), item.code), reverse=True)


def by_code(session: Session, code: str) -> PowerItem | None:
    """The matter of this number, or None."""
    return session.scalar(select(PowerItem).where(PowerItem.code == code))


def kinds(session: Session) -> list[str]:
    """All kinds of matters that occur anywhere, by name."""
    return sorted(session.scalars(select(PowerItem.kind).distinct()))


def steps(item: PowerItem) -> list[Step]:
    """The steps that a matter has gone, in their order, with their days as far as they are written down."""
    days = (item.applied, item.accepted, item.reviewed, item.publicity_start, item.approved, item.finished)
    return [
        Step(stage, day, item.publicity_end if stage == PUBLICITY else None)
        for stage, day in zip(STAGES, days, strict=True)
        if day
    ]


def stage(item: PowerItem) -> str:
    """The stage in the words of `STAGES`; as written where it is none of them."""
    return next((known for wording, known in _WORDINGS if wording in item.stage), item.stage)


def day_of(item: PowerItem, name: str) -> date | None:
    """The day on which a matter reached a stage, where it is written down."""
    return next((step.day for step in steps(item) if step.stage == name), None)


def following(item: PowerItem) -> str | None:
    """The stage that comes next; None for a finished matter and for a stage that we do not know."""
    now = stage(item)
    if now not in STAGES or now == FINISHED:
        return None
    return STAGES[STAGES.index(now) + 1]


def in_publicity(item: PowerItem, today: date) -> bool:
    """Whether a matter is on public notice on a day, both ends counted."""
    return bool(item.publicity_start and item.publicity_end and item.publicity_start <= today <= item.publicity_end)


def latest_day(item: PowerItem) -> date:
    """The day of the last step that is written down."""
    return max((step.day for step in steps(item) if step.day), default=date.min)
