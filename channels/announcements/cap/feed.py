"""A feed of the messages in force: Atom (RFC 4287), as in OASIS' "Example Practices: CAP Feeds". Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement

from channels.announcements.cap.out import CAP_TYPE, House, Issued, at, headline, name_of, say, sent, words, written

ATOM = "http://www.w3.org/2005/Atom"
ATOM_TYPE = "application/atom+xml"


def feed(current: Iterable[Issued], house: House, now: datetime) -> bytes:
    """What is in force, and what was withdrawn before its time, as an Atom feed of links to the messages."""
    current = list(current)
    address = f"{house.url}/cap/feed.xml"
    root = Element("feed", {"xmlns": ATOM, "xml:lang": "zh-CN"})
    say(root, "id", address)
    say(root, "title", house.title)
    say(root, "updated", at(max((sent(each) for each in current), default=now), house))
    SubElement(root, "link", {"rel": "self", "href": address, "type": ATOM_TYPE})
    for each in current:
        where = f"{house.url}/cap/{name_of(each)}.xml"
        entry = SubElement(root, "entry")
        say(entry, "id", where)
        say(entry, "title", headline(each.row, each.cancelled))
        say(entry, "updated", at(sent(each), house))
        say(SubElement(entry, "author"), "name", each.row.publisher)
        SubElement(entry, "link", {"rel": "alternate", "href": where, "type": CAP_TYPE})
        say(entry, "summary", words(each.row, each.cancelled))
    return written(root)
