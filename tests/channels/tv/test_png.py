"""Screens as pictures: their size, their safe area, what the font can draw."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFont

from channels.tv import pages, png
from channels.tv.pages import BAR, BLACK, CYAN, GREEN, GREY, NAVY, RED, STRIPE, WHITE, YELLOW, LayoutError, Run
from knowledge.places import Places
from tests.channels.tv.conftest import made, price_table


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image.convert("RGB")


@pytest.mark.parametrize("size", png.SIZES.values(), ids=list(png.SIZES))
def test_a_screen_is_drawn_in_every_size_within_the_safe_area(size: png.Size) -> None:
    image = opened(png.render(made(110, "价" * 30, price_table(11)), 1, size))
    assert image.size == (size.width, size.height)
    pixels = np.asarray(image)
    ground = pixels[0, 0]
    side, top = round(size.width * 64 / 1280), round(size.height * 36 / 720)
    inner = pixels[top:-top, side:-side]
    assert (inner != ground).any()
    outer = pixels.copy()
    outer[top:-top, side:-side] = ground
    assert (outer == ground).all()


@pytest.mark.parametrize("size", png.SIZES.values(), ids=list(png.SIZES))
def test_the_pixels_are_those_of_the_picture(size: png.Size) -> None:
    page = made(110, "菜价粮价", price_table(9), priority="emergency")
    pixels = png.rgb(page, 1, size)
    assert pixels.shape == (size.height, size.width, 3)
    assert np.array_equal(pixels, np.asarray(opened(png.render(page, 1, size))))


def test_double_size_is_twice_as_large() -> None:
    def ink(rows: list) -> int:
        pixels = np.asarray(opened(png.render(made(110, "", rows), 1)).convert("L")).astype(int)
        below = png.HD.top + png.HD.row
        return int((pixels[below : below + 11 * png.HD.row] > 128).sum())

    once, twice = ink([(Run("警"),)]), ink(pages.heading("警", WHITE))
    assert 3 < twice / once < 5


def test_a_ground_is_painted_over_its_cells_alone() -> None:
    row = (Run("    "), Run("        ", BLACK, BAR))
    pixels = np.asarray(opened(png.render(made(110, "", [row]), 1)))
    line = pixels[png.HD.top + png.HD.row + 20]
    painted = np.flatnonzero((line == (0xFF, 0xB4, 0x3C)).all(axis=1))
    assert painted[0] == png.HD.left + 4 * png.HD.half
    assert painted[-1] == png.HD.left + 12 * png.HD.half - 1


def test_more_colours_than_the_palette_holds_are_refused() -> None:
    inks = (WHITE, YELLOW, CYAN, GREEN, GREY, BLACK)
    row = tuple(Run("字", ink, ground) for ink in inks for ground in (NAVY, STRIPE, RED))
    with pytest.raises(LayoutError, match="pairs of colours"):
        png.render(made(110, "", [row]), 1)


def test_every_village_can_be_written(gazetteer: Places) -> None:
    font = ImageFont.truetype(png.FONT, 46)
    missing = bytes(font.getmask("\U0010ffff"))
    names = {character for place in gazetteer for character in place.name}
    assert len(names) > 300
    assert {character for character in names if bytes(font.getmask(character)) == missing} == set()
