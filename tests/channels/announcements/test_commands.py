"""`flask announce` and `flask staff` as staff use them: what is said, what is stored, what is refused without losing anything."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from app import Service, create_app
from config import Settings
from knowledge.announcements.tables import Announcement, AnnouncementEvent, GroupMember
from knowledge.service_tables import Door, Outgoing
from knowledge.tables import Resident, Source
from tests.conftest import NOW

VILLAGE, TOWN, OTHER = "130283116217", "130283111", "130283111201"
TEXT = "明天上午九点到下午五点停水，请提前存水。"

Run = Callable[..., Result]


@pytest.fixture
def app(migrated: Path, tmp_path: Path) -> Iterator[Flask]:
    path = tmp_path / "announce.db"
    path.write_bytes(migrated.read_bytes())
    made = create_app(
        Settings(
            database_url=f"sqlite:///{path}",
            today=NOW.date(),
            sms_prices="*=0.05",
            kannel_send_url="http://127.0.0.1:9/cgi-bin/sendsms",
            kannel_secret="s",
            audio_folder=tmp_path / "audio",
        )
    )
    yield made
    made.extensions["xiangyin"].engine.dispose()


@pytest.fixture
def service(app: Flask) -> Service:
    found: Service = app.extensions["xiangyin"]
    return found


@pytest.fixture
def run(app: Flask) -> Run:
    """Runs a command that is to succeed, or with `code=1` to be refused: in a sentence, without a traceback."""

    def runs(*arguments: object, code: int = 0, **more: Any) -> Result:
        result = app.test_cli_runner().invoke(args=[str(each) for each in arguments], **more)
        assert result.exit_code == code, (result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return runs


@pytest.fixture
def staffed(run: Run) -> None:
    run("staff", "add", "张三", "--role", "editor", "--place", "木厂口镇")
    run("staff", "add", "李四", "--role", "approver", "--place", "130283")


def lives(service: Service, phone: str, place: str = OTHER, **more: Any) -> None:
    about = {"digest": "", "source_row": 1, "name": "张*", "subscribed": True, **more}
    with service.sessions.begin() as session:
        if session.get(Source, 1) is None:
            session.add(Source(id=1, dataset="residents", department="政府办", file="a.csv", imported=NOW))
            session.flush()
        session.add(Resident(key=f"{phone}{place}", phone=phone, place=place, source_id=1, **about))


def counted(service: Service, model: Any) -> int:
    with service.sessions() as session:
        return int(session.scalar(select(func.count()).select_from(model)) or 0)


# --- staff and groups ------------------------------------------------------------------------------------------------


def test_staff_are_added_listed_changed_and_removed(run: Run) -> None:
    assert "登记" in run("staff", "list").stderr
    said = run("staff", "add", "张三", "--role", "editor", "--place", "万宝沟").output
    assert said == "张三可以写公告，范围：五重安镇万宝沟村（130283116217）。\n"
    run("staff", "add", "张三", "--role", "approver", "--place", TOWN)
    assert json.loads(run("staff", "list", "--json").stdout) == [{"name": "张三", "role": "approver", "place": TOWN}]
    assert run("staff", "list").stdout == "张三  写和审公告  木厂口镇（130283111）\n"
    run("staff", "remove", "张三")
    assert "没有叫“张三”的" in run("staff", "remove", "张三", code=1).output


@pytest.mark.parametrize(
    ("place", "said"),
    [("130283999", "没有代码是130283999的地方"), ("刘庄子", "130283110218"), ("火星", "没有叫“火星”的地方")],
)
def test_staff_are_of_a_place_that_is_there(run: Run, place: str, said: str) -> None:
    assert said in run("staff", "add", "张三", "--role", "editor", "--place", place, code=1).stderr
    assert json.loads(run("staff", "list", "--json").stdout) == []


def test_a_group_is_a_file_of_numbers(run: Run, tmp_path: Path, service: Service) -> None:
    file = tmp_path / "党员.txt"
    file.write_text("\ufeff13912345678\n+86 139-1234-5679 # 老李\n\n13912345678\n03157012345\n", encoding="utf-8")
    assert run("announce", "group", "党员", file).output == "党员：3人。\n"
    assert run("announce", "group").output == "党员  3人\n"
    with service.sessions() as session:
        assert sorted(session.scalars(select(GroupMember.person))) == ["03157012345", "13912345678", "13912345679"]
    file.write_text("13912345678\n老李\n12345\n", encoding="utf-8")
    said = run("announce", "group", "党员", file, code=1).stderr
    assert "第2行不是电话号码" in said
    assert "第3行不是电话号码" in said
    assert "一个也没有存" in said
    assert run("announce", "group", "党员").output == "党员  3人\n"
    file.write_text("\n")
    assert "没有号码" in run("announce", "group", "党员", file, code=1).stderr
    assert "读不了文件" in run("announce", "group", "党员", tmp_path / "没有", code=1).stderr
    run("announce", "group", "党员", "--remove")
    assert "要建" in run("announce", "group", "党员", code=1).stderr


# --- from the draft to the end ---------------------------------------------------------------------------------------


def compose(run: Run, *more: object, text: str = TEXT) -> int:
    number: int = json.loads(run("announce", "compose", "停水通知", text, *more, "--as", "张三", "--json").stdout)[
        "number"
    ]
    return number


@pytest.mark.usefixtures("staffed")
def test_an_announcement_is_written_approved_and_withdrawn(run: Run, service: Service) -> None:
    said = run("announce", "compose", "停水通知", TEXT, "--as", "张三")
    assert said.stdout == "第1号是草稿：停水通知（木厂口镇，2026-11-23 " + said.stdout.partition("2026-11-23 ")[2]
    assert "flask announce approve 1" in said.stderr
    row = service.announcements.get(1)
    assert (row.places, row.publisher, row.author) == ([TOWN], "木厂口镇政府", "张三")
    assert row.ends - row.starts == timedelta(days=3)
    assert "没有审核权限" in run("announce", "approve", 1, "--as", "张三", code=1).stderr
    assert "审核通过" in run("announce", "approve", 1, "--as", "李四").output
    assert "已审核" in run("announce", "approve", 1, "--as", "李四", code=1).stderr
    assert "已撤回" in run("announce", "withdraw", 1, "--why", "日期写错了", "--as", "张三").output
    assert "不用撤回" in run("announce", "withdraw", 1, "--why", "x", "--as", "张三", code=1).stderr
    assert "没有第9号" in run("announce", "approve", 9, "--as", "李四", code=1).stderr
    listed = json.loads(run("announce", "list", "--json").stdout)
    assert [(each["number"], each["state"]) for each in listed] == [(1, "withdrawn")]
    assert "停水通知" in run("announce", "list", "--state", "withdrawn").stdout
    assert run("announce", "list", "--state", "draft").stdout == ""


@pytest.mark.usefixtures("staffed")
def test_everything_can_be_said(run: Run, service: Service, tmp_path: Path) -> None:
    (tmp_path / "文.txt").write_bytes(("正文" * 100).encode("gb18030"))
    (tmp_path / "党员.txt").write_text("13912345678")
    run("announce", "group", "党员", tmp_path / "党员.txt")
    number = json.loads(
        run(
            *("announce", "compose", "开会", "--file", tmp_path / "文.txt", "--as", "李四", "--json"),
            *("--place", "万宝沟", "--place", "130283116，蔡园镇", "--group", "党员"),
            *("--outlet", "短信", "--outlet", "wechat", "--from", "2026-12-01 08:00", "--until", "2026-12-02"),
            *("--category", "会议", "--urgency", "emergency", "--short", "明早八点开会。", "--publisher", "党支部"),
            *("--confirm", "--hours", "7:30", "--hours", "07:30, 18:00"),
        ).stdout
    )["number"]
    row = service.announcements.get(number)
    assert (row.places, row.groups, row.outlets) == (["130283116", "130283108"], ["党员"], ["sms", "wechat"])
    assert (row.category, row.urgency, row.short, row.publisher) == ("会议", "emergency", "明早八点开会。", "党支部")
    assert (row.confirm, row.hours, row.text) == (True, ["07:30", "18:00"], "正文" * 100)
    assert (
        f"{row.starts.astimezone(NOW.tzinfo):%d %H:%M} {row.ends.astimezone(NOW.tzinfo):%d %H:%M}"
        == "01 08:00 02 23:59"
    )


@pytest.mark.usefixtures("staffed")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("", TEXT), ("没有标题",)),
        (("停水",), ("没有正文",)),
        (("停水", TEXT, "--file", "没有.txt"), ("正文写了两次",)),
        (("停水", "--file", "没有.txt"), ("读不了文件 没有.txt",)),
        (("停水", TEXT, "--place", "刘庄子"), ("130283108221", "130283110218")),
        (("停水", TEXT, "--place", "火星", "--from", "明天"), ("火星", "看不懂时间“明天”")),
        (("停水", TEXT, "--outlet", "传真"), ("没有“传真”这个渠道",)),
        (("停水", TEXT, "--group", "大户"), ("没有“大户”这个组",)),
        (("停水", TEXT * 10), ("--short", "不超过")),
        (("停水", TEXT, "--until", "2026-11-01"), ("请改",)),
        (("停水", TEXT, "--place", "130283"), ("张三只管130283111范围内的地方",)),
        (("停水", TEXT, "--replaces", 77), ("没有第77号",)),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_stored(
    run: Run, service: Service, arguments: tuple[str, ...], said: tuple[str, ...]
) -> None:
    told = run("announce", "compose", *arguments, "--as", "张三", code=1)
    assert all(part in told.stderr for part in said), told.stderr
    assert told.stdout == ""
    assert counted(service, Announcement) == counted(service, AnnouncementEvent) == 0


def test_who_is_not_registered_is_told_so(run: Run) -> None:
    assert "没有叫“某某”的工作人员" in run("announce", "compose", "停水", TEXT, "--as", "某某", code=1).stderr


@pytest.mark.usefixtures("staffed")
def test_a_private_number_is_warned_of(run: Run) -> None:
    said = run("announce", "compose", "停水", "有事找13912345678。", "--as", "张三")
    assert "注意：文字里有手机号139…78" in said.stderr
    assert "第1号是草稿" in said.stdout


@pytest.mark.usefixtures("staffed")
def test_only_what_is_named_is_changed(run: Run, service: Service) -> None:
    number = compose(run, "--until", "2026-11-30 18:00")
    run("announce", "approve", number, "--as", "李四")
    assert "没说改什么" in run("announce", "change", number, "--as", "张三", code=1).stderr
    before = service.announcements.get(number)
    said = run("announce", "change", number, "--title", "停电通知", "--confirm", "--as", "张三").stdout
    assert said.startswith(f"第{number}号是草稿：停电通知")
    after = service.announcements.get(number)
    assert (after.title, after.confirm, after.text, after.ends, after.approver) == (
        "停电通知",
        True,
        TEXT,
        before.ends,
        "",
    )
    assert "没有正文" in run("announce", "change", number, "--text", " ", "--as", "张三", code=1).stderr
    assert "没有第9号" in run("announce", "change", 9, "--title", "停", "--as", "张三", code=1).stderr


@pytest.mark.usefixtures("staffed")
def test_an_emergency_goes_first_and_is_approved_or_rejected_after(run: Run, service: Service) -> None:
    number = compose(run, "--urgency", "emergency")
    assert "flask announce approve" in run("announce", "release", number, "--as", "张三").output
    assert service.announcements.get(number).state == "going"
    assert "已撤回" in run("announce", "reject", number, "--why", "没有这回事", "--as", "李四").output
    ordinary = compose(run)
    assert "先审核" in run("announce", "release", ordinary, "--as", "张三", code=1).stderr
    assert "是草稿" in run("announce", "reject", ordinary, "--why", "写清楚", "--as", "李四").output


# --- what it is, what became of it -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("staffed")
def test_a_preview_shows_each_outlet_and_changes_nothing(run: Run, service: Service, tmp_path: Path) -> None:
    for at in range(3):
        lives(service, f"1391234567{at}")
    lives(service, "03157012345")
    lives(service, "13912345679", VILLAGE)
    number = compose(run, "--confirm", text="玉米长势好，2.36元/公斤。还款到月底。")
    before = [counted(service, model) for model in (Announcement, AnnouncementEvent, Outgoing)]
    shown = run("announce", "preview", number, "-o", tmp_path / "听.mp3").stdout
    for part in (
        "每公斤二点三六元", "多音字：长 zhang3、还 huan2", "短信，3人，每人1条", "一共3条，0.15元", "收到请回1",
        "微信，0人", "这个渠道没有接上", "1个号码没有能用的渠道", "— 电视 —", "来源：木厂口镇政府",
    ):  # fmt: skip
        assert part in shown, part
    assert (tmp_path / "听.mp3").read_bytes()[:2] in (b"ID", b"\xff\xfb", b"\xff\xf3")
    about = json.loads(run("announce", "preview", number, "--json").stdout)
    assert 8 < about["spoken"]["seconds"] < 60
    assert about["people"]["sms"] | {"text": ""} == {
        **{
            "people": 3,
            "parts": 1,
            "messages": 3,
            "cost": "0.15",
            "bytes": len(about["people"]["sms"]["text"].encode()),
        },
        **{"text": "", "set_up": True},
    }
    assert about["nobody"] == 1
    assert "zhang3 shi4" in run("announce", "preview", number, "--pinyin").stdout
    assert [counted(service, model) for model in (Announcement, AnnouncementEvent, Outgoing)] == before
    assert service.announcements.get(number).state == "draft"


@pytest.mark.usefixtures("staffed")
def test_a_preview_says_what_cannot_be_read_or_written(run: Run, tmp_path: Path) -> None:
    number = compose(run)
    assert "写不了文件" in run("announce", "preview", number, "-o", tmp_path / "没有" / "听.mp3", code=1).stderr
    assert "没有第9号" in run("announce", "preview", 9, code=1).stderr
    silent = compose(run, "--outlet", "tv")
    shown = run("announce", "preview", silent).stdout
    assert "大喇叭" not in shown
    assert "短信" not in shown


@pytest.fixture
def spread(run: Run, service: Service, staffed: None) -> int:
    """An announcement that went to three people; one message came, one failed, one waits."""
    for at in range(3):
        lives(service, f"1391234567{at}", OTHER if at else TOWN + "202")
    lives(service, "03157012345")
    number = compose(run, "--outlet", "sms")
    run("announce", "approve", number, "--as", "李四")
    assert service.workflow().step() == 0
    with service.sessions.begin() as session:
        rows = session.scalars(select(Outgoing).order_by(Outgoing.address)).all()
        rows[0].state, rows[0].followed = "delivered", True
        rows[1].state, rows[1].reason, rows[1].followed = "failed", "网关不收。", True
    return number


def test_the_status_tells_how_far_it_has_come(run: Run, service: Service, spread: int) -> None:
    shown = run("announce", "status", spread).stdout
    for part in (
        "正在播发",
        "应通知4个号码",
        "短信：",
        "已送到 1",
        "没送到 1",
        "在等 1",
        "花费0.15元",
        "张三起草",
        "李四审核通过",
        "系统开始播发",
    ):
        assert part in shown, part
    about = json.loads(run("announce", "status", spread, "--json").stdout)
    assert {each["state"]: each["messages"] for each in about["deliveries"]} == {
        "delivered": 1,
        "failed": 1,
        "queued": 1,
    }
    assert (about["state"], about["people"], about["cost"], about["queued_for_all"]) == ("going", 4, "0.15", True)
    assert [event["what"] for event in about["trace"]] == ["composed", "approved", "started"]
    run("announce", "withdraw", spread, "--why", "错了", "--as", "张三")
    watched = run("announce", "status", spread, "--watch")
    assert "已撤回" in watched.stderr
    assert "张三撤回：错了" in watched.stdout


def test_watching_can_be_interrupted(run: Run, spread: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("channels.announcements.commands_reports.time.sleep", interrupted)
    watched = run("announce", "status", spread, "--watch")
    assert "不看了" in watched.stderr
    assert "正在播发" in watched.stdout


def test_who_was_missed_is_listed_by_village_with_masked_numbers(run: Run, spread: int, tmp_path: Path) -> None:
    shown = run("announce", "missed", spread).stdout
    assert "139****5671  网关不收。" in shown
    assert "没有能用的联系方式" in shown
    assert "13912345671" not in shown
    assert "13912345671" in run("announce", "missed", spread, "--numbers").stdout
    assert run("announce", "missed", spread, "--place", TOWN + "202").stdout == "没有漏下的人。\n"
    run("announce", "missed", spread, "--csv", tmp_path / "名单.csv")
    assert (tmp_path / "名单.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "名单.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["村代码", "村", "姓名", "号码", "原因"]
    assert [row[3] for row in rows[1:]] == ["139****5671", "031****2345"]
    assert "写不了文件" in run("announce", "missed", spread, "--csv", tmp_path / "没有" / "a.csv", code=1).stderr
    assert "没有第9号" in run("announce", "missed", 9, code=1).stderr


@pytest.mark.usefixtures("staffed")
def test_nobody_is_missed_before_it_goes_out(run: Run, service: Service) -> None:
    lives(service, "13912345678")
    assert "还没有人该收到" in run("announce", "missed", compose(run), code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("announce", "compose"), "没有写 TITLE。"),
        (("announce", "compose", "停水", TEXT), "没有写 --as。"),
        (("announce", "compose", "停水", "--urgency", "high"), "--urgency 只能是 routine、emergency。"),
        (("announce", "approve", "一", "--as", "李四"), "NUMBER 要写数字。"),
        (("announce", "withdraw", "1", "--as", "李四"), "没有写 --why。"),
        (("announce", "list", "--all"), "没有 --all 这个选项。"),
        (("announce", "shout"), "没有这条命令。"),
        (("staff", "add", "张三", "--role", "boss", "--place", TOWN), "--role 只能是 editor、approver。"),
    ],
)  # fmt: skip
def test_a_command_line_that_is_not_understood_is_answered_in_a_sentence(run: Run, arguments: Any, said: str) -> None:
    told = run(*arguments, code=1)
    assert told.stderr.startswith(said), told.stderr
    assert f" {arguments[0]} " in told.stderr
    assert told.stderr.endswith("--help 看怎么写。\n")


def test_a_database_that_is_out_of_reach_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    broken = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'folder.db'}"))
    for arguments in (["announce", "list"], ["announce", "compose", "停水", TEXT, "--as", "张三"], ["staff", "list"]):
        result = broken.test_cli_runner().invoke(args=arguments)
        assert result.exit_code == 1, result.output
        assert "数据库用不了" in result.stderr
        assert "Traceback" not in result.output


def test_the_linked_door_is_counted_as_wechat_only_where_it_is_set_up(
    run: Run, service: Service, staffed: None
) -> None:
    lives(service, "13912345678")
    with service.sessions.begin() as session:
        session.add(Door(channel="wechat", address="openid", number="13912345678", since=NOW))
    about = json.loads(run("announce", "preview", compose(run), "--json").stdout)
    assert (about["people"]["wechat"]["people"], about["people"]["sms"]["people"]) == (0, 1)
