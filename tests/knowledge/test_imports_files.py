"""One file at a time: encodings, delimiters, units, dates, place names, real data, hostile input, cut-off imports."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from config import SHANGHAI
from knowledge import database
from knowledge.imports import Summary, import_paths, retry, sheets
from knowledge.imports.mapping import FIELD_KEYS, MAPPING_KEYS, TYPES, MappingError, load, load_all
from knowledge.imports.sheets import dated_in
from knowledge.tables import (
    Alert,
    FinanceEntry,
    Livability,
    Notice,
    Policy,
    PowerItem,
    Price,
    Quarantined,
    Relief,
    Resident,
    Source,
    Trade,
)
from tests.conftest import NOW, ROOT

PRICE_HEADER = ["日期", "市场", "品名", "最低价", "最高价", "平均价", "单位"]
PRICE_ROW = ["2026-11-03", "城关市场", "玉米", "2.30", "2.36", "2.33", "元/公斤"]
FINANCE = ["村代码", "村名", "日期", "收支", "科目", "摘要", "金额（元）", "凭证号"]
ENTRY = ["130283116217", "万宝沟村", "2026-11-03", "支出", "道路维修", "补坑", "3133", "记1"]


def table(*rows: list[Any], delimiter: str = ",") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def put(path: Path, *rows: list[Any], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(table(*rows, delimiter=delimiter).encode(encoding))
    return path


def workbook(path: Path, **pages: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in pages.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def run(engine: Engine, *paths: Path) -> Summary:
    return import_paths(engine, paths, NOW)


def all_of(engine: Engine, model: type[Any]) -> list[Any]:
    with Session(engine) as session:
        return list(session.scalars(select(model).order_by(model.id)))


# --- encodings and shapes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "with a mark"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_every_encoding_and_delimiter_is_read(
    sqlite_engine: Engine, tmp_path: Path, encoding: str, delimiter: str, mark: str
) -> None:
    bom = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    path = tmp_path / "价格.csv"
    path.write_bytes((bom if mark else b"") + table(PRICE_HEADER, PRICE_ROW, delimiter=delimiter).encode(encoding))
    assert run(sqlite_engine, path).errors == []
    [price] = all_of(sqlite_engine, Price)
    assert (price.market, price.commodity, price.average) == ("城关市场", "玉米", Decimal("2.33"))


def test_a_text_of_chinese_alone_in_utf16_is_no_gbk(sqlite_engine: Engine, tmp_path: Path) -> None:
    rows = [["姓名", "所在村", "类别", "事迹"], ["王燕", "五重安镇万宝沟村", "孝老爱亲", "照顾老人多年"]]
    path = tmp_path / "先进典型.csv"
    path.write_bytes(table(*rows).encode("utf-16-le"))
    assert run(sqlite_engine, path).datasets["role_models"].stored == 1


def test_titles_units_blank_rows_sums_and_footnotes_are_no_records(sqlite_engine: Engine, tmp_path: Path) -> None:
    path = put(
        tmp_path / "账.csv",
        ["万宝沟村财务收支公开表（单位：万元）"],
        ["2026年11月"],
        ["村代码", "村名", "日期", "收支", "科目", "摘要", "金额", "凭证号"],
        [*ENTRY[:6], "0.3133", "记1"],
        [""] * 8,
        ["小计", "", "", "", "", "", "0.3133", ""],
        ["万宝沟村合计", "", "", "", "", "", "0.3133", ""],
        ["注：以上为本月账目", "", "", "", "", "", "", ""],
        ["制表人：张三", "审核：李四", "", "", "", "", "", ""],
    )
    summary = run(sqlite_engine, path)
    assert (summary.datasets["finance"].read, summary.datasets["finance"].quarantined) == (1, 0)
    assert all_of(sqlite_engine, FinanceEntry)[0].amount == Decimal("3133")


def test_a_header_of_two_rows_and_a_row_of_units(sqlite_engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "五化.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    for row in (
        ["村庄现状", None, None, None, None],
        ["乡镇", "村名", "村庄", "道路", None],
        [None, None, "绿化率", "道路总长", "硬化里程"],
        [None, None, "%", "米", "米"],
        ["五重安镇", "万宝沟村", 33.3, 5400, 5000],
    ):
        page.append(row)
    page.merge_cells("A2:A3")
    page.merge_cells("B2:B3")
    book.save(path)
    run(sqlite_engine, path)
    [village] = all_of(sqlite_engine, Livability)
    assert (village.green_rate, village.road_total, village.road_hard) == (
        Decimal("33.3"), Decimal("5.4"), Decimal("5"),
    )  # fmt: skip


def test_rows_under_a_town_as_heading_and_under_merged_cells(sqlite_engine: Engine, tmp_path: Path) -> None:
    path = put(
        tmp_path / "账.csv",
        ["村名", "日期", "收支", "科目", "金额（元）"],
        ["兴安街道", "", "", "", ""],
        ["郭庄村", "2026-11-03", "支出", "水电费", "1"],
        ["杨各庄镇", "", "", "", ""],
        ["郭庄村", "2026-11-03", "支出", "水电费", "2"],
    )
    assert run(sqlite_engine, path).datasets["finance"].quarantined == 0
    entries = {entry.place[:9]: entry.amount for entry in all_of(sqlite_engine, FinanceEntry)}
    assert entries == {"130283002": Decimal(1), "130283102": Decimal(2)}


@pytest.mark.parametrize(
    "tree",
    [
        lambda rows: rows,
        lambda rows: {"code": 0, "data": {"rows": rows}},
        lambda rows: {"pages": [{"no": 1, "list": rows[:1]}, {"no": 2, "list": rows[1:]}]},
        lambda rows: {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]},
        lambda rows: {"城关市场": rows[:1], "荷花坑市场": rows[1:]},
    ],
)
def test_json_is_read_however_it_is_wrapped(
    sqlite_engine: Engine, tmp_path: Path, tree: Callable[[list[dict[str, str]]], object]
) -> None:
    rows = [dict(zip(PRICE_HEADER, [f"2026-11-0{n}", *PRICE_ROW[1:]], strict=True)) for n in (1, 2)]
    path = tmp_path / "价格.json"
    path.write_text(json.dumps(tree(rows), ensure_ascii=False), encoding="utf-8")
    assert run(sqlite_engine, path).errors == []
    assert [price.day.day for price in all_of(sqlite_engine, Price)] == [1, 2]


# --- cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "written", "kilogram"),
    [
        ("元/公斤", "2.33", "2.33"), ("元/斤", "1.165", "2.33"), ("斤", "1.165", "2.33"), ("元/吨", "2,330", "2.33"),
        ("元/500克", "1.165", "2.33"), ("元／千克", "２．３３", "2.33"), ("元每斤", "1.165元", "2.33"),
    ],
)  # fmt: skip
def test_prices_are_kept_by_the_kilogram(
    sqlite_engine: Engine, tmp_path: Path, unit: str, written: str, kilogram: str
) -> None:
    run(sqlite_engine, put(tmp_path / "p.csv", PRICE_HEADER, [*PRICE_ROW[:3], written, written, written, unit]))
    [price] = all_of(sqlite_engine, Price)
    assert (price.average, price.unit) == (Decimal(kilogram), "公斤")


def test_a_box_is_no_weight(sqlite_engine: Engine, tmp_path: Path) -> None:
    run(sqlite_engine, put(tmp_path / "p.csv", PRICE_HEADER, [*PRICE_ROW[:6], "盒"]))
    assert all_of(sqlite_engine, Price)[0].unit == "盒"


@pytest.mark.parametrize(
    ("header", "written"),
    [
        ("金额（元）", "3133"), ("金额", "3,133.00"), ("金额（万元）", "0.3133"), ("金额万元", "0.3133"),
        ("金额/万元", "0.3133"), ("发生额（单位：万元）", "0.3133"), ("金额（万元）", "3133元"), ("金额", "0.3133万元"),
        ("金额（元）", "３１３３"), ("金额（元）", "¥3,133"),
    ],
)  # fmt: skip
def test_money_is_kept_in_yuan(sqlite_engine: Engine, tmp_path: Path, header: str, written: str) -> None:
    head = [*FINANCE[:6], header, "凭证号"]
    run(sqlite_engine, put(tmp_path / "f.csv", head, [*ENTRY[:6], written, "记1"]))
    assert all_of(sqlite_engine, FinanceEntry)[0].amount == Decimal("3133")


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-03", "2026/11/3", "2026.11.3", "20261103", "2026年11月3日", "２０２６-１１-０３", "46329", "46329.0",
        "2026-11-03 00:00:00", "2026-11-03T08:30:00+08:00", "二〇二六年十一月三日", "2026-11-03（周二）", "26年11月3日",
    ],
)  # fmt: skip
def test_dates_are_read_in_every_style(sqlite_engine: Engine, tmp_path: Path, written: str) -> None:
    run(sqlite_engine, put(tmp_path / "f.csv", FINANCE, [*ENTRY[:2], written, *ENTRY[3:]]))
    assert all_of(sqlite_engine, FinanceEntry)[0].day == date(2026, 11, 3)


@pytest.mark.parametrize("written", ["2026-02-30", "2026-13-01", "昨天", "11/3/26", "3"])
def test_what_is_no_date_is_quarantined(sqlite_engine: Engine, tmp_path: Path, written: str) -> None:
    run(sqlite_engine, put(tmp_path / "f.csv", FINANCE, ENTRY, [*ENTRY[:2], written, *ENTRY[3:]]))
    [row] = all_of(sqlite_engine, Quarantined)
    assert row.row == 3
    assert "日期" in row.reason


@pytest.mark.parametrize(
    ("town", "village"),
    [
        ("", "五重安镇万宝沟村"), ("", "万宝沟"), ("", "万宝沟村"), ("", "万宝沟村委会"), ("", "万宝沟村村委会"),
        ("五重安镇", "万宝沟"), ("五重安", "万宝沟村"), ("", "迁安市五重安镇万宝沟村"), ("五重安镇", "万宝沟村民委员会"),
    ],
)  # fmt: skip
def test_a_village_is_known_by_every_form_of_its_name(
    sqlite_engine: Engine, tmp_path: Path, town: str, village: str
) -> None:
    head = ["乡镇", "村名", *FINANCE[2:]]
    run(sqlite_engine, put(tmp_path / "f.csv", head, [town, village, *ENTRY[2:]]))
    assert all_of(sqlite_engine, FinanceEntry)[0].place == "130283116217"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["", "郭庄村"], "兴安街道、杨各庄镇都有"), (["130283116999", "万宝沟村"], "不在区划表里"),
        (["130283116217", "松汀村"], "村名写的是"), (["", "凤凰台子村"], "没有“凤凰台子村”"), (["", ""], "缺村名"),
    ],
)  # fmt: skip
def test_a_place_that_is_not_sure_is_never_guessed(
    sqlite_engine: Engine, tmp_path: Path, row: list[str], reason: str
) -> None:
    run(sqlite_engine, put(tmp_path / "f.csv", FINANCE, ENTRY, [*row, *ENTRY[2:]]))
    [quarantined] = all_of(sqlite_engine, Quarantined)
    assert reason in quarantined.reason


def test_a_code_that_a_spreadsheet_has_rounded_gives_way_to_the_name(sqlite_engine: Engine, tmp_path: Path) -> None:
    run(sqlite_engine, put(tmp_path / "f.csv", FINANCE, ["1.30283E+11", *ENTRY[1:]]))
    assert all_of(sqlite_engine, FinanceEntry)[0].place == "130283116217"


def test_percentages_as_fractions_and_as_written(sqlite_engine: Engine, tmp_path: Path) -> None:
    head = ["乡镇", "村名", "绿化率", "户数"]
    rows = [["五重安镇", "万宝沟村", 0.333, 100], ["木厂口镇", "松汀村", 0.4, 90]]
    run(sqlite_engine, workbook(tmp_path / "五化_村庄现状.xlsx", 现状=[head, *rows]))
    assert {v.green_rate for v in all_of(sqlite_engine, Livability)} == {Decimal("33.3"), Decimal("40")}


def test_offers_without_a_price_and_notices_for_the_county(sqlite_engine: Engine, tmp_path: Path) -> None:
    trades = [
        ["编号", "类型", "品名", "所在村", "价格", "发布日期"],
        ["G1", "供", "板栗", "五重安镇万宝沟村", "面议", "2026/11/3"],
    ]
    notices = [
        ["编号", "标题", "正文", "乡镇", "村代码", "发布日期"],
        ["T1", "停电", "全市停电", "全市", "", "2026-11-03"],
    ]
    run(sqlite_engine, put(tmp_path / "供求.csv", *trades), put(tmp_path / "通知.csv", *notices))
    assert [(t.price, t.side) for t in all_of(sqlite_engine, Trade)] == [(None, "供应")]
    assert [n.place for n in all_of(sqlite_engine, Notice)] == ["130283"]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2026年第三季度名单", date(2026, 9, 30)), ("2026年上半年", date(2026, 6, 30)), ("城关市场_20261123", date(2026, 11, 23)),
        ("2026-11-03价格", date(2026, 11, 3)), ("2026年11月农产品价格", date(2026, 11, 30)), ("2026.11", date(2026, 11, 30)),
        ("第12页", None), ("130283116217", None), ("2026年", None), ("2026-02-30", None),
    ],
)  # fmt: skip
def test_the_date_that_a_name_says(name: str, day: date | None) -> None:
    assert dated_in(name) == day


# --- what is kept and what goes ----------------------------------------------------------------------------------------


def quotes(path: Path, days: range, average: str = "2.33") -> Path:
    rows = [[f"2026-11-{day:02}", *PRICE_ROW[1:5], average, "元/公斤"] for day in days]
    return put(path, PRICE_HEADER, *rows)


def days_of(engine: Engine) -> list[tuple[int, Decimal]]:
    return sorted((price.day.day, price.average) for price in all_of(engine, Price))


def test_a_new_day_under_the_same_name_deletes_no_history(engine: Engine, tmp_path: Path) -> None:
    run(engine, quotes(tmp_path / "今日价格.csv", range(1, 4)))
    run(engine, quotes(tmp_path / "今日价格.csv", range(4, 5)))
    assert [day for day, _ in days_of(engine)] == [1, 2, 3, 4]


def test_a_corrected_price_takes_the_place_of_the_wrong_one(engine: Engine, tmp_path: Path) -> None:
    run(engine, quotes(tmp_path / "价格.csv", range(1, 4)))
    run(engine, quotes(tmp_path / "价格.csv", range(2, 4), average="2.35"))
    assert days_of(engine) == [(1, Decimal("2.33")), (2, Decimal("2.35")), (3, Decimal("2.35"))]


def test_one_wrong_year_in_a_file_deletes_no_decade(sqlite_engine: Engine, tmp_path: Path) -> None:
    path = quotes(tmp_path / "今日价格.csv", range(1, 4))
    run(sqlite_engine, path)
    put(path, PRICE_HEADER, ["2016-11-05", *PRICE_ROW[1:]], ["2026-11-05", *PRICE_ROW[1:]])
    run(sqlite_engine, path)
    assert len(all_of(sqlite_engine, Price)) == 5


def test_rows_that_move_between_the_pages_of_an_export_stay(engine: Engine, tmp_path: Path) -> None:
    for first, second in ((range(1, 4), range(4, 7)), (range(1, 6), range(6, 8)), (range(1, 3), range(3, 8))):
        quotes(tmp_path / "价格" / "第01页.csv", first)
        quotes(tmp_path / "价格" / "第02页.csv", second)
        run(engine, tmp_path / "价格")
        assert [day for day, _ in days_of(engine)] == [*first, *second]
    assert run(engine, tmp_path / "价格").datasets["prices"].stored == 0


def matter(code: str, stage: str) -> list[str]:
    return [code, "物资采购", "130283116217", f"采购{code}", stage]


MATTERS = ["事项编号", "事项类别", "村代码", "事项名称", "当前环节"]


def test_a_ledger_without_a_matter_withdraws_it_and_an_instalment_does_not(engine: Engine, tmp_path: Path) -> None:
    path = put(tmp_path / "台账.csv", MATTERS, matter("A1", "公示"), matter("A2", "受理"))
    run(engine, path)
    put(path, MATTERS, matter("A1", "办结"))
    run(engine, path)
    assert [(m.code, m.stage) for m in all_of(engine, PowerItem)] == [("A1", "办结")]
    put(path, MATTERS, matter("B1", "受理"))
    run(engine, path)
    assert {m.code for m in all_of(engine, PowerItem)} == {"A1", "B1"}


def test_two_files_that_disagree_are_not_chosen_between(engine: Engine, tmp_path: Path) -> None:
    put(tmp_path / "甲" / "台账一.csv", MATTERS, matter("A1", "公示"))
    put(tmp_path / "甲" / "台账二.csv", MATTERS, matter("A1", "办结"))
    for _ in range(2):
        summary = run(engine, tmp_path / "甲")
        assert summary.datasets["power_items"].quarantined == 1
    assert [m.stage for m in all_of(engine, PowerItem)] == ["公示"]
    assert "台账一.csv" in all_of(engine, Quarantined)[0].reason


def test_an_older_list_that_comes_late_overwrites_nothing(engine: Engine, tmp_path: Path) -> None:
    run(engine, put(tmp_path / "台账20261110.csv", MATTERS, matter("A1", "办结")))
    run(engine, put(tmp_path / "台账20261001.csv", MATTERS, matter("A1", "公示")))
    assert [m.stage for m in all_of(engine, PowerItem)] == ["办结"]


def test_a_newer_list_that_says_the_same_confirms_it(engine: Engine, tmp_path: Path) -> None:
    run(engine, put(tmp_path / "台账20261001.csv", MATTERS, matter("A1", "公示")))
    run(engine, put(tmp_path / "台账20261110.csv", MATTERS, matter("A1", "公示")))
    assert [m.as_of for m in all_of(engine, PowerItem)] == [date(2026, 11, 10)]


def test_retry_after_the_file_was_mended(engine: Engine, tmp_path: Path) -> None:
    path = put(tmp_path / "f.csv", FINANCE, ENTRY, [*ENTRY[:6], "见附件", "记2"])
    run(engine, tmp_path)
    assert len(all_of(engine, Quarantined)) == 1
    put(path, FINANCE, ENTRY, [*ENTRY[:6], "12.5", "记2"])
    summary = retry(engine, NOW)
    assert (summary.datasets["finance"].stored, summary.datasets["finance"].quarantined) == (1, 0)
    assert all_of(engine, Quarantined) == []


def test_retry_after_the_mapping_was_mended(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = [*FINANCE[:3], "收支", *FINANCE[4:]]
    run(engine, put(tmp_path / "f.csv", head, ENTRY, [*ENTRY[:3], "花销", *ENTRY[4:7], "记2"]))
    assert "花销" in all_of(engine, Quarantined)[0].reason
    folder = tmp_path / "mappings"
    folder.mkdir()
    for file in (ROOT / "knowledge" / "imports" / "mappings").glob("*.yml"):
        text = file.read_text(encoding="utf-8").replace("支出: [支,", "支出: [支, 花销,")
        (folder / file.name).write_text(text, encoding="utf-8")
    mended = load_all(folder)
    monkeypatch.setattr(sheets, "load_all", lambda: mended)
    assert retry(engine, NOW).datasets["finance"].stored == 1
    assert all_of(engine, Quarantined) == []


def test_a_file_imported_alone_and_in_its_folder_is_quarantined_once(engine: Engine, tmp_path: Path) -> None:
    path = put(tmp_path / "科" / "f.csv", FINANCE, ENTRY, [*ENTRY[:6], "见附件", "记2"])
    run(engine, tmp_path)
    run(engine, path)
    assert [(q.file, q.row) for q in all_of(engine, Quarantined)] == [("f.csv", 3)]
    assert len(all_of(engine, FinanceEntry)) == 1


def test_numbers_of_persons_are_masked_wherever_they_stand(engine: Engine, tmp_path: Path) -> None:
    identity, card, phone = "130283197503034916", "6222020402012345678", "19900006637"
    head = ["乡镇", "村名", "户主姓名", "身份证号", "保障人口", "联系电话", "备注"]
    row = [
        "五重安镇",
        "万宝沟村",
        "崔翠莲",
        identity,
        "2",
        phone,
        f"卡{card}，{identity[:6]} 19750303 4916，电话１９９００００６６３７",
    ]
    bad = ["五重安镇", "万宝沟村", "崔翠莲", identity, identity, phone, phone]
    run(engine, put(tmp_path / "五保户名单.csv", head, row, bad))
    residents = put(
        tmp_path / "通讯录.csv",
        ["手机号", "姓名", "村代码", "是否订阅"],
        [phone, "王燕", "130283116217", "是"],
        [phone, "王燕", "130283116217", "否"],
    )
    run(engine, residents)
    [relief] = all_of(engine, Relief)
    quarantined = all_of(engine, Quarantined)
    assert len(quarantined) == 2
    kept = "".join(map(str, [relief.id_number, relief.phone, relief.note, *((q.raw, q.reason) for q in quarantined)]))
    for number in (
        identity,
        identity[6:14],
        card,
        phone,
        phone.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ):
        assert number not in kept
    assert [r.phone for r in all_of(engine, Resident)] == [phone]


def test_a_long_number_of_a_record_is_no_bank_account(sqlite_engine: Engine, tmp_path: Path) -> None:
    put(tmp_path / "台账.csv", MATTERS, matter("1302831162170001", "公示"), matter("1302831162170002", "公示"))
    run(sqlite_engine, tmp_path)
    assert [m.code for m in all_of(sqlite_engine, PowerItem)] == ["1302831162170001", "1302831162170002"]


# --- cut off ----------------------------------------------------------------------------------------------------------


def test_an_exception_midway_leaves_the_data_as_they_were(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(engine, quotes(tmp_path / "一.csv", range(1, 4)))
    before = days_of(engine)
    for name in ("二.csv", "三.csv"):
        quotes(tmp_path / name, range(5, 9), average=f"2.3{len(name)}")

    def stop(name: str, number: int, total: int) -> None:
        if number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_paths(engine, [tmp_path], NOW, progress=stop)
    assert days_of(engine) == before
    assert len(all_of(engine, Source)) == 1


KILLED = """
import sys
from pathlib import Path
from config import SHANGHAI
from knowledge import database
from knowledge.imports import import_paths
from tests.conftest import NOW
def tell(name, number, total):
    print(number, flush=True)
