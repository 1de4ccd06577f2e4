"""The television: a screen to a finished PNG, the whole county exported cold and unchanged, the largest portal page.

Beside the PNG, in the same minute: the same screen drawn character by character with Pillow and saved by it.

    PYTHONPATH=. .venv/bin/python benchmarks/bench_tv.py
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from datetime import date
from io import BytesIO
from pathlib import Path
from statistics import median

from PIL import Image, ImageDraw, ImageFont

from app import Service
from channels.tv import html, pages, png
from channels.tv.export import export
from channels.tv.pages import Page
from config import Settings
from knowledge import database, demo

TODAY = date(2026, 11, 23)
PNG_GOAL, COLD_GOAL, WARM_GOAL = 0.025, 150.0, 3.0
RUNS = 200


def naive(page: Page, number: int) -> bytes:
    """A screen as Pillow draws and saves it, one character after the other."""
    size = png.HD
    font = ImageFont.truetype(png.FONT, size.type)
    image = Image.new("RGB", (size.width, size.height), pages.NAVY)
    draw = ImageDraw.Draw(image)
    for index, row in enumerate(pages.screen(page, number)):
        left, top = size.left, size.top + index * size.row
        for run in row:
            draw.rectangle([left, top, left + run.width * size.half, top + size.row], run.bg)
            for character in run.text:
                draw.text((left, top - 8), character, run.fg, font)
                left += pages.cell(character) * size.half
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def timed(screens: list[tuple[Page, int]], draw: object) -> float:
    """The median of the processor's seconds for a screen."""
    spent = []
    for page, number in screens:
        begun = time.process_time()
        draw(page, number)  # type: ignore[operator]
        spent.append(time.process_time() - begun)
    return median(spent)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(database_url=f"sqlite:///{folder / 'bench.db'}", today=TODAY)
        service = Service(settings, database.connect(settings.database_url))
        database.migrate(service.engine)
        demo.ensure(service.engine, TODAY)
        jobs = os.cpu_count() or 1

        def processor() -> float:
            used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
            return sum(each.ru_utime + each.ru_stime for each in used)

        def exported() -> tuple[float, int, int]:
            begun = time.perf_counter()
            result = export(
                service.magazine,
                folder / "out",
                jobs=jobs,
                in_child=lambda: service.engine.dispose(close=False),
            )
            return time.perf_counter() - begun, result.made, result.files

        before = processor()
        cold, made, files = exported()
        spent = processor() - before
        warm, again, _ = exported()
        every = list(service.magazine.pages(service.magazine.numbers()[::12]))
        screens = [(page, number) for page in every for number in range(1, len(page.subpages) + 1)][:RUNS]
        timed(screens, png.render)  # the glyphs are drawn once
        ours, plain = timed(screens, png.render), timed(screens[:20], naive)
        pictures = len(list((folder / "out").rglob("*.png")))
        print(f"a screen to a PNG, median of {len(screens)}:  {ours * 1000:7.1f} ms (goal {PNG_GOAL * 1000:.0f} ms)")
        print(f"  the same, drawn and saved by Pillow: {plain * 1000:7.1f} ms")
        print(f"the county, {made} pages, {pictures} pictures, {files} files, {jobs} processes:")
        print(f"  cold:                                {cold:7.1f} s  (goal {COLD_GOAL:.0f} s)")
        print(f"    of the processor, all together:    {spent:7.1f} s")
        print(f"  unchanged ({again} made):               {warm:7.2f} s  (goal {WARM_GOAL:.0f} s)")
        largest = max(len(html.document(page, "../", first).encode()) for page in every for first in html.parts(page))
        print(
            f"the largest portal page of {len(every)}:         {largest / 1024:7.1f} KB (goal {html.LIMIT // 1024} KB)"
        )


if __name__ == "__main__":
    main()
