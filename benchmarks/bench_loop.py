"""How much faster than it is watched the information channel is made: one coded picture a screen, repeated.

Beside it, in the same run and with the same encoder: every picture drawn once and each of its 25 a second coded, which is
what piping pictures into FFmpeg does. Then what it costs when pages are spoken (frames that are ready are only copied).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from itertools import islice

import av

from channels.tv import pages
from channels.tv.loop import drawing, sound
from channels.tv.loop.broadcast import Broadcast, Moment, streamed
from channels.tv.loop.coding import KINDS, RATE, Kind, as_frame, opened
from channels.tv.loop.drawing import Camera, Line
from channels.tv.loop.multiplex import Multiplex
from channels.tv.loop.schedule import TICKER
from channels.tv.pages import YELLOW, Column, Page, Subpage
from channels.tv.teletext import carousel

GOAL = 100
PAGES, SUBPAGES, PLAIN = 20, 3, 20
RUNS = 3
ALWAYS = ("迁安市信息频道", "有事请打12345")


class Magazine:
    """A county's pages as full as real ones: nine rows of a table each, no two alike."""

    def __init__(self) -> None:
        columns = (Column(14), Column(14, "right"), Column(10, "right", YELLOW))
        goods = "玉米小麦花生大豆白菜土豆萝卜黄瓜苹果鸡蛋"
        self._pages: dict[int, Page] = {}
        for number in range(110, 110 + PAGES):
            subpages = []
            for sub in range(SUBPAGES):
                rows = []
                for row in range(9):
                    at = (number + sub * 3 + row) * 2 % len(goods)
                    cells = (goods[at : at + 2], f"{1 + row / 10 + sub / 100:.2f}元/斤", f"涨0.{row}{sub}")
                    rows += pages.table_row(cells, columns)
                subpages.append(Subpage(tuple(rows), pages.spoken(rows)))
            day = date(2026, 1, 1)
            self._pages[number] = Page(number, "农产品价格", "130283", day, None, "normal", "", tuple(subpages))

    def version(self) -> str:
        return ""

    def numbers(self) -> list[int]:
        return list(self._pages)

    def place_numbers(self) -> dict[str, int]:
        return {}

    def page(self, number: int, resident: bool = False) -> Page | None:
        return self._pages.get(number)

    def pages(self, numbers: object = None) -> Iterator[Page]:
        return iter(self._pages.values())

    def headlines(self, place: str) -> list[str]:
        return []

    def flash(self) -> None:
        return None


def silent(text: str) -> None:
    """No voice."""


def spoken(text: str) -> bytes:
    """Twelve seconds of frames that are ready."""
    return sound.silence() * 500


def repeated(kind: Kind, speak: Callable[[str], bytes | None]) -> tuple[int, int]:
    """Seconds of a whole round with its teletext, and its bytes; nothing is kept from a run before."""
    drawing.forget()
    loop = Broadcast(Magazine(), "130283", Camera(kind), speak, ALWAYS)
    seconds = size = 0

    def counted() -> Iterator[Moment]:
        nonlocal seconds
        for moment in loop.round():
            seconds += 1
            yield moment

    text = carousel.fields(Magazine(), "130283")
    for piece in streamed(counted(), kind, ALWAYS[0], "迁安市", text):
        size += len(piece)
    return seconds, size


def plain(kind: Kind) -> tuple[int, int]:
    """The same for the first seconds with each picture coded."""
    drawing.forget()
    context = opened(kind, kind.quantisers[0])
    magazine = Magazine()
    size = count = 0
    with Multiplex(kind, ALWAYS[0], "迁安市") as stream:
        shown = ((page, sub) for page in magazine.pages() for sub in range(1, SUBPAGES + 1))
        for page, sub in islice(shown, PLAIN // 20 + 1):
            picture = drawing.scaled(drawing.drawn(page, sub, Line(ALWAYS[0])), kind)
            for _ in range(min(20, PLAIN - count // RATE)):
                units = []
                for _ in range(RATE):
                    units += [bytes(packet) for packet in context.encode(as_frame(picture, count))]
                    count += 1
                stream.second(tuple(units))
                size += len(stream.take())
    return count // RATE, size + len(stream.take())


def timed(what: Callable[[], tuple[int, int]]) -> tuple[float, float]:
    """How many times as fast as it is watched, by the wall clock and by this process's processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    seconds, _ = what()
    return seconds / (time.perf_counter() - wall), seconds / (time.process_time() - processor)


def main() -> None:
    """Print the figures, the best of three runs: the machine may be shared."""
    print(f"PyAV {av.__version__}; a round of {PAGES * SUBPAGES} screens of 20 s, the ticker changes every {TICKER} s")
    for kind in KINDS.values():
        rows: tuple[tuple[str, Callable[[], tuple[int, int]]], ...] = (
            ("one picture, repeated", partial(repeated, kind, silent)),
            ("the same, spoken", partial(repeated, kind, spoken)),
            ("every picture coded", partial(plain, kind)),
        )
        print(f"{kind.name}: {kind.codec} {kind.width}x{kind.height}, {kind.rate / 1e6:g} Mbit/s")
        for name, what in rows:
            figures = [timed(what) for _ in range(RUNS)]
            wall, processor = (max(each) for each in zip(*figures, strict=True))
            goal = f"   goal {GOAL}x" if what is rows[0][1] else ""
            print(f"  {name:<24}{wall:7.0f}x real time, {processor:7.0f}x by processor time{goal}")


if __name__ == "__main__":
    main()
