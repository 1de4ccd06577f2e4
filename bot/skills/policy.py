"""Policies and laws: who may have it, how much, how, what to bring, where, until when.

The county's own documents come first. A law is told in general terms and never for a sum of money; a question that no
document answers, or another place's or year's, is declined with whom to ask.
"""

from __future__ import annotations

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.policy_scope import elsewhere, period
from bot.skills.policy_wording import law_reply, policy_reply
from bot.skills.wording import full_day
from bot.understanding.query import Query
from knowledge import memory, policies
from knowledge.policies import Finding
from knowledge.policy_index import Document
from knowledge.policy_words import Question

#: So many of the county's documents are named where none answers.
NAMED = 6


def answer(query: Query, ctx: Context) -> Reply:
    """What a document says to the question, with its number, issuer and date; else whom to ask."""
    asked = policies.ask(_whole(query), query.slots.get("aspect"))
    found = policies.find(ctx.session, asked, ctx.today, period(query, ctx.today), query.slots.get("policy"))
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


def _other_time(document: Document, asked: Question, ctx: Context) -> Reply:
    """Nothing is held for the year that was asked about: says for what time the document is."""
    memory.note_unanswered(ctx.session, asked.text, "other_period", "policy", ctx.now)
    county = ctx.places.county.name
    start, end = document.effective or document.issued, document.expires
    span = [full_day(day) for day in (start, end) if day]
    until = (
        "到".join(span) if len(span) > 1 else f"{span[0]}起" if start and span else f"到{span[0]}为止" if span else ""
    )
    facts = [
        Fact(
            what, full_day(day), "", f"《{document.title}》{document.doc_no}", county, document.issued, document.issuer
        )
        for what, day in (("起始日期", start), ("有效期至", end))
        if day
    ]
    whom, contact = _whom(asked, ctx)
    held = f"手里的《{document.title}》管的是{until}。" if until else f"手里只有现行的《{document.title}》。"
    return Reply(f"您问的那个时候的文件我这儿没有。{held}", (f"那时候的规定请{whom}问。",), (*facts, *contact))


def _whom(asked: Question, ctx: Context) -> tuple[str, tuple[Fact, ...]]:
    """ "打政务服务热线12345", and the fact for it."""
    contact = policies.whom_to_ask(ctx.session, asked)
    fact = Fact("电话", contact.number, "", contact.name, ctx.places.county.name, contact.as_of, contact.source)
    return f"打{contact.name}{contact.number}", (fact,)
