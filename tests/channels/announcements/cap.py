"""Messages of CAP 1.2 for tests, written as a county's emergency office would, and the schema that says what is one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.conftest import NOW

SCHEMA = Path(__file__).parents[2] / "data" / "cap" / "CAP-v1.2.xsd"
SPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SENDER = "yjj@qianan.example"
TOWN, SIBLING_TOWN, VILLAGE = "130283116", "130283106", "130283116217"
HOUR = timedelta(hours=1)

INFO: dict[str, Any] = {
    "language": "zh-CN",
    "category": "Fire",
    "event": "森林火险",
    "urgency": "Expected",
    "severity": "Severe",
    "certainty": "Likely",
    "expires": NOW + 5 * HOUR,
    "senderName": "迁安市应急管理局",
    "headline": "森林火险橙色预警",
    "description": "风力4到5级，空气干燥。",
    "instruction": "林区禁止用火；看见冒烟打12119。",
    "areas": [("迁安市五重安镇", TOWN)],
}

_ORDER = (
    *("language", "category", "event", "responseType", "urgency", "severity", "certainty", "effective", "onset"),
    *("expires", "senderName", "headline", "description", "instruction", "contact"),
)


def stamp(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()


def reference(identifier: str, sent: datetime = NOW, sender: str = SENDER) -> str:
    return f"{sender},{identifier},{stamp(sent)}"


def message(
    identifier: str = "A",
    kind: str = "Alert",
    *,
    sender: str = SENDER,
    sent: datetime = NOW,
    status: str = "Actual",
    scope: str = "Public",
    refers: Iterable[str] = (),
    infos: Iterable[dict[str, Any]] | None = None,
    space: str = SPACE,
    **info: Any,
) -> bytes:
    """One message; what is not said is as in INFO, None leaves an element out. `refers` are `reference()`s."""
    root = ElementTree.Element("alert", {"xmlns": space})
    head = {"identifier": identifier, "sender": sender, "sent": sent, "status": status, "msgType": kind, "scope": scope}
    for name, value in (*head.items(), ("references", " ".join(refers))):
        _add(root, name, value)
    for each in infos if infos is not None else [info]:
        told = INFO | each
        node = ElementTree.SubElement(root, "info")
        for name in _ORDER:
            _add(node, name, told.get(name))
        for name, value in told.get("parameters", {}).items():
            _pair(node, "parameter", name, value)
        for name, code in told["areas"]:
            area = ElementTree.SubElement(node, "area")
            _add(area, "areaDesc", name)
            _add(area, "polygon", told.get("polygon"))
            if code:
                _pair(area, "geocode", "NBS", code)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True)


def _add(node: ElementTree.Element, name: str, value: Any) -> None:
    if value not in (None, ""):
        ElementTree.SubElement(node, name).text = stamp(value) if isinstance(value, datetime) else value


def _pair(node: ElementTree.Element, what: str, name: str, value: str) -> None:
    pair = ElementTree.SubElement(node, what)
    _add(pair, "valueName", name)
    _add(pair, "value", value)
