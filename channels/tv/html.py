"""A page as HTML for set-top boxes: absolute places by classes, no flex, no grid, no inline script. And its CSS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from channels.tv import pages
from channels.tv.pages import BODY, COLOUR_KEYS, HEIGHT, NAVY, WHITE, WIDTH, Page, Row, Run
from channels.tv.png import BOLD, Size

#: The largest page that old boxes load without a pause, in bytes.
LIMIT = 30 * 1024

_COLOURS = (
    pages.WHITE, pages.YELLOW, pages.CYAN, pages.GREEN, pages.GREY, pages.BLACK, pages.NAVY, pages.STRIPE, pages.DEEP,
    pages.RED, pages.LEAF, pages.GOLD, pages.BLUE, pages.BAR,
)  # fmt: skip
_CLASS = {colour: chr(ord("a") + index) for index, colour in enumerate(_COLOURS)}


#: A page of more subpages is loaded in parts of so many, each a document of its own.
PART = 12


def parts(page: Page) -> list[int]:
    """The subpages with which a part begins: 1, 13, 25 …"""
    return list(range(1, len(page.subpages) + 1, PART))


def document(page: Page, root: str, opened: int = 1) -> str:
    """A page (the part of it with the subpage `opened`), its subpages one over the other and shown one at a time.

    `root` leads to the folder in which the portal's files stand.
    """
    subpages = []
    first = (opened - 1) // PART * PART + 1
    for number, subpage in enumerate(page.subpages[first - 1 : first - 1 + PART], first):
        set_ = (pages.header(page, number), *subpage.rows)
        rows = "".join(_row(index, row, root, index > 0 and _joined(set_, index)) for index, row in enumerate(set_))
        now = " now" if number == opened else ""  # without scripts it is still to be read
        said = "" if subpage.speech == pages.spoken(subpage.rows) else f' data-say="{escape(subpage.speech)}"'
        subpages.append(f'<div class="sub{now}" id="s{number}" data-seconds="{subpage.seconds}"{said}>{rows}</div>')
    keys = "".join(_key(index) for index in range(len(COLOUR_KEYS)))
    data = {
        "root": root,
        "number": page.number,
        "title": page.title,
        "place": page.place,
        "opened": opened,
        "first": first,
        "part": PART,
        "count": len(page.subpages),
        "previous": page.previous or "",
        "next": page.next or "",
        "until": page.valid_until.isoformat() if page.valid_until else "",
    }
    attributes = " ".join(f'data-{name}="{escape(str(value))}"' for name, value in data.items())
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f"<title>{page.number} {escape(page.title)}</title>"
        f'<link rel="stylesheet" href="{root}portal/portal-720.css">'
        f'<link rel="stylesheet" href="{root}portal/portal-1080.css" media="screen and (min-width:1900px)">'
        f'</head>\n<body {attributes}><div id="screen">{"".join(subpages)}'
        f'<div class="r r{HEIGHT - 1}">{keys}</div></div>'
        f'<script src="{root}pages.js"></script><script src="{root}portal/keys.js"></script>'
        f'<script src="{root}portal/portal.js"></script></body></html>\n'
    )


def _joined(rows: Sequence[Row], index: int) -> bool:
    """Whether a row is read aloud in one breath with the one before it."""
    above = rows[index - 1] or rows[max(index - 2, 0)]
    doubled = bool(above) and above[-1].size == 2
    return pages.continues(above if doubled else rows[index - 1], rows[index])


def _row(index: int, row: Row, root: str, joined: bool = False) -> str:
    if not row:
        return ""
    runs, column = [], 0
    for run in row:
        runs.append(_run(run, column, root))
        column += run.width
    return f'<div class="r r{index}{" j" if joined else ""}">{"".join(runs)}</div>'


def _run(run: Run, column: int, root: str) -> str:
    classes = [f"c{column}"]
    if run.link or run.bg != NAVY:
        classes.append(f"w{run.width}")
    if run.fg != WHITE:
        classes.append(f"f{_CLASS[run.fg]}")
    if run.bg != NAVY:
        classes.append(f"g{_CLASS[run.bg]}")
    if run.size == 2:
        classes.append("d")
    inner = "".join(_segment(text, at * run.size) for text, at in _segments(run.text))
    if not inner and run.bg == NAVY:
        return ""
    if not run.link:
        return f"<b class={_quoted(classes)}>{inner}</b>"
    number, _, sub = run.link.partition("/")
    return f'<a class={_quoted(classes)} href="{root}pages/{number}.html{f"#{sub}" if sub else ""}">{inner}</a>'


def _segments(text: str) -> Iterator[tuple[str, int]]:
    """Stretches of hanzi and of Latin with the half cell where each begins; blanks are left out."""
    column = 0
    for kind, characters in groupby(text, lambda c: 0 if c == " " else pages.cell(c)):
        part = "".join(characters)
        if kind:
            yield part, column
        column += pages.cells(part)


def _segment(text: str, column: int) -> str:
    tag = "u" if pages.cell(text[0]) == 1 else "i"
    return f"<{tag} class=c{column}>{escape(text)}</{tag}>"


def _quoted(classes: list[str]) -> str:
    return classes[0] if len(classes) == 1 else f'"{" ".join(classes)}"'


def _key(index: int) -> str:
    key = COLOUR_KEYS[index]
    inner = _segment(key.label, (10 - pages.cells(key.label)) // 2)
    return f'<a class="c{index * 10} w10 f{_CLASS[key.fg]} g{_CLASS[key.bg]}" data-key="{key.name}">{inner}</a>'


def stylesheet(size: Size) -> str:
    """The CSS of one size of screen, in pixels."""
    narrow = size.half - size.type * 0.555  # a digit takes .555 of the type's size
    rules = [
        "@font-face{font-family:tv;src:local('Noto Sans CJK SC'),local('Noto Sans SC'),"
        "local('Source Han Sans SC'),url(font.otf)}",
        f"html,body{{margin:0;padding:0;background:{NAVY};overflow:hidden}}",
        f"#screen{{position:absolute;left:0;top:0;width:{size.width}px;height:{size.height}px;overflow:hidden;"
        f"background:{NAVY};-webkit-text-stroke:{size.type * BOLD:.1f}px;font:{size.type}px/{size.row}px tv,'Microsoft YaHei',sans-serif}}",
        ".sub{display:none}.now{display:block}",
        f".r{{position:absolute;left:{size.left}px;width:{WIDTH * size.half}px;height:{size.row}px}}",
        f".r a,.r b{{position:absolute;top:0;height:{size.row}px;color:{WHITE};text-decoration:none;"
        "font-weight:normal;white-space:pre}",
        f".r i,.r u{{position:absolute;top:0;font-style:normal;text-decoration:none;letter-spacing:{size.half * 2 - size.type}px;"
        f"padding-left:{size.half - size.type // 2}px;white-space:pre}}",
        f".r u{{letter-spacing:{narrow:.1f}px;padding-left:{narrow / 2:.1f}px}}",
        f".r .d{{height:{size.row * 2}px;z-index:1}}",
        f".r .d i,.r .d u{{font-size:{size.type * 2}px;line-height:{size.row * 2}px;"
        f"letter-spacing:{2 * (size.half * 2 - size.type)}px;padding-left:{2 * size.half - size.type}px}}",
        f".r .d u{{letter-spacing:{2 * narrow:.1f}px;padding-left:{narrow:.1f}px}}",
        # what the arrows stand on: black on gold, 15:1
        f".r a.on{{background:{pages.GOLD};color:{pages.BLACK}}}",
        f"#typed,#told{{position:absolute;display:none;z-index:3;background:{pages.GOLD};color:{pages.BLACK};"
        f"line-height:{size.row + 8}px;padding:0 {size.half}px}}",
        f"#typed{{right:{size.left}px;top:{size.top + size.row}px;font-size:{size.type * 2}px;"
        f"line-height:{size.row * 2}px}}",
        f"#told{{left:{size.left}px;top:{size.top + 5 * size.row}px;width:{(WIDTH - 2) * size.half}px}}",
        # as high as its words, over the last rows of the page and above the coloured keys
        f"#flash{{position:absolute;display:none;z-index:2;left:{size.left}px;"
        f"bottom:{size.height - size.top - (BODY + 1) * size.row}px;width:{WIDTH * size.half}px;"
        f"min-height:{size.row * 2}px;max-height:{size.row * 5}px;"
        f"overflow:hidden;background:{pages.RED};color:{pages.WHITE};outline:4px solid {pages.GOLD}}}",
        f"#clock{{position:absolute;z-index:1;right:{size.left}px;top:{size.top}px;color:{pages.WHITE}}}",
    ]
    rules += [f".r{index}{{top:{size.top + index * size.row}px}}" for index in range(HEIGHT)]
    rules += [f".c{column}{{left:{column * size.half}px}}" for column in range(WIDTH)]
    rules += [f".w{width}{{width:{width * size.half}px}}" for width in range(1, WIDTH + 1)]
    rules += [f".r .f{name}{{color:{colour}}}.r .g{name}{{background:{colour}}}" for colour, name in _CLASS.items()]
    return "\n".join(rules) + "\n"
