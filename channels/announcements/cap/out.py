"""Announcements as messages of the Common Alerting Protocol, valid against its schema. Pure.

OASIS CAP 1.2, docs.oasis-open.org/emergency/cap/v1.2. Moments bear their offset (+08:00), never Z, as CAP asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from channels.announcements.cap.category import category
from channels.base.reading import tidy

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_TYPE = "application/cap+xml"

#: See `knowledge.announcements.published` and `knowledge.imports.cap`.
CANCEL = "-cancel"
ORIGIN = "xiangyin-origin"

#: The names of our codes: those of the National Bureau of Statistics, of 6, 9 or 12 digits.
GEOCODE = "NBS"

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
    say(root, "identifier", name_of(issued))
    say(root, "sender", house.sender)
    say(root, "sent", at(sent(issued), house))
    say(root, "status", "Actual" if issued.public else "Draft")
    say(root, "msgType", "Cancel" if over else "Update" if issued.replaced else "Alert")
    say(root, "scope", "Public")
    earlier = row if over else issued.replaced
    if earlier:
        say(root, "references", f"{house.sender},{earlier.identifier},{at(earlier.changed, house)}")
    _info(SubElement(root, "info"), row, over, house)
    return written(root)


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
    say(node, "language", "zh-CN")
    categories = [each for each in alert.get("categories", ()) if each in _KNOWN]
    for each in categories or [category(row.title + row.category, row.urgency)]:
        say(node, "category", each)
    say(node, "event", alert.get("event") or row.category)
    for each in ["AllClear"] if over else [each for each in alert.get("responses", ()) if each in _RESPONSES]:
        say(node, "responseType", each)
    for name, value in zip(_SCALES, _OVER if over else weight, strict=True):
        say(node, name, value)
    say(node, "effective", at(row.starts, house))
    say(node, "expires", at(row.ends, house))
    say(node, "senderName", row.publisher)
    cancelled = over and alert.get("kind") != "Cancel"
    say(node, "headline", headline(row, cancelled))
    say(node, "description", words(row, cancelled))
    say(node, "web", house.url)
    say(node, "contact", alert.get("contact") or house.contact)
    if alert.get("level"):
        _pair(node, "parameter", "预警级别", alert["level"])
    if alert.get("identifier") and not over:
        origin = alert.get("origin") or [alert.get(part, "") for part in ("sender", "identifier", "sent")]
        _pair(node, "parameter", ORIGIN, ",".join(origin))
    for code in row.places:
        area = SubElement(node, "area")
        say(area, "areaDesc", house.place(code))
        _pair(area, "geocode", GEOCODE, code)


_SCALES = ("urgency", "severity", "certainty")


def headline(row: Announcement, over: bool) -> str:
    """The title, or that of its withdrawal."""
    return f"撤回：{row.title}" if over else row.title


def words(row: Announcement, over: bool) -> str:
    """The text, or that of its withdrawal."""
    return "这条公告已经撤回。" if over else row.text


def written(root: Element) -> bytes:
    """A document, in lines."""
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def say(node: Element, name: str, value: str) -> None:
    """Add an element with a text, without what XML cannot hold."""
    SubElement(node, name).text = tidy(value)


def _pair(node: Element, what: str, name: str, value: str) -> None:
    pair = SubElement(node, what)
    say(pair, "valueName", name)
    say(pair, "value", value)


def at(moment: datetime, house: House) -> str:
    """A moment with the offset of our zone."""
    return moment.astimezone(house.zone).isoformat(timespec="seconds")
