"""A visitor's number, proven by a code that was sent there: to whom, how often, how secretly, and what it opens."""

from __future__ import annotations

import re
import time

import pytest
from sqlalchemy import select

from knowledge import database
from knowledge.service_tables import Code, Proof
from tests.channels.web.test_page import page
from tests.knowledge.test_identities import register

KNOWN, UNKNOWN = "13900000001", "13999999999"
FROM = {"REMOTE_ADDR": "198.51.100.7"}


@pytest.fixture
def made(make):
    service, client = make()
    service.gateway = True
    register(service.engine, KNOWN, "13900000002")
    return service, client


def form_proof(client) -> str:
    """What the forms of this browser bear."""
    return next(i["value"] for i in page(client.get("/number")).all("input") if i["name"] == "proof")


def ask(client, number: str, **more):
    return client.post("/number", data={"number": number, "proof": form_proof(client)}, **more)


def hand_in(client, code: str):
    return client.post("/number/code", data={"code": code, "proof": form_proof(client)})


def sent_code(service) -> str:
    return re.match(r"\d{6}", service.texts[-1][1])[0]


def prove(service, client) -> None:
    assert ask(client, KNOWN).status_code == 200
    assert hand_in(client, sent_code(service)).status_code == 303


def test_a_code_is_sent_and_opens_the_village_scope(made) -> None:
    service, client = made
    client.post("/", data={"text": "玉米"})
    shown = page(ask(client, KNOWN))
    assert "一分钟内会收到6位数字" in shown.text
    ((number, text),) = service.texts
    assert number == KNOWN
    assert len(text) <= 70, "one text message"
    home = hand_in(client, sent_code(service))
    assert (home.status_code, home.headers["Location"]) == (303, "/")
    client.post("/", data={"text": "低保名单"})
    client.post("/", json={"text": "低保名单二"})
    before, *after = service.asked
    assert before.resident is None
    assert [message.resident for message in after] == [KNOWN, KNOWN]
    assert {message.address.channel for message in service.asked} == {"web"}
    assert before.address.id not in after[0].address.id, "a conversation of its own"
    assert KNOWN not in after[0].address.id
    assert f"尾号{KNOWN[-4:]}" in page(client.get("/")).text
    assert KNOWN not in client.get("/").get_data(as_text=True)


def test_another_browser_is_not_proven_and_no_field_makes_it(made) -> None:
    service, client = made
    prove(service, client)
    other = client.application.test_client()
    other.post("/", json={"text": "低保名单", "sender": KNOWN, "resident": KNOWN, "number": KNOWN})
    other.set_cookie("xiangyin_number", KNOWN)
    other.post("/", data={"text": "低保", "resident": KNOWN})
    other.set_cookie("xiangyin_number", "A" * 32)
    other.post("/", data={"text": "低保二"})
    assert [message.resident for message in service.asked] == [None] * 3


def test_the_cookies_are_hidden_from_scripts_and_other_sites(made) -> None:
    service, client = made
    ask(client, KNOWN)
    cookies = hand_in(client, sent_code(service)).headers.getlist("Set-Cookie")
    assert sorted(cookie.split("=")[0] for cookie in cookies) == ["xiangyin_chat", "xiangyin_number"]
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Secure" not in cookie
    with database.sessions(service.engine)() as session:
        assert session.scalars(select(Proof.token)).one() not in "".join(cookies), "stored as its hash alone"
    service.later(minutes=2)
    encrypted = {"base_url": "https://xiangyin.example"}
    proof = next(i["value"] for i in page(client.get("/number", **encrypted)).all("input") if i["name"] == "proof")
    client.post("/number", data={"number": KNOWN, "proof": proof}, **encrypted)
    done = client.post("/number/code", data={"code": sent_code(service), "proof": proof}, **encrypted)
    assert done.status_code == 303
    assert all("Secure" in cookie for cookie in done.headers.getlist("Set-Cookie"))


