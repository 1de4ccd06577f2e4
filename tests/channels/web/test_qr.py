"""The QR code of a village: what stands in it, as a picture that scanners read, and what is refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.etree import ElementTree

import pytest
import segno
from PIL import Image

from app import create_app
from channels.web.commands import QUIET, SCALE
from config import Settings

PUBLIC = "https://xiangyin.example"
VILLAGE = "130283116217"


def run(*arguments: str, **settings: str):
    app = create_app(Settings(**{"database_url": "sqlite://", "public_url": PUBLIC, **settings}))
    return app.test_cli_runner().invoke(args=["qr", *arguments])


@pytest.mark.parametrize("named", [VILLAGE, "万宝沟"])
def test_the_picture_is_the_code_of_the_address(tmp_path: Path, named: str) -> None:
    out = tmp_path / "village.png"
    done = run(named, "-o", str(out))
    assert done.exit_code == 0, done.output
    url = f"{PUBLIC}/?village={VILLAGE}"
    assert url in done.output
    picture = Image.open(out).convert("L")
    modules = [
        [
            picture.getpixel(((x + QUIET) * SCALE + SCALE // 2, (y + QUIET) * SCALE + SCALE // 2)) < 128
            for x in range(size)
        ]
        for size in (picture.width // SCALE - 2 * QUIET,)
        for y in range(size)
    ]
    expected = [[bool(module) for module in row] for row in segno.make(url, error="q", micro=False).matrix]
    assert modules == expected
    border = itertools.chain(
        (picture.getpixel((x, QUIET * SCALE - 1)) for x in range(picture.width)),
        (picture.getpixel((QUIET * SCALE - 1, y)) for y in range(picture.height)),
    )
    assert set(border) == {255}, "a quiet zone of four modules"


def test_a_drawing_for_the_printer(tmp_path: Path) -> None:
    out = tmp_path / "village.SVG"
    assert run(VILLAGE, "-o", str(out), public_url=f"{PUBLIC}/").exit_code == 0
    assert ElementTree.parse(out).getroot().tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (("北京", "-o", "x.png"), {}, "No such village"),
        (("刘庄子", "-o", "x.png"), {}, "Several villages"),
        (("130283999999", "-o", "x.png"), {}, "No such village"),
        ((VILLAGE, "-o", "x.gif"), {}, ".png or an .svg"),
        ((VILLAGE, "-o", "x"), {}, ".png or an .svg"),
        ((VILLAGE, "-o", "x.png"), {"public_url": ""}, "XIANGYIN_PUBLIC_URL"),
        ((VILLAGE,), {}, "--out"),
        ((VILLAGE, "-o", "/no/such/folder/x.png"), {}, "cannot write"),
        ((" ", "-o", "x.png"), {}, "name a village"),
    ],
)
def test_what_cannot_be_made_is_told(tmp_path: Path, monkeypatch, arguments, settings, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments, **settings)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output
    assert not list(tmp_path.iterdir())
