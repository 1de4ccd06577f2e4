"""What the policy tests and the benchmark share: documents read from files, and the question–section pairs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from knowledge.imports import documents
from knowledge.policy_index import Document, Hit, Section
from tests.conftest import ROOT

PAIRS = ROOT / "tests" / "data" / "policy_pairs.jsonl"
DECLINES = ROOT / "tests" / "data" / "policy_declines.jsonl"


def read(path: Path) -> Document:
    """A policy or a law as the index takes it."""
    stored = documents.policy(path)
    parts = tuple(Section(part["heading"], part["text"], part["chapter"]) for part in stored.pop("sections"))
    stored["keywords"] = tuple(stored["keywords"])
    return Document(sections=parts, **stored)


def corpus(platform: Path, real: Path) -> list[Document]:
    """The county's documents of the public export and the national laws."""
    return [read(path) for folder in (platform / "政策文件", real / "laws") for path in sorted(folder.glob("*.md"))]


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def is_right(pair: dict[str, Any], document: Document, section: Section) -> bool:
    """Whether a section is the one (or the other one) that answers a pair's question."""
    named = document.kind == pair["kind"] and document.title == pair["title"]
    return named and section.heading in (pair["section"], pair.get("also"))


def hit_rates(
    pairs: Sequence[dict[str, Any]], search: Callable[[str], Iterable[tuple[Document, Section]]]
) -> tuple[float, float]:
    """hit@1 and hit@3 of a search over pairs."""
    first = third = 0
    for pair in pairs:
        found = [is_right(pair, *hit) for hit in list(search(pair["question"]))[:3]]
        first += found[:1] == [True]
        third += any(found)
    return first / len(pairs), third / len(pairs)


def places(hits: Iterable[Hit]) -> list[tuple[Document, Section]]:
    """Documents and sections of hits, without their scores."""
    return [(hit.document, hit.section) for hit in hits]
