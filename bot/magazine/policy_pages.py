"""130 to 149: what the county pays and helps with, each policy in the words of its document."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.magazine.sheet import Block, nothing, page, screens
from bot.skills.base import Context
from channels.tv import pages
from channels.tv.pages import GREEN, YELLOW, Page, Subpage
from knowledge import policies
from knowledge.policy_index import Document

POLICIES, HEALTH = 130, 140

#: Nine pages follow each index of policies; what there is more of shares them.
_SLOTS = 9

_HEALTH = re.compile("医|养老|高龄|津贴|低保|特困|五保|救助|残疾|供养")


def made(ctx: Context) -> dict[int, Page]:
    """130 to 149: two indexes, and each policy in the words of its document, section by section."""
    every = [doc for doc in policies.documents(ctx.session) if doc.kind == "county"]
    every = [doc for doc in every if not (doc.expires and doc.expires < ctx.today)]
    health = [doc for doc in every if _HEALTH.search(doc.title)]
    rest = [doc for doc in every if doc not in health]
    return {
        **_policy_group(ctx, POLICIES, "惠农政策", rest),
        **_policy_group(ctx, HEALTH, "医保养老救助", health),
    }


def _policy_group(ctx: Context, first: int, title: str, found: Sequence[Document]) -> dict[int, Page]:
    county = ctx.places.county
    if not found:
        return {first: page(first, title, county.code, ctx.today, "", nothing("", "还没有收到政策文件。", ""))}
    made: dict[int, list[tuple[Document, list[Subpage]]]] = {}
    entries: list[Block] = []
    for place, doc in enumerate(found):
        number = first + 1 + place % _SLOTS
        on_page = made.setdefault(number, [])
        start = 1 + sum(len(subpages) for _, subpages in on_page)
        on_page.append((doc, _policy(doc, len(found) > _SLOTS)))
        entries.append([pages.entry(f"{number}/{start}" if start > 1 else str(number), doc.title)])
    source = _issued(max(found, key=lambda doc: doc.issued or ctx.today.min))
    result = {first: page(first, title, county.code, ctx.today, source, screens(entries, source))}
    for number, docs in made.items():
        subpages = [subpage for _, its in docs for subpage in its]
        doc = docs[0][0]
        result[number] = page(number, doc.title, county.code, ctx.today, _issued(doc), subpages)
    return result


def _issued(doc: Document) -> str:
    return f"{doc.issuer} {doc.issued.isoformat()}" if doc.issued else doc.issuer


def _policy(doc: Document, shared: bool) -> list[Subpage]:
    """A document's sections; under its own title where it shares its page with others."""
    blocks: list[Block] = []
    for section in doc.sections:
        text = pages.paragraph(re.sub(r"[*#`>|]+", "", section.text))
        blocks.append([*pages.paragraph(section.heading, YELLOW), *text])
    head = pages.paragraph(pages.fitted(doc.title, pages.WIDTH), GREEN) if shared else []
    return screens(blocks, _issued(doc), head)
