"""Policy and law retrieval: hit@1 and hit@3 on the question–section pairs, beside plain BM25 over jieba words.

Run with `python -m benchmarks.bench_policy`; needs the county export and the laws beside the project (../shared).
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections import Counter, defaultdict

from knowledge import policy_words
from knowledge.policy_index import Document, PolicyIndex, Section
from tests.conftest import SHARED
from tests.policy_corpus import PAIRS, corpus, hit_rates, lines, places

GOAL = (0.90, 0.97)
MILLISECONDS = 5.0


class PlainBM25:
    """BM25 (k1 1.2, b 0.75) over the words that jieba cuts, each section with its document's title and its heading."""

    def __init__(self, documents: list[Document]) -> None:
        import jieba

        jieba.setLogLevel(60)
        self._cut = jieba.lcut
        self.sections = [(doc, section) for doc in documents for section in doc.sections]
        texts = [f"{doc.title} {section.chapter} {section.heading} {section.text}" for doc, section in self.sections]
        counted = [Counter(self._cut(text)) for text in texts]
        lengths = [sum(row.values()) for row in counted]
        average = statistics.fmean(lengths)
        self._rows: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, row in enumerate(counted):
            for word, count in row.items():
                norm = 1.2 * (0.25 + 0.75 * lengths[number] / average)
                self._rows[word].append((number, count * 2.2 / (count + norm)))

    def search(self, question: str) -> list[tuple[Document, Section]]:
        """The three best sections."""
        score: dict[int, float] = defaultdict(float)
        for word in self._cut(question):
            found = self._rows.get(word, [])
            rare = math.log(1 + (len(self.sections) - len(found) + 0.5) / (len(found) + 0.5))
            for number, weight in found:
                score[number] += rare * weight
        best = sorted(score, key=lambda number: (-score[number], number))[:3]
        return [self.sections[number] for number in best]


def main() -> int:
    """Print the table; 1 if a goal is missed."""
    if not SHARED.is_dir():
        print("the county export and the laws (../shared) are not on this machine")
        return 0
    documents = corpus(SHARED / "platform", SHARED / "real")
    begun = time.perf_counter()
    index = PolicyIndex(documents)
    built = time.perf_counter() - begun
    plain = PlainBM25(documents)
    pairs = lines(PAIRS)
    print(f"{len(documents)} documents, {sum(len(d.sections) for d in documents)} sections, {len(pairs)} pairs")
    print(f"index built in {built:.2f} s")
    print(f"{'pairs':<24}{'n':>5}{'hit@1':>8}{'hit@3':>8}{'BM25+jieba @1':>15}{'@3':>8}")
    reached = (0.0, 0.0)
    for name, kinds, parts in (
        ("all", ("county", "law"), ("dev", "held")),
        ("development", ("county", "law"), ("dev",)),
        ("held out", ("county", "law"), ("held",)),
        ("county, held out", ("county",), ("held",)),
        ("laws, held out", ("law",), ("held",)),
    ):
        chosen = [pair for pair in pairs if pair["kind"] in kinds and pair["part"] in parts]
        ours = hit_rates(chosen, lambda text: places(index.search(policy_words.question(text), 3)))
        theirs = hit_rates(chosen, plain.search)
        print(f"{name:<24}{len(chosen):>5}{ours[0]:>8.3f}{ours[1]:>8.3f}{theirs[0]:>15.3f}{theirs[1]:>8.3f}")
        reached = ours if name == "all" else reached
    ours_ms = _median_ms([pair["question"] for pair in pairs], lambda text: index.search(policy_words.question(text)))
    theirs_ms = _median_ms([pair["question"] for pair in pairs], plain.search)
    print(f"median query: {ours_ms:.2f} ms; plain BM25: {theirs_ms:.2f} ms")
    met = reached[0] >= GOAL[0] and reached[1] >= GOAL[1] and ours_ms <= MILLISECONDS
    print(f"goal (all): hit@1 >= {GOAL[0]}, hit@3 >= {GOAL[1]}, {MILLISECONDS} ms: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def _median_ms(questions: list[str], search: object) -> float:
    assert callable(search)
    times = []
    for text in questions:
        begun = time.perf_counter()
        search(text)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    sys.exit(main())
