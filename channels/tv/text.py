"""A page as text: plain for screen readers, with colours for a terminal."""

from __future__ import annotations

from channels.tv import pages
from channels.tv.pages import Page, Row


def plain(page: Page, number: int | None = None) -> str:
    """A subpage (from 1), or all of them, as plain lines without the colour keys."""
    numbers = range(1, len(page.subpages) + 1) if number is None else [number]
    lines: list[str] = []
    for current in numbers:
        lines.append(pages.text_of(pages.header(page, current)).rstrip())
        lines += [line for row in page.subpages[current - 1].rows if (line := pages.text_of(row).rstrip())]
        lines.append("")
    return "\n".join(lines)


def ansi(page: Page, number: int | None = None) -> str:
    """The same screens in the colours of the television, for a terminal of 24-bit colour. Double size is bold."""
    numbers = range(1, len(page.subpages) + 1) if number is None else [number]
    lines: list[str] = []
    for current in numbers:
        lines += [_coloured(row) for row in pages.screen(page, current)]
        lines.append("")
    return "\n".join(lines)


def _coloured(row: Row) -> str:
    line, used = "", 0
    for run in row:
        bold = "\x1b[1m" if run.size == 2 else ""
        line += f"\x1b[38;2;{_rgb(run.fg)}m\x1b[48;2;{_rgb(run.bg)}m{bold}{run.text}\x1b[0m"
        used += pages.cells(run.text)
    return f"{line}\x1b[48;2;{_rgb(pages.NAVY)}m{' ' * (pages.WIDTH - used)}\x1b[0m"


def _rgb(colour: str) -> str:
    return ";".join(str(int(colour[index : index + 2], 16)) for index in (1, 3, 5))
