"""What monitoring is told, and what it is not told without its token."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from channels.base.sending import Wanted

TOKEN = "scrape"


def test_alive(make) -> None:
    _, client = make()
    response = client.get("/healthz")
    assert (response.status_code, response.get_data(as_text=True)) == (200, "ok\n")


def test_ready_or_not_and_why(make) -> None:
    service, client = make()
    assert client.get("/readyz").get_json() == {"ready": True, "problems": []}
    service.wrong = ["the database is not migrated"]
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json() == {"ready": False, "problems": ["the database is not migrated"]}


@pytest.mark.parametrize(("token", "given"), [(None, ""), (None, "Bearer "), (None, "Bearer None"), (TOKEN, ""), (TOKEN, "Bearer x"),
                                              (TOKEN, f"Basic {TOKEN}"), ("", "Bearer ")])  # fmt: skip
def test_metrics_need_their_token(make, token: str | None, given: str) -> None:
    _, client = make(metrics_token=token)
    response = client.get("/metrics", headers={"Authorization": given} if given else {})
    assert response.status_code == 403
    assert "xiangyin" not in response.get_data(as_text=True)


def test_metrics_count_what_is_stored(make) -> None:
    service, client = make(metrics_token=TOKEN)
    for number in range(3):
        client.post("/api/chat", json={"sender": "a", "text": f"玉米{number}"})
    service.desk.store.receive("sms", "13900000000", "等着", service.time, "1")
    service.later(hours=-30)
    service.desk.store.receive("sms", "13900000000", "早的", service.time, "2")
    service.later(hours=30)
    service.wrong = ["something"]
    response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain")
    samples = {
        (sample.name, sample.labels.get("channel")): sample.value
        for family in text_string_to_metric_families(response.get_data(as_text=True))
        for sample in family.samples
    }
    assert samples[("xiangyin_messages_24h", "api-open")] == 3
    assert samples[("xiangyin_messages_unanswered_24h", "api-open")] == 0
    assert samples[("xiangyin_messages_24h", "sms")] == 1
    assert samples[("xiangyin_messages_unanswered_24h", "sms")] == 1
    assert samples[("xiangyin_ready", None)] == 0
    assert "13900000000" not in response.get_data(as_text=True)


def test_silent_loudspeakers_are_counted(make) -> None:
    service, client = make(metrics_token=TOKEN)
    for name in ("东头", "西头", "南头"):
        service.speakers.add(name, "130283116217", service.time)
    service.later(minutes=16)
    service.speakers.report("东头", {}, [], service.time)
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).get_data(as_text=True)
    assert "xiangyin_speakers 3.0" in text
    assert "xiangyin_speakers_silent 2.0" in text


def test_metrics_count_what_goes_out(make) -> None:
    service, client = make(metrics_token=TOKEN)
    outbox = service.outbox
    letters = [Wanted("sms", f"1390000000{n}", "通知", "reply", segments=2, cost=Decimal("0.10")) for n in range(3)]
    outbox.put([*letters, Wanted("call", "13900000009", "回拨", "reply")], service.time)
    (sent,) = outbox.take("kannel", "sms", service.time, 1e9).letters
    outbox.report(sent.number, "delivered", "", "", service.time)
    service.later(seconds=1)
    (lost,) = outbox.take("kannel", "sms", service.time, 1e9).letters
    service.later(hours=1)
    assert outbox.again(lost, service.time)
    outbox.put([Wanted("sms", "13900000008", "早的", "reply")], service.time - timedelta(hours=30))
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).get_data(as_text=True)
    samples = {
        (sample.name.removeprefix("xiangyin_outbox_"), sample.labels["channel"], sample.labels["state"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("xiangyin_outbox_")
    }
    assert samples == {
        **{("messages_24h", "sms", "delivered"): 1, ("messages_24h", "sms", "queued"): 2},
        **{("segments_24h", "sms", "delivered"): 2, ("segments_24h", "sms", "queued"): 4},
        **{("cost_yuan_24h", "sms", "delivered"): 0.1, ("cost_yuan_24h", "sms", "queued"): 0.2},
        **{("uncertain_24h", "sms", "delivered"): 0, ("uncertain_24h", "sms", "queued"): 1},
        **{("messages_24h", "call", "queued"): 1, ("segments_24h", "call", "queued"): 1},
        **{("cost_yuan_24h", "call", "queued"): 0, ("uncertain_24h", "call", "queued"): 0},
    }
    assert "1390000000" not in text
