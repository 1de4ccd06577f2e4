"""Charts as PNG for a phone's screen: large type, high contrast, the source under each. Pure: values in, bytes out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT = Path(__file__).parent.parent / "fonts" / "NotoSansSC-Subset.otf"

WIDTH = 720
MARGIN = 36
TITLE, LABEL, SMALL = 34, 26, 22  # sizes of type in pixels

INK = "#111111"
GREY = "#595959"  # 7:1 on white
RULE = "#d0d0d0"
LINE = "#0b5394"
BAR = "#0b5394"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is, its length, and the figure as it is said."""

    label: str
    value: Decimal
    said: str


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size)


def course(title: str, points: Sequence[tuple[date, Decimal]], unit: str, source: str) -> bytes:
    """A value over days, at least two of them: the last, the highest and the lowest are written out."""
    image, draw = _sheet(title, 520)
    top, bottom, left, right = 150, 420, MARGIN + 10, WIDTH - MARGIN - 20
    first, last = points[0], points[-1]
    low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
    days = max((last[0] - first[0]).days, 1)
    spread = (high[1] - low[1]) or Decimal(1)

    def at(point: tuple[date, Decimal]) -> tuple[float, float]:
        x = left + (right - left) * (point[0] - first[0]).days / days
        return x, bottom - (bottom - top) * float((point[1] - low[1]) / spread)

    draw.line([(left, bottom + 14), (right, bottom + 14)], fill=RULE, width=2)
    draw.line([at(point) for point in points], fill=LINE, width=5, joint="curve")
    for point in dict.fromkeys((low, high, last)):
        x, y = at(point)
        draw.ellipse([x - 8, y - 8, x + 8, y + 8], fill=LINE)
    _figure(draw, at(high), f"{_plain(high[1])}", above=True)
    if low != high:
        _figure(draw, at(low), f"{_plain(low[1])}", above=False)
    now = f"{_day(last[0])} {_plain(last[1])}{unit}"
    draw.text((MARGIN, 84), now, INK, _font(LABEL))
    draw.text((left, bottom + 24), _day(first[0]), GREY, _font(SMALL))
    draw.text((right, bottom + 24), _day(last[0]), GREY, _font(SMALL), anchor="ra")
    return _finished(image, draw, source)


def bars(title: str, rows: Sequence[Bar], source: str, whole: Decimal | None = None) -> bytes:
    """Figures beside each other, at most ten. `whole` is what a full bar stands for, else the largest figure is."""
    shown = rows[:10]
    step = 76
    image, draw = _sheet(title, 110 + step * len(shown) + 70)
    longest = whole or max((row.value for row in shown), default=Decimal(0)) or Decimal(1)
    room = WIDTH - 2 * MARGIN
    for number, row in enumerate(shown):
        y = 96 + step * number
        draw.text((MARGIN, y), _fitted(row.label, room - 240), INK, _font(LABEL))
        draw.text((WIDTH - MARGIN, y), row.said, INK, _font(LABEL), anchor="ra")
        length = room * min(float(max(row.value, Decimal(0)) / longest), 1.0)
        draw.rectangle([MARGIN, y + 40, MARGIN + room, y + 56], fill="#ececec")
        draw.rectangle([MARGIN, y + 40, MARGIN + max(length, 2), y + 56], fill=BAR)
    return _finished(image, draw, source)


def _sheet(title: str, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (WIDTH, height), "white")
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, 28), _fitted(title, WIDTH - 2 * MARGIN, TITLE), INK, _font(TITLE))
    return image, draw


def _finished(image: Image.Image, draw: ImageDraw.ImageDraw, source: str) -> bytes:
    said = _fitted(f"来源：{source}", WIDTH - 2 * MARGIN, SMALL)
    draw.text((MARGIN, image.height - 48), said, GREY, _font(SMALL))
    file = io.BytesIO()
    image.quantize(16).save(file, "PNG", optimize=True)
    return file.getvalue()


def _figure(draw: ImageDraw.ImageDraw, at: tuple[float, float], said: str, above: bool) -> None:
    """A figure beside its point, kept on the sheet."""
    width = draw.textlength(said, _font(LABEL))
    x = min(max(at[0] - width / 2, MARGIN), WIDTH - MARGIN - width)
    draw.text((x, at[1] - 44 if above else at[1] + 8), said, INK, _font(LABEL))


def _fitted(text: str, width: float, size: int = LABEL) -> str:
    """The text cut with … where it is wider than `width` pixels."""
    if _font(size).getlength(text) <= width:
        return text
    while text and _font(size).getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
