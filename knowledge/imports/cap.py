"""Messages of the Common Alerting Protocol (OASIS CAP 1.2, docs.oasis-open.org/emergency/cap/v1.2) as values.

Pure: bytes in, a `Message` or an error out. Chinese platforms write the same elements (GB/T 35965.1), some in GBK.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from knowledge.imports import parse
from knowledge.imports.readers import FileError
from knowledge.imports.rows import RowError

#: The namespace of CAP 1.2, and of its predecessors, which differ little.
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_ANY = re.compile(r"\{(urn:oasis:names:tc:emergency:cap:1\.\d)\}")

LEVELS = ("红色", "橙色", "黄色", "蓝色")
_COLOURS = {"Extreme": "红色", "Severe": "橙色", "Moderate": "黄色", "Minor": "蓝色"}

#: The severity in CAP of each colour of a Chinese warning.
SEVERITIES = {colour: severity for severity, colour in _COLOURS.items()}

#: The parameter in which a message that was passed on names the message it tells: `sender,identifier,sent`.
ORIGIN = "xiangyin-origin"

#: What an element may say (CAP 1.2, 3.2.1 and 3.2.2).
ALLOWED = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}

#: Of an identifier and a sender, in characters.
LONGEST = 200

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_CHINESE = frozenset({"gbk", "gb2312", "gb18030", "gb_2312-80", "cp936", "ms936"})
_REFERENCE = re.compile(r"([^\s,]+)\s*,\s*([^\s,]+)\s*,\s*([^\s,]+)")
_CODE = re.compile(r"\d{6}|\d{9}|\d{12}", re.ASCII)
_NAME = re.compile(r"[^\s,<&]+")
_YEARS = range(1970, 2200)  # beyond, a moment cannot be moved between zones, or is a slip of the pen


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message: `sent` is None where it cannot be read."""

    sender: str
    identifier: str
    sent: datetime | None


