"""The page model: what is measured, where lines break, what fits."""

from __future__ import annotations

import json
import random
from datetime import date

import pytest

from channels.tv import pages, text
from channels.tv.pages import COLOUR_KEYS, Column, LayoutError, Page, Run, Subpage
from tests.channels.tv.conftest import made, price_table


@pytest.mark.parametrize(
    ("said", "width", "lines"),
    [
        ("", 40, []),
        ("   ", 40, []),
        ("今天有集", 40, ["今天有集"]),
        ("今天有集", 4, ["今天", "有集"]),
        ("今天有集。", 8, ["今天有", "集。"]),  # a mark takes its character with it
        ("他说“走吧”好", 6, ["他说", "“走", "吧”好"]),
        ("请见（公告）", 8, ["请见（公", "告）"]),
        ("请见（公告）", 6, ["请见", "（公", "告）"]),
        ("一共花了1234.5元钱", 10, ["一共花了", "1234.5元钱"]),
        ("一共花了1234.5元", 12, ["一共花了", "1234.5元"]),
        ("打电话0315-0031432问", 14, ["打电话", "0315-0031432问"]),
        ("到2026年11月23日", 15, ["到", "2026年11月23日"]),
        ("零下9度到10%", 8, ["零下9度", "到10%"]),
        ("意向价20元/亩/年，面议", 19, ["意向价20元/亩/年，", "面议"]),
        ("单位是元/公斤的", 12, ["单位是", "元/公斤的"]),
        ("第一段\n第二段", 40, ["第一段", "第二段"]),
        ("1234567890123", 5, ["12345", "67890", "123"]),  # too long for any line
        ("a\x00b\u200bc\ud800d", 40, ["abcd"]),
        ("全角　空格", 40, ["全角 空格"]),
    ],
)
def test_lines_break_by_the_rules_of_chinese(said: str, width: int, lines: list[str]) -> None:
    assert pages.wrap(said, width) == lines


def test_no_text_breaks_the_rules_or_the_grid_or_loses_a_character() -> None:
    random.seed(7)
    letters = "今天玉米涨价了（），。：；“”《》、1234567890.-元斤%～abc km"
    for _ in range(1500):
        said = "".join(random.choice(letters) for _ in range(random.randint(1, 120)))
        width = random.randint(12, 40)
        lines = pages.wrap(said, width)
        assert all(pages.cells(line) <= width for line in lines), (said, width)
        assert "".join("".join(lines).split()) == "".join(said.split())


def test_numbers_are_not_parted_from_their_units() -> None:
    random.seed(11)
    for _ in range(500):
        number = f"{random.randint(0, 99999)}.{random.randint(0, 99):02}元"
        said = "今年修路一共花了这么多" * 2
        at = random.randint(0, len(said))
        lines = pages.wrap(said[:at] + number + said[at:], 24)
        assert any(number in line for line in lines)


def test_a_title_is_cut_and_a_figure_never() -> None:
    assert pages.fitted("五重安镇万宝沟村", 10) == "五重安镇…"
    rows = pages.table_row(("合计", "123456789.12元"), (Column(10), Column(10, "right")))
    assert "".join(row[1].text.strip() for row in rows) == "123456789.12元"


def test_tables_are_never_cut_inside_a_row() -> None:
    columns = (Column(10), Column(20))
    block = pages.table_row(("名字很长的村", "说明" * 12), columns)
    assert len(block) == 3
    screens = pages.paginate([block] * 7, height=11)
    assert [len(screen) for screen in screens] == [9, 9, 3]
    assert all(len(screen) % 3 == 0 for screen in screens)


def test_the_head_stands_on_every_screen() -> None:
    head = pages.paragraph("品名 价")
    screens = pages.paginate([[row] for row in price_table(25)], head, 10)
    assert [len(screen) for screen in screens] == [10, 10, 8]
    assert all(screen[0] == head[0] for screen in screens)


def test_a_block_higher_than_a_screen_goes_on_and_a_double_row_stays_whole() -> None:
    screens = pages.paginate([pages.paragraph("字" * 20 * 30)], height=11)
    assert [len(screen) for screen in screens] == [11, 11, 8]
    double = pages.paginate([[*price_table(10), *pages.heading("预警")]], height=11)
    assert [len(screen) for screen in double] == [10, 2]
    assert double[1][0][0].size == 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(Run("字" * 21),)], "42 half cells"),
        ([()] * 12, "12 rows"),
        ([(Run("预警", size=2),), (Run("压住了"),)], "below a double one"),
        ([()] * 10 + [(Run("预警", size=2),)], "below a double one"),
        ([(Run("a\nb"),)], "without a cell"),
    ],
)
def test_what_does_not_fit_is_said(rows: list, said: str) -> None:
    with pytest.raises(LayoutError, match=said):
        pages.check(made(100, "页", rows))


