"""Our TTI files through VBIT2: what it sends is what we send, and libzvbi draws it. VBIT2 is no package of Debian."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from channels.tv import pages
from channels.tv.export import export
from channels.tv.pages import Page
from channels.tv.teletext import dvb, service, t42, tti
from channels.tv.teletext.packets import Function, Sheet
from tests.channels.tv import libzvbi
from tests.channels.tv.conftest import Magazine, made, price_table
from tests.channels.tv.test_teletext import nibble

#: A packet of a page by page, subpage, number and, from 26 on, designation.
Key = tuple[int, int, int, int]

#: VBIT2 cycles subpages by the clock, each for as long as its page says, and sends tables once a minute or so.
PATIENCE = 90


@pytest.fixture(scope="module")
def vbit2() -> str:
    path = shutil.which("vbit2")
    if not path:
        pytest.skip("VBIT2 is not on this machine: build github.com/peterkvt80/vbit2 with make and put it on the PATH")
    return path


def few() -> list[Page]:
    """Pages of one to three screens, each of which stands a second."""
    found = [
        made(110, "菜价粮价", price_table(9), price_table(2)),
        made(130, "应急", pages.paragraph("发现冒烟 [12119]"), priority="emergency"),
        made(837, "万宝沟村", *[pages.paragraph(f"第{screen}屏 page{screen}") for screen in range(1, 4)]),
    ]
    return [quick(page) for page in found]


def quick(page: Page) -> Page:
    return replace(page, subpages=tuple(replace(subpage, seconds=1) for subpage in page.subpages))


def packets(stream: bytes, tables: set[int]) -> dict[Key, bytes]:
    """Packets by what they are of. Of tables only the subcode's lowest digit numbers the subpage (clause 9.3.1)."""
    found: dict[Key, bytes] = {}
    open_: dict[int, tuple[int, int]] = {}
    for at in range(0, len(stream) - 41, 42):
        line = stream[at : at + 42]
        low, high = nibble(line[0]), nibble(line[1])
        magazine, number = low & 7 or 8, low >> 3 | high << 1
        if number == 0:
            digits = [nibble(byte) for byte in line[2:8]]
            page = magazine << 8 | digits[1] << 4 | digits[0]
            subpage = digits[2] if page in tables else digits[2] | (digits[3] & 7) << 4
            open_[magazine] = page, subpage
        elif number < 29 and magazine in open_:
            found[*open_[magazine], number, nibble(line[2]) if number > 25 else 0] = line
    return found


def sent(vbit2: str, folder: Path, wanted: set[Key], tables: set[int]) -> bytes:
    """What VBIT2 makes of a folder, until everything that is wanted has been there."""
    (folder / "vbit.conf").write_text("header_template=%%# XIANGYIN\nlines_per_field=16\n")
    out = folder / "out.t42"
    with out.open("wb") as file, subprocess.Popen([vbit2, "--dir", str(folder)], stdout=file) as running:
        try:
            deadline = time.monotonic() + PATIENCE
            while not wanted <= packets(out.read_bytes(), tables).keys():
                assert time.monotonic() < deadline, wanted - packets(out.read_bytes(), tables).keys()
                time.sleep(1)
        finally:
            running.terminate()
    return out.read_bytes()


def tables_of(sheets: list[Sheet]) -> set[int]:
    return {sheet.number for sheet in sheets if sheet.function is not Function.DISPLAY}


@pytest.fixture(scope="module")
def chain(vbit2: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[Key, bytes], bytes, set[int]]:
    """Our packets, what VBIT2 sends of the same pages' TTI files, and which of the pages are tables."""
    sheets = service.sheets(few())
    tables = tables_of(sheets)
    ours = packets(b"".join(t42.stream(sheets)), tables)
    folder: Path = tmp_path_factory.mktemp("vbit2")
    for name, content in tti.files(sheets).items():
        (folder / name).write_bytes(content)
    return ours, sent(vbit2, folder, set(ours), tables), tables


def test_it_sends_bit_by_bit_what_we_send(chain) -> None:
    ours, stream, tables = chain
    theirs = packets(stream, tables)
    for key, line in ours.items():
        if key[2:] == (27, 0):  # its last two bytes are a sum that VBIT2 makes of its own header
            assert theirs[key][:40] == line[:40], key
        else:
            assert theirs[key] == line, key
    others = {key for key in theirs.keys() - ours.keys() if theirs[key][2:] != bytes([0x20]) * 40}
    assert others == set(), "only blank rows are added"


def test_libzvbi_draws_its_stream(chain, tmp_path: Path) -> None:
    _, stream, _ = chain
    file = tmp_path / "vbit2.ts"
    lines = [stream[at : at + 42] for at in range(0, len(stream) - 41, 42)]
    file.write_bytes(b"".join(dvb.transport([*lines, *lines])))
    assert "page3" in libzvbi.letters(file, "837")
    seconds = sum(1 for _ in dvb.fields([*lines, *lines])) / 50
    libzvbi.assert_drawn(file, "130", 3, "发现冒烟", tmp_path / "page.png", after=min(seconds - 1, 60))


def test_it_takes_the_export_and_sends_its_links_to_tables(vbit2: str, tmp_path: Path) -> None:
    magazine = Magazine({page.number: page for page in [made(100, "首页", [pages.entry("110", "菜价")]), *few()]})
    export(magazine, tmp_path / "export")
    folder = tmp_path / "export" / "tti"
    sheets = [sheet for file in sorted(folder.glob("*.tti")) for sheet in tti.read(file.read_bytes())]
    tables = tables_of(sheets)
    ours = packets(b"".join(t42.stream(sheets)), tables)
    assert {key[0] for key in ours if key[2:] == (27, 4)} == {0x100, 0x110, 0x130, 0x837}
    theirs = packets(sent(vbit2, folder, set(ours), tables), tables)
    assert [key for key, line in ours.items() if theirs[key] != line and key[2:] != (27, 0)] == []
