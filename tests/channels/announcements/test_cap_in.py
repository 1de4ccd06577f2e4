"""Alerts of a listed sender become emergencies for exactly their villages, are updated and cancelled; others wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from channels.announcements import wording
from channels.announcements.cap import words as cap_words
from channels.sms import segments
from knowledge import alerts, database
from knowledge.announcements import OUTLETS, Announcements
from knowledge.announcements.alert_areas import placed
from knowledge.announcements.alert_rules import Receipt, listed
from knowledge.announcements.received import Alerts
from knowledge.announcements.staff import Team
from knowledge.announcements.tables import Announcement
from knowledge.imports import import_paths
from knowledge.imports.cap import Area
from knowledge.places import Places
from knowledge.tables import Alert
from tests.channels.announcements.cap import HOUR, SENDER, SIBLING_TOWN, TOWN, VILLAGE, message, reference, stamp
from tests.conftest import NOW

COUNTY, OTHER = "130283", "130283105"
OWN = "130283@village.example"


class County:
    """A county that listens to one sender. `at` is the time."""

    def __init__(self, engine: Engine, places: Places) -> None:
        self.sessions = database.sessions(engine)
        self.announcements = Announcements(self.sessions)
        self.alerts = Alerts(self.sessions, places, {SENDER: ""}, OWN, cap_words)
        self.at = NOW
        Team(self.sessions).add("丙", "approver", COUNTY, NOW)

    def take(self, *arguments: Any, **more: Any) -> Receipt:
        return self.alerts.receive(message(*arguments, **more), self.at)

    def only(self, receipt: Receipt) -> Announcement:
        (number,) = receipt.announcements
        return self.announcements.get(number)

    def state(self, receipt: Receipt) -> str:
        return self.only(receipt).state

    def shown(self, place: str = VILLAGE, outlet: str = "tv") -> list[str]:
        return [row.title for row in self.announcements.showing(self.at, outlet, place)]

    def known(self) -> list[str]:
        with self.sessions() as session:
            return [alert.identifier for alert in alerts.active(session, VILLAGE, self.at)]

    def count(self) -> int:
        return len(self.announcements.listing())

    def trace(self, number: int) -> list[str]:
        return [event.what for event in self.announcements.trace(number)]


@pytest.fixture
def county(engine: Engine, gazetteer: Places) -> County:
    return County(engine, gazetteer)


def test_an_alert_is_out_at_once_for_exactly_its_places(county: County) -> None:
    receipt = county.take(areas=[("迁安市五重安镇", TOWN), ("遵化市", "130281"), ("洛杉矶", "006037")])
    row = county.only(receipt)
    assert (receipt.outcome, row.state, row.urgency) == ("released", "going", "emergency")
    assert (row.places, tuple(row.outlets), row.category) == ([TOWN], OUTLETS, "预警")
    assert (row.title, row.publisher) == ("森林火险橙色预警", "迁安市应急管理局")
    assert row.text == "风力4到5级，空气干燥。林区禁止用火；看见冒烟打12119。有效到11月23日15时。"
    assert (row.starts, row.ends) == (NOW, NOW + 5 * HOUR)
    assert county.shown() == ["森林火险橙色预警"]
    assert county.shown(OTHER) == []
    assert county.trace(row.id) == ["composed", "released"]
    assert row.alert is not None
    assert (row.alert["sender"], row.alert["identifier"], row.alert["severity"]) == (SENDER, "A", "Severe")
    assert county.known() == ["A"]
    assert county.announcements.approve(row.id, "丙", NOW) == "going"


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"severity": "Extreme"}, "released"),
        ({"severity": "Moderate", "headline": "森林火险橙色预警"}, "released"),
        ({"severity": "Unknown", "headline": "火险", "parameters": {"预警级别": "红色"}}, "released"),
        ({"severity": "Moderate", "headline": "森林火险黄色预警"}, "waiting"),
        ({"severity": "Minor", "headline": "森林火险蓝色预警"}, "waiting"),
        ({"severity": "Unknown", "headline": "火险提示"}, "waiting"),
        ({"certainty": "Unlikely"}, "waiting"),
        ({"urgency": "Past"}, "waiting"),
        ({"responseType": "AllClear"}, "waiting"),
        ({"effective": NOW + HOUR}, "scheduled"),
        ({"effective": NOW - HOUR}, "released"),
        ({"expires": NOW}, "missed"),
        ({"expires": None}, "released"),
        ({"areas": [("唐山市", "130200")]}, "released"),
        ({"areas": [("迁安市五重安镇、大崔庄镇", "")]}, "released"),
        ({"areas": [("北部山区", "")], "polygon": "40.1,118.6 40.2,118.7 40.1,118.8 40.1,118.6"}, "waiting"),
        ({"areas": []}, "waiting"),
        ({"areas": [("遵化市", "130281")]}, "elsewhere"),
        ({"description": "Strong wind.", "instruction": "", "headline": "Fire", "event": "Fire"}, "waiting"),
        ({"sent": NOW + timedelta(minutes=5), "effective": NOW}, "released"),
        ({"sent": NOW + timedelta(minutes=11)}, "waiting"),
    ],
)
def test_what_becomes_of_an_alert_is_written_down(county: County, told: dict[str, Any], outcome: str) -> None:
    receipt = county.take(**told)
    assert receipt.outcome == outcome
    states = {"released": "going", "scheduled": "scheduled", "waiting": "draft", "missed": "done"}
    assert [county.announcements.get(number).state for number in receipt.announcements] == (
        [states[outcome]] if outcome in states else []
    )
    in_force = outcome in ("released",)
    assert bool(county.shown()) == in_force


def test_a_yellow_one_is_known_to_the_answers_and_goes_out_when_approved(county: County) -> None:
    row = county.only(county.take(severity="Moderate", headline="森林火险黄色预警"))
    assert (row.state, row.urgency) == ("draft", "routine")
    assert county.known() == ["A"]
    assert county.announcements.approve(row.id, "丙", NOW) == "scheduled"
    assert county.shown() == ["森林火险黄色预警"]


@pytest.mark.parametrize(
    ("told", "outcome", "known"),
    [
        ({"status": "Exercise"}, "stored", True),
        ({"status": "System"}, "stored", True),
        ({"status": "Test"}, "stored", True),
        ({"status": "Draft"}, "stored", True),
        ({"kind": "Ack", "refers": [reference("X")]}, "stored", True),
        ({"kind": "Error", "refers": [reference("X")]}, "stored", True),
        ({"scope": "Private"}, "ignored", False),
        ({"scope": "Restricted"}, "ignored", False),
        ({"sender": OWN}, "ignored", False),
        ({"sender": "else@where", "status": "Test"}, "ignored", False),
    ],
)
def test_what_is_not_for_the_public_now_is_never_told(
    county: County, told: dict[str, Any], outcome: str, known: bool
) -> None:
    assert county.take(**told).outcome == outcome
    assert county.count() == 0
    assert county.known() == []
    with county.sessions() as session:
        assert len(session.scalars(select(Alert)).all()) == known


def test_the_same_alert_again_changes_nothing(county: County) -> None:
    first = county.take()
    again = county.take()
    assert (again.outcome, again.announcements) == ("repeat", first.announcements)
    late = message(sent=NOW).replace(b"2026-11-23T10:00:00+08:00", b"2026-11-23T02:00:00+00:00", 1)
    assert county.alerts.receive(late, NOW).outcome == "repeat"  # the same moment in another zone
    assert county.count() == 1


def test_the_same_alert_by_many_lines_at_once_is_announced_once(county: County) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = [each.outcome for each in pool.map(lambda _: county.take(), range(8))]
    assert sorted(outcomes) == ["released", *["repeat"] * 7]
    assert county.count() == 1


def test_its_number_with_another_time_waits_for_a_person(county: County) -> None:
    county.take()
    receipt = county.take(sent=NOW + timedelta(minutes=1))
    assert receipt.outcome == "waiting"
    assert "这个编号以前来过" in receipt.reasons[0]


def test_an_unlisted_sender_is_never_out_by_itself(county: County) -> None:
    receipt = county.take(sender="else@where")
    row = county.only(receipt)
    assert (receipt.outcome, row.state, row.author, row.urgency) == ("waiting", "draft", "", "emergency")
    assert "不在名单里" in receipt.reasons[0]
    assert county.known() == []  # nor do the answers tell it
    update = county.take("B", "Update", sender="else@where", refers=[reference("A", sender="else@where")])
    assert update.outcome == "waiting"
    county.announcements.approve(row.id, "丙", NOW)
    county.announcements.turn(NOW)
    cancel = county.take("C", "Cancel", sender="else@where", refers=[reference("A", sender="else@where")])
    assert cancel.outcome == "waiting"
    assert county.announcements.get(row.id).state == "going"
    assert county.only(cancel).replaces == row.id


def test_nobody_touches_the_alerts_of_another_sender(county: County) -> None:
    mine = county.take()
    for number, sender in (("B", "else@where"), ("C", "else@where")):
        county.take(number, "Cancel", sender=sender, refers=[reference("A")])
        county.take(number, "Update", sender=sender, refers=[reference("A", sender=sender)])
    assert county.state(mine) == "going"
    assert county.known() == ["A"]


def test_an_update_takes_the_place_of_what_it_refers_to(county: County) -> None:
    old = county.take()
    county.at = NOW + HOUR
    new = county.take("B", "Update", sent=NOW + HOUR, refers=[reference("A")], headline="森林火险红色预警")
    assert (new.outcome, county.state(old)) == ("released", "superseded")
    assert county.only(new).replaces == county.only(old).id
    assert county.shown() == ["森林火险红色预警"]
    assert county.known() == ["B"]


def test_people_who_were_told_are_told_that_it_is_less_now(county: County) -> None:
    old = county.take()
    county.at += HOUR
    told = {"severity": "Moderate", "headline": "森林火险黄色预警", "sent": county.at, "effective": county.at}
    new = county.take("B", "Update", refers=[reference("A")], **told)
    row = county.only(new)
    assert (new.outcome, county.state(old)) == ("scheduled", "superseded")
    assert (row.urgency, row.approver) == ("routine", "迁安市应急管理局")
    assert county.shown() == ["森林火险黄色预警"]


def test_an_update_of_several_ends_them_all_and_of_none_is_an_alert(county: County) -> None:
    olds = [county.take("A"), county.take("B")]
    county.take("C", "Update", refers=[reference("A"), reference("B"), reference("unknown")])
    assert [county.state(old) for old in olds] == ["superseded", "superseded"]
    assert county.take("D", "Update", refers=[reference("unknown")]).outcome == "released"


def test_an_update_to_come_leaves_the_old_one_until_then(county: County) -> None:
    old = county.take()
    county.take("B", "Update", refers=[reference("A")], effective=NOW + HOUR, headline="森林火险红色预警")
    assert (county.state(old), county.shown()) == ("going", ["森林火险橙色预警"])
    county.at += HOUR
    county.announcements.turn(county.at)
    assert (county.state(old), county.shown()) == ("superseded", ["森林火险红色预警"])


def test_an_update_that_is_no_longer_for_us_ends_it_for_us(county: County) -> None:
    old = county.take()
    receipt = county.take("B", "Update", refers=[reference("A")], areas=[("遵化市", "130281")])
    assert (receipt.outcome, county.state(Receipt("withdrawn", receipt.announcements[:1]))) == (
        "withdrawn",
        "withdrawn",
    )
    assert receipt.announcements[0] == old.announcements[0]
    assert "解除" in county.shown()[0]


def test_a_cancel_withdraws_and_tells_those_who_were_told(county: County) -> None:
    old = county.take(areas=[("五重安镇", TOWN), ("大崔庄镇", SIBLING_TOWN)])
    county.at += HOUR
    told = {"headline": "解除森林火险橙色预警", "description": "已有降水，火险等级下降。", "instruction": ""}
    receipt = county.take("B", "Cancel", sent=county.at, refers=[reference("A")], **told)
    withdrawn, clear = (county.announcements.get(number) for number in receipt.announcements)
    assert (withdrawn.id, withdrawn.state) == (old.announcements[0], "withdrawn")
    assert (clear.title, clear.urgency, clear.state) == ("解除森林火险橙色预警", "routine", "scheduled")
    assert clear.text == "森林火险橙色预警已经解除。已有降水，火险等级下降。"
    assert (clear.places, tuple(clear.outlets)) == ([SIBLING_TOWN, TOWN], OUTLETS)
    assert county.shown() == ["解除森林火险橙色预警"]
    assert county.known() == []
    county.announcements.turn(county.at)
    assert county.announcements.get(clear.id).state == "going"
    again = county.take("B", "Cancel", sent=county.at, refers=[reference("A")], **told)
    assert (again.outcome, again.announcements, county.count()) == ("repeat", (clear.id,), 2)


def test_a_cancel_without_a_word_is_said_all_the_same(county: County) -> None:
    county.take()
    receipt = county.take("B", "Cancel", refers=[reference("A")], infos=[])
    clear = county.announcements.get(receipt.announcements[1])
    assert (clear.title, clear.text) == ("解除：森林火险橙色预警", "森林火险橙色预警已经解除。")
    assert clear.publisher == "迁安市应急管理局"


def test_nobody_is_told_the_end_of_what_nobody_was_told(county: County) -> None:
    old = county.take(severity="Moderate", headline="森林火险黄色预警")
    receipt = county.take("B", "Cancel", refers=[reference("A")])
    assert (receipt.outcome, county.state(old), county.count()) == ("withdrawn", "withdrawn", 1)
    assert county.take("C", "Cancel", refers=[reference("unknown")]).outcome == "stored"


def test_an_alert_that_comes_after_its_end_is_not_told(county: County) -> None:
    assert county.take("B", "Cancel", refers=[reference("A")], sent=NOW + timedelta(minutes=1)).outcome == "stored"
    assert county.take("A").outcome == "late"
    assert county.take("C", "Update", refers=[reference("D")], sent=NOW + timedelta(minutes=1)).outcome == "released"
    assert county.take("D").outcome == "late"
    assert county.count() == 1


def test_references_are_read_as_they_are_written_in_the_field(county: County) -> None:
    county.take("A")
    county.take("B", "Cancel", refers=[f"else@where,A,{stamp(NOW)}\r\n {SENDER},\n  A,{stamp(NOW)}"])
    assert county.shown() == ["解除：森林火险橙色预警"]


def test_the_parts_of_an_alert_are_told_each_to_its_places(county: County) -> None:
    receipt = county.take(
        infos=[
            {"headline": "暴雨红色预警", "severity": "Extreme"},
            {"headline": "Rainstorm", "language": "en-US"},
            {"headline": "暴雨黄色预警", "severity": "Moderate", "areas": [("大崔庄镇", SIBLING_TOWN)]},
            {"headline": "暴雨紅色預警", "language": "zh-HK"},
        ]
    )
    rows = [county.announcements.get(number) for number in receipt.announcements]
    assert [(row.title, row.places, row.state) for row in rows] == [
        ("暴雨红色预警", [TOWN], "going"),
        ("暴雨黄色预警", [SIBLING_TOWN], "draft"),
    ]
    assert receipt.outcome == "released"
    county.take("B", "Cancel", refers=[reference("A")])
    assert {county.announcements.get(row.id).state for row in rows} == {"withdrawn"}


def test_what_was_imported_as_data_is_still_announced_when_it_arrives(county: County, engine: Engine, tmp_path) -> None:
    (tmp_path / "a.xml").write_bytes(message())
    done = import_paths(engine, [tmp_path / "a.xml"], NOW)
    assert (done.datasets["alerts"].stored, county.count()) == (1, 0)
    assert county.take().outcome == "released"
    assert import_paths(engine, [tmp_path / "a.xml"], NOW).datasets["alerts"].unchanged == 1


def test_a_listed_name_is_the_one_that_is_said(county: County, gazetteer: Places) -> None:
    assert listed(" a@b = 县应急局 ,c@d,, ") == {"a@b": "县应急局", "c@d": ""}
    named = Alerts(county.sessions, gazetteer, {SENDER: "市应急局"}, OWN, cap_words)
    number = named.receive(message(senderName="别的名字"), NOW).announcements[0]
    assert county.announcements.get(number).publisher == "市应急局"


def test_what_was_passed_on_is_told_once_and_never_goes_round(county: County, gazetteer: Places) -> None:
    both = Alerts(county.sessions, gazetteer, {SENDER: "", "next@county": ""}, OWN, cap_words)
    county.take()
    passed = message("next-1", sender="next@county", parameters={"xiangyin-origin": reference("A")})
    assert both.receive(passed, NOW).outcome == "repeat"
    mine = message("next-2", sender="next@county", parameters={"xiangyin-origin": f"{OWN},mine-1,{stamp(NOW)}"})
    assert both.receive(mine, NOW).outcome == "ignored"
    poison = message("p", sender="else@where", parameters={"xiangyin-origin": reference("Z")})
    both.receive(poison, NOW)
    assert both.receive(message("Z"), NOW).outcome == "released"  # an unlisted sender spoils no name


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (message(space="urn:oasis:names:tc:emergency:cap:1.1"), "只收 CAP 1.2"),
        (message(space="urn:else"), "不是 CAP 预警"),
        (message(kind="Cancel"), "没有写解除哪一条"),
        (message(infos=[]), "缺“info”"),
        (message(severity="Terrible"), "规范里没有"),
        (message(certainty=None), "缺“certainty”"),
        (message(scope=""), "缺“scope”"),
        (message(identifier=""), "缺“identifier”"),
        (message(identifier="a b"), "不能有空格"),
        (message(identifier="x" * 201), "最多200个字"),
        (message(event=""), "缺“event”"),
        (message().replace(b"+08:00", b""), "时区"),
        (message().replace(b"<sent>2026", b"<sent>9999"), "不对"),
        (message().replace(b"<expires>2026-11", b"<expires>2026-13"), "不对"),
        (message()[:-20], "不完整"),
        (b"", "不完整"),
        (b"\x00\xff", "不完整"),
        (b"{}", "不完整"),
        (b'<?xml version="1.0" encoding="GBK"?><a>\xff\xff</a>', "不完整"),
        (b'<?xml version="1.0" encoding="martian"?><a/>', "不完整"),
        (b"<a>" * 60_000, "不完整"),
        (b"<a>" * 60_000 + b"</a>" * 60_000, "不是 CAP"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><alert>&x;</alert>', "不安全"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><alert/>', "不安全"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert>&x;</alert>', "不安全"),
    ],
)
def test_what_is_no_alert_is_refused_in_a_sentence(county: County, data: bytes, said: str) -> None:
    receipt = county.alerts.receive(data, NOW)
    assert (receipt.outcome, receipt.announcements) == ("refused", ())
    assert said in receipt.reasons[0]
    assert county.count() == 0


@pytest.mark.parametrize(
    "recode",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b"\xef\xbb\xbf\n" + data.split(b"?>", 1)[1],
        lambda data: data.decode().replace("utf-8", "GBK").encode("gbk"),
        lambda data: data.decode().replace("utf-8", "gb2312").encode("gb18030"),
        lambda data: data.decode().replace("utf-8", "UTF-16").encode("utf-16"),
    ],
)
def test_an_alert_in_the_encodings_of_the_field_reads_the_same(county: County, recode: Any) -> None:
    data = message(description="风力4到5级，\n  空气干燥。")
    row = county.only(county.alerts.receive(recode(data.replace(b"?>", b"?>\n", 1)), NOW))
    assert row.text.startswith("风力4到5级， 空气干燥。林区禁止用火")


def test_a_long_one_is_cut_to_what_fits_and_not_refused(county: County) -> None:
    long = "很长的标题" * 60
    row = county.only(
        county.take(headline=long, description="风很大。" * 900, instruction="不要出门。" * 90, event="大风")
    )
    assert row.title == "大风橙色预警"
    assert len(wording.chat(row).encode()) <= 2000
    assert segments.split(wording.message(row)).count <= 3
    assert row.short.startswith("风很大。")
    assert "不要出门。" in row.short
    assert row.short.endswith("有效到11月23日15时。")


@pytest.mark.parametrize(
    ("name", "codes", "found", "unknown"),
    [
        ("", ("130283116000",), [TOWN], []),
        ("", ("130283000000",), [COUNTY], []),
        ("唐山市", ("130200",), [COUNTY], []),
        ("河北省", ("130000",), [COUNTY], []),
        ("全国", ("000000",), [], ["全国"]),
        ("五重安镇和万宝沟村", (TOWN, VILLAGE), [TOWN], []),
        ("五重安", ("130283999",), [TOWN], []),  # a code of ours that is on no list: by its name
        ("", ("130283999",), [], ["130283999"]),
        ("河北省唐山市迁安市", (), [COUNTY], []),
        ("迁安市五重安镇、大崔庄镇和马兰庄镇", (), ["130283106", "130283109", TOWN], []),
        ("五重安镇万宝沟村", (), [VILLAGE], []),
        ("刘庄子村", (), [], ["刘庄子村"]),  # two towns have one
        ("迁安市北部", (), [], ["迁安市北部"]),
        ("五重安镇、遵化市", (), [], ["五重安镇、遵化市"]),
        ("", (), [], ["没有写地名"]),
    ],
)
def test_areas_are_found_by_code_or_name_and_never_guessed(
    gazetteer: Places, name: str, codes: tuple[str, ...], found: list[str], unknown: list[str]
) -> None:
    assert placed([Area(name, codes)], gazetteer) == (found, unknown)


def test_what_a_county_says_is_said_plainly() -> None:
    from knowledge.imports.cap import Info

    info = Info(
        event="暴雨",
        level="橙色",
        headline="迁安市气象台2026年7月24日10时30分发布暴雨橙色预警信号，请注意防范",
        expires=NOW,
    )
    title, text, short = cap_words.alert(replace(info, onset=NOW + HOUR), NOW)
    assert (title, short) == ("暴雨橙色预警", "")
    assert text == f"{info.headline}。预计11月23日11时开始。有效到11月23日10时。"
    assert cap_words.alert(Info(event="大风"), NOW) == ("大风预警", "大风预警。", "")
    assert cap_words.clip("一句。两句。三句。", 7) == "一句。两句。"
    assert cap_words.clip("没有句号的一长句话", 5) == "没有句号…"
