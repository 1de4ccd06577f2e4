"""A running Rasa as the understanding engine: its intents and entities, our names and dates.

Source: Rasa 3.6 HTTP API, `POST /model/parse` (rasa.com/docs/rasa/pages/http-api): `{"text"}` in; `intent`,
`intent_ranking` and `entities` out. Where Rasa does not answer, the embedded engine does, and the log says so.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import date
from typing import Any, cast
from urllib.error import URLError
from urllib.request import Request, urlopen

from bot.understanding import Understanding
from bot.understanding.normalise import normalise
from bot.understanding.query import Names, Query, Slots

log = logging.getLogger(__name__)

#: Rasa answers in a tenth of a second; a channel gives up after five.
TIMEOUT = 3.0

#: What Rasa calls a message that it is not sure of; the intents that it weighed stand behind it.
FALLBACK = "nlu_fallback"

_PLACES = frozenset({"village", "town", "own_village", "own_town", "county", "unknown_place"})
_UNMARKED = frozenset({"extreme", "direction", "aspect", "side", "indicator", "level"})
_AS_SAID = frozenset({"title", "voucher", "code", "plot", "amount"})


class RasaParser:
    """Parses by asking a Rasa server. Safe to share between threads."""

    def __init__(self, url: str, own: Understanding) -> None:
        self._url = url.rstrip("/") + "/model/parse"
        self._own = own

    def with_names(self, names: Names) -> RasaParser:
        """The same server, with other names to tell its entities by."""
        return RasaParser(self._url.removesuffix("/model/parse"), self._own.with_names(names))

    def parse(self, text: str, today: date) -> list[Query]:
        """The question in a text as Rasa understands it; [] where there is nothing to read."""
        plain = normalise(text)
        if not plain:
            return []
        heard = self._ask(plain)
        if heard is None:
            return self._own.parse(text, today)
        ranked = [(str(item["name"]), float(item["confidence"])) for item in heard["intent_ranking"]]
        ranked = [item for item in ranked if item[0] != FALLBACK]
        if not ranked:
            return [Query("out_of_scope", Slots(), 0.0, plain)]
        intent, confidence = ranked[0]
        slots = self._slots(plain, heard["entities"], today)
        return [Query(intent, slots, confidence, plain, tuple(ranked[1:4]))]

    def _ask(self, text: str) -> dict[str, Any] | None:
        """Rasa's parse of a text, or None where it does not answer as it should."""
        body = json.dumps({"text": text}).encode()
        request = Request(self._url, body, {"Content-Type": "application/json"})  # noqa: S310 - the setting is http(s)
        try:
            with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
                heard: dict[str, Any] = json.load(response)
            if not heard["intent_ranking"] or not all(
                {"name", "confidence"} <= i.keys() for i in heard["intent_ranking"]
            ):
                raise ValueError("no ranking of intents")
            if not all({"entity", "value", "start", "end"} <= found.keys() for found in heard["entities"]):
                raise ValueError("no list of entities")
        except (URLError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("Rasa at %s does not answer as it should (%s): the embedded engine does", self._url, error)
            return None
        return heard

    def _slots(self, text: str, entities: Sequence[Any], today: date) -> Slots:
        """Rasa's entities as slots: their stretches of text are read with our names and dates.

        Places are read together, so that a town tells namesakes apart. The words that no entity marks (how much,
        highest, who) are ours to find.
        """
        slots: dict[str, Any] = {}
        places = ""
        for entity in sorted(entities, key=lambda found: int(found["start"])):
            name, value = str(entity["entity"]), str(entity["value"])
            said = text[int(entity["start"]) : int(entity["end"])]
            if name in _PLACES:
                places += said
            elif name in _AS_SAID:
                slots.setdefault(name, value)
            else:
                read = self._own.analyse(normalise(value), today).slots or self._own.analyse(said, today).slots
                for slot, meant in read.items():
                    if slot not in _PLACES and slot != "villages":
                        slots.setdefault(slot, meant)
        if places:
            slots |= {
                k: v for k, v in self._own.analyse(places, today).slots.items() if k in _PLACES or k == "villages"
            }
        said_besides = self._own.analyse(text, today).slots
        slots |= {k: v for k, v in said_besides.items() if k in _UNMARKED and k not in slots}
        return cast(Slots, slots)