import_paths(database.connect(sys.argv[1]), [Path(sys.argv[2])], NOW, progress=tell)
"""


def test_killed_midway_an_import_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    for number in range(40):
        rows = [
            [f"2026-11-{d:02}", f"第{number}市场", f"菜{n}", "1", "3", "2", "元/公斤"]
            for d in range(1, 21)
            for n in range(60)
        ]
        put(folder / f"价格{number:02}.csv", PRICE_HEADER, *rows)
    url = engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 5:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    time.sleep(0.5)  # PostgreSQL notices that its client is gone
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Price)) == 0
        assert session.scalar(select(func.count()).select_from(Source)) == 0


# --- hostile and broken files ---------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def sparse(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "品名"
    book.active["XFD1048576"] = "x"
    book.save(path)


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _ in range(500):
                member.write(b"0" * (1 << 20))


def truncated(path: Path) -> None:
    whole = workbook(path, 价格=[PRICE_HEADER, PRICE_ROW]).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def raw(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    [
        ("大.xlsx", bomb, "MB"), ("稀.xlsx", sparse, "大得离谱"), ("断.xlsx", truncated, "另存一份"),
        ("假.xlsx", raw(b"PK\x03\x04 and nothing more"), "另存一份"), ("网页.xls", raw("<html><table>价格".encode()), "另存为 XLSX"),
        ("二进制.csv", raw(bytes(range(256)) * 400), "另存"), ("随机.csv", lambda p: p.write_bytes(os.urandom(60_000)) and None, ""),
        ("一格.csv", raw(('品名,"' + "白" * 4_000_000 + '"\n').encode()), "一格"), ("深.json", raw(nested(100_000)), "太深"),
        ("断.json", raw(b'{"list": [{"a": 1}'), "不完整"), ("空.csv", raw(b""), "空文件"), ("空.json", raw(b"[]"), "没有记录"),
        ("大数.json", raw(b'[{"a": ' + b"9" * 9000 + b"}]"), ""), ("文档.pdf", raw(b"%PDF-1.7"), "不认识"),
        ("实体.xml", raw(b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&z;</alert>'), "不安全"),
        ("断.xml", raw(b"<alert><identifier>"), "不完整"), ("别的.xml", raw(b"<a/>"), "CAP"),
        ("半个.md", raw(b"\xff\xfe\x00"), "编码"), ("不认识.csv", raw("甲,乙,丙\n1,2,3\n4,5,6\n".encode()), "docs/mappings.md"),
        ("缺列.csv", raw(table(FINANCE[:6], ENTRY[:6]).encode()), "“金额”这一列"),
        ("名字 有 空格/城关 价格.csv", raw(b"\x00\x01\x02" * 3000), ""),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_sentence_and_stores_nothing(
    sqlite_engine: Engine, tmp_path: Path, name: str, make: Callable[[Path], None], sentence: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    make(path)
    good = quotes(tmp_path / "好.csv", range(1, 3))
    summary = run(sqlite_engine, path, good)
    [(file, reason)] = summary.errors
    assert file == path.name
    assert sentence in reason
    assert re.search(r"[一-鿿]{2}", reason), reason
    assert "Traceback" not in reason
    assert [day for day, _ in days_of(sqlite_engine)] == [1, 2]
    assert {source.file for source in all_of(sqlite_engine, Source)} == {"好.csv"}


def test_odd_characters_and_huge_values_are_survived_on_both_databases(engine: Engine, tmp_path: Path) -> None:
    rows = [dict(zip(FINANCE, ENTRY, strict=True)) for _ in range(5)]
    rows[0]["摘要"] = "空\u0000字\ud800符"
    rows[1] |= {"金额（元）": "9" * 30, "凭证号": "记2"}
    rows[2] |= {"凭证号": "长" * 300}
    rows[3] |= {"金额（元）": 1e300, "凭证号": "记4"}
    rows[4] |= {"摘要": "万" * 30_000, "凭证号": "记5"}
    path = tmp_path / "账 目.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    summary = run(engine, path)
    assert (summary.datasets["finance"].stored, summary.datasets["finance"].quarantined) == (1, 4)
    assert all_of(engine, FinanceEntry)[0].summary == "空字符"
    for row in all_of(engine, Quarantined):
        assert re.search("太大|个字|应当是数字", row.reason), row.reason


def test_a_sheet_that_is_not_known_is_told_and_the_others_are_taken(sqlite_engine: Engine, tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "汇总.xlsx",
        说明=[["填表说明"], ["一、按月填报"]],
        价格=[PRICE_HEADER, PRICE_ROW],
        别的=[["甲", "乙", "丙", "丁"]] + [["子", "丑", "寅", "卯"]] * 5,
    )
    summary = run(sqlite_engine, path)
    assert len(all_of(sqlite_engine, Price)) == 1
    assert [(file, "别的" in reason) for file, reason in summary.errors] == [("汇总.xlsx", True)]


def test_an_unknown_key_of_a_mapping_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("dataset: prices\nfields: {day: {tpye: date}}\n", encoding="utf-8")
    with pytest.raises(MappingError, match=r"x\.yml.*tpye"):
        load(path, {})


def test_the_documented_keys_and_types_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "mappings.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert rows == MAPPING_KEYS | FIELD_KEYS | TYPES


# --- real data --------------------------------------------------------------------------------------------------------


def test_real_market_prices_import_with_the_header_that_lies(real: Path, sqlite_engine: Engine) -> None:
    summary = run(sqlite_engine, real / "prices")
    assert summary.errors == []
    with Session(sqlite_engine) as session:
        xinfadi = select(Price).where(Price.market == "北京新发地")
        weights = session.scalar(select(func.count()).select_from(xinfadi.where(Price.unit == "公斤").subquery()))
        pieces = session.scalar(select(func.count()).select_from(xinfadi.where(Price.unit != "公斤").subquery()))
        disorder = session.scalar(
            select(func.count()).select_from(Price).where((Price.low > Price.average) | (Price.average > Price.high))
        )
    lines = (real / "prices" / "xinfadi_2021.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    repeated = len(lines) - len(set(lines))
    assert 38_000 < weights < 39_000
    assert 0 < pieces <= 1_241
    assert disorder == 0
    assert weights + pieces <= len(lines)
    assert weights + pieces >= len(lines) - repeated - 300
    assert summary.datasets["prices"].quarantined < 20


def test_a_header_that_lies_is_refused_whole_if_it_is_believed(
    real: Path, sqlite_engine: Engine, tmp_path: Path
) -> None:
    with (real / "prices" / "xinfadi_2021.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))[:400]
    believed = {
        "prodName": "品名", "lowPrice": "最低价", "avgPrice": "平均价", "highPrice": "最高价",
        "unitInfo": "单位", "pubDate": "日期",
    }  # fmt: skip
    columns = [header.index(name) for name in believed]
    path = put(tmp_path / "新发地价格.csv", list(believed.values()), *[[row[c] for c in columns] for row in rows])
    [(_, reason)] = run(sqlite_engine, path).errors
    assert "“平均价”和“最高价”" in reason
    assert "写反" in reason
    assert all_of(sqlite_engine, Price) == []
    assert all_of(sqlite_engine, Quarantined) == []


def test_real_laws_import_article_by_article(real: Path, sqlite_engine: Engine) -> None:
    summary = run(sqlite_engine, real / "laws")
    assert (summary.datasets["policies"].stored, summary.errors) == (49, [])
    with Session(sqlite_engine) as session:
        for law in session.scalars(select(Policy)):
            file = real / "laws" / law.source.file
            body = file.read_text(encoding="utf-8").partition("<!-- INFO END -->")[2]
            articles = re.findall(
                r"^第[一二三四五六七八九十百千零〇]+条(?:之[一二三四五六七八九十]+)?", body, re.MULTILINE
            )
            assert [s.heading for s in law.sections] == articles, law.title
            assert law.issuer in {"国务院", "全国人民代表大会常务委员会"}
            assert str(law.issued) == file.stem.split("_")[1]
            assert file.stem.startswith(law.title)


def test_the_example_of_the_alert_protocol_imports(real: Path, sqlite_engine: Engine) -> None:
    summary = run(sqlite_engine, real / "alerts" / "cap_amber_alert_example.xml")
    assert summary.errors == []
    [alert] = all_of(sqlite_engine, Alert)
    assert (alert.kind, alert.status, alert.severity) == ("Alert", "Actual", "Severe")


def test_a_new_department_needs_a_mapping_file_and_nothing_else(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of docs/mappings.md, as it stands there."""
    text = (ROOT / "docs" / "mappings.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.+?)```", text, re.DOTALL)
    assert example
    folder = tmp_path / "mappings"
    folder.mkdir()
    for file in (ROOT / "knowledge" / "imports" / "mappings").glob("_*.yml"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "feed_prices.yml").write_text(example[1], encoding="utf-8")
    made = load_all(folder)
    monkeypatch.setattr(sheets, "load_all", lambda: made)
    rows = re.search(r"```csv\n(.+?)```", text, re.DOTALL)
    assert rows
    path = tmp_path / "饲料价格.csv"
    path.write_text(rows[1], encoding="utf-8")
    assert run(sqlite_engine, path).errors == []
    prices = all_of(sqlite_engine, Price)
    assert {(p.market, p.commodity, p.source.department) for p in prices} == {
        ("饲料直供点", "豆粕", "畜牧站"),
        ("饲料直供点", "玉米", "畜牧站"),
    }


