"""The public export's own questions, put to the skills by a resident of the village: with the slots, and with the place alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Asker
from bot.skills import (
    alerts,
    assets,
    cameras,
    cooperatives,
    facilities,
    farming,
    honours,
    idle,
    livability,
    projects,
    reliefs,
    soil,
    toilets,
    trades,
)
from bot.skills.base import Answer
from knowledge import places
from tests.sectors import ask, year
from tests.support import misses, truth

Slots = Callable[[dict[str, Any]], dict[str, Any]]

INDICATORS = {
    "green": "green_rate",
    "road_hard": "road_hard",
    "lamp_lit": "lamps_lit",
    "toilet_conv": "toilets_renovated",
}

#: What answers a kind of question, and the slots that understanding would give beside the place.
KINDS: dict[str, tuple[Answer, Slots]] = {
    "welfare_count": (reliefs.count, lambda q: {"relief": q["kind"]}),
    "privacy": (reliefs.listed, lambda q: {}),
    "wuhua": (livability.answer, lambda q: {"indicator": INDICATORS[q["indicator"]]}),
    "project_progress": (projects.progress, lambda q: {"title": q["title"]}),
    "toilet_repair": (toilets.answer, lambda q: {}),
    "soil": (soil.answer, lambda q: {"plot": q["plot"]}),
    "planting": (farming.planting, lambda q: {"commodity": q["item"], "period": year(q["year"])}),
    "livestock": (farming.livestock, lambda q: {"commodity": q["item"], "period": year(q["year"])}),
    "facility": (facilities.answer, lambda q: {}),
    "asset": (assets.answer, lambda q: {}),
    "coop": (cooperatives.answer, lambda q: {}),
    "idle": (idle.answer, lambda q: {}),
    "trade": (trades.find, lambda q: {"commodity": q["item"], "side": q["side"]}),
    "trade_expired": (trades.status, lambda q: {"code": q["code"]}),
    "good_person": (honours.role_model, lambda q: {}),
    "civilized": (honours.civilized, lambda q: {}),
    "camera": (cameras.answer, lambda q: {}),
    "fire_alert": (alerts.answer, lambda q: {}),
}


@pytest.mark.parametrize("understood", [True, False], ids=["slots", "text alone"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_exports_questions_are_answered_right(
    kind: str, understood: bool, platform: Path, pack_session: Session
) -> None:
    answer, slots_of = KINDS[kind]
    asked = [question for question in truth(platform) if question["q_kind"] == kind]
    assert asked
    wrong = []
    for question in asked:
        slots = slots_of(question) if understood else {}
        if village := question.get("village_code"):
            slots["village"] = village
        else:
            town = places.load().town(question["town"])
            assert town
            slots["town"] = town.code
        asker = Asker((village,), village) if village else Asker()
        reply = ask(pack_session, answer, question["question"], asker, **slots)
        if problems := misses(question, reply.text):
            wrong.append(f"{question['question']} -> {reply.text} {problems}")
    assert not wrong, "\n".join(wrong)


def test_privacy_questions_are_kept_for_the_audit(platform: Path, pack_session: Session) -> None:
    for question in truth(platform):
        if question["q_kind"] == "privacy":
            reply = ask(pack_session, reliefs.listed, question["question"], Asker(), village=question["village_code"])
            assert reply.intent == "denied"
            assert question["head"] not in repr(reply)


#: Short answers that must fit one text message with their source: 70 characters.
SHORT = {
    "welfare_count": reliefs.count,
    "planting": farming.planting,
    "livestock": farming.livestock,
    "camera": cameras.answer,
    "facility": facilities.answer,
    "asset": assets.answer,
    "good_person": honours.role_model,
    "civilized": honours.civilized,
    "wuhua": livability.answer,
}


@pytest.mark.parametrize("kind", SHORT)
def test_short_answers_fit_one_message(kind: str, platform: Path, pack_session: Session) -> None:
    for question in truth(platform):
        if question["q_kind"] == kind:
            village = question["village_code"]
            reply = ask(pack_session, SHORT[kind], question["question"], Asker((village,), village), village=village)
            assert len(f"{reply.headline}（来源：{reply.source}）") <= 70, reply.headline
