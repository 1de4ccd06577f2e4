"""What is said to a screen of the loop. Texts are read whole, of a table only its head and first lines. Pure.

Nobody waits for 29 prices of one market to be read out, and all of them stand on the screen. A line is said whole or not
at all, so no figure is ever cut. The portal, where somebody asked for it, reads everything, and on 101
what is announced in full, which in the loop has pages of its own.
"""

from __future__ import annotations

from itertools import groupby

from channels.tv import pages
from channels.tv.pages import BAR, Page, Row, Run

#: So many lines of a table are said, its head among them.
LINES = 4

_REST: Row = (Run("其余的请看屏幕。"),)


def brief(page: Page, number: int) -> str:
    """The words to a subpage (from 1); the first one begins with the page's title."""
    subpage = page.subpages[number - 1]
    rows: list[Row] = []
    for is_table, group in groupby(subpage.rows, _is_table):
        part = list(group)
        rows += _shortened(part) if is_table else part
    said = pages.spoken(rows)
    return f"{page.title}\n{said}" if number == 1 and not said.startswith(page.title) else said


def _is_table(row: Row) -> bool:
    return len(row) > 1 and "  " in pages.text_of(row).strip()


def _shortened(table: list[Row]) -> list[Row]:
    if any(run.bg == BAR for row in table for run in row):
        return [table[0], table[-1]] if len(table) > 2 else table  # a course: from what to what
    return [*table[:LINES], _REST] if len(table) > LINES + 1 else table
