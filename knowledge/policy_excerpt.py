"""Out of a section of several sentences, list items or table rows: the ones that answer the question. Pure.

A piece is one sentence, one list item or one table row (told with the headings of its columns). A sentence that lists
parallel cases (C级…；D级…) falls into parts, of which the one that was asked for is enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge import policy_words
from knowledge.policy_words import Question

Form = Literal["sentence", "item", "step", "row"]

_ITEM = re.compile(r"^\s*(?:[-*•·]|[(（][一二三四五六七八九十\d]+[)）]|[①-⑳]|[一二三四五六七八九十]+、)\s*")
_STEP = re.compile(r"^\s*\d{1,2}\s*[.．、)）]\s*(?!\d)")
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]?")
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SHAPE = re.compile(r"([^\d\s])\d[\d,.]*([%元万])")  # 乡镇卫生院报90%，县级医院报80%: alike before and after the figure
_DEPENDENT = re.compile("构成|情节|逾期|其中|但|并|造成|拒不|尚不")  # a part that begins so says nothing alone
_EXAMPLE = re.compile("打个比方|比如|例如|举例|譬如")
_COLUMN_UNIT = re.compile(r"[(（](?:单位[:：]?)?(.{1,6}?)[)）]$")
_COLUMN_ASKS = re.compile(r"(?:是)?(?:多少|几何)(?:钱|元)?$|[(（](?:单位[:：]?)?.*?[)）]$")
_BAND = re.compile(
    r"(\d+)(?:周岁|岁)?(?:\(含\)|（含）)?(?:到|至|—+|-+|~|～|–)(\d+)(?:周岁|岁)"
    r"|(?:年?满)?(\d+)(?:周岁|岁)(?:及)?(?:\(含\)|（含）)?(?:以上)?(?:，|、)?(?:不满|未满|以下至)(\d+)(?:周岁|岁)"
    r"|(?:年?满)?(\d+)(?:周岁|岁)(?:及)?(?:\(含\)|（含）)?(?:以上|及以上)?"
    r"|(?:不满|未满)(\d+)(?:周岁|岁)"
)
_ASKED_AGE = re.compile(r"(\d{1,3})(?:多)?(?:周)?岁|(?<!\d)(\d{2,3})(?:了|高龄)|百岁")
_GRADE = re.compile(r"[a-z]级|[一二三四1-4]级|[甲乙丙]类|[一二三]类")


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence, item, step or row of a section, as it stands there (`text`), and the words that lead to it."""

    text: str
    form: Form
    lead: str = ""  # the sentence before a list: 办理离婚登记的内地居民应当出具下列证件


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The pieces that answer (`chosen`), all pieces of the section, and whether the choice is a real one.

    `certain` is false where nothing in the question told one piece from the others; then `chosen` is all of them.
    """

    chosen: tuple[Piece, ...]
    pieces: tuple[Piece, ...]
    certain: bool


def pieces(text: str) -> tuple[Piece, ...]:
    """The sentences, list items, steps and table rows of a section, in order."""
    found: list[Piece] = []
    header: list[str] = []
    lead = ""
    for raw in text.replace("\r", "").split("\n"):
        line = raw.strip().replace("**", "")
        if not line:
            continue
        if line.startswith("|") or (line.count("|") > 1):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                continue
            if not header:
                header = cells
            else:
                found.append(Piece(_row(header, cells), "row"))
            continue
        header = []
        if _STEP.match(line):
            found.append(Piece(_STEP.sub("", line).strip(), "step", lead))
        elif _ITEM.match(line):
            found.append(Piece(_ITEM.sub("", line), "item", lead))
        else:
            lead = ""
            for sentence in _SENTENCE.findall(line):
                found.append(Piece(sentence.strip(), "sentence"))
            if line.endswith(("：", ":")):
                lead = found.pop().text
    return tuple(piece for piece in found if piece.text)


def _row(header: Sequence[str], cells: Sequence[str]) -> str:
    """A table row as words: under 种什么 and 每亩补多少, 大豆 and 38 元 are said 大豆：每亩补38 元."""
    first, *others = cells
    told: list[str] = []
    for heading, cell in zip(header[1:], others, strict=False):
        unit = _COLUMN_UNIT.search(heading)
        name = _COLUMN_ASKS.sub("", heading).strip()
        value = f"{cell}{unit[1]}" if unit and _FIGURE.fullmatch(cell.replace(" ", "")) else cell
        told.append(value if value.startswith(name) else f"{name}{value}")
    return f"{first}：{'，'.join(told)}" if told else first


def choose(text: str, asked: Question, title: str, age: int | None = None) -> Excerpt:
    """The pieces of `text` that answer. The words of the document's title tell no piece from another."""
    found = pieces(text)
    if len(found) < 2 and not (found and _parts(found[0])):
        return Excerpt(found, found, True)
    candidates = [*found, *(Piece(part, piece.form, piece.lead) for piece in found for part in _parts(piece))]
    age = age if age is not None else asked_age(asked.text)
    if age is not None and (banded := _of_age([p for p in candidates if not _parts(p)], age)):
        return Excerpt((banded,), found, True)
    scores = [_score(piece, asked, title) for piece in candidates]
    best = max(scores)
    first = [strong for strong, _ in scores[: len(found)]]
    if best[0] <= 0 or (len(found) > 1 and max(first) == min(first) and best[0] == max(first)):
        return Excerpt(found, found, False)
    if alike := _alike(found, first, best[0]):
        return Excerpt(alike, found, True)
    fitting = [(piece, score) for piece, score in zip(candidates, scores, strict=True) if score[0] == best[0]]
    leader = max(fitting, key=lambda fit: fit[1])[0]
    # a part that says all that is asked, or a shorter row (大豆 rather than 大豆玉米带状复合种植), says it plainer
    plainer = [piece for piece, _ in fitting if piece is leader or piece.text in _parts(leader)]
    if leader.form == "row":
        plainer = [piece for piece, _ in fitting if piece.form == "row"]
    return Excerpt((min(plainer, key=lambda piece: len(piece.text)),), found, True)


