"""How a section of a document is put into a few plain words: knows no database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from bot.messages import Fact, Reply
from bot.skills.base import Context
from bot.skills.wording import full_day
from knowledge import policy_excerpt
from knowledge.policy_excerpt import Piece
from knowledge.policy_index import Document, Hit
from knowledge.policy_words import Question

DATA = Path(__file__).parent.parent / "data" / "policy_plain.yml"

#: A headline aims at one text message with its source; these many characters of a document's text fit (a law's needs two).
SHORT, LONG = 56, 84

_SPACES = re.compile(r"(?<=[^a-zA-Z,.;:])[ 　]+|[ 　]+(?=[^a-zA-Z])")
_PHONE = re.compile(r"(?<!\d)0\d{2,3}-\d{7,8}(?!\d)")
_FIGURE = re.compile(
    r"(\d[\d,]*(?:\.\d+)?)(万元|元|%|个工作日|工作日|个月|小时|周岁|平方米|立方米|公里|度|岁|天|日|年|亩|次|台|头|人|户|倍|分)?"
)
_RULE = re.compile("要|不能|可以|必须|由|禁止|给")  # how the clause of a law begins that says what is to be done
_LISTED = re.compile(r"^(.*?)有?(?:下列|以下)(?:情形|条件|情况|行为)(?:之一)?的?[，,](.*?)[：:]$")
_THOSE = re.compile(r"^(?:下列|以下)(?:人员|情形|费用|地区|耕地|行为|农产品|医疗费用|[一-鿿]{2})(?!的)(.*?)[：:]$")


def policy_reply(hit: Hit, asked: Question, age: int | None, ctx: Context) -> Reply:
    """What the county's own document says; an expired one says so first, with the day."""
    document, section = hit.document, hit.section
    excerpt = policy_excerpt.choose(section.text, asked, hit.document.title, age)
    chosen = excerpt.chosen
    pieces = [tight(piece.text) for piece in excerpt.pieces]
    if sum(map(len, pieces)) <= SHORT and not any(piece.form in {"item", "row"} for piece in chosen):
        chosen = excerpt.pieces  # what fits one message is told whole
    said, whole = _joined(chosen, SHORT)
    shown = {tight(piece.text) for piece in chosen} if whole else set()
    details = [*(line for line in pieces if line not in shown), _basis(document)]
    details += _phone(document, said, pieces)
    facts = _facts(hit, chosen, ctx)
    if case := policy_excerpt.outside(section.text, asked, age):
        facts = [
            Fact("所问", case, "", f"《{document.title}》", facts[0].place, document.issued, document.issuer),
            *facts,
        ]
        said = f"没写{case}的，写了的是{said}"
    if document.expires and document.expires < ctx.today:
        headline = f"{document.title}已过期，{full_day(document.expires)}到期。原来规定：{said}"
    elif document.effective and document.effective > ctx.today:
        headline = f"{document.title}从{full_day(document.effective)}起执行：{said}"
    else:
        headline = f"{document.title}{'，' if '：' in said and not case else '：'}{said}"
    return Reply(_end(headline), tuple(details), tuple(facts))


def law_reply(hit: Hit, asked: Question, ctx: Context) -> Reply:
    """The gist of an article in plain words; the article itself stands in the details."""
    document, section = hit.document, hit.section
    excerpt = policy_excerpt.choose(section.text, asked, document.title)
    headline = f"{gist(excerpt.chosen if excerpt.certain else excerpt.pieces)}（《{document.title}》{section.heading}）"
    lines = [tight(line) for line in section.text.split("\n") if line.strip()]
    details = [
        f"原文：{lines[0]}",
        *lines[1:],
        _basis(document),
        "这是全国统一的规定，具体怎么办可问镇便民服务中心。",
    ]
    return Reply(_end(headline), tuple(details), tuple(_facts(hit, excerpt.chosen, ctx)))


def tight(text: str) -> str:
    """Without the spaces that documents put around figures: 每亩补 98.60 元 -> 每亩补98.60元."""
    return _SPACES.sub("", text.strip())


def gist(pieces: Sequence[Piece]) -> str:
    """The first sentences or the listed cases of an article, in plain words, cut at a comma where they are long."""
    first = pieces[0]
    if not first.lead:
        text = plain_words(first.text)
        if len(pieces) > 1 and not pieces[1].lead and len(text) + len(pieces[1].text) <= SHORT:
            text = f"{text.rstrip('。')}。{plain_words(pieces[1].text)}"
        return _cut(text, LONG)
    items = [piece for piece in pieces if piece.lead == first.lead]
    cases = "；".join(plain_words(piece.text).rstrip("；。;") for piece in items)
    if listed := _LISTED.match(first.lead):
        subject, consequence = plain_words(listed[1]), plain_words(listed[2])
        mark = "：" if subject.endswith(("具备", "符合", "遵守")) else ""
        return _cut(f"{subject}{mark}{cases}", LONG - len(consequence)) + f"，{consequence}"
    if those := _THOSE.match(first.lead):
        return _cut(f"{plain_words(those[1])}的有：{cases}", LONG)
    lead = re.sub("下列|以下", "这些", plain_words(first.lead).rstrip("：:，"))
    return _cut(f"{lead}：{cases}", LONG)


