"""The whole carousel as files: HTML, JSON, PNG and teletext (TTI) of every page, the portal, and their checksums.

A folder keeps a manifest of what stands in it. Only pages that differ from it are made again, and nothing at all where
neither the data nor the program has changed. It may be broken off at any moment: the next run goes on from there.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from channels.base import Magazine
from channels.tv import html, pages, png, portal
from channels.tv.pages import LayoutError, Page
from channels.tv.png import Size
from channels.tv.teletext import service, tti
from channels.tv.teletext.packets import Sheet

log = logging.getLogger(__name__)

MANIFEST, CHECKSUMS = "manifest.json", "SHA256SUMS"

#: So many pages are handed to a process at once.
_CHUNK = 8

#: After so many pages that were made it is written down how far the work has come.
_CHECKPOINT = 100

#: A file's checksum and size by its path within the folder.
Files = dict[str, tuple[str, int]]


@dataclass(slots=True)
class Manifest:
    """What stands in a folder: of which state, and by page number the page's digest and its files."""

    state: str = ""
    pages: dict[int, tuple[str, Files]] = field(default_factory=dict)
    others: Files = field(default_factory=dict)

    @property
    def files(self) -> Files:
        """All files."""
        found = dict(self.others)
        for _, files in self.pages.values():
            found.update(files)
        return found


@dataclass(frozen=True, slots=True)
class Result:
    """How many pages there are, how many of them were made, and how many files stand in the folder."""

    pages: int
    made: int
    files: int


