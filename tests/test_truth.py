"""The whole path on real input: the public export, its questions as they stand, asked by a resident of the village."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from sqlalchemy import Engine

from app import Service
from bot.messages import Address, Message
from config import Settings
from tests.conftest import NOW
from tests.support import misses, truth, unsupported


@pytest.fixture(scope="module")
def service(pack: Engine) -> Service:
    return Service(Settings(today=NOW.date(), database_url="sqlite://"), pack)


@pytest.fixture(scope="module")
def replies(service: Service, platform: Any) -> list[tuple[dict[str, Any], Any]]:
    """Each question of the export with the reply to it."""
    answered = []
    for question in truth(platform):
        message = Message(
            Address("test", question["id"]),
            question["question"],
            service.settings.now(),
            village=question.get("village_code"),
            operator=True,
        )
        answered.append((question, service.assistant.answer(message)))
    return answered


def test_every_question_is_answered_right(replies: list[tuple[dict[str, Any], Any]]) -> None:
    wrong = defaultdict(list)
    for question, reply in replies:
        problems = misses(question, reply.text)
        if problems:
            wrong[question["q_kind"]].append(f"{question['id']} {question['question']} -> {reply.headline} {problems}")
    assert not wrong, "\n".join(line for lines in wrong.values() for line in lines)


def test_every_figure_stands_in_a_fact(replies: list[tuple[dict[str, Any], Any]]) -> None:
    loose = [
        (question["question"], reply.text, missing) for question, reply in replies if (missing := unsupported(reply))
    ]
    assert not loose, loose[:5]


def test_every_fact_has_its_source(replies: list[tuple[dict[str, Any], Any]]) -> None:
    for question, reply in replies:
        for fact in reply.facts:
            assert fact.source, (question["question"], fact)


def test_the_figure_walk_sees_a_loose_figure(replies: list[tuple[dict[str, Any], Any]]) -> None:
    from dataclasses import replace

    reply = next(reply for _, reply in replies if reply.facts)
    assert unsupported(replace(reply, headline=reply.headline + "，另有98765元")) == {98765}


def test_the_check_of_answers_fails_a_wrong_one() -> None:
    question = {"must_contain_any": [["2"], ["7月"]], "must_not_contain": ["199"]}
    assert misses(question, "2户，7月") == []
    assert misses(question, "12户，2.5") == ["none of ['2']", "none of ['7月']"]
    assert misses(question, "2户7月199") == ["says 199"]
