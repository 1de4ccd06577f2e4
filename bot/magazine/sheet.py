"""How content becomes the screens of a page: set on the grid, each screen with its source at the foot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from bot.messages import Reply
from bot.skills import SKILLS
from bot.skills.base import Context
from bot.understanding.query import Query, Slots
from channels.tv import pages
from channels.tv.pages import BODY, CYAN, GREY, NAVY, STRIPE, WHITE, YELLOW, Column, Page, Priority, Row, Run, Subpage

Block = Sequence[Row]

#: Lines of an answer that speak of asking on: they mean nothing on a screen.
_ASIDE = re.compile("^(只列了|一共找到|要问|也可以问)|问“")

#: So many rows a source may take.
_FOOT = 3


def asked(intent: str, ctx: Context, **slots: object) -> Reply:
    """What the chat answers: the same words and figures as on every other channel."""
    return SKILLS[intent].answer(Query(intent, Slots(**slots), text=""), ctx)  # type: ignore[typeddict-item]


def answer_blocks(reply: Reply, title: str = "") -> list[Block]:
    """An answer as blocks: a title in yellow, the answer itself, its further lines as points."""
    head = pages.paragraph(title, YELLOW) if title else []
    blocks: list[Block] = [[*head, *pages.paragraph(reply.headline)]]
    return blocks + [point(line) for line in reply.details if not _ASIDE.search(line)]


def point(text: str, fg: str = WHITE) -> Block:
    """One item of a list: its first line begins with a dot, the others are set in."""
    lines = pages.wrap(text, pages.WIDTH - 2)
    return [(Run("  " if number else "·", CYAN), Run(line, fg)) for number, line in enumerate(lines)]


def striped(rows: Iterable[Sequence[str]], columns: Sequence[Column], links: Sequence[str] = ()) -> list[Block]:
    """The rows of a table, every other one on a lighter ground, so that the eye keeps to its line."""
    blocks: list[Block] = []
    for index, values in enumerate(rows):
        ground = STRIPE if index % 2 else NAVY
        blocks.append(pages.table_row(values, columns, links[index] if links else "", ground))
    return blocks


def table_head(values: Sequence[str], columns: Sequence[Column]) -> list[Row]:
    """The head of a table, set as its columns are."""
    return pages.table_row(values, [Column(column.width, column.align, YELLOW) for column in columns])


def screens(blocks: Iterable[Block], source: str, head: Sequence[Row] = (), most: int | None = None) -> list[Subpage]:
    """Blocks on as many screens as they need (at most `most`), each with its source on the last rows."""
    foot = pages.paragraph(f"来源：{source}" if source else "", GREY)
    if len(foot) > _FOOT:
        foot = pages.paragraph(pages.fitted(f"来源：{source}", pages.WIDTH * _FOOT - 2), GREY)[:_FOOT]
    found = []
    for rows in pages.paginate(blocks, head, BODY - len(foot))[:most]:
        blank: list[Row] = [()] * (BODY - len(foot) - len(rows))
        speech = pages.spoken([*rows, *foot])
        found.append(Subpage((*rows, *blank, *foot), speech))
    return found


def fits(blocks: Sequence[Block], source: str, head: Sequence[Row] = ()) -> int:
    """How many of the blocks stand on the first screen."""
    count = 0
    while count < len(blocks) and len(screens(blocks[: count + 1], source, head)) == 1:
        count += 1
    return count


def page(
    number: int,
    title: str,
    place: str,
    today: date,
    source: str,
    subpages: Sequence[Subpage],
    priority: Priority = "normal",
) -> Page:
    """A page made today: it holds for today, since it says 今天 and 还有3天."""
    return Page(number, title, place, today, today, priority, source, tuple(subpages))


def nothing(title: str, words: str, source: str) -> list[Subpage]:
    """A screen that says that there is nothing, and why."""
    return screens(
        [pages.paragraph(title, YELLOW), pages.paragraph(words)] if title else [pages.paragraph(words)], source
    )
