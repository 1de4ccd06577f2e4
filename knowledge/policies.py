"""The county's policy documents and the national laws: loaded, indexed in memory, searched.

The index is built once for each state of the data (as told by the policies' `Source` rows) and shared by all threads.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from knowledge import policy_excerpt, policy_words
from knowledge.policy_index import Document, Hit, PolicyIndex, Section
from knowledge.policy_words import Aspect, Question
from knowledge.tables import Hotline, Policy, Source

_lock = threading.Lock()
_built: WeakKeyDictionary[Engine, tuple[str, PolicyIndex]] = WeakKeyDictionary()


def version(session: Session) -> str:
    """Changes whenever an import has changed the policies."""
    count, latest = session.execute(
        select(func.count(), func.max(Source.imported)).where(Source.dataset == "policies")
    ).one()
    rows, newest = session.execute(select(func.count(), func.max(Policy.id))).one()
    return f"{count} {latest} {rows} {newest}"


def index(session: Session) -> PolicyIndex:
    """The index of what the database holds now; building it takes about a second, once for each state of the data."""
    bind = session.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine
    now = version(session)
    known = _built.get(engine)
    if known is None or known[0] != now:
        with _lock:
            known = _built.get(engine)
            if known is None or known[0] != now:
                known = (now, PolicyIndex(documents(session)))
                _built[engine] = known
    return known[1]


def documents(session: Session) -> list[Document]:
    """All documents with their sections, in the order in which they were stored."""
    found = session.scalars(select(Policy).order_by(Policy.id)).unique()
    return [
        Document(
            kind="law" if policy.kind == "law" else "county",
            title=policy.title,
            sections=tuple(Section(part.heading, part.text, part.chapter) for part in policy.sections),
            doc_no=policy.doc_no,
            issuer=policy.issuer or policy.source.department,
            issued=policy.issued,
            effective=policy.effective,
            expires=policy.expires,
            audience=policy.audience,
            keywords=tuple(policy.keywords),
        )
        for policy in found
    ]


def things(text: str) -> frozenset[str]:
    """The things of the lexicon that a text names, so that 吃低保 and 农村低保 are seen to be the same."""
    return frozenset(thing for thing, _, _ in policy_words.things_in(policy_words.plain(text)))


def tells(section: Section) -> frozenset[Aspect]:
    """What a section tells: by its heading, and by the way it reads."""
    return policy_words.heading_aspects(section.heading) | policy_words.text_aspects(policy_words.plain(section.text))


def search(session: Session, asked: Question, limit: int = 5, favoured: str | None = None) -> list[Hit]:
    """The sections that answer a question best, best first."""
    return index(session).search(asked, limit, favoured)


def ask(text: str, aspect: Aspect | None = None, part: str = "") -> Question:
    """A villager's question, made ready for `search`; `part` is that of a story which holds the question."""
    return policy_words.question(text, aspect, part)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for a question: the section that answers, or why none does.

    `reason` is "" where `hit` answers; "none": no document is about this; "amount": only a law touches it, and a law is
    never asked for a sum; "period": `hit` is about it but was not in force in the time that was asked about;
    "elsewhere": it is, but for our county, and another place was asked about.
    """

    hit: Hit | None
    reason: Literal["", "none", "amount", "period", "elsewhere"] = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A telephone number to turn to, and who publishes it."""

    name: str
    number: str
    source: str
    as_of: date | None = None


#: From here on a document knows enough of the question's words to answer it.
TOPIC, COVERAGE = 0.12, 0.85
TALKED_OF = 0.5  # … and the document that the conversation is about
LAW_COVERAGE, LAW_SCORE, LAW_SURE = 0.2, 0.7, 2.5

#: So near to the best law another article must be to answer instead of it.
NEAR = 0.8

#: The national number for all questions to the administration, where the county's list has none.
DEFAULT_CONTACT = Contact("政务服务热线", "12345", "全国统一政务服务热线")
_GENERAL = ("政务", "便民", "市长", "县长", "12345")
_NOT_FOR_QUESTIONS = ("值班", "火警", "报警", "急救", "119", "110", "120")

#: Answers that are counts rather than sums: a law may tell them.
_COUNTS = frozenset({"days", "years", "date", "age", "people", "times", "pieces", "phone"})


def find(
    session: Session, asked: Question, today: date, period: tuple[date, date] | None = None, favoured: str | None = None
) -> Finding:
    """The section that answers a question asked today about `period` (first and last day), or why none does."""
    return decide(search(session, asked, 40, favoured), asked, today, period, favoured)


