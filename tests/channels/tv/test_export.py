"""The carousel as files: whole, checked, made again only where something changed, and safe to break off."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from channels.tv import pages, png
from channels.tv.export import CHECKSUMS, MANIFEST, export
from tests.channels.tv.conftest import Flash, made, price_table


def stamps(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def checked(folder: Path) -> int:
    lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    for line in lines:
        checksum, path = line.split("  ")
        assert sha256((folder / path).read_bytes()).hexdigest() == checksum, path
    return len(lines)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_page_is_there_in_every_form(magazine, tmp_path, jobs: int) -> None:
    seen: list[tuple[int, int]] = []
    result = export(magazine, tmp_path, jobs=jobs, progress=lambda done, of: seen.append((done, of)))
    assert (result.pages, result.made) == (6, 6)
    assert seen[-1] == (6, 6)
    assert (tmp_path / "pages" / "837" / "6.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "pages" / "110.json").read_text(encoding="utf-8"))["number"] == 110
    assert "../portal/portal.js" in (tmp_path / "pages" / "110.html").read_text(encoding="utf-8")
    assert 'href="pages/110.html"' in (tmp_path / "index.html").read_text(encoding="utf-8")
    files = [path for path in stamps(tmp_path) if path not in (CHECKSUMS, MANIFEST)]
    assert checked(tmp_path) == len(files) == result.files
    assert not any(path.endswith(".part") for path in files)


def test_what_did_not_change_is_not_made_again(magazine, tmp_path) -> None:
    export(magazine, tmp_path)
    before = stamps(tmp_path)
    result = export(magazine, tmp_path)
    assert result.made == 0
    after = stamps(tmp_path)
    assert {path for path in after if after[path] != before.get(path)} == {
        *("flash.js", "pages.js", "places.js"),
        *(CHECKSUMS, MANIFEST),
    }


def test_only_what_changed_is_made_again_and_what_is_gone_goes(magazine, tmp_path) -> None:
    export(magazine, tmp_path)
    before = stamps(tmp_path)
    magazine.held[837] = made(837, "万宝沟村", pages.paragraph("新的"), place="130283116217")
    magazine.edition = "2"
    result = export(magazine, tmp_path)
    assert result.made == 1
    after = stamps(tmp_path)
    assert after["pages/110.html"] == before["pages/110.html"]
    assert after["pages/837.html"] != before["pages/837.html"]
    assert "pages/837/2.png" not in after
    checked(tmp_path)
    del magazine.held[837]
    magazine.edition = "3"
    export(magazine, tmp_path)
    assert not any(path.startswith("pages/837") for path in stamps(tmp_path))


def test_a_file_that_was_lost_is_made_again(magazine, tmp_path) -> None:
    export(magazine, tmp_path)
    (tmp_path / "pages" / "110" / "2.png").unlink()
    assert export(magazine, tmp_path).made == 1
    checked(tmp_path)


def test_a_manifest_that_cannot_be_read_means_all_again(magazine, tmp_path) -> None:
    export(magazine, tmp_path)
    (tmp_path / MANIFEST).write_text("{", encoding="utf-8")
    assert export(magazine, tmp_path).made == 6


def test_broken_off_it_goes_on_from_there(magazine, tmp_path) -> None:
    for number in range(300, 330):
        magazine.held[number] = made(number, "村", price_table(2), place=f"130283116{number}")

    def stop(done: int, of: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(magazine, tmp_path, progress=stop)
    result = export(magazine, tmp_path)
    assert result.pages == 36
    assert result.made == 36 - 20
    checked(tmp_path)


def test_the_newsflash_is_renewed_even_where_no_page_is(magazine, tmp_path) -> None:
    export(magazine, tmp_path)
    magazine.news = Flash("a1", "预警", 199)
    export(magazine, tmp_path)
    assert "预警" in (tmp_path / "flash.js").read_text(encoding="utf-8")
    checked(tmp_path)


def test_another_size_makes_the_pictures_anew(magazine, tmp_path) -> None:
    export(magazine, tmp_path)
    assert export(magazine, tmp_path, png.FULL_HD).made == 6