def test_freshness_dates_never_lie_in_the_future(sqlite_engine: Engine, tmp_path: Path) -> None:
    run(sqlite_engine, put(tmp_path / "2026年12月账.csv", FINANCE, ENTRY))
    [source] = all_of(sqlite_engine, Source)
    assert source.as_of == date(2026, 11, 3)
    assert source.as_of <= NOW.date() + timedelta(0)


def test_an_empty_database_file_is_not_needed(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path / 'new' / 'x.db'}")
    database.migrate(engine)
    assert run(engine, put(tmp_path / "f.csv", FINANCE, ENTRY)).datasets["finance"].stored == 1
    engine.dispose()


def test_the_real_weather_warnings_are_alerts_of_their_counties(engine: Engine, real: Path) -> None:
    from knowledge import alerts
    from knowledge.tables import Alert

    night = datetime(2026, 7, 24, 23, 30, tzinfo=SHANGHAI)
    done = import_paths(engine, [real / "alerts" / "cma_warnings_by_county_2026-07-24.json"], now=night)
    counts = done.datasets["alerts"]
    assert (counts.read, counts.stored, counts.quarantined) == (903, 875, 28)  # 28 bear no colour
    with Session(engine) as session:
        (heat,) = [a for a in alerts.active(session, "654022", night) if a.event == "高温"]
        assert (heat.level, heat.severity, heat.publisher) == ("红色", "Extreme", "中国气象局")
        assert alerts.active(session, "654022100", night) == alerts.active(session, "654022", night)
        assert not alerts.active(session, "654022", datetime(2026, 7, 27, tzinfo=SHANGHAI))
        assert session.scalar(select(func.count()).select_from(Alert)) == 875