def plain_words(text: str) -> str:
    """The law's words in plain ones (data/policy_plain.yml)."""
    text = tight(text)
    for pattern, plain in _replacements():
        text = pattern.sub(plain, text)
    return text.strip("，、 ")


@cache
def _replacements() -> tuple[tuple[re.Pattern[str], str], ...]:
    stored = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return tuple((re.compile(pattern), plain) for pattern, plain in stored["replace"])


def _cut(text: str, limit: int) -> str:
    """A text of at most `limit` characters: what must or may be done goes before a long list of those who must, and
    the rest is cut at the last comma or stop and marked so."""
    text = text.rstrip("。；;，")
    if len(text) <= limit:
        return text
    clauses = text.split("，")
    rule = next((at for at, clause in enumerate(clauses) if _RULE.match(clause)), 0)
    if rule > 1 and len("，".join(clauses[: rule + 1])) > limit:
        text = "，".join(clauses[rule - 1 :])
        if len(text) <= limit:
            return text
    at = max(text.rfind(mark, limit // 2, limit) for mark in "。；，、：")
    return f"{text[: at if at > 0 else limit]}……"


def _joined(pieces: Sequence[Piece], limit: int) -> tuple[str, bool]:
    """The pieces as one line, steps after one another; whether all of them fit."""
    texts = [tight(piece.text).rstrip("。；;") for piece in pieces]
    mark = "→" if pieces and all(piece.form == "step" for piece in pieces) else "；" if _listed(pieces) else "。"
    kept: list[str] = []
    for text in texts:
        if kept and len(mark.join([*kept, text])) > limit:
            return mark.join(kept) + ("……" if mark == "→" else ""), False
        kept.append(text)
    line = mark.join(kept)
    lead = tight(pieces[0].lead) if pieces and pieces[0].lead and len(pieces[0].lead) <= 20 else ""
    return f"{lead}{line}", True


def _listed(pieces: Sequence[Piece]) -> bool:
    return all(piece.form in {"item", "row"} for piece in pieces)


def _end(line: str) -> str:
    return line if line.endswith(("。", "！", "？", "……")) else f"{line}。"


def _basis(document: Document) -> str:
    """依据：《农村低保》迁民字〔2026〕22号，迁安市民政局2026年6月18日发布，有效期到2027年6月30日。"""
    parts = [f"依据：《{document.title}》{document.doc_no}"]
    if document.issuer or document.issued:
        parts.append(f"{document.issuer}{full_day(document.issued) if document.issued else ''}发布")
    if document.kind == "county" and document.effective:
        parts.append(f"{full_day(document.effective)}起执行")
    if document.expires:
        parts.append(f"有效期到{full_day(document.expires)}")
    return "，".join(parts) + "。"


def _phone(document: Document, said: str, pieces: Iterable[str]) -> list[str]:
    """The document's own telephone number, where the answer does not have it."""
    known = said + "".join(pieces)
    for section in document.sections:
        found = _PHONE.search(section.text)
        if found and found[0] not in known:
            return [f"咨询电话：{found[0]}"]
    return []


def _facts(hit: Hit, chosen: Sequence[Piece], ctx: Context) -> list[Fact]:
    """The figures of the answer with their units, the section as it stands, and the document's number and days."""
    document, section = hit.document, hit.section
    name = f"《{document.title}》"
    place = ctx.places.county.name if document.kind == "county" else "全国"

    def fact(what: str, value: Decimal | str, unit: str = "") -> Fact:
        return Fact(what, value, unit, name, place, document.issued, document.issuer)

    facts: list[Fact] = []
    for piece in chosen:
        text = tight(piece.text)
        for figure in _FIGURE.finditer(text):
            before = re.split(r"[，。；：、]", text[: figure.start()])[-1]
            facts.append(fact(before or section.heading, Decimal(figure[1].replace(",", "")), figure[2] or ""))
    facts.append(fact(section.heading, tight(section.text)))
    if document.doc_no:
        facts.append(fact("文号", document.doc_no))
    days = (("发布日期", document.issued), ("执行日期", document.effective), ("有效期至", document.expires))
    facts += [fact(what, full_day(day)) for what, day in days if day]
    for other in document.sections if document.kind == "county" else ():
        if (found := _PHONE.search(other.text)) and not any(f.what == "咨询电话" for f in facts):
            facts.append(fact("咨询电话", found[0]))
    return list(dict.fromkeys(facts))
