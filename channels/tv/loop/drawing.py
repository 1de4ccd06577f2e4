"""What stands on the air: a screen of the magazine, with the time in its header and a ticker in place of the colour keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

import numpy as np
from PIL import Image

from channels.tv import pages, png
from channels.tv.loop.coding import RGB, Coder, Kind, Second
from channels.tv.pages import DEEP, HEIGHT, RED, WHITE, WIDTH, Page, Row, Run, Subpage

#: Half cells that the header keeps free for the time.
_CLOCK = 7

#: How many seconds of video are kept coded: some 90 KB each.
_KEPT = 256


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ticker: at most 38 half cells."""

    text: str
    urgent: bool = False


class Camera:
    """Draws and codes what is on the air, for one kind of stream. The same again is not made again."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._coder = Coder(kind)
        self.second = lru_cache(_KEPT)(self._second)

    def _second(self, page: Page, number: int, line: Line, clock: str = "") -> Second:
        """One second of a screen (from 1) with a line of the ticker and the time; raises CodingError."""
        return self._coder.second(scaled(drawn(page, number, line, clock), self.kind))


def drawn(page: Page, number: int, line: Line, clock: str = "") -> RGB:
    """A screen as it is broadcast, at 720p."""
    size = png.HD
    picture = _screen(page, number).copy()
    header = pages.header(page, number)
    timed = (*header[:-1], replace(header[-1], text=pages.padded(clock, _CLOCK, "right")))
    for row, strip in ((0, _strip(timed)), (HEIGHT - 1, _strip(_ticker(line)))):
        top = size.top + row * size.row
        picture[top : top + size.row] = strip
    return picture


def forget() -> None:
    """Throw away what is kept drawn, so that a measurement begins anew."""
    _screen.cache_clear()
    _strip.cache_clear()


def scaled(picture: RGB, kind: Kind) -> RGB:
    """A picture in the pixels of a kind of stream."""
    if picture.shape[:2] == (kind.height, kind.width):
        return picture
    image = Image.fromarray(picture).resize((kind.width, kind.height), Image.Resampling.BOX)
    return np.asarray(image)


def _ticker(line: Line) -> Row:
    ground = RED if line.urgent else DEEP
    return (Run(pages.padded(f" {line.text}", WIDTH), WHITE, ground),)


@lru_cache(4)
def _screen(page: Page, number: int) -> RGB:
    return png.rgb(page, number)


@lru_cache(64)
def _strip(row: Row) -> RGB:
    """The pixels of a single row, as wide as the picture."""
    day = date(1, 1, 1)
    alone = Page(0, "", "", day, None, "normal", "", (Subpage((row,)),))
    top = png.HD.top + png.HD.row
    return png.rgb(alone, 1)[top : top + png.HD.row].copy()
