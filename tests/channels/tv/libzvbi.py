"""Teletext read again by ffmpeg's libzvbi: its letters, and its hanzi point by point."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from channels.tv.teletext import drcs
from tests.servers import absent, program


def decoder() -> str:
    """The path of an ffmpeg that decodes teletext; skips the test where there is none, fails it in CI."""
    path = program("ffmpeg", "ffmpeg")
    if b"libzvbi" not in subprocess.run([path, "-decoders"], capture_output=True, check=True).stdout:
        absent("ffmpeg with libzvbi", "ffmpeg")
    return path


def letters(channel: Path, page: str) -> str:
    """What a page of a transport stream says, in letters alone."""
    return _decoded(channel, page, "text", ["-c:s", "srt", "-f", "srt", "-"]).decode()


def assert_drawn(channel: Path, page: str, row: int, hanzi: str, picture: Path, after: float = 0.5) -> None:
    """A row of a page begins with these hanzi, point by point, each two by two points large; looked at `after` seconds."""
    count = str(round(25 * after))
    filters = f"color=black:s=492x250:d={after + 0.5}[ground];[ground][0:s:0]overlay=format=rgb"
    out = ["-filter_complex", filters, "-frames:v", count, "-update", "1", str(picture)]
    _decoded(channel, page, "bitmap", out, ["-txt_chop_top", "0"])
    seen = Image.open(picture).convert("L")
    assert seen.size == (41 * drcs.WIDTH, 25 * drcs.HEIGHT)
    for index, character in enumerate(hanzi):
        for line, points in enumerate(drcs.points(character)):
            for at in range(drcs.WIDTH):
                level = seen.getpixel((index * 2 * drcs.WIDTH + 2 * at, row * drcs.HEIGHT + 2 * line))
                assert isinstance(level, int)
                assert (level > 128) == bool(points >> (drcs.WIDTH - 1 - at) & 1), (character, line, at)


def _decoded(channel: Path, page: str, kind: str, out: Sequence[str], options: Sequence[str] = ()) -> bytes:
    read = ["-txt_format", kind, "-txt_page", page, "-txt_duration", "5000", *options]
    done = subprocess.run(
        [decoder(), "-v", "error", *read, "-i", str(channel), *out], capture_output=True, check=True, timeout=60
    )
    assert done.stderr == b""
    return done.stdout