def export(
    magazine: Magazine,
    folder: Path,
    size: Size = png.HD,
    jobs: int = 1,
    in_child: Callable[[], None] = lambda: None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Result:
    """Bring a folder up to date. `in_child` is called in each process that is forked; `progress` gets pages done, of all.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = read_manifest(folder)
    state = _state(magazine, size)
    numbers = list(magazine.numbers())
    now = Manifest(state)
    if before.state == state and _whole(folder, before):
        now = before
        _write_scripts(magazine, folder, now)
        _write_manifest(folder, now)
        return Result(len(numbers), 0, len(now.files))
    renderer = _renderer(size)
    kept = before.pages if before.state.partition(" ")[0] == renderer else {}
    unfinished = f"{renderer} unfinished"
    (folder / "pages").mkdir(exist_ok=True)
    (folder / "tti").mkdir(exist_ok=True)
    made = 0
    try:
        for number, digest, files in _work(magazine, folder, size, numbers, kept, jobs, in_child):
            made += files is not None
            now.pages[number] = (digest, files if files is not None else kept[number][1])
            progress(len(now.pages), len(numbers))
            if made % _CHECKPOINT == _CHECKPOINT - 1:  # even kill -9 loses no more than so many pages
                _write_manifest(folder, Manifest(unfinished, {**kept, **now.pages}, before.others))
    except BaseException:  # what is done is done: the next run finds it
        _write_manifest(folder, Manifest(unfinished, {**kept, **now.pages}, before.others))
        raise
    _write_portal(magazine, folder, now)
    _write_scripts(magazine, folder, now)
    for path in before.files.keys() - now.files.keys():
        (folder / path).unlink(missing_ok=True)
    _write_manifest(folder, now)
    return Result(len(numbers), made, len(now.files))


def read_manifest(folder: Path) -> Manifest:
    """What a folder says of itself; an empty manifest where it says nothing that can be read."""
    try:
        stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        found = {int(number): (digest, _files(files)) for number, (digest, files) in stored["pages"].items()}
        return Manifest(stored["state"], found, _files(stored["others"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Manifest()


def _files(stored: dict[str, Any]) -> Files:
    return {path: (str(checksum), int(length)) for path, (checksum, length) in stored.items()}


def _whole(folder: Path, manifest: Manifest) -> bool:
    """Whether all files stand there with their sizes."""
    for path, (_, length) in manifest.files.items():
        try:
            if (folder / path).stat().st_size != length:
                return False
        except OSError:
            return False
    return True


def _state(magazine: Magazine, size: Size) -> str:
    return f"{_renderer(size)} {magazine.version()}"


def _renderer(size: Size) -> str:
    """Changes with the program that draws the pages."""
    digest = blake2b(size.name.encode(), digest_size=16)
    here = Path(__file__).parent
    drawing = (here / name for name in ("export.py", "html.py", "pages.py", "png.py"))
    for path in (*drawing, *sorted((here / "portal").glob("*.*")), *sorted((here / "teletext").glob("*.py"))):
        digest.update(path.read_bytes())
    digest.update(str(png.FONT.stat().st_size).encode())
    return digest.hexdigest()


# --- pages -------------------------------------------------------------------------------------------------------------

Made = tuple[int, str, Files | None]  # number, digest, files where they were made anew

_task: tuple[Magazine, Path, Size, dict[int, tuple[str, Files]]]


def _work(
    magazine: Magazine,
    folder: Path,
    size: Size,
    numbers: Sequence[int],
    kept: dict[int, tuple[str, Files]],
    jobs: int,
    in_child: Callable[[], None],
) -> Iterator[Made]:
    """Make the pages in several processes, which share what is loaded by being forked."""
    global _task  # noqa: PLW0603  (what forked processes inherit has to stand where they find it)
    _task = (magazine, folder, size, kept)
    chunks = [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
    if jobs < 2 or "fork" not in multiprocessing.get_all_start_methods():
        for chunk in chunks:
            yield from _make(chunk)
        return
    with multiprocessing.get_context("fork").Pool(jobs, _begin, (in_child,)) as pool:
        for done in pool.imap_unordered(_make, chunks):
            yield from done


def _begin(in_child: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    in_child()


def _make(numbers: Sequence[int]) -> list[Made]:
    magazine, folder, size, kept = _task
    done: list[Made] = []
    for page in magazine.pages(numbers):
        digest, files = page.digest, kept.get(page.number)
        if files and files[0] == digest and _whole(folder, Manifest("", {page.number: files})):
            done.append((page.number, digest, None))
        else:
            done.append((page.number, digest, _write_page(folder, page, size)))
    return done


def _write_page(folder: Path, page: Page, size: Size) -> Files:
    shaped = json.dumps(pages.as_json(page), ensure_ascii=False, separators=(",", ":"))
    contents = {
        f"pages/{page.number}.html": html.document(page, "../").encode(),
        f"pages/{page.number}.json": shaped.encode(),
    }
    for first in html.parts(page)[1:]:
        contents[f"pages/{page.number}/{first}.html"] = html.document(page, "../../", first).encode()
    (folder / "pages" / str(page.number)).mkdir(exist_ok=True)
    for number in range(1, len(page.subpages) + 1):
        contents[f"pages/{page.number}/{number}.png"] = png.render(page, number, size)
    try:
        contents.update(_teletext(service.apart(page)))
    except LayoutError as error:  # the page stands in every other form
        log.warning("page %d has no teletext: %s", page.number, error)
    return _write(folder, contents.items())


def _teletext(sheets: Iterable[Sheet]) -> dict[str, bytes]:
    return {f"tti/{name}": content for name, content in tti.files(sheets).items()}


# --- the rest ----------------------------------------------------------------------------------------------------------


def _write_portal(magazine: Magazine, folder: Path, manifest: Manifest) -> None:
    (folder / "portal").mkdir(exist_ok=True)
    manifest.others.update(_write(folder, ((f"portal/{name}", content) for name, content in portal.files().items())))
    for number in sorted({page // 100 for page in magazine.numbers()}):
        manifest.others.update(_write(folder, _teletext(service.whole(number)).items()))
    index = html.document(magazine.page(100), "").encode()
    manifest.others.update(_write(folder, [("index.html", index)]))


def _write_scripts(magazine: Magazine, folder: Path, manifest: Manifest) -> None:
    contents = [(f"{name}.js", portal.script(name, magazine).encode()) for name in ("pages", "places", "flash")]
    manifest.others.update(_write(folder, contents))


def _write(folder: Path, contents: Iterable[tuple[str, bytes]]) -> Files:
    written: Files = {}
    for path, content in contents:
        beside = folder / f"{path}.part"
        beside.write_bytes(content)
        os.replace(beside, folder / path)  # a box never loads half a file
        written[path] = (sha256(content).hexdigest(), len(content))
    return written


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    files = manifest.files
    sums = "".join(f"{files[path][0]}  {path}\n" for path in sorted(files))
    shaped = {"state": manifest.state, "pages": manifest.pages, "others": manifest.others}
    for name, said in ((CHECKSUMS, sums), (MANIFEST, json.dumps(shaped))):
        beside = folder / f"{name}.part"
        beside.write_text(said, encoding="utf-8")
        os.replace(beside, folder / name)