def test_an_unknown_number_is_told_the_same_in_the_same_time(made) -> None:
    service, client = made
    took: dict[str, float] = {}
    said: dict[str, tuple[int, str]] = {}
    slow = service.send_text

    def send_text(*arguments):
        time.sleep(0.05)
        return slow(*arguments)

    service.send_text = send_text
    for number in (KNOWN, UNKNOWN):
        browser = client.application.test_client()
        proof = form_proof(browser)
        began = time.monotonic()
        response = browser.post("/number", data={"number": number, "proof": proof})
        took[number] = time.monotonic() - began
        said[number] = (response.status_code, response.get_data(as_text=True).replace(proof, ""))
        assert number not in response.get_data(as_text=True)
        again = browser.post("/number", data={"number": number, "proof": proof})
        assert again.status_code == 429
        wrong = browser.post("/number/code", data={"code": "000000", "proof": proof})
        assert wrong.status_code == 400
        said[number] += (
            again.get_data(as_text=True).replace(proof, ""),
            wrong.get_data(as_text=True).replace(proof, ""),
        )
    assert said[KNOWN] == said[UNKNOWN]
    assert [number for number, _ in service.texts] == [KNOWN]
    assert min(took.values()) >= 0.3
    assert abs(took[KNOWN] - took[UNKNOWN]) < 0.1


def test_one_code_a_minute_for_a_number_whoever_asks(made) -> None:
    service, client = made
    assert ask(client, KNOWN).status_code == 200
    other = client.application.test_client()
    refused = ask(other, KNOWN)
    assert refused.status_code == 429
    assert "一分钟只能要一次" in page(refused).text
    assert len(service.texts) == 1
    service.later(seconds=61)
    assert ask(other, KNOWN).status_code == 200
    assert len(service.texts) == 2


def test_one_code_a_minute_for_a_network(made) -> None:
    _, client = made
    assert ask(client, KNOWN, environ_overrides=FROM).status_code == 200
    other = client.application.test_client()
    assert ask(other, "13900000002", environ_overrides=FROM).status_code == 429
    assert ask(other, "13900000002", environ_overrides={"REMOTE_ADDR": "198.51.100.8"}).status_code == 200


def test_a_proxy_stands_for_many_but_not_for_any_number(made) -> None:
    _, client = made
    codes = {ask(client, f"138{n:08}").status_code for n in range(3)}
    assert codes == {200}


def test_five_tries_and_no_more(made) -> None:
    service, client = made
    ask(client, KNOWN)
    code = sent_code(service)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        response = hand_in(client, wrong)
        assert response.status_code == 400
        assert "数字不对，或者过期了" in page(response).text
    assert hand_in(client, code).status_code == 400
    with database.sessions(service.engine)() as session:
        assert session.scalars(select(Code.tries)).one() == 5


def test_a_code_is_for_the_browser_that_asked_for_it_once_and_for_five_minutes(made) -> None:
    service, client = made
    ask(client, KNOWN)
    code = sent_code(service)
    assert hand_in(client.application.test_client(), code).status_code == 400
    assert hand_in(client, f" {code[:3]} {code[3:]} ").status_code == 303
    assert hand_in(client, code).status_code == 400
    service.later(minutes=1)
    late = client.application.test_client()
    ask(late, KNOWN)
    service.later(minutes=5)
    assert hand_in(late, sent_code(service)).status_code == 400


def test_full_width_digits_are_digits(made) -> None:
    service, client = made
    ask(client, "１３９ ００００ ０００１")
    assert service.texts[0][0] == KNOWN
    assert (
        hand_in(client, sent_code(service).translate(str.maketrans("0123456789", "０１２３４５６７８９"))).status_code
        == 303
    )


@pytest.mark.parametrize(
    "number", ["", "12345", "1390000000", "139000000012", "abc", "+", "<script>", "1390000000\0", "问" * 500]
)
def test_what_is_no_number_is_told_and_nothing_is_stored(made, number: str) -> None:
    service, client = made
    response = ask(client, number)
    assert response.status_code == 400
    assert "不像手机号" in page(response).text
    with database.sessions(service.engine)() as session:
        assert not list(session.scalars(select(Code)))


