"""The lunar calendar of 2015 to 2035: first days of months and festivals. Pure.

Months begin on the day of the new moon in China, reckoned by Meeus, Astronomical Algorithms, chapter 49; the new years
and the leap months are a table.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import cache

#: The first day of the lunar year (春节).
NEW_YEAR = {
    2015: date(2015, 2, 19), 2016: date(2016, 2, 8), 2017: date(2017, 1, 28), 2018: date(2018, 2, 16),
    2019: date(2019, 2, 5), 2020: date(2020, 1, 25), 2021: date(2021, 2, 12), 2022: date(2022, 2, 1),
    2023: date(2023, 1, 22), 2024: date(2024, 2, 10), 2025: date(2025, 1, 29), 2026: date(2026, 2, 17),
    2027: date(2027, 2, 6), 2028: date(2028, 1, 26), 2029: date(2029, 2, 13), 2030: date(2030, 2, 3),
    2031: date(2031, 1, 23), 2032: date(2032, 2, 11), 2033: date(2033, 1, 31), 2034: date(2034, 2, 19),
    2035: date(2035, 2, 8),
}  # fmt: skip

#: The month that comes twice, by lunar year.
LEAP = {2017: 6, 2020: 4, 2023: 2, 2025: 6, 2028: 5, 2031: 3, 2033: 11}

_EPOCH = datetime(2000, 1, 1, 12, tzinfo=UTC)  # Julian day 2451545.0
_CHINA = timedelta(hours=8)


def month(year: int, number: int) -> tuple[date, date] | None:
    """First and last day of a lunar month (the first of two in a leap year), None outside the table."""
    first = NEW_YEAR.get(year)
    if first is None or not 1 <= number <= 12:
        return None
    steps = number - 1 + (1 if LEAP.get(year, 12) < number else 0)
    start = _new_moon_near(first + timedelta(days=29.53 * steps))
    return start, _new_moon_near(start + timedelta(days=29.53)) - timedelta(days=1)


def day(year: int, month_number: int, number: int) -> date | None:
    """The day of a lunar date, None outside the table."""
    found = month(year, month_number)
    if found is None or not 1 <= number <= (found[1] - found[0]).days + 1:
        return None
    return found[0] + timedelta(days=number - 1)


@cache
def _new_moon_near(about: date) -> date:
    """The day (China time) of the new moon nearest to a day."""
    days = (datetime(about.year, about.month, about.day, 12, tzinfo=UTC) - _EPOCH).days
    k = round((days - 5.09766) / 29.530588861)
    return min((_new_moon(n) for n in (k - 1, k, k + 1)), key=lambda found: abs((found - about).days))


def _new_moon(k: int) -> date:
    t = k / 1236.85
    e = 1 - 0.002516 * t
    sun = math.radians(2.5534 + 29.1053567 * k)
    moon = math.radians(201.5643 + 385.81693528 * k + 0.0107582 * t * t)
    node = math.radians(160.7108 + 390.67050284 * k - 0.0016118 * t * t)
    rising = math.radians(124.7746 - 1.56375588 * k)
    correction = (
        -0.4072 * math.sin(moon)
        + 0.17241 * e * math.sin(sun)
        + 0.01608 * math.sin(2 * moon)
        + 0.01039 * math.sin(2 * node)
        + 0.00739 * e * math.sin(moon - sun)
        - 0.00514 * e * math.sin(moon + sun)
        + 0.00208 * e * e * math.sin(2 * sun)
        - 0.00111 * math.sin(moon - 2 * node)
        - 0.00057 * math.sin(moon + 2 * node)
        + 0.00056 * e * math.sin(2 * moon + sun)
        - 0.00042 * math.sin(3 * moon)
        + 0.00042 * e * math.sin(sun + 2 * node)
        + 0.00038 * e * math.sin(sun - 2 * node)
        - 0.00024 * e * math.sin(2 * moon - sun)
        - 0.00017 * math.sin(rising)
    )
    days = 5.09766 + 29.530588861 * k + 0.00015437 * t * t + correction
    return (_EPOCH + timedelta(days=days) - timedelta(seconds=70) + _CHINA).date()
