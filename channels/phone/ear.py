"""What is written, put for the ear: no brackets and slashes, figures that a voice reads right, pieces of bearable length. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: The longest text of one `<Say>`, and how many of them one answer may take.
PIECE, PIECES = 500, 3

_UNITS = {"m²": "平方米", "㎡": "平方米", "km": "公里", "kg": "公斤", "℃": "摄氏度", "%": "%"}


def heard(text: str) -> str:
    """A text as it is to be spoken."""
    text = re.sub(r"(\d{4})-(\d{1,2})-(\d{1,2})", lambda d: f"{d[1]}年{int(d[2])}月{int(d[3])}日", text)
    text = re.sub(r"(?<=\d)\s*[～~–—]\s*(?=\d)", "到", text)
    text = re.sub(r"(?<!\d)(\d{1,2}):(\d{2})(?!\d)", _clock, text)
    text = re.sub(r"(?<![\d.])\d{3,4}-\d{7,8}(?!\d)|(?<![\d.])\d{7,}(?![\d.])", _one_by_one, text)
    text = re.sub(r"(?<=[打拨话线])\d{3,6}(?!\d)", _one_by_one, text)
    for unit, said in _UNITS.items():
        text = text.replace(unit, said)
    text = re.sub(r"(?<=元|吨|斤|户|人|个)/(?=\w)", "一", text)
    text = re.sub(r"(?<=\w)/(?=\w)", "，", text)
    text = re.sub(r"[（(\[【〔《「『<{]\s*", "，", text)
    text = re.sub(r"[）)\]】〕》」』>}]", "，", text)
    text = re.sub(r"[“”\"'‘’*#_|\\/^~`]", "", text)
    text = re.sub(r"[\n\r]+", "。", text).replace("…", "，").replace("·", " ").replace("：", "，")
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"[，、；\s]*([。！？])[。，、；\s]*", r"\1", text)
    return re.sub(r"[，、；]{2,}", "，", text).strip("，、； ")


def _clock(time: re.Match[str]) -> str:
    hour, minute = int(time[1]), int(time[2])
    return f"{hour}点" + ("" if minute == 0 else "半" if minute == 30 else f"{minute}分")


def _one_by_one(number: re.Match[str]) -> str:
    """A telephone number or a long code, digit by digit."""
    return " ".join(number[0].replace("-", ""))


def spoken(reply: Mapping[str, Any]) -> str:
    """What is said of an answer (the JSON of `bot.messages.as_json`): the answer itself, then who says so."""
    said = heard(str(reply.get("speech") or reply["headline"]))
    source = _source(str(reply["text"]))
    if said and said[-1] not in "。！？":
        said += "。"
    return f"{said}{source}"


def _source(text: str) -> str:
    found = re.fullmatch(r"（来源：(.+)）", text.rsplit("\n", 1)[-1])
    return f"这是{heard(found[1]).replace('；', '和')}的数据。" if found else ""


def pieces(text: str) -> list[str]:
    """A text cut between sentences into what one `<Say>` takes; what is beyond three of them is left out."""
    parts: list[str] = []
    for sentence in re.findall(r"[^。！？]+[。！？]?", text):
        for start in range(0, len(sentence), PIECE):
            part = sentence[start : start + PIECE]
            if parts and len(parts[-1]) + len(part) <= PIECE:
                parts[-1] += part
            else:
                parts.append(part)
    return parts[:PIECES]


def clauses(text: str) -> list[str]:
    """A text cut at every breath, for slow reading."""
    return [part.strip() for part in re.split(r"(?<=[。！？；，])", text) if part.strip("。！？；， ")]


#: The longest text message, in characters: three parts.
TEXT = 201


def as_text(reply: Mapping[str, Any]) -> str:
    """An answer as a text message: the answer, as many details as there is room for, and the source."""
    source = str(reply["text"]).rsplit("\n", 1)[-1]
    source = source if source.startswith("（来源：") else ""
    said = str(reply["headline"])
    for line in [*reply["details"], *(f"{n} {choice['label']}" for n, choice in enumerate(reply["choices"], 1))]:
        if len(said) + len(line) + len(source) + 1 > TEXT:
            break
        said = f"{said}\n{line}"
    return f"{said[: TEXT - len(source)]}{source}"
