"""The rules of CAP 1.2: what is in force, for whom, until it is updated, cancelled or over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config import SHANGHAI
from knowledge import alerts
from tests.conftest import NOW
from tests.sectors import COUNTY, SHUXING, WANBAOGOU, WUZHONGAN, add

HOUR = timedelta(hours=1)
ELSEWHERE = "130283103"  # 建昌营镇


def alert(name: str, **more: Any) -> dict[str, Any]:
    return {
        "identifier": name,
        "sender": "yjj@county",
        "sent": NOW - 24 * HOUR,
        "status": "Actual",
        "kind": "Alert",
        "scope": "Public",
        "event": "森林火险",
        "severity": "Severe",
        "effective": NOW - 24 * HOUR,
        "expires": NOW + 24 * HOUR,
        "areas": [WUZHONGAN],
        "area_names": [],
        "references": [],
    } | more


def names(session: Session, *rows: dict[str, Any], place: str = WANBAOGOU, now: datetime = NOW) -> list[str]:
    add(session, "alerts", *rows)
    return [found.identifier for found in alerts.active(session, place, now)]


def test_an_actual_public_alert_is_in_force(session: Session) -> None:
    assert names(session, alert("A")) == ["A"]


@pytest.mark.parametrize(
    "more",
    [
        {"status": "Exercise"},
        {"status": "Test"},
        {"status": "Draft"},
        {"scope": "Restricted"},
        {"scope": "Private"},
        {"kind": "Ack"},
        {"kind": "Error"},
        {"expires": NOW - HOUR},
        {"expires": NOW},
        {"effective": NOW + HOUR},
        {"sent": NOW + HOUR, "effective": None},
    ],
)
def test_what_is_not_in_force(session: Session, more: dict[str, Any]) -> None:
    assert names(session, alert("A", **more)) == []


@pytest.mark.parametrize(
    ("areas", "place", "concerned"),
    [
        ([COUNTY], WANBAOGOU, True),
        ([WUZHONGAN], WANBAOGOU, True),
        ([WANBAOGOU], WANBAOGOU, True),
        ([WUZHONGAN], WUZHONGAN, True),
        ([WANBAOGOU], WUZHONGAN, True),
        ([WUZHONGAN], COUNTY, True),
        ([WUZHONGAN], SHUXING, False),
        ([WUZHONGAN, ELSEWHERE], SHUXING, True),
        (["130283116000"], WANBAOGOU, True),
        (["130283000000"], SHUXING, True),
        (["130283116000"], SHUXING, False),
        (["130281"], WANBAOGOU, False),
        (["654022"], COUNTY, False),
        ([], WANBAOGOU, True),
    ],
)
def test_areas_by_division_code(session: Session, areas: list[str], place: str, concerned: bool) -> None:
    assert names(session, alert("A", areas=areas), place=place) == (["A"] if concerned else [])


def test_a_cancel_ends_what_it_refers_to(session: Session) -> None:
    cancel = alert("C", kind="Cancel", references=["A"], sent=NOW - HOUR)
    assert names(session, alert("A"), alert("B"), cancel) == ["B"]
    [(ended, by)] = alerts.cancelled(session, WANBAOGOU, NOW)
    assert (ended.identifier, by.identifier) == ("A", "C")
    before = NOW - 2 * HOUR
    assert {found.identifier for found in alerts.active(session, WANBAOGOU, before)} == {"A", "B"}
    assert alerts.cancelled(session, WANBAOGOU, before) == []
    assert alerts.cancelled(session, SHUXING, NOW) == []


def test_an_update_takes_the_place_of_what_it_refers_to(session: Session) -> None:
    update = alert("A2", kind="Update", references=["A"], sent=NOW - HOUR, severity="Extreme")
    assert names(session, alert("A"), update) == ["A2"]


def test_only_the_sender_itself_may_end_an_alert(session: Session) -> None:
    foreign = alert("C", kind="Cancel", references=["A"], sender="else@where", sent=NOW - HOUR)
    assert names(session, alert("A"), foreign) == ["A"]


def test_an_exercise_ends_nothing(session: Session) -> None:
    exercise = alert("C", kind="Cancel", references=["A"], status="Exercise", sent=NOW - HOUR)
    assert names(session, alert("A"), exercise) == ["A"]


def test_the_most_severe_comes_first_then_the_latest(session: Session) -> None:
    found = names(
        session,
        alert("minor", severity="Minor"),
        alert("severe"),
        alert("severe later", sent=NOW - HOUR),
        alert("unknown", severity=""),
        alert("extreme", severity="Extreme"),
    )
    assert found == ["extreme", "severe later", "severe", "minor", "unknown"]


def test_an_alert_without_an_end_holds_a_day(session: Session) -> None:
    assert names(session, alert("A", expires=None, sent=NOW - 23 * HOUR)) == ["A"]
    assert alerts.active(session, WANBAOGOU, NOW + 2 * HOUR) == []


def test_alerts_that_are_over_are_known_the_latest_first(session: Session) -> None:
    add(
        session,
        "alerts",
        alert("old", expires=NOW - 9 * HOUR),
        alert("last", expires=NOW - HOUR),
        alert("now"),
        alert("ended", expires=NOW - 2 * HOUR),
        alert("C", kind="Cancel", references=["ended"], sent=NOW - 3 * HOUR),
    )
    assert [found.identifier for found in alerts.expired(session, WANBAOGOU, NOW)] == ["last", "old"]


def test_it_is_the_same_in_every_time_zone(session: Session) -> None:
    add(session, "alerts", alert("A", expires=datetime(2026, 11, 23, 20, 0, tzinfo=SHANGHAI)))
    assert alerts.active(session, WANBAOGOU, datetime(2026, 11, 23, 19, 59, tzinfo=SHANGHAI))
    assert not alerts.active(session, WANBAOGOU, datetime(2026, 11, 23, 20, 0, tzinfo=SHANGHAI))


def notice(
    code: str, place: str, body: str, title: str = "禁止野外用火通告", expires: date | None = None
) -> dict[str, Any]:
    return {"code": code, "title": title, "body": body, "place": place, "published": date(2026, 11, 1), "expires": expires}  # fmt: skip


def test_a_notice_that_forbids_fire_is_found(session: Session) -> None:
    ban = "全镇山场一律不准烧秸秆。镇值班电话在门口。"
    add(
        session,
        "notices",
        notice("1", WUZHONGAN, ban, expires=date(2026, 12, 1)),
        notice("2", COUNTY, ban, expires=date(2026, 11, 22)),
        notice("3", ELSEWHERE, ban),
        notice("4", WANBAOGOU, "护林员上山值守。"),
        notice("5", WANBAOGOU, "不准停车。", title="停车通知"),
    )
    assert [row.code for row in alerts.bans(session, WANBAOGOU, NOW.date())] == ["1"]
    assert [row.code for row in alerts.bans(session, SHUXING, NOW.date())] == ["3"]
    assert alerts.bans(session, COUNTY, NOW.date()) == []
    assert alerts.forbids_fire(ban) == "全镇山场一律不准烧秸秆"
    assert alerts.forbids_fire("不准停车。注意防火。") == ""
