"""Announcements as messages of the Common Alerting Protocol and as a feed of them. Pure.

OASIS CAP 1.2 (docs.oasis-open.org/emergency/cap/v1.2), valid against its schema; Atom (RFC 4287) as in OASIS' "Example
Practices: CAP Feeds". Moments bear their offset (+08:00), never Z, as CAP asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from channels.base.reading import tidy

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE, ATOM_TYPE = "application/cap+xml", "application/atom+xml"

#: See `knowledge.announcements.published` and `knowledge.imports.cap`.
CANCEL = "-cancel"
ORIGIN = "xiangyin-origin"

#: The names of our codes: those of the National Bureau of Statistics, of 6, 9 or 12 digits.
GEOCODE = "NBS"

#: A category of CAP by a word of our title or category; the first that fits.
_CATEGORIES = (
    ("Fire", ("防火", "火险", "火灾", "山火", "用火")),
    ("Geo", ("地震", "地质", "滑坡", "塌方", "泥石流")),
    (
        "Met",
        (
            "大风",
            "台风",
            "雷",
            "冰雹",
            "大雾",
            "霾",
            "霜冻",
            "寒潮",
            "降温",
            "高温",
            "干旱",
            "汛",
            "洪",
            "天气",
            "气象",
        ),
    ),
    ("Met", ("暴雨", "降雨", "暴雪", "降雪")),
    ("Infra", ("停水", "停电", "停气", "供水", "供电", "供暖", "断网")),
    ("Health", ("疫", "病", "卫生", "医", "体检")),
    ("Transport", ("道路", "封路", "修路", "交通", "公交", "桥")),
    ("Env", ("污染", "环境", "环保")),
    ("Security", ("诈骗", "治安", "防盗")),
    ("Safety", ("安全", "应急", "预警", "救援")),
)
_KNOWN = frozenset(
    {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE"}
)
_RESPONSES = frozenset({"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"})

#: What an announcement without an alert is: urgency, severity, certainty.
_WEIGHT = {"emergency": ("Immediate", "Severe", "Likely"), "routine": ("Future", "Minor", "Likely")}
_OVER = ("Past", "Minor", "Observed")


class Announcement(Protocol):
    """See `knowledge.announcements.tables.Announcement`."""

    @property
    def identifier(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def urgency(self) -> str: ...
    @property
    def publisher(self) -> str: ...
    @property
    def places(self) -> Sequence[str]: ...
    @property
    def starts(self) -> datetime: ...
    @property
    def ends(self) -> datetime: ...
    @property
    def changed(self) -> datetime: ...
    @property
    def ended(self) -> datetime | None: ...
    @property
    def alert(self) -> Mapping[str, Any] | None: ...


class Issued(Protocol):
    """See `knowledge.announcements.published.Issued`."""

    @property
    def row(self) -> Announcement: ...
    @property
    def public(self) -> bool: ...
    @property
    def replaced(self) -> Announcement | None: ...
    @property
    def cancelled(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class House:
    """Who sends: our name as a sender (no spaces, commas, < and &), our address, the name of a place by its code."""

    sender: str
    url: str
    title: str
    contact: str
    zone: tzinfo
    place: Callable[[str], str]


def message(issued: Issued, house: House) -> bytes:
    """An announcement, or its end, as a message. What is not public yet has the status Draft."""
    row, over = issued.row, issued.cancelled
    root = Element("alert", {"xmlns": CAP})
    _say(root, "identifier", name_of(issued))
    _say(root, "sender", house.sender)
    _say(root, "sent", _at(sent(issued), house))
    _say(root, "status", "Actual" if issued.public else "Draft")
    _say(root, "msgType", "Cancel" if over else "Update" if issued.replaced else "Alert")
    _say(root, "scope", "Public")
    earlier = row if over else issued.replaced
    if earlier:
        _say(root, "references", f"{house.sender},{earlier.identifier},{_at(earlier.changed, house)}")
    _info(SubElement(root, "info"), row, over, house)
    return _written(root)


def feed(current: Iterable[Issued], house: House, now: datetime) -> bytes:
    """What is in force, and what was withdrawn before its time, as an Atom feed of links to the messages."""
    current = list(current)
    address = f"{house.url}/cap/feed.xml"
    root = Element("feed", {"xmlns": ATOM, "xml:lang": "zh-CN"})
    _say(root, "id", address)
    _say(root, "title", house.title)
    _say(root, "updated", _at(max((sent(each) for each in current), default=now), house))
    SubElement(root, "link", {"rel": "self", "href": address, "type": ATOM_TYPE})
    for each in current:
        where = f"{house.url}/cap/{name_of(each)}.xml"
        entry = SubElement(root, "entry")
        _say(entry, "id", where)
        _say(entry, "title", _headline(each.row, each.cancelled))
        _say(entry, "updated", _at(sent(each), house))
        _say(SubElement(entry, "author"), "name", each.row.publisher)
        SubElement(entry, "link", {"rel": "alternate", "href": where, "type": CAP_TYPE})
        _say(entry, "summary", _words(each.row, each.cancelled))
    return _written(root)


def name_of(issued: Issued) -> str:
    """The identifier of a message: the announcement's own, or that of its end."""
    return issued.row.identifier + (CANCEL if issued.cancelled else "")


