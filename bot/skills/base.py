"""What every skill is given and what it hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from bot.messages import Asker, Reply
from bot.understanding.query import Query
from knowledge.places import Places


@dataclass(frozen=True, slots=True)
class Context:
    """What a skill may look at: the data, the clock's reading, the gazetteer and who asks."""

    session: Session
    now: datetime  # Asia/Shanghai
    places: Places
    asker: Asker

    @property
    def today(self) -> date:
        """The local date."""
        return self.now.date()


Answer = Callable[[Query, Context], Reply]


@dataclass(frozen=True, slots=True)
class Skill:
    """One row of the table of skills.

    `needs` names the slots without which it cannot answer: the assistant fills them from the conversation or the
    sender's own village, or asks. `keeps` names the slots that a follow-up may take over from the question before.
    `label` is what a numbered choice calls it. `dataset` is the one whose lateness is told with an answer about now.
    """

    answer: Answer
    label: str
    needs: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    dataset: str = ""
