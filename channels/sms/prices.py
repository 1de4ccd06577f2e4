"""What text messages cost, by a table of prices: `*=0.05, +=0.60` is 0.05 yuan a part, 0.60 abroad. Pure."""

from __future__ import annotations

from decimal import Decimal

from channels.sms.segments import split


def price(table: str, address: str) -> Decimal | None:
    """Yuan for one part of a message to this number: of the longest prefix that fits it, else of `*`; None for unknown."""
    rows = dict(row.replace(" ", "").split("=") for row in table.split(",") if row.strip())
    fitting = [prefix for prefix in rows if address.startswith(prefix)]
    best = rows.get(max(fitting, key=len)) if fitting else rows.get("*")
    return Decimal(best) if best else None


def cost(table: str, address: str, text: str) -> tuple[int, Decimal | None]:
    """Of how many parts a text is, and what it costs in yuan to send it to this number."""
    parts, each = split(text).count, price(table, address)
    return parts, None if each is None else each * parts