def decide(
    hits: Sequence[Hit],
    asked: Question,
    today: date,
    period: tuple[date, date] | None = None,
    favoured: str | None = None,
) -> Finding:
    """Chooses among hits, best first. The county's own document goes before a law wherever it is about the question."""
    laws = [hit.score for hit in hits if hit.document.kind == "law"]
    least = NEAR * max(laws, default=0.0)  # where the article that fits best does not answer, a far one does not either
    fitting = [
        hit for hit in hits if _fits(hit, asked, favoured) and (hit.document.kind == "county" or hit.score >= least)
    ]
    if not fitting:
        return Finding(None, "none")
    best = _current(fitting[0], fitting, today, period)
    if best.document.kind == "law":
        if asks_for_sum(asked):
            return Finding(best, "amount")
        if period and best.document.issued and period[1] < best.document.issued:
            return Finding(best, "period")
        return Finding(best)
    if period and not covers(best.document, period):
        return Finding(best, "period")
    return Finding(_excluded(best, asked))


def asks_for_sum(asked: Question) -> bool:
    """Whether a question waits for money or a rate, as no law may answer."""
    return asked.money or (asked.aspects[:1] == ("amount",) and not asked.kinds & _COUNTS)


def covers(document: Document, period: tuple[date, date]) -> bool:
    """Whether a document was in force on some day of a period."""
    start = document.effective or document.issued
    return not ((start and period[1] < start) or (document.expires and period[0] > document.expires))


def _fits(hit: Hit, asked: Question, favoured: str | None) -> bool:
    if hit.document.kind == "county":
        if asked.giving and not any("补" in text or "津贴" in text for text in _texts(hit.document)):
            return False  # an insurance gives no subsidy
        if hit.document.title == favoured and not hit.missing and (not asked.content or hit.coverage >= TALKED_OF):
            return True
        return not hit.missing and (hit.topic >= TOPIC or hit.coverage >= COVERAGE)
    if hit.score < LAW_SCORE or (hit.coverage < LAW_COVERAGE and hit.score < LAW_SURE):
        return False
    return all(word.search(hit.section.text) for word in asked.giving)


def _texts(document: Document) -> list[str]:
    return [document.title, *document.keywords, *(section.text for section in document.sections)]


def _excluded(best: Hit, asked: Question) -> Hit:
    """The section that leaves out what is asked about (普通高中不在这项里), before one that speaks of the others."""
    topic = policy_words.terms("。".join((best.document.title, *best.document.keywords)))
    named = [term for term in asked.content if term.startswith("=") and term not in topic]
    named = [term for term in named if term not in policy_words.terms(best.section.text)]
    excludes = policy_words.words().flags["excludes"]
    for section in best.document.sections if named else ():
        for piece in policy_excerpt.pieces(section.text):
            if excludes.search(piece.text) and not policy_words.terms(piece.text).keys().isdisjoint(named):
                return replace(best, section=Section(section.heading, piece.text, section.chapter))
    return best


def _current(best: Hit, hits: Sequence[Hit], today: date, period: tuple[date, date] | None) -> Hit:
    """Of several editions of one document: the one in force when asked about, else the latest."""
    editions = [best]
    for hit in hits:
        same = hit.document.title == best.document.title and hit.document.kind == best.document.kind
        if same and hit.section.heading == best.section.heading and hit.document not in [e.document for e in editions]:
            editions.append(hit)
    when = period or (today, today)
    return max(editions, key=lambda hit: (covers(hit.document, when), hit.document.issued or date.min))


def whom_to_ask(session: Session, asked: Question) -> Contact:
    """The number of the county's list that fits the question best: 医保服务热线 for 医保, else the one for everything."""
    listed = [
        line
        for line in session.scalars(select(Hotline).order_by(Hotline.id))
        if not any(word in line.name or word == line.number for word in _NOT_FOR_QUESTIONS)
    ]
    named = {term for term in asked.terms if term.startswith("=")}
    for line in listed:
        if named & policy_words.terms(line.name).keys():
            return _contact(line)
    for line in listed:
        if any(word in line.name or word == line.number for word in _GENERAL):
            return _contact(line)
    return DEFAULT_CONTACT


def _contact(line: Hotline) -> Contact:
    return Contact(line.name, line.number, line.source.department, line.as_of or line.source.as_of)


def titles(session: Session) -> list[str]:
    """The titles of the county's own documents, as stored."""
    return list(dict.fromkeys(doc.title for doc in index(session).documents if doc.kind == "county"))
