"""Teletext: every protection bit by a second reading of the standard, files read again, and pictures by ffmpeg's decoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import create_app
from channels.tv import pages
from channels.tv.export import export
from channels.tv.pages import CYAN, Run
from channels.tv.teletext import drcs, dvb, service, t42, tti
from channels.tv.teletext.packets import Function, Sheet
from config import Settings
from tests.channels.tv import libzvbi
from tests.channels.tv.conftest import made, price_table

LONG = "春眠不觉晓处闻啼鸟夜来风雨声花落知多少床前明光疑是霜举头望低思故乡白依山尽黄河入海流欲穷千里目更层楼"


@pytest.fixture(scope="module")
def found() -> list:
    rows = [
        *pages.heading("森林火险橙色预警"),
        *pages.paragraph("发现冒烟立即打12119。"),
        *price_table(3),
        (Run("快讯", CYAN),),
    ]
    return [
        made(110, "菜价粮价", rows, price_table(9)),
        made(130, "应急", pages.paragraph("发现冒烟 [12119]"), priority="emergency"),
        made(837, "万宝沟村", *[pages.paragraph(f"第{screen}屏 page{screen}") for screen in range(1, 4)]),
    ]


@pytest.fixture(scope="module")
def sheets(found) -> list[Sheet]:
    return service.sheets(found)


# --- a decoder of its own: bit by bit, by the tables of EN 300 706, sharing nothing with the encoder ---------------------


def nibble(byte: int) -> int:
    """Hamming 8/4 by its four parity tests; bits from the lowest are b1 to b8."""
    b1, b2, b3, b4, b5, b6, b7, b8 = (byte >> at & 1 for at in range(8))
    assert b8 ^ b6 ^ b2 ^ b1 == 1
    assert b8 ^ b4 ^ b3 ^ b2 == 1
    assert b6 ^ b5 ^ b4 ^ b2 == 1
    assert b1 ^ b2 ^ b3 ^ b4 ^ b5 ^ b6 ^ b7 ^ b8 == 1
    return b2 | b4 << 1 | b6 << 2 | b8 << 3


def triplet(three: bytes) -> int:
    """Hamming 24/18: the place numbers of all ones add up (without carry) to 31, and their count is odd."""
    ones = [at * 8 + bit + 1 for at, byte in enumerate(three) for bit in range(8) if byte >> bit & 1]
    syndrome = 0
    for place in ones:
        syndrome ^= place if place != 24 else 0
    assert syndrome == 31
    assert len(ones) % 2 == 1
    data = [place for place in range(1, 24) if place not in (1, 2, 4, 8, 16)]
    return sum((place in ones) << at for at, place in enumerate(data))


def letters(data: bytes) -> bytes:
    assert all(bin(byte).count("1") % 2 for byte in data)
    return bytes(byte & 0x7F for byte in data)


def decoded(stream: bytes) -> Iterator[tuple[int, int, object]]:
    """Packets as magazine, number and values; raises AssertionError at the first wrong bit."""
    assert len(stream) % 42 == 0
    function: dict[int, str] = {}
    for at in range(0, len(stream), 42):
        line = stream[at : at + 42]
        low, high = nibble(line[0]), nibble(line[1])
        magazine, number = low & 7 or 8, low >> 3 | high << 1
        if number == 0:
            head = [nibble(byte) for byte in line[2:10]]
            page = f"{head[1]:X}{head[0]:X}"
            function[magazine] = "mot" if page == "FE" else "other"
            letters(line[10:])
            yield magazine, 0, (page, head[2] | (head[3] & 7) << 4)
        elif number < 26 and function[magazine] == "mot":
            yield magazine, number, [nibble(byte) for byte in line[2:]]
        elif number < 26:
            yield magazine, number, letters(line[2:])
        elif number == 27 and nibble(line[2]) < 4:
            yield magazine, number, [nibble(byte) for byte in line[2:40]]
        else:
            yield magazine, number, (nibble(line[2]), [triplet(line[place : place + 3]) for place in range(3, 42, 3)])


def test_every_bit_that_protects_is_right_and_every_page_is_in_the_stream(sheets) -> None:
    packets = list(decoded(b"".join(t42.stream(sheets))))
    heads = [(magazine, *said) for magazine, number, said in packets if number == 0 and said[0] != "FF"]
    assert heads == [(sheet.magazine, f"{sheet.number & 0xFF:02X}", sheet.subcode) for sheet in sheets]
    assert {number for _, number, _ in packets} >= {0, 1, 21, 26, 27, 28}


def test_a_bit_that_is_wrong_is_found(sheets) -> None:
    stream = bytearray(b"".join(t42.stream(sheets)))
    stream[42 * 20 + 7] ^= 4
    with pytest.raises(AssertionError):
        list(decoded(bytes(stream)))


# --- what stands on the pages -------------------------------------------------------------------------------------------


def shown(sheets: list[Sheet], wanted: Sheet) -> dict[int, str]:
    """Rows of a page as text: Latin letters and, by the tables that its X/27/4 or the MOT names, the hanzi over them."""
    mot = next(sheet for sheet in sheets if sheet.magazine == wanted.magazine and sheet.function is Function.MOT)
    drawn = {drcs.pattern(character): character for character in sorted({*drcs.COMMON, *LONG, *ALL})}
    low = wanted.number & 0xFF
    row = next(packet.data for packet in mot.packets if packet.number == (low >> 5) + 1)
    link = row[2 * ((low >> 4 & 1) * 10 + (low & 15)) + 1]
    links = next(packet.data for packet in mot.packets if packet.number == 21)

    own = next((packet.data for packet in wanted.packets if packet.number == 27 and packet.data[0] == 4), None)

    def named(normal: int) -> int:
        if own:  # clause 9.6.3: link 2 is the global table, 3 the normal one; the magazine is told relative to its own
            what, units, tens = own[1 + 6 * (2 + normal) :][:3]
            assert what == 0x0C | 2 + normal
            assert own[4 + 6 * (2 + normal) :][:3] == b"\x3c\x3f\x3f", "all of its subpages"
            magazine = (wanted.magazine ^ (units >> 5 | (tens & 3) << 1)) & 7 or 8
            return magazine << 8 | tens >> 2 << 4 | units & 15
        at = 4 * (link & 7 if normal else 0)
        return (links[at] or 8) << 8 | links[at + 1] << 4 | links[at + 2]

    def pattern(normal: int, subpage: int, index: int) -> str:
        number = named(normal)
        table = next(sheet for sheet in sheets if (sheet.number, sheet.subcode) == (number, subpage))
        packet = next(packet.data for packet in table.packets if packet.number == index // 2 + 1)
        return drawn[packet[index % 2 * 20 :][:20]]

    rows = {packet.number: list(packet.data.decode("ascii")) for packet in wanted.packets if packet.number < 26}
    at, subpage = 0, {0: 0, 1: 0}
    for packet in wanted.packets:
        if packet.number != 26:
            continue
        values = packet.data[1:]
        for place in range(0, 39, 3):
            value = values[place] | values[place + 1] << 6 | values[place + 2] << 12
            address, mode, data = value & 63, value >> 6 & 31, value >> 11
            if address >= 40 and mode == 4:
                at = (address - 40) or 24
            elif address >= 40 and mode == 0x18:
                subpage[data >> 6] = data & 15
            elif address < 40 and mode == 0x0D:
                rows[at][address] = pattern(data >> 6, subpage[data >> 6], data & 63)
            elif address < 40 and mode == 0x09:
                assert rows[at][address] == chr(data)
    return {number: "".join(row).replace(" ", "") for number, row in rows.items()}


ALL = "森林火险橙色预警发现冒烟立即打玉米斤涨快讯菜价粮应急第屏万宝沟村首页上下电话元，。[]迁安市长"


def test_the_pages_say_what_the_magazine_says(sheets) -> None:
    first = next(sheet for sheet in sheets if sheet.number == 0x110)
    rows = shown(sheets, first)
    assert rows[1] == "110菜价粮价"
    assert rows[3] == "森林火险橙色预警"
    assert rows[5] == "发现冒烟立即打12119。"
    assert rows[7] == "玉米1.17元/斤涨0.02"
    assert rows[24] == "首页上页下页电话"
    last = next(sheet for sheet in sheets if (sheet.number, sheet.subcode) == (0x837, 3))
    assert shown(sheets, last)[3] == "第3屏page3"
    urgent = next(sheet for sheet in sheets if sheet.number == 0x130)
    assert shown(sheets, urgent)[3] == "发现冒烟[12119]"  # brackets are none of the English letters


def test_a_screen_with_more_hanzi_than_a_page_holds_goes_on_to_the_next() -> None:
    page = made(300, "长", pages.paragraph(LONG))
    sheets = service.sheets([page])
    parts = [sheet for sheet in sheets if sheet.function is Function.DISPLAY]
    assert [part.subcode for part in parts] == [1, 2]
    said = [row for part in parts for number, row in sorted(shown(sheets, part).items()) if number not in (1, 24)]
    assert "".join(said) == LONG
    for sheet in sheets:
        assert sum(packet.number == 26 for packet in sheet.packets) <= 16
        if sheet.function is Function.DRCS:
            assert len(sheet.packets) <= 1 + drcs.SIZE // 2


def test_the_mot_and_the_tables_come_before_the_pages(sheets) -> None:
    for magazine in (1, 8):
        kinds = [sheet.function for sheet in sheets if sheet.magazine == magazine]
        assert kinds[:2] == [Function.MOT, Function.GLOBAL_DRCS]
        assert kinds == sorted(kinds, key=(Function.MOT, Function.GLOBAL_DRCS, Function.DRCS, Function.DISPLAY).index)


def test_the_common_table_is_full_and_each_hanzi_has_its_own_pattern() -> None:
    assert len(set(drcs.COMMON)) == len(drcs.COMMON) <= drcs.SIZE
    assert len({drcs.pattern(character) for character in ALL}) == len(set(ALL))


# --- files ---------------------------------------------------------------------------------------------------------------


def test_tti_files_read_again_are_the_same_pages(sheets) -> None:
    files = tti.files(sheets)
    assert {"P1FE.tti", "P1A0.tti", "P110.tti", "P837.tti"} <= files.keys()
    again = [sheet for content in files.values() for sheet in tti.read(content)]
    kept = {(sheet.number, sheet.subcode, sheet.function, sheet.seconds, sheet.packets) for sheet in sheets}
    assert {(sheet.number, sheet.subcode, sheet.function, sheet.seconds, sheet.packets) for sheet in again} == kept
    for content in files.values():
        assert all(0x20 <= byte < 0x80 for line in content.split(b"\r\n") for byte in line)


def test_a_tti_file_that_is_broken_is_told_by_line() -> None:
    with pytest.raises(tti.TtiError, match=r"^line 2: "):
        tti.read(b"PN,11001\r\nOL,1,short\r\n")


def test_pages_made_apart_never_take_each_others_tables() -> None:
    numbers = {sheet.number for page in range(100) for sheet in service.apart(made(300 + page, "村", price_table(1)))}
    assert len(numbers) == 200


def test_the_export_has_a_teletext_page_beside_every_other(magazine, tmp_path) -> None:
    export(magazine, tmp_path)
    names = {path.name for path in (tmp_path / "tti").iterdir()}
    assert {"P100.tti", "P110.tti", "P837.tti", "P1FE.tti", "P1A0.tti", "P8FE.tti", "P8A0.tti"} <= names
    assert [sheet.subcode for sheet in tti.read((tmp_path / "tti" / "P837.tti").read_bytes())] == [1, 2, 3, 4, 5, 6]


def test_the_pages_of_the_export_name_their_own_tables(magazine, found, tmp_path) -> None:
    magazine.held.update({page.number: page for page in found})
    export(magazine, tmp_path)
    files = sorted((tmp_path / "tti").iterdir())
    sheets = [sheet for file in files for sheet in tti.read(file.read_bytes())]
    linked = [sheet for sheet in sheets if any(p.number == 27 and p.data[0] == 4 for p in sheet.packets)]
    assert linked == [sheet for sheet in sheets if sheet.function is Function.DISPLAY]
    first = next(sheet for sheet in linked if sheet.number == 0x110)
    assert shown(sheets, first)[3] == "森林火险橙色预警"
    assert shown(sheets, first)[7] == "玉米1.17元/斤涨0.02"
    last = next(sheet for sheet in linked if (sheet.number, sheet.subcode) == (0x837, 3))
    assert shown(sheets, last)[3] == "第3屏page3"


def test_a_page_with_too_many_hanzi_is_told_and_does_not_stop_the_export(magazine, tmp_path, caplog) -> None:
    every = "".join(chr(0x4E00 + at) for at in range(17 * 48))
    magazine.held[300] = made(300, "长", *[pages.paragraph(every[at : at + 48]) for at in range(0, len(every), 48)])
    export(magazine, tmp_path)
    assert "page 300 has no teletext" in caplog.text
    assert (tmp_path / "pages" / "300.html").exists()
    assert not (tmp_path / "tti" / "P300.tti").exists()


# --- by ffmpeg's libzvbi -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def channel(sheets, tmp_path_factory) -> Path:
    path: Path = tmp_path_factory.mktemp("teletext") / "channel.ts"
    path.write_bytes(b"".join(dvb.transport([*t42.stream(sheets)] * 3)))
    return path


def test_ffmpeg_reads_the_letters_again(channel) -> None:
    said = libzvbi.letters(channel, "110")
    assert "12119" in said
    assert "1.17" in said
    assert "0.02" in said
    assert "page3" in libzvbi.letters(channel, "837")


def test_ffmpeg_draws_the_hanzi_point_by_point(channel, tmp_path) -> None:
    """On 130, which libzvbi reads from two places of the MOT."""
    libzvbi.assert_drawn(channel, "130", 3, "发现冒烟", tmp_path / "page.png")


def test_a_decoder_has_a_field_to_clear_the_page_before_its_rows_come(sheets) -> None:
    for data in dvb.fields(t42.stream(sheets)):
        units = [data[at + 4 : at + 46] for at in range(1, len(data), 46) if data[at] == 0x02]
        lines = [bytes(int(f"{byte:08b}"[::-1], 2) for byte in unit) for unit in units]
        heads = [at for at, line in enumerate(lines) if nibble(line[0]) >> 3 == 0 and nibble(line[1]) == 0]
        assert heads in ([], [len(lines) - 1])


# --- the command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(magazine, tmp_path):
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'teletext.db'}"))
    running = app.extensions["xiangyin"]
    vars(running).update(magazine=magazine)
    yield lambda *words: app.test_cli_runner().invoke(args=["tv", "teletext", *words])
    running.engine.dispose()


def test_the_command_writes_a_stream_a_channel_or_a_folder(command, tmp_path) -> None:
    for name in ("county.t42", "county.ts", "county"):
        done = command("迁安市", "-o", str(tmp_path / name))
        assert done.exit_code == 0, done.output
    heads = [said for _, number, said in decoded((tmp_path / "county.t42").read_bytes()) if number == 0]
    assert ("FE", 0) in heads
    assert ("10", 3) in heads
    assert len((tmp_path / "county.ts").read_bytes()) % 188 == 0
    assert {"P1FE.tti", "P110.tti"} <= {path.name for path in (tmp_path / "county").iterdir()}


def test_the_command_says_what_to_do_where_it_cannot(command, magazine, tmp_path) -> None:
    assert "no such place" in command("没有的村", "-o", str(tmp_path / "a.t42")).output
    assert "choose a place that can be written" in command("迁安市", "-o", str(tmp_path / "no" / "a.t42")).output
    magazine.held.clear()
    assert "there is no page to show" in command("迁安市", "-o", str(tmp_path / "a.t42")).output
