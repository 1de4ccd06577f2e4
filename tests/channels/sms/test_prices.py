"""What a text message costs, by the operator's table of prices."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from channels.sms.prices import cost, price
from config import Settings

TABLE = "*=0.05, +=0.60, 1393=0.04, 139 = 0.045"


@pytest.mark.parametrize(
    ("number", "yuan"),
    [
        ("13512345678", "0.05"),
        ("13912345678", "0.045"),
        ("13931234567", "0.04"),
        ("+14158675309", "0.60"),
        ("", "0.05"),
    ],
)
def test_the_longest_prefix_counts(number: str, yuan: str) -> None:
    assert price(TABLE, number) == Decimal(yuan)


def test_without_a_table_no_price_is_known() -> None:
    assert price("", "13912345678") is None
    assert price("139=0.05", "13512345678") is None
    assert cost("", "13912345678", "问" * 71) == (2, None)


@pytest.mark.parametrize(
    ("text", "parts", "yuan"),
    [("好", 1, "0.05"), ("问" * 70, 1, "0.05"), ("问" * 71, 2, "0.10"), ("🌽" * 36, 2, "0.10"), ("a" * 161, 2, "0.10")],
)
def test_each_part_costs(text: str, parts: int, yuan: str) -> None:
    assert cost("*=0.05", "13912345678", text) == (parts, Decimal(yuan))


@pytest.mark.parametrize("table", ["0.05", "*=five", "*=-1", "* 0.05", "=0.05", "139:0.05"])
def test_a_table_that_cannot_be_read_stops_the_start(table: str) -> None:
    with pytest.raises(ValidationError):
        Settings(sms_prices=table)


@pytest.mark.parametrize("table", ["", "*=0.05", "* = 0.05,", TABLE])
def test_a_table_that_can_be_read_is_taken(table: str) -> None:
    assert Settings(sms_prices=table).sms_prices == table
