"""A magazine of a few pages for the television's tests: its pages, their numbers, a newsflash that is set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import pytest

from channels.tv import pages
from channels.tv.pages import CYAN, RED, WHITE, YELLOW, Column, Page, Run, Subpage

TODAY = date(2026, 11, 23)
VILLAGE = "130283116217"


class Flash(NamedTuple):
    id: str
    text: str
    page: int


def made(number: int, title: str, *screens: list, place: str = "130283", priority: str = "normal", until=TODAY) -> Page:
    subpages = tuple(Subpage(tuple(rows), pages.spoken(rows), 20) for rows in screens)
    return Page(number, title, place, TODAY, until, priority, "农业农村局 2026-11-23", subpages)


def price_table(count: int) -> list:
    columns = (Column(14), Column(14, "right"), Column(10, "right", YELLOW))
    return [row for _ in range(count) for row in pages.table_row(("玉米", "1.17元/斤", "涨0.02"), columns)]


@dataclass
class Magazine:
    """What `bot.magazine.Magazine` is to the channel, with pages as they are set."""

    held: dict[int, Page] = field(default_factory=dict)
    private: dict[int, Page] = field(default_factory=dict)
    news: Flash | None = None
    edition: str = "1"

    def version(self) -> str:
        return self.edition

    def numbers(self) -> list[int]:
        return sorted(self.held)

    def place_numbers(self) -> dict[str, int]:
        return {page.place: number for number, page in self.held.items() if len(page.place) > 6}

    def page(self, number: int, resident: bool = False) -> Page | None:
        page = self.private.get(number) if resident else None
        page = page or self.held.get(number)
        return pages.neighbours(page, self.numbers()) if page else None

    def pages(self, numbers: Iterable[int] | None = None) -> Iterator[Page]:
        for number in self.numbers() if numbers is None else numbers:
            found = self.page(number)
            assert found
            yield found

    def headlines(self, place: str) -> list[str]:
        return [self.held[number].title for number in self.numbers() if 201 <= number < 300]

    def flash(self) -> Flash | None:
        return self.news


@pytest.fixture
def magazine() -> Magazine:
    index = [pages.entry("110", "菜价粮价"), pages.entry("199", "应急"), pages.entry("837/2", "万宝沟村的账")]
    held = (
        made(100, "迁安市", index),
        made(102, "找我的村", [pages.entry("837", "万宝沟村")]),
        made(110, "菜价粮价", price_table(9), price_table(3), price_table(2)),
        made(192, "学遥控器", pages.paragraph("跟着屏幕学键")),
        made(
            199,
            "应急",
            [*pages.heading("森林火险橙色预警"), (Run("发现冒烟立即打12119。", WHITE, RED),), (Run("快讯", CYAN),)],
            priority="emergency",
        ),
        made(837, "万宝沟村", *[pages.paragraph(f"第{screen}屏") for screen in range(1, 7)], place=VILLAGE),
    )
    found = Magazine({page.number: page for page in held})
    secret = made(837, "万宝沟村", pages.paragraph("张*，2人"), place=VILLAGE)
    found.private[837] = secret
    return found