def sent(issued: Issued) -> datetime:
    """When a message was made: its words were written, or it was withdrawn."""
    return (issued.row.ended if issued.cancelled else None) or issued.row.changed


def _info(node: Element, row: Announcement, over: bool, house: House) -> None:
    alert = row.alert or {}
    over = over or alert.get("kind") == "Cancel"
    weight = [alert.get(name) or usual for name, usual in zip(_SCALES, _WEIGHT[row.urgency], strict=True)]
    _say(node, "language", "zh-CN")
    categories = [each for each in alert.get("categories", ()) if each in _KNOWN]
    for each in categories or [_category(row)]:
        _say(node, "category", each)
    _say(node, "event", alert.get("event") or row.category)
    for each in ["AllClear"] if over else [each for each in alert.get("responses", ()) if each in _RESPONSES]:
        _say(node, "responseType", each)
    for name, value in zip(_SCALES, _OVER if over else weight, strict=True):
        _say(node, name, value)
    _say(node, "effective", _at(row.starts, house))
    _say(node, "expires", _at(row.ends, house))
    _say(node, "senderName", row.publisher)
    cancelled = over and alert.get("kind") != "Cancel"
    _say(node, "headline", _headline(row, cancelled))
    _say(node, "description", _words(row, cancelled))
    _say(node, "web", house.url)
    _say(node, "contact", alert.get("contact") or house.contact)
    if alert.get("level"):
        _pair(node, "parameter", "预警级别", alert["level"])
    if alert.get("identifier") and not over:
        origin = alert.get("origin") or [alert.get(part, "") for part in ("sender", "identifier", "sent")]
        _pair(node, "parameter", ORIGIN, ",".join(origin))
    for code in row.places:
        area = SubElement(node, "area")
        _say(area, "areaDesc", house.place(code))
        _pair(area, "geocode", GEOCODE, code)


_SCALES = ("urgency", "severity", "certainty")


def _category(row: Announcement) -> str:
    said = row.title + row.category
    found = (category for category, words in _CATEGORIES if any(word in said for word in words))
    return next(found, "Safety" if row.urgency == "emergency" else "Other")


def _headline(row: Announcement, over: bool) -> str:
    return f"撤回：{row.title}" if over else row.title


def _words(row: Announcement, over: bool) -> str:
    return "这条公告已经撤回。" if over else row.text


def _written(root: Element) -> bytes:
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def _say(node: Element, name: str, value: str) -> None:
    SubElement(node, name).text = tidy(value)


def _pair(node: Element, what: str, name: str, value: str) -> None:
    pair = SubElement(node, what)
    _say(pair, "valueName", name)
    _say(pair, "value", value)


def _at(moment: datetime, house: House) -> str:
    return moment.astimezone(house.zone).isoformat(timespec="seconds")