@dataclass(frozen=True, slots=True)
class Area:
    """Where: a description, and division codes of 6, 9 or 12 digits; none where it is a polygon, a circle or a name."""

    name: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Info:
    """What is told, for one set of areas. Texts are "" and moments None where the message says nothing."""

    event: str = ""
    categories: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    urgency: str = ""
    severity: str = ""
    certainty: str = ""
    level: str = ""  # the colour of a Chinese warning
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    publisher: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    contact: str = ""
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `infos` are those of one language: Chinese where there is one, else the first."""

    version: str
    identifier: str
    sender: str
    sent: datetime
    status: str
    kind: str
    scope: str
    references: tuple[Reference, ...]
    infos: tuple[Info, ...]
    origin: Reference | None = None


def read(data: bytes) -> Message:
    """The message in an XML document. Raises FileError for what is no CAP, RowError where something is missing.

    A document with entities or a DTD is refused.
    """
    try:
        root = ElementTree.fromstring(_decoded(data), forbid_dtd=True)
    except DefusedXmlException:
        raise FileError("XML 里有实体或 DTD，不安全，没有收") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise FileError(f"XML 不完整：{error}") from None
    found = _ANY.match(root.tag)
    if not found:
        raise FileError("不是 CAP 预警（urn:oasis:names:tc:emergency:cap）")
    node = _Node(root, found[0])
    for name in ("identifier", "sender", "sent", "status", "msgType"):
        if not node.text(name):
            raise RowError(f"预警缺“{name}”")
    infos = _preferred([_Node(each, found[0]) for each in root.findall(found[0] + "info")])
    sender, identifier, sent = node.text("sender"), node.text("identifier"), _moment(node.text("sent"))
    origins = [value for info in infos for name, value in info.pairs("parameter") if name == ORIGIN]
    return Message(
        found[1],
        identifier,
        sender,
        sent,
        node.text("status"),
        node.text("msgType"),
        node.text("scope"),
        tuple(references(node.text("references"))),
        tuple(_info(info) for info in infos),
        next((each for value in origins for each in references(value)), None),
    )


def check(message: Message) -> None:
    """Raises RowError where a message is not what CAP 1.2 asks for: for what is acted on and not just kept."""
    if message.version != NAMESPACE:
        raise RowError(f"是 {message.version[-7:]}，只收 CAP 1.2")
    for label, value in (("identifier", message.identifier), ("sender", message.sender)):
        if not _NAME.fullmatch(value):
            raise RowError(f"预警的“{label}”里不能有空格、逗号、<和&")
        if len(value) > LONGEST:
            raise RowError(f"预警的“{label}”太长，最多{LONGEST}个字")
    said = [("status", message.status), ("msgType", message.kind), ("scope", message.scope)]
    for info in message.infos:
        if not info.event:
            raise RowError("预警缺“event”")
        said += [("urgency", info.urgency), ("severity", info.severity), ("certainty", info.certainty)]
    for name, value in said:
        if value not in ALLOWED[name]:
            raise RowError(f"预警的“{name}”写的是“{value[:20]}”，规范里没有" if value else f"预警缺“{name}”")
    if message.kind == "Alert" and not message.infos:
        raise RowError("预警缺“info”")
    if message.kind == "Cancel" and not message.references:
        raise RowError("Cancel 没有写解除哪一条（references）")


def references(said: str) -> list[Reference]:
    """The messages that `references` names: `sender,identifier,sent`, separated by spaces (CAP 1.2, 3.2.1)."""
    return [Reference(sender, name, _moment_or_none(sent)) for sender, name, sent in _REFERENCE.findall(said)]


def values(message: Message) -> dict[str, Any]:
    """A message as a row of `knowledge.tables.Alert`: of several infos the words of the most severe, all their areas."""
    info = min(message.infos, key=_rank, default=Info())
    areas = [area for each in message.infos for area in each.areas]
    return {
        "identifier": message.identifier,
        "sender": message.sender,
        "sent": message.sent,
        "status": message.status,
        "kind": message.kind,
        "scope": message.scope,
        "references": [reference.identifier for reference in message.references],
        "event": info.event,
        "level": info.level,
        "severity": info.severity,
        "effective": info.effective or message.sent,
        "expires": info.expires,
        "publisher": info.publisher or message.sender,
        "headline": info.headline,
        "description": info.description,
        "instruction": info.instruction,
        "contact": info.contact,
        "areas": list(dict.fromkeys(code for area in areas for code in area.codes)),
        "area_names": list(dict.fromkeys(area.name for area in areas if area.name)),
    }


def _rank(info: Info) -> int:
    return [*_COLOURS].index(info.severity) if info.severity in _COLOURS else len(_COLOURS)


@dataclass(frozen=True, slots=True)
class _Node:
    element: Any
    space: str

    def text(self, name: str) -> str:
        found = self.element.find(self.space + name)
        return parse.text(found.text) if found is not None and found.text else ""

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(parse.text(found.text) for found in self.element.findall(self.space + name) if found.text)

    def nodes(self, name: str) -> list[_Node]:
        return [_Node(found, self.space) for found in self.element.findall(self.space + name)]

    def pairs(self, name: str) -> list[tuple[str, str]]:
        """The valueName and value of each parameter or geocode."""
        return [(node.text("valueName"), node.text("value")) for node in self.nodes(name)]

    def moment(self, name: str) -> datetime | None:
        said = self.text(name)
        return _moment(said) if said else None


def _preferred(infos: list[_Node]) -> list[_Node]:
    """The infos of one language: 普通话 before other Chinese before whatever comes first."""
    if not infos:
        return []

    def rank(language: str) -> int:
        said = language.lower()
        return 0 if said in ("zh-cn", "zh-hans", "zh", "zh-hans-cn") else 1 if said.startswith("zh") else 2

    languages = [info.text("language") for info in infos]
    chosen = min(languages, key=rank)
    return [info for info, language in zip(infos, languages, strict=True) if language == chosen]


def _info(info: _Node) -> Info:
    headline, severity = info.text("headline"), info.text("severity")
    levels = [value for name, value in info.pairs("parameter") if "级别" in name or "level" in name.lower()]
    areas = []
    for node in info.nodes("area"):
        codes = tuple(dict.fromkeys(value for _, value in node.pairs("geocode") if _CODE.fullmatch(value)))
        areas.append(Area(node.text("areaDesc"), codes))
    level = levels[-1] if levels else ""
    return Info(
        event=info.text("event"),
        categories=info.texts("category"),
        responses=info.texts("responseType"),
        urgency=info.text("urgency"),
        severity=severity,
        certainty=info.text("certainty"),
        level=level or next((word for word in LEVELS if word in headline), _COLOURS.get(severity, "")),
        effective=info.moment("effective"),
        onset=info.moment("onset"),
        expires=info.moment("expires"),
        publisher=info.text("senderName"),
        headline=headline,
        description=info.text("description"),
        instruction=info.text("instruction"),
        contact=info.text("contact"),
        areas=tuple(areas),
    )


def _decoded(data: bytes) -> bytes | str:
    """A document in one of China's own encodings as text: the parser knows none of several bytes a character."""
    declared = _DECLARED.match(data[:200])
    if declared and declared[1].decode("ascii").lower() in _CHINESE:
        return data.decode("gb18030")
    return data


def _moment(said: str) -> datetime:
    try:
        found = parse.moment(said)
    except parse.CellError as error:
        raise RowError(str(error)) from None
    assert found is not None
    if found.year not in _YEARS:
        raise RowError(f"时间“{said[:30]}”不对")
    return found


def _moment_or_none(said: str) -> datetime | None:
    try:
        return _moment(said).astimezone(UTC)
    except RowError:
        return None