def test_a_page_without_screens_is_refused() -> None:
    with pytest.raises(LayoutError, match="no subpage"):
        pages.check(Page(100, "页", "130283", date(2026, 1, 1), None, "normal", "", ()))


def test_an_index_in_two_columns_is_read_down() -> None:
    entries = [pages.entry(str(number), f"村{number}", width=20) for number in range(300, 323)]
    rows = pages.side_by_side(entries, 10)
    assert [row[0].text.strip() for row in rows[:2]] == ["300", "301"]
    assert [run.text.strip() for run in rows[0] if run.link][2] == "310"
    assert all(sum(run.width for run in row) <= pages.WIDTH for row in rows)
    links = [run.link for row in rows for run in row if run.link]
    assert set(links) == {str(number) for number in range(300, 323)}


def test_neighbours_lead_round_the_numbers() -> None:
    page = pages.neighbours(made(110, "页", []), [100, 110, 199])
    assert (page.previous, page.next) == (100, 199)
    assert pages.neighbours(made(100, "页", []), [100]).next is None


def test_json_is_what_the_contract_says() -> None:
    shaped = json.loads(json.dumps(pages.as_json(made(110, "菜价", price_table(1)))))
    assert shaped["number"] == 110
    assert shaped["title"] == "菜价"
    run = shaped["subpages"][0]["rows"][0][1]
    assert run == {"text": "     1.17元/斤 ", "fg": "#ffffff", "bg": "#0a1c45", "link": "", "size": 1}


def test_every_pair_of_colours_is_readable() -> None:
    inks = (pages.WHITE, pages.YELLOW, pages.CYAN, pages.GREEN, pages.GREY)
    pairs = [(ink, ground) for ink in inks for ground in (pages.NAVY, pages.STRIPE, pages.DEEP)]
    pairs += [(pages.WHITE, pages.RED), (pages.YELLOW, pages.RED), (pages.BLACK, pages.BAR), (pages.BLACK, pages.GOLD)]
    pairs += [(key.fg, key.bg) for key in COLOUR_KEYS]
    assert {pair: round(pages.contrast(*pair), 1) for pair in pairs if pages.contrast(*pair) < 7} == {}


def test_the_same_page_has_the_same_digest_and_another_has_not() -> None:
    assert made(110, "菜价", price_table(2)).digest == made(110, "菜价", price_table(2)).digest
    assert made(110, "菜价", price_table(2)).digest != made(110, "菜价", price_table(3)).digest


def test_text_is_for_screen_readers_and_ansi_for_a_terminal() -> None:
    page = made(110, "菜价", price_table(1), price_table(2))
    assert text.plain(page, 2).splitlines() == [
        "110 菜价" + " " * 22 + "2/2",
        *["玉米" + " " * 16 + "1.17元/斤     涨0.02"] * 2,
    ]
    assert text.plain(page).count("110 菜价") == 2
    lines = text.ansi(page, 1).splitlines()
    assert len(lines) == pages.HEIGHT
    assert "\x1b[38;2;255;225;77m" in lines[1]
    assert "我的村" in lines[-1]


def test_speech_says_lines_without_the_blanks_that_set_them() -> None:
    assert pages.spoken(price_table(1)) == "玉米，1.17元/斤，涨0.02"
    assert Subpage((), "").seconds == pages.SECONDS


def test_a_text_that_was_wrapped_is_said_as_one_and_two_figures_stay_two() -> None:
    text = "林区和地边一律禁止烧秸秆、上坟烧纸、吸烟，护林员上山值守，发现冒烟立即打12119。"
    assert pages.spoken(pages.paragraph(text)) == text
    assert pages.spoken([*pages.heading("森林火险橙色预警发布，请注意防火"), *pages.paragraph("第二段")]) == (
        "森林火险橙色预警发布，请注意防火\n第二段"
    )
    numbers = "0315-0017903 0315-0017904 0315-0017905 0315-0017906"
    assert pages.spoken(pages.paragraph(numbers)) == numbers
    two = [*pages.paragraph("甲" * 20), *pages.paragraph("乙", pages.GREEN), (), *pages.paragraph("丙")]
    assert pages.spoken(two) == "甲" * 20 + "\n乙\n丙"
    entries = [pages.entry("131", "耕地" * 9), pages.entry("132", "补贴" * 9)]
    assert len(pages.spoken(entries).split("\n")) == 2


def test_points_of_a_list_are_said_one_by_one() -> None:
    from bot.magazine.sheet import point

    first, second = "风力4到5级，空气干燥，北部山区森林火险等级很高，请注意", "报警或咨询打12119"
    assert pages.spoken([*point(first), *point(second)]) == f"·{first}\n·{second}"
