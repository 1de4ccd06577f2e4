"""A screen as a PNG. Glyphs are drawn once and kept as masks; a screen is put together from them as a palette image."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from channels.tv import pages
from channels.tv.pages import HEIGHT, NAVY, WIDTH, LayoutError, Page, Row

FONT = Path(__file__).parent.parent.parent / "fonts" / "NotoSansSC-Subset.otf"

#: Steps between background and ink. 21 pairs of colours fit a palette of 256.
LEVELS = 12

#: The strokes are made stronger by this share of the type's size: the regular weight is thin at three metres.
BOLD = 0.012

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Size:
    """A picture's measures in pixels: its own, the half cell's, the row's, and the size of the type."""

    name: str
    width: int
    height: int
    half: int
    row: int
    type: int

    @property
    def left(self) -> int:
        """Where the grid begins: it stands in the middle, within the safe area."""
        return (self.width - WIDTH * self.half) // 2

    @property
    def top(self) -> int:
        """Where the first row begins."""
        return (self.height - HEIGHT * self.row) // 2


#: At 720p the safe area is 64 and 36 pixels wide. 576i is 720p pressed together: its pixels are wider than high.
HD = Size("1280x720", 1280, 720, 28, 49, 46)
FULL_HD = Size("1920x1080", 1920, 1080, 42, 74, 69)
SD = Size("720x576", 720, 576, 28, 49, 46)
SIZES = {size.name: size for size in (HD, FULL_HD, SD)}


def render(page: Page, number: int, size: Size = HD) -> bytes:
    """A subpage (from 1) as PNG bytes."""
    if size is SD:
        file = BytesIO()
        Image.fromarray(rgb(page, number, size)).save(file, "PNG", compress_level=3)
        return file.getvalue()
    painter = _painted(page, number, size)
    return _png(painter.pixels, painter.palette())


def rgb(page: Page, number: int, size: Size = HD) -> Pixels:
    """A subpage (from 1) as pixels: height × width × 3."""
    if size is SD:
        whole = Image.fromarray(rgb(page, number, HD))
        return np.asarray(whole.resize((SD.width, SD.height), Image.Resampling.BOX))
    painter = _painted(page, number, size)
    colours = np.frombuffer(painter.palette().ljust(768, b"\0"), np.uint8).reshape(256, 3)
    return colours[painter.pixels]


def _painted(page: Page, number: int, size: Size) -> _Painter:
    painter = _Painter(size)
    for index, row in enumerate(pages.screen(page, number)):
        painter.row(index, row)
    return painter


class _Painter:
    """A picture under work: palette indices, and the pairs of colours that they stand for."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._pairs: dict[tuple[str, str], int] = {}
        self.pixels: Pixels = np.full((size.height, size.width), self._base("#ffffff", NAVY), np.uint8)

    def row(self, index: int, row: Row) -> None:
        """Draw a row's runs, from the left."""
        size = self._size
        top = size.top + index * size.row
        column = 0
        for run in row:
            base = self._base(run.fg, run.bg)
            height, half = size.row * run.size, size.half * run.size
            left = size.left + column * size.half
            if run.bg != NAVY:
                self.pixels[top : top + height, left : left + run.width * size.half] = base
            for character in run.text:
                wide = pages.cell(character)
                if character != " ":
                    mask = _glyph(character, half * wide, height, size.type * run.size)
                    np.add(mask, base, out=self.pixels[top : top + height, left : left + half * wide])
                left += half * wide
            column += run.width

    def palette(self) -> bytes:
        """The palette as RGB triples: for each pair of colours the steps from background to ink."""
        colours = bytearray()
        for fg, bg in self._pairs:
            ink, ground = _rgb(fg), _rgb(bg)
            for step in range(LEVELS):
                share = step / (LEVELS - 1)
                colours += bytes(round(g + (i - g) * share) for i, g in zip(ink, ground, strict=True))
        return bytes(colours)

    def _base(self, fg: str, bg: str) -> int:
        base = self._pairs.setdefault((fg, bg), len(self._pairs) * LEVELS)
        if base + LEVELS > 256:
            raise LayoutError(f"{len(self._pairs)} pairs of colours on one screen, at most {256 // LEVELS} fit")
        return base


@lru_cache(maxsize=12_000)
def _glyph(character: str, width: int, height: int, size: int) -> Pixels:
    """A character's mask in the middle of its cells, in steps of ink."""
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    font = _font(size)
    middle = height // 2 + round(size * 0.36)  # the baseline that sets hanzi in the middle of their row
    draw.text((width / 2, middle), character, 255, font, anchor="ms", stroke_width=size * BOLD)
    mask: Pixels = (np.asarray(image, np.uint16) * (LEVELS - 1) // 255).astype(np.uint8)
    return mask


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _png(pixels: Pixels, palette: bytes) -> bytes:
    """A palette image by the PNG specification.

    Each line is told as its difference from the one above (filter 2), in which most is nought, and runs of equal bytes
    are told as such (Z_RLE): of the ways that zlib knows this is the quickest and makes the smallest files.
    """
    height, width = pixels.shape
    lines = np.full((height, width + 1), 2, np.uint8)
    lines[0, 1:] = pixels[0]
    np.subtract(pixels[1:], pixels[:-1], out=lines[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    packer = zlib.compressobj(6, strategy=zlib.Z_RLE)
    data = packer.compress(lines.tobytes()) + packer.flush()
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