def _alike(found: Sequence[Piece], strong: Sequence[float], best: float) -> tuple[Piece, ...]:
    """The items of one list that fit equally well, where none of them fits better: all of them answer."""
    items = [(piece, score) for piece, score in zip(found, strong, strict=True) if piece.form == "item" and piece.lead]
    fitting = [piece for piece, score in items if score == best]
    return tuple(fitting) if len(fitting) > 1 and len({piece.lead for piece in fitting}) == 1 else ()


def asked_age(text: str) -> int | None:
    """The age that a question names: 92岁, 九十二岁, 我爷95了, 百岁 -> 100."""
    found = _ASKED_AGE.search(policy_words.plain(text))
    if not found:
        return None
    said = found[1] or found[2]
    return int(said) if said else 100


def _band(text: str) -> tuple[int, int] | None:
    found = _BAND.search(policy_words.plain(text))
    if not found:
        return None
    low, high, least, below, only, under = (int(part) if part else None for part in found.groups())
    if low is not None and high is not None:
        return low, high
    if least is not None and below is not None:
        return least, below - 1
    if under is not None:
        return 0, under - 1
    return (only, 200) if only is not None else None


def outside(text: str, asked: Question, age: int | None = None) -> str:
    """The case that is asked for (75岁, b级) where a section names several cases and this is none of them; "" else."""
    found = pieces(text)
    cases = [*found, *(Piece(part, piece.form) for piece in found for part in _parts(piece))]
    age = age if age is not None else asked_age(asked.text)
    bands = {band for piece in cases if (band := _band(piece.text))}
    if age is not None and len(bands) > 1 and not any(low <= age <= high for low, high in bands):
        return f"{age}岁"
    grades = set(_GRADE.findall(policy_words.plain(text)))
    missing = [grade for grade in _GRADE.findall(asked.text) if grade not in grades]
    return missing[0].upper() if missing and len(grades) > 1 else ""


def _of_age(candidates: Sequence[Piece], age: int) -> Piece | None:
    """The piece for an age, where several name bands of age: of 80岁以上 and 90岁以上 the one that begins nearest below."""
    bands = [(band, piece) for piece in candidates if (band := _band(piece.text))]
    fitting = [(band, piece) for band, piece in bands if band[0] <= age <= band[1]]
    if not fitting or len({band for band, _ in bands}) < 2:
        return None
    return max(fitting, key=lambda found: found[0][0])[1]


def _parts(piece: Piece) -> list[str]:
    """The parts of a sentence that lists parallel cases, each readable alone; [] where it lists none."""
    text = piece.text.rstrip("。")
    if "；" in text or ";" in text:
        parts = [part.strip() for part in re.split("[；;]", text)]
        return [part for part in parts if len(part) > 3 and not _DEPENDENT.match(part)]
    clauses = text.split("，")
    head, colon, first = clauses[0].partition("：")
    clauses = [first, *clauses[1:]] if colon else clauses
    shapes = [_SHAPE.search(policy_words.plain(clause)) for clause in clauses]
    if len(clauses) > 2 and all(shapes) and len({shape.groups() for shape in shapes if shape}) == 1:
        return [f"{head}{colon}{clause}" for clause in clauses] if colon else clauses
    return []


def _score(piece: Piece, asked: Question, title: str) -> tuple[float, float]:
    """How well a piece fits the question: by its content and the value that it waits for, then by other shared words."""
    terms = policy_words.terms(f"{piece.lead}。{piece.text}" if piece.lead else piece.text)
    topic = policy_words.terms(title)
    rows = piece.form in {"row", "item"}  # these may be told apart by a word of the title: 玉米 or 大豆
    strong = sum(asked.terms[term] for term in asked.content if term in terms and (rows or term not in topic))
    weak = sum(
        weight for term, weight in asked.terms.items() if len(term) > 1 and term in terms and term not in asked.content
    )
    plain = policy_words.plain(piece.text)
    kinds = policy_words.words().kinds_read
    strong += sum(1.5 for kind in asked.kinds if kinds[kind].search(plain))
    for grade in _GRADE.findall(asked.text):
        strong += 3.0 if grade in plain else -3.0
    if _EXAMPLE.match(piece.text):
        strong -= 3.0
    return round(strong, 3), round(weak, 3)
