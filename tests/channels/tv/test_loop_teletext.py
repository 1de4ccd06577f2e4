"""Teletext within the information channel: one programme with picture and sound, read again from the loop's own file."""

from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import pytest

from channels.tv import pages
from channels.tv.loop import schedule
from channels.tv.loop.coding import KINDS
from channels.tv.teletext import carousel, dvb
from tests.channels.tv import libzvbi, transport
from tests.channels.tv.conftest import VILLAGE, made, price_table

COUNTY = "130283"


@pytest.fixture
def site(make, magazine):
    service, client = make()
    magazine.held[110] = made(110, "菜价粮价", [*pages.paragraph("发现冒烟立即打12119。"), *price_table(3)])
    magazine.held[130] = made(130, "应急", pages.paragraph("发现冒烟，打12119"), priority="emergency")
    service.magazine = magazine
    service.speech = lambda text: None
    return service, client


@pytest.fixture
def file(site, tmp_path) -> Path:
    path: Path = tmp_path / "loop.ts"
    path.write_bytes(site[1].get(f"/tv/loop/{COUNTY}.ts?seconds=9").data)
    return path


def text_of(found: transport.Stream) -> int:
    """The PID of the teletext."""
    (pid,) = [pid for pid, told in found.parts.items() if {kind for kind, _ in told} == {0x06}]
    return pid


@pytest.mark.parametrize("kind", KINDS)
def test_teletext_is_a_part_of_the_programme_and_the_stream_stays_as_the_standard_asks(site, kind) -> None:
    data = site[1].get(f"/tv/loop/{COUNTY}.ts?seconds=12&kind={kind}").data
    found = transport.read(data)
    assert found.continuity == []
    assert found.longest_gap < 0.040
    assert found.rate() == pytest.approx([KINDS[kind].rate] * (len(found.pcrs) - 1), rel=1e-4)
    assert found.late(KINDS[kind].rate) == []
    assert len(found.programs) == 1
    pid = text_of(found)
    assert found.parts[pid] == {(0x06, b"\x56\x05zho\x09\x00")}, "Chinese, an initial page, 100"
    stamps = [stamp for _, stamp in found.stamps[pid]]
    assert {after - before for before, after in pairwise(stamps)} == {dvb.FIELD}
    assert len(stamps) == 12 * 50
    assert found.packets[pid] == 4 * len(stamps) + 1, "the first one also says that the counters begin"
    for at, _ in found.stamps[pid][1:]:  # EN 300 472: a header of 45 bytes, whole packets, aligned; identifier 0x10
        pes = data[at + 4 : at + transport.SIZE]
        assert pes[:9] == b"\0\0\1\xbd\x02\xda\x84\x80\x24"
        assert pes[45:48] in (b"\x10\x02\x2c", b"\x10\xff\x2c")


def test_the_file_of_the_loop_is_decoded_again(file, tmp_path) -> None:
    said = libzvbi.letters(file, "110")
    assert "12119" in said
    assert "1.17" in said
    libzvbi.assert_drawn(file, "130", 3, "发现冒烟", tmp_path / "page.png", after=6.5)


def test_the_pages_that_the_coloured_keys_lead_to_are_there(magazine) -> None:
    for place in (COUNTY, VILLAGE):
        numbers = [page.number for page in schedule.pages_of(magazine, place)]
        assert numbers == sorted({100, 102, 110, 192, 199, *([837] if place == VILLAGE else [])})


def test_a_round_begins_with_what_the_pages_are_then(magazine) -> None:
    first = carousel.fields(magazine, COUNTY)
    length = len(list(dvb.fields(carousel.packets(magazine, COUNTY))))
    one, two = list(islice(first, length)), list(islice(first, length))
    assert one == two
    magazine.held[110] = made(110, "新价", pages.paragraph("9.99"))
    magazine.edition = "2"
    assert list(islice(first, length)) != one


def test_a_loop_whose_pages_do_not_fit_teletext_goes_on_without_and_says_so(site, caplog) -> None:
    service, client = site
    service.magazine.held[150] = made(150, "长", *[pages.paragraph(str(screen)) for screen in range(80)])
    found = transport.read(client.get(f"/tv/loop/{COUNTY}.ts?seconds=2").data)
    assert found.continuity == []
    assert text_of(found) not in found.packets
    assert "the loop of 130283 has no teletext: page 150" in caplog.text


def test_a_segment_for_a_browser_has_none(site) -> None:
    found = transport.read(site[1].get(f"/tv/loop/{COUNTY}/0.ts?kind=sd").data)
    assert {kind for told in found.parts.values() for kind, _ in told} == {0x02, 0x03}
