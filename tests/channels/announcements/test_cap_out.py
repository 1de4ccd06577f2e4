"""Announcements as CAP 1.2, each valid against the OASIS schema; the doors of both ways; from one county to another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import xmlschema

from app import Service, create_app
from channels.announcements.cap import feed as cap_feed
from channels.announcements.cap import out as cap_out
from channels.announcements.cap.routes import house
from config import SHANGHAI, Settings
from knowledge import places
from knowledge.announcements import Draft
from knowledge.imports import cap
from tests.channels.announcements.cap import HOUR, SCHEMA, SENDER, TOWN, VILLAGE, message, reference
from tests.conftest import NOW, SHARED

COUNTY = "130283"
TOKEN = {"Authorization": "Bearer s3cret"}
ATOM = {"a": cap_feed.ATOM}

DRAFT = Draft(
    title="停水通知",
    text="明天上午九点到下午五点停水，请提前存水。",
    publisher="五重安镇政府",
    places=(TOWN, VILLAGE, COUNTY),
    outlets=("speaker", "sms", "tv"),
    starts=NOW - HOUR,
    ends=NOW + timedelta(days=2),
)


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMA))


def valid(data: bytes) -> cap.Message:
    """What a message says; fails where the schema, or our own reading of the standard, does not allow it."""
    schema().validate(ElementTree.fromstring(data))
    read = cap.read(data)
    cap.check(read)
    assert b"Z</" not in data
    return read


class County:
    """The whole application of one county at a moment."""

    def __init__(self, folder: Path, migrated: Path, host: str, **settings: Any) -> None:
        folder.mkdir()
        database = shutil.copy(migrated, folder / "county.db")
        self.app = create_app(
            Settings(
                database_url=f"sqlite:///{database}",
                public_url=f"https://{host}",
                today=NOW.date(),
                cap_token="s3cret",
                **settings,
            )
        )
        self.service: Service = self.app.extensions["xiangyin"]
        self.at = NOW
        self.client = self.app.test_client()
        for name, role in (("甲", "editor"), ("乙", "approver")):
            self.service.team.add(name, role, COUNTY, NOW)

    def going(self, draft: Draft = DRAFT) -> int:
        number = self.service.announcements.compose(draft, "甲", self.at)
        self.service.announcements.approve(number, "乙", self.at)
        self.service.announcements.turn(self.at)
        return number

    def identifier(self, number: int) -> str:
        return self.service.announcements.get(number).identifier

    def xml(self, number: int) -> bytes:
        return cap_out.message(self.service.published.of(number, self.at), house(self.service))

    def feed(self) -> list[tuple[str, bytes]]:
        """The titles of the feed and the messages that it links to."""
        root = ElementTree.fromstring(self.client.get("/cap/feed.xml").data)
        return [
            (entry.findtext("a:title", "", ATOM), self.client.get(link.attrib["href"]).data)
            for entry in root.findall("a:entry", ATOM)
            for link in entry.findall("a:link", ATOM)
        ]

    def post(self, data: bytes, expected: int = 200) -> dict[str, Any]:
        answer = self.client.post("/cap", data=data, headers={**TOKEN, "Accept": "application/json"})
        assert answer.status_code == expected, answer.text
        told: dict[str, Any] = answer.json
        return told


@pytest.fixture
def make(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., County]]:
    made: list[County] = []
    monkeypatch.setattr(Settings, "now", lambda _: made[-1].at if made else NOW)

    def county(host: str = "qianan.example", **settings: Any) -> County:
        made.append(County(tmp_path / host, migrated, host, **settings))
        return made[-1]

    yield county
    for each in made:
        each.service.engine.dispose()


# --- out -------------------------------------------------------------------------------------------------------------


def test_an_announcement_is_a_message_that_the_schema_allows(make: Callable[..., County]) -> None:
    county = make()
    number = county.going(replace(DRAFT, title="停水<通知>&“明天”", text="水厂检修 <b>&amp;\x0b 请存水。]]>"))
    answer = county.client.get(f"/cap/{county.identifier(number)}.xml")
    assert answer.content_type == "application/cap+xml; charset=utf-8"
    told = valid(answer.data)
    assert (told.sender, told.status, told.kind, told.scope) == ("130283@qianan.example", "Actual", "Alert", "Public")
    assert b"<sent>2026-11-23T10:00:00+08:00</sent>" in answer.data
    (info,) = told.infos
    assert (info.headline, info.description) == ("停水<通知>&“明天”", "水厂检修 <b>&amp; 请存水。]]>")
    assert (info.urgency, info.severity, info.certainty, info.categories) == ("Future", "Minor", "Likely", ("Infra",))
    assert (info.effective, info.expires, info.publisher) == (DRAFT.starts, DRAFT.ends, "五重安镇政府")
    assert [(area.name, area.codes) for area in info.areas] == [
        ("迁安市五重安镇", (TOWN,)), ("迁安市五重安镇万宝沟村", (VILLAGE,)), ("迁安市", (COUNTY,)),
    ]  # fmt: skip
    again = county.client.get(
        f"/cap/{county.identifier(number)}.xml", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("title", "category", "urgency", "found"),
    [
        ("森林火险橙色预警", "预警", "emergency", "Fire"),
        ("暴雨红色预警", "预警", "emergency", "Met"),
        ("转移通知", "通知", "emergency", "Safety"),
        ("开村民代表大会", "通知", "routine", "Other"),
        ("打疫苗", "卫生", "routine", "Health"),
        ("移风易俗", "通知", "routine", "Other"),
    ],
)
def test_its_category_is_told_from_its_words(
    make: Callable[..., County], title: str, category: str, urgency: Any, found: str
) -> None:
    county = make()
    number = county.service.announcements.compose(
        replace(DRAFT, title=title, category=category, urgency=urgency), "甲", NOW
    )
    told = valid(county.xml(number))
    assert (told.status, told.infos[0].categories) == ("Draft", (found,))


def test_what_is_not_everybodys_is_never_served(make: Callable[..., County]) -> None:
    county = make()
    announcements = county.service.announcements
    hidden = [
        announcements.compose(DRAFT, "甲", NOW),  # a draft
        county.going(replace(DRAFT, groups=("党员",))),
        county.going(replace(DRAFT, outlets=("sms", "call", "wechat"))),
        county.going(replace(DRAFT, starts=NOW + HOUR)),  # not yet
    ]
    withdrawn = announcements.compose(DRAFT, "甲", NOW)
    announcements.withdraw(withdrawn, "甲", "", NOW)
    rejected = county.going(replace(DRAFT, starts=NOW + HOUR))
    announcements.withdraw(rejected, "甲", "", NOW)
    missed = county.service.alerts.receive(message(expires=NOW), NOW).announcements
    for number in (*hidden, withdrawn, rejected, *missed):
        for end in ("", "-cancel"):
            assert county.client.get(f"/cap/{county.identifier(number)}{end}.xml").status_code == 404
    assert county.client.get("/cap/else.xml").status_code == 404
    assert county.client.get("/cap/%00'.xml").status_code == 404
    assert county.feed() == []
    assert valid(county.xml(hidden[0])).status == "Draft"


def test_in_force_without_a_worker_it_is_served_and_once_over_too(make: Callable[..., County]) -> None:
    county = make()
    number = county.service.announcements.compose(replace(DRAFT, starts=NOW + HOUR), "甲", NOW)
    county.service.announcements.approve(number, "乙", NOW)
    assert county.feed() == []
    county.at += HOUR
    assert [title for title, _ in county.feed()] == ["停水通知"]
    county.at = DRAFT.ends
    county.service.announcements.turn(county.at)
    assert county.feed() == []
    assert valid(county.client.get(f"/cap/{county.identifier(number)}.xml").data).status == "Actual"


def test_what_is_superseded_or_withdrawn_is_told_by_its_references(make: Callable[..., County]) -> None:
    county = make()
    old = county.going()
    county.at += HOUR
    new = county.going(replace(DRAFT, title="停水改时间", replaces=old))
    update = valid(county.xml(new))
    (refers,) = update.references
    assert (update.kind, refers.identifier, refers.sender) == (
        "Update",
        county.identifier(old),
        "130283@qianan.example",
    )
    assert refers.sent == valid(county.xml(old)).sent == NOW
    assert [title for title, _ in county.feed()] == ["停水改时间"]
    county.at += HOUR
    county.service.announcements.withdraw(new, "甲", "写错了", county.at)
    ((title, data),) = county.feed()
    cancel = valid(data)
    assert (title, cancel.kind, cancel.identifier) == ("撤回：停水改时间", "Cancel", f"{county.identifier(new)}-cancel")
    assert [each.identifier for each in cancel.references] == [county.identifier(new)]
    assert (cancel.sent, cancel.infos[0].urgency) == (county.at, "Past")
    assert valid(county.client.get(f"/cap/{county.identifier(new)}.xml").data).kind == "Update"  # as it was
    assert "写错了".encode() not in data
    county.at = DRAFT.ends
    assert county.feed() == []


def test_the_feed_is_atom_with_everything_escaped(make: Callable[..., County]) -> None:
    county = make()
    empty = ElementTree.fromstring(county.client.get("/cap/feed.xml").data)
    assert empty.findtext("a:updated", "", ATOM) == "2026-11-23T10:00:00+08:00"
    county.going(replace(DRAFT, title="<script>&", text="]]><entry/>"))
    answer = county.client.get("/cap/feed.xml")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    root = ElementTree.fromstring(answer.data)
    (entry,) = root.findall("a:entry", ATOM)
    assert [entry.findtext(f"a:{name}", "", ATOM) for name in ("title", "summary")] == ["<script>&", "]]><entry/>"]
    assert entry.findtext("a:id", "", ATOM).startswith("https://qianan.example/cap/xiangyin-")
    assert all(root.findtext(f"a:{name}", "", ATOM) for name in ("id", "title", "updated"))  # RFC 4287, 4.1.1


# --- in, over HTTP and by the command line ------------------------------------------------------------------------------


@pytest.mark.parametrize(("token", "given"), [(None, "s3cret"), ("s3cret", "wrong"), ("s3cret", ""), ("", "")])
def test_without_the_token_nothing_is_read(make: Callable[..., County], token: str | None, given: str) -> None:
    county = make(cap_senders=SENDER)
    app = create_app(Settings(database_url=county.service.settings.database_url, cap_senders=SENDER, cap_token=token))
    answer = app.test_client().post("/cap", data=message(), headers={"Authorization": f"Bearer {given}"})
    assert answer.status_code == 403
    assert county.service.announcements.listing() == []


def test_an_alert_by_http_is_out_at_once(make: Callable[..., County]) -> None:
    county = make(cap_senders=f"{SENDER}=迁安市应急管理局")
    told = county.post(message())
    assert told == {"outcome": "released", "announcements": [1], "reasons": []}
    assert county.post(message())["outcome"] == "repeat"
    passed = valid(county.client.get(f"/cap/{county.identifier(1)}.xml").data)
    assert (passed.infos[0].event, passed.infos[0].level, passed.infos[0].severity) == ("森林火险", "橙色", "Severe")
    assert passed.origin == cap.Reference(SENDER, "A", NOW)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "no_alert"),
        (b"<alert", 400, "no_alert"),
        (message(space="urn:oasis:names:tc:emergency:cap:1.1"), 400, "no_alert"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><alert>&x;</alert>', 400, "no_alert"),
        (message(description="长" * 90_000), 413, "too_large"),
        (b"<alert>" + b" " * 10_000_000, 413, "too_large"),
    ],
)
def test_a_refused_message_says_why(make: Callable[..., County], data: bytes, status: int, code: str) -> None:
    county = make(cap_senders=SENDER)
    assert county.post(data, status)["error"]["code"] == code
    assert county.post(message(description="长" * 50_000))["outcome"] == "released"  # 150 KB is not too large


def test_the_command_takes_files_and_says_what_became_of_them(make: Callable[..., County], tmp_path: Path) -> None:
    county = make(cap_senders=SENDER)
    runner = county.app.test_cli_runner()
    good, bad, large = tmp_path / "a.xml", tmp_path / "b.xml", tmp_path / "c.xml"
    good.write_bytes(message())
    bad.write_bytes(b"<alert/>")
    large.write_bytes(b" " * 10_000_000)
    told = runner.invoke(args=["announce", "cap-in", str(good), str(bad)])
    assert told.exit_code == 1
    assert "已紧急播发，请审核人补审（第1号）" in told.output
    assert "b.xml 收不了：不是 CAP 预警" in told.output
    told = runner.invoke(args=["announce", "cap-in", "--json", str(good)])
    assert json.loads(told.output)["outcome"] == "repeat"
    told = runner.invoke(args=["announce", "cap-in", "-"], input=message("B"))
    assert "第2号" in told.output
    for file in (large, tmp_path / "none.xml"):
        told = runner.invoke(args=["announce", "cap-in", str(file)])
        assert (told.exit_code, "Traceback" in told.output) == (1, False)
    told = runner.invoke(args=["announce", "cap", "1"])
    assert valid(told.stdout_bytes).infos[0].headline == "森林火险橙色预警"
    assert "没有第99号" in runner.invoke(args=["announce", "cap", "99"]).output


# --- from one county to another -----------------------------------------------------------------------------------------


def test_what_one_county_says_another_hears_and_it_goes_no_further_round(make: Callable[..., County]) -> None:
    here = make("here.example", cap_senders="130283@there.example")
    there = make("there.example", cap_senders="130283@here.example")
    draft = replace(DRAFT, title="洪水来了，马上转移", urgency="emergency", places=(VILLAGE,), publisher="防汛办")
    number = here.service.announcements.compose(draft, "甲", NOW)
    here.service.announcements.release(number, "甲", NOW)
    told = there.post(here.xml(number))
    assert told["outcome"] == "released"
    heard = there.service.announcements.get(told["announcements"][0])
    assert (heard.title, heard.text, heard.publisher) == (draft.title, f"{draft.text}有效到11月25日10时。", "防汛办")
    assert (heard.places, heard.starts, heard.ends) == ([VILLAGE], NOW - HOUR, draft.ends)
    assert here.post(there.xml(heard.id))["outcome"] == "ignored"  # its own, come back
    here.service.announcements.withdraw(number, "甲", "", NOW)
    ended = there.post(here.xml(number))
    assert ended["outcome"] == "withdrawn"
    assert there.service.announcements.get(heard.id).state == "withdrawn"
    assert "解除" in there.service.announcements.get(ended["announcements"][-1]).title
    for title, data in there.feed():
        assert title.startswith("撤回")
        assert here.post(data)["outcome"] == "stored"
    assert len(here.service.announcements.listing()) == 1


def test_a_third_county_hears_once_what_two_pass_on(make: Callable[..., County]) -> None:
    middle = make("middle.example", cap_senders=SENDER)
    last = make("last.example", cap_senders=f"{SENDER},130283@middle.example")
    middle.post(message())
    assert last.post(message())["outcome"] == "released"
    assert last.post(middle.xml(1))["outcome"] == "repeat"
    middle.post(message("B", "Cancel", refers=[reference("A")]))
    last.post(message("B", "Cancel", refers=[reference("A")]))
    for _, data in middle.feed():
        assert last.post(data)["outcome"] == "stored"
    assert len(last.service.announcements.listing()) == 2


# --- what is in the field -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Path:
    path = SHARED / "real" / "alerts"
    if not path.is_dir():
        pytest.skip("the real alerts ../shared/real/alerts are not on this machine")
    return path


def test_the_platforms_own_alerts_go_their_way(make: Callable[..., County], platform: Path) -> None:
    county = make(cap_senders="yjglj@qianan.example=迁安市应急管理局")
    files = sorted((platform / "应急管理局" / "森林防火_CAP").glob("*.xml"))
    outcomes = [county.post(file.read_bytes())["outcome"] for file in files]
    # one that is over; an orange one; a yellow one, which waits; and its end, before anybody was told
    assert outcomes == ["missed", "released", "waiting", "withdrawn"]
    (orange,) = [row for row in county.service.announcements.listing() if row.state == "going"]
    assert orange.places == ["130283106", "130283109", TOWN]
    valid(county.xml(orange.id))


def test_the_standards_own_example_is_for_others(make: Callable[..., County], real: Path) -> None:
    county = make(cap_senders="KARO@CLETS.DOJ.CA.GOV")
    assert county.post((real / "cap_amber_alert_example.xml").read_bytes())["outcome"] == "elsewhere"
    assert county.service.announcements.listing() == []


def test_the_real_weather_warnings_are_heard_in_their_counties_alone(
    make: Callable[..., County], real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings = json.loads((real / "cma_warnings_by_county_2026-07-24.json").read_text("utf-8"))["warnings"]
    code, own = next((code, rows) for code, rows in warnings.items() if len(rows) > 2 and not code.endswith("00"))
    county = make(cap_senders="cma@example")
    gazetteer = places.Places([places.Place(code, "本县", "county", None)])
    monkeypatch.setitem(vars(county.service), "places", gazetteer)
    county.at = now = datetime(2026, 7, 24, 23, 30, tzinfo=SHANGHAI)
    grades = {"红色": "Extreme", "橙色": "Severe", "黄色": "Moderate", "蓝色": "Minor"}
    heard = {}
    for place, rows in ({code: own} | dict(list(warnings.items())[:150])).items():
        for row in rows:
            sent = datetime.fromisoformat(row["issued"])
            data = message(
                f"{place}-{row['type'].replace(' ', '')}-{sent:%Y%m%d%H%M%S}", sender="cma@example", sent=sent, event=row["type"],
                severity=grades.get(row["color"], "Unknown"), headline=f"{row['type']}{row['color']}预警", description="", instruction="",
                expires=datetime.fromisoformat(row["expires"]) if row["expires"] else None, areas=[(row["name"], place)],
            )  # fmt: skip
            schema().validate(ElementTree.fromstring(data))
            receipt = county.service.alerts.receive(data, now)
            if place == code or (place.endswith("00") and code.startswith(place.rstrip("0"))):
                heard[data] = (receipt.outcome, row["color"])
            else:
                assert receipt.outcome == "elsewhere", row
    assert len(heard) >= len(own)
    for outcome, colour in heard.values():
        assert outcome in ({"released", "missed"} if colour in ("红色", "橙色") else {"waiting", "missed"})
    for row in county.service.announcements.listing():
        valid(county.xml(row.id))


def test_the_schema_is_the_one_that_was_handed_out(real: Path) -> None:
    assert SCHEMA.read_bytes() == (real / "CAP-v1.2.xsd").read_bytes()
