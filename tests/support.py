"""What several tests share: the promise that no figure is said without a fact, and questions with their true answers."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.messages import Fact, Reply

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def numbers(text: str) -> set[Decimal]:
    """All figures in a text by value: 1,350.00 is 1350."""
    plain = unicodedata.normalize("NFKC", text)
    return {Decimal(found.replace(",", "").rstrip(".")) for found in NUMBER.findall(plain)}


def covered(facts: Iterable[Fact]) -> set[Decimal]:
    """The figures that facts stand for: in their values, names, places, dates and sources."""
    found: set[Decimal] = set()
    for fact in facts:
        texts = (fact.what, str(fact.value), fact.unit, fact.subject, fact.place, fact.source)
        for text in texts:
            found |= numbers(text)
        if fact.as_of:
            found |= {Decimal(part) for part in (fact.as_of.year, fact.as_of.month, fact.as_of.day)}
    return found


def unsupported(reply: Reply) -> set[Decimal]:
    """The figures that a reply says without a fact for them."""
    said = numbers("\n".join((reply.headline, *reply.details)))
    return said - covered(reply.facts)


def truth(platform: Path) -> list[dict[str, Any]]:
    """The questions of a county export with their true answers."""
    stored: dict[str, Any] = json.loads((platform / "_truth.json").read_text(encoding="utf-8"))
    questions: list[dict[str, Any]] = stored["questions"]
    return questions


def misses(question: dict[str, Any], text: str) -> list[str]:
    """What a reply's text lacks or says too much, by the export's own rule: figures do not touch other digits."""
    problems = []
    for group in question["must_contain_any"]:
        if not any(_stands_in(wanted, text) for wanted in group):
            problems.append(f"none of {group}")
    problems += [f"says {unwanted}" for unwanted in question.get("must_not_contain", ()) if unwanted in text]
    return problems


def _stands_in(wanted: str, text: str) -> bool:
    before = r"(?<![\d.])" if wanted[0].isdigit() else ""
    after = r"(?!\d|\.\d)" if wanted[-1].isdigit() else ""
    return re.search(before + re.escape(wanted) + after, text) is not None