@pytest.mark.parametrize("path", ["/number", "/number/code", "/number/out"])
@pytest.mark.parametrize("proof", [None, "", "0" * 32, "问"])
def test_a_form_of_another_site_does_nothing(made, path: str, proof: str | None) -> None:
    service, client = made
    prove(service, client)
    form = {"number": "13900000002", "code": "123456"} | ({} if proof is None else {"proof": proof})
    response = client.post(path, data=form, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    assert len(service.texts) == 1
    client.post("/", data={"text": "玉米"})
    assert service.asked[-1].resident == KNOWN, "still proven"


def test_another_browsers_form_proof_is_of_no_use(made) -> None:
    _, client = made
    other = client.application.test_client()
    form_proof(client)
    assert client.post("/number", data={"number": KNOWN, "proof": form_proof(other)}).status_code == 403
    blank = client.application.test_client()
    refused = blank.post("/number", data={"number": KNOWN, "proof": form_proof(other)})
    assert refused.status_code == 403
    assert "Cookie" in refused.get_data(as_text=True)


def test_who_leaves_is_nobody_and_begins_a_new_conversation(made) -> None:
    service, client = made
    prove(service, client)
    client.post("/", data={"text": "低保名单"})
    stolen = client.get_cookie("xiangyin_number").value
    proof = next(i["value"] for i in page(client.get("/")).all("input") if i["name"] == "proof")
    left = client.post("/number/out", data={"proof": proof})
    assert left.status_code == 303
    assert client.get_cookie("xiangyin_number") is None
    client.post("/", data={"text": "再说一遍"})
    assert service.asked[-1].resident is None
    assert service.asked[-1].address != service.asked[-2].address
    client.set_cookie("xiangyin_number", stolen)
    client.post("/", data={"text": "低保名单"})
    assert service.asked[-1].resident is None, "the cookie is dead, wherever it was copied to"


def test_a_proof_ends_after_thirty_days_and_with_it_the_conversation(made) -> None:
    service, client = made
    prove(service, client)
    client.post("/", data={"text": "低保名单"})
    service.later(days=30)
    client.post("/", data={"text": "再说一遍"})
    first, second = service.asked
    assert (first.resident, second.resident) == (KNOWN, None)
    assert first.address != second.address


def test_opting_out_of_texts_is_honoured_and_not_told(made) -> None:
    service, client = made
    service.mailbox.opt_out("sms", KNOWN, service.time)
    assert "一分钟内会收到6位数字" in page(ask(client, KNOWN)).text
    assert service.texts == []


def test_without_a_gateway_it_says_so_and_offers_nothing(make) -> None:
    service, client = make()
    register(service.engine, KNOWN)
    assert "/number" not in client.get("/").get_data(as_text=True)
    assert "现在发不了短信" in page(client.get("/number")).text
    proof = client.get("/number")
    assert not page(proof).all("input")


def test_the_pages_bear_the_policy_and_labels(made) -> None:
    service, client = made
    for response in (client.get("/number"), ask(client, KNOWN)):
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "no-store" in response.headers["Cache-Control"]
        shown = page(response)
        fields = [i["id"] for i in shown.all("input") if i.get("type") != "hidden"]
        assert fields == [label["for"] for label in shown.all("label")]
        assert not shown.all("script"), "works without any"
    assert "link" in {tag for tag, _ in page(client.get("/number")).elements}
    assert service.texts


# --- the village of a visit, and large type --------------------------------------------------------------------------


def test_a_villages_code_in_the_address_sets_the_village(made) -> None:
    service, client = made
    name = service.places.full_name("130283116217")
    for named in ("130283116217", name, "万宝沟"):
        (field,) = [
            i for i in page(client.get("/", query_string={"village": named})).all("input") if i.get("id") == "village"
        ]
        assert field["value"] == name
    client.post("/", data={"text": "花了多少", "village": name})
    assert service.asked[-1].village == "130283116217"


@pytest.mark.parametrize("named", ["130283999999", "北京", "<script>alert(1)</script>", "刘庄子", "x" * 5000])
def test_a_village_that_is_not_ours_is_told(made, named: str) -> None:
    _, client = made
    response = client.get("/", query_string={"village": named})
    assert response.status_code == 400
    shown = page(response)
    assert [attrs for tag, attrs in shown.elements if attrs.get("class") == "refused"]
    assert [tag for tag, _ in shown.elements].count("script") == 2
    assert [i["value"] for i in shown.all("input") if i.get("id") == "village"] == [""]


def test_large_type_is_remembered_for_the_browser(made) -> None:
    _, client = made
    assert "记住了" in page(client.post("/", data={"text": "字大点"})).text
    assert page(client.get("/")).all("body") == [{"class": "large"}]
    answer = client.post("/", json={"text": "玉米多少钱"}).get_json()
    assert answer["manner"] == "large"
    client.post("/", data={"text": "用普通字"})
    assert page(client.get("/")).all("body") == [{}]
    assert "manner" not in client.post("/", json={"text": "玉米多少钱啊"}).get_json()
