"""Hanzi as dynamically redefinable characters: 12 by 10 points in one colour (ETSI EN 300 706 clauses 14.2, 14.3)."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from channels.tv.pages import cell
from channels.tv.png import FONT

WIDTH, HEIGHT = 12, 10

#: Characters of one table.
SIZE = 48

#: Tables of one DRCS page: its subpages 0 to 15.
TABLES = 16

#: The global table, the same on every page: what the county's pages say most often, and the coloured keys.
COMMON = "的一年月日元斤公里村镇县市户人万亩费价格补贴政策天气预警电话时间地点收支出农业首页上下，。：（）"

#: A character is drawn so many times larger before it is thinned out to points.
_SCALE = 16

#: So much ink of 255 makes a point.
_INK = 104


@lru_cache(maxsize=8_000)
def points(character: str) -> tuple[int, ...]:
    """A character's ten rows, each a number of 12 bits, the leftmost point the highest."""
    size = WIDTH * _SCALE
    big = Image.new("L", (size, size))
    ImageDraw.Draw(big).text((size // 2, round(size * 0.87)), character, 255, _font(), anchor="ms")
    edge = size // 50  # a little of the blank that type has around it is given to the strokes
    side = size // 24 if cell(character) == 2 else size // 4
    small = big.resize((WIDTH - 1, HEIGHT), Image.Resampling.BOX, (side, edge, size - side, size - edge))
    values = small.tobytes()
    return tuple(
        sum((values[row * (WIDTH - 1) + at] >= _INK) << (WIDTH - 1 - at) for at in range(WIDTH - 1))
        for row in range(HEIGHT)
    )


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, WIDTH * _SCALE)


def pattern(character: str) -> bytes:
    """The 20 letters of a character on a DRCS page: two of six points for each row, each with bit 7 set."""
    return bytes(0x40 | row >> shift & 0x3F for row in points(character) for shift in (6, 0))
