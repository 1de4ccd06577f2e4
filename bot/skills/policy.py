"""Policies and laws: who may have it, how much, how, what to bring, where, until when.

The county's own documents come first. A law is told in general terms and never for a sum of money; a question that no
document answers, or another place's or year's, is declined with whom to ask.
"""

from __future__ import annotations

import re
from datetime import date

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.policy_scope import elsewhere, period
from bot.skills.policy_wording import law_reply, policy_reply
from bot.skills.wording import full_day
from bot.understanding.query import Query
from knowledge import memory, policies
from knowledge.policies import Finding
from knowledge.policy_index import Document, Hit
from knowledge.policy_words import Aspect, Question

#: How a reply names what a document does not say.
SAID: dict[Aspect, str] = {
    "who": "谁能领",
    "amount": "给多少",
    "how": "怎么办",
    "documents": "要带什么",
    "where": "到哪办",
    "deadline": "什么时候办",
}

_YEARS = re.compile(r"(20\d\d)年?度")

#: So many of the county's documents are named where none answers.
NAMED = 6


def answer(query: Query, ctx: Context) -> Reply:
    """What a document says to the question, with its number, issuer and date; else whom to ask."""
    asked = policies.ask(_whole(query), query.slots.get("aspect"), query.asking)
    when = period(query, ctx.today)
    found = policies.find(ctx.session, asked, ctx.today, when, query.slots.get("policy"))
    place = elsewhere(query, ctx)
    if place and not _speaks_of(found, place):
        return _not_ours(place, asked, ctx)
    hit = found.hit
    if hit is None or found.reason in {"none", "amount"}:
        return _unknown(found, asked, ctx)
    if found.reason == "period":
        return _other_time(hit.document, asked, ctx)
    if hit.document.kind == "law":
        return law_reply(hit, asked, ctx)
    if missing := _not_written(hit, asked):
        return _silent(hit.document, missing, asked, ctx)
    if years := _other_years(hit, when):
        return _other_time(hit.document, asked, ctx, years)
    return policy_reply(hit, asked, _age(query), ctx)


def _whole(query: Query) -> str:
    """The question, with what a conversation knows where the text itself names nothing: "那要带啥" about 五保户."""
    added = [name for name in (query.slots.get("relief"), query.slots.get("commodity")) if name]
    if not added or policies.ask(query.text).content:
        return query.text
    return "，".join([*added, query.text])


def _age(query: Query) -> int | None:
    """An age that understanding found: 92岁."""
    said = query.slots.get("amount", "")
    digits = said.removesuffix("岁").removesuffix("周")
    return int(digits) if said.endswith("岁") and digits.isdigit() else None


def _not_written(hit: Hit, asked: Question) -> str:
    """What is asked for and stands nowhere in the county's document, in words (要带什么); "" where it does."""
    told = {name for section in hit.document.sections for name in policies.tells(section)}
    if not asked.aspects or told & set(asked.aspects):
        return ""
    return SAID[asked.aspects[0]]


def _other_years(hit: Hit, when: tuple[date, date] | None) -> str:
    """The years that a section's sums are for (2027年度), where another one was asked for; "" else."""
    years = _YEARS.findall("".join(hit.section.text.split()))
    if when is None or not years or any(when[0].year <= int(year) <= when[1].year for year in years):
        return ""
    return "、".join(f"{year}年度" for year in dict.fromkeys(years))


def _speaks_of(found: Finding, place: str) -> bool:
    """Whether a law answers, which is the same everywhere, or the document itself names the place (河北税务)."""
    if found.hit is None or found.reason:
        return False
    document = found.hit.document
    return document.kind == "law" or any(place in section.text for section in document.sections)


def _unknown(found: Finding, asked: Question, ctx: Context) -> Reply:
    memory.note_unanswered(ctx.session, asked.text, "no_document", "policy", ctx.now)
    whom, facts = _whom(asked, ctx)
    if found.reason == "amount":
        details: tuple[str, ...] = ("钱数由省里和县里定，全国的法律里查不准，不能拿别的数回您。",)
        return Reply(f"钱数我这儿没有文件写明，不能乱说。请{whom}问。", details, facts)
    held = [title for title in policies.titles(ctx.session) if not any(c.isdigit() for c in title)]
    named = f"我这儿有文件的：{'、'.join(held[:NAMED])}{'等' if len(held) > NAMED else ''}。"
    return Reply(f"这件事我这儿没有文件，不能乱说。请{whom}问。", (named,) if held else (), facts)


def _not_ours(place: str, asked: Question, ctx: Context) -> Reply:
    memory.note_unanswered(ctx.session, asked.text, "unknown_place", "policy", ctx.now)
    whom, facts = _whom(asked, ctx)
    county = ctx.places.county.name
    return Reply(
        f"{place}的政策我这儿没有，只有{county}的，不能拿来回您。",
        (f"请问当地的政务服务热线；{county}的事可以{whom}。",),
        facts,
    )


def _other_time(document: Document, asked: Question, ctx: Context, years: str = "") -> Reply:
    """Nothing is held for the time that was asked about: says for what time the document is."""
    memory.note_unanswered(ctx.session, asked.text, "other_period", "policy", ctx.now)
    start, end = document.effective or document.issued, document.expires
    span = [full_day(day) for day in (start, end) if day]
    until = years or (
        "到".join(span) if len(span) > 1 else f"{span[0]}起" if start else f"到{span[0]}为止" if span else ""
    )
    facts = _document_facts(document, ctx, (("起始日期", start), ("有效期至", end)))
    if years:
        facts = (*facts, _fact(document, "年度", years, ctx))
    whom, contact = _whom(asked, ctx)
    held = f"手里的《{document.title}》管的是{until}。" if until else f"手里只有现行的《{document.title}》。"
    return Reply(f"您问的那个时候的文件我这儿没有。{held}", (f"那时候的规定请{whom}问。",), (*facts, *contact))


def _silent(document: Document, missing: str, asked: Question, ctx: Context) -> Reply:
    """The document is about it but does not say what is asked for."""
    memory.note_unanswered(ctx.session, asked.text, "not_in_document", "policy", ctx.now)
    whom, contact = _whom(asked, ctx)
    facts = (
        _fact(document, "文号", document.doc_no, ctx),
        *_document_facts(document, ctx, (("发布日期", document.issued),)),
    )
    issued = f"，{document.issuer}{full_day(document.issued)}发布" if document.issued else ""
    details = (f"《{document.title}》{document.doc_no}{issued}。",)
    return Reply(f"《{document.title}》里没写{missing}，不能乱说。请{whom}问。", details, (*facts, *contact))


def _fact(document: Document, what: str, value: str, ctx: Context) -> Fact:
    name = f"《{document.title}》{document.doc_no}"
    return Fact(what, value, "", name, ctx.places.county.name, document.issued, document.issuer)


def _document_facts(document: Document, ctx: Context, days: tuple[tuple[str, date | None], ...]) -> tuple[Fact, ...]:
    return tuple(_fact(document, what, full_day(day), ctx) for what, day in days if day)


def _whom(asked: Question, ctx: Context) -> tuple[str, tuple[Fact, ...]]:
    """ "打政务服务热线12345", and the fact for it."""
    contact = policies.whom_to_ask(ctx.session, asked)
    fact = Fact("电话", contact.number, "", contact.name, ctx.places.county.name, contact.as_of, contact.source)
    return f"打{contact.name}{contact.number}", (fact,)
