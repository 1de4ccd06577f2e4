"""The Official Account's callback: proven, read, answered once, in time."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

import config
from bot.messages import Choice, Message, Reply
from channels.wechat import WAIT
from channels.wechat.answers import GOODBYE, NEAR, NO_WORDS, OPTED_OUT, PICTURE_KEPT, WELCOME
from channels.wechat.crypto import Seal, signature
from channels.wechat.incoming import NOT_PASSED_ON, fields
from channels.wechat.parts import HINT
from config import SettingsError
from knowledge import database
from knowledge.service_tables import OptOut
from tests.channels.conftest import CHOOSE, PRICE
from tests.channels.wechat import test_crypto as vectors
from tests.channels.wechat.conftest import ACCOUNT, KEY, OLD_KEY, TOKEN, USER, Account, until
from tests.channels.wechat.payloads import PAYLOADS, TEXT
from tests.channels.wechat.standin import APP_ID, SECRET

OpenAccount = Callable[..., Account]
ANSWER = PRICE.text


# --- verification ----------------------------------------------------------------------------------------------------

GUIDE_GET = {
    "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696", "echostr": "4375120948345356249",
    "timestamp": "1714036504", "nonce": "1514711492",
}  # fmt: skip


def test_the_guides_verification_is_answered(open_account: OpenAccount) -> None:
    client = open_account(wechat_token="AAAAA").app.test_client()
    response = client.get("/wechat", query_string=GUIDE_GET)
    assert (response.status_code, response.get_data(as_text=True)) == (200, "4375120948345356249")
    assert response.mimetype == "text/plain", "whatever echostr is, it is no page"


@pytest.mark.parametrize(
    ("account", "query", "echo"),
    [
        (
            vectors.SAMPLE,
            {
                "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
                "timestamp": "1409659589",
                "nonce": "263014780",
                "echostr": vectors.SAMPLE_ECHO,
            },
            "1616140317555161061",
        ),
        (
            vectors.LIBRARY,
            {
                "msg_signature": "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96",
                "timestamp": "1411443780",
                "nonce": "437374425",
                "echostr": vectors.LIBRARY_ECHO,
            },
            "5927782489442352469",
        ),
    ],
    ids=["sample", "library"],
)
def test_published_sealed_verifications_are_answered(
    open_account: OpenAccount, account: tuple[str, str, str], query: dict[str, str], echo: str
) -> None:
    token, key, app_id = account
    client = open_account(wechat_token=token, wechat_app_id=app_id, wechat_aes_key=key).app.test_client()
    assert client.get("/wechat", query_string=query).get_data(as_text=True) == echo
    assert client.get("/wechat", query_string={**query, "nonce": "1"}).status_code == 403


@pytest.mark.parametrize(
    "change", [{"signature": ""}, {"signature": "f" * 40}, {"nonce": "1"}, {"timestamp": ""}], ids=str
)
def test_a_forged_verification_is_403(open_account: OpenAccount, change: dict[str, str]) -> None:
    client = open_account(wechat_token="AAAAA").app.test_client()
    response = client.get("/wechat", query_string={**GUIDE_GET, **change})
    assert response.status_code == 403
    assert "4375120948345356249" not in response.get_data(as_text=True)


@pytest.mark.parametrize("token", [None, ""])
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_token_the_channel_is_closed(open_account: OpenAccount, token: str | None, method: str) -> None:
    account = open_account(wechat_token=token)
    query = {"timestamp": "1", "nonce": "2", "signature": signature("", "1", "2"), "echostr": "x"}
    response = getattr(account.app.test_client(), method)("/wechat", query_string=query, data=TEXT)
    assert response.status_code == 403
    assert "没有开通" in response.get_data(as_text=True)
    assert "XIANGYIN_WECHAT_TOKEN" in response.get_data(as_text=True)
    assert not account.service.stored()


# --- proof -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "sealed", "channel"),
    [(None, "", "wechat"), (KEY, KEY, "wechat"), (KEY, "", "wechat-open")],
    ids=["plain", "sealed", "plain though sealed is expected"],
)
def test_a_text_is_stored_answered_and_counted(
    open_account: OpenAccount, key: str | None, sealed: str, channel: str
) -> None:
    """What is plain though the account seals its messages is not proven: its signature covers no openid."""
    account = open_account(wechat_aes_key=key)
    account.sealed = sealed
    assert account.ask("玉米多少钱一斤", number="77") == ANSWER
    (message,) = account.service.asked
    assert (message.address.channel, message.address.id, message.id) == (channel, USER, "77")
    assert message.resident is None, "an openid proves no number"
    (row,) = account.service.stored()
    assert (row.channel, row.text, row.intent) == (channel, "玉米多少钱一斤", "price_latest")
    assert json.loads(row.reply)["headline"] == PRICE.headline
    assert account.outbox() == []


def test_the_sample_codes_message_is_answered_sealed(open_account: OpenAccount) -> None:
    """The very request that WeChat's sample code opens."""
    token, key, app_id = vectors.SAMPLE
    account = open_account(wechat_token=token, wechat_app_id=app_id, wechat_aes_key=key)
    query = {
        "msg_signature": "477715d11cdb4164915debcba66cb864d751f3e6",
        "timestamp": "1409659813",
        "nonce": "1372623149",
    }
    xml = f"<xml><ToUserName><![CDATA[{app_id}]]></ToUserName><Encrypt><![CDATA[{vectors.SAMPLE_SEALED}]]></Encrypt></xml>"
    response = account.app.test_client().post("/wechat", query_string=query, data=xml)
    assert response.status_code == 200
    given = fields(response.data)
    assert given["MsgSignature"] == signature(token, given["TimeStamp"], given["Nonce"], given["Encrypt"])
    reply = fields(Seal(key, app_id).open(given["Encrypt"]))
    assert (reply["ToUserName"], reply["Content"]) == ("mycreate", ANSWER)
    assert [row.text for row in account.service.stored()] == ["hello"]


def test_a_wechat_librarys_message_is_answered(open_account: OpenAccount) -> None:
    token, key, app_id = vectors.LIBRARY
    account = open_account(wechat_token=token, wechat_app_id=app_id, wechat_aes_key=key)
    query = {
        "msg_signature": "74d92dfeb87ba7c714f89d98870ae5eb62dff26d",
        "timestamp": "1411525903",
        "nonce": "461056294",
        "encrypt_type": "aes",
    }
    response = account.app.test_client().post(
        "/wechat", query_string=query, data=f"<xml><Encrypt>{vectors.LIBRARY_SEALED}</Encrypt></xml>"
    )
    assert response.status_code == 200
    assert [row.text for row in account.service.stored()] == ["test"]


@pytest.mark.parametrize("used", [KEY, OLD_KEY], ids=["current", "previous"])
def test_both_keys_open_and_the_answer_takes_the_same(open_account: OpenAccount, used: str) -> None:
    account = open_account(wechat_aes_key=KEY, wechat_previous_aes_key=OLD_KEY)
    account.sealed = used
    assert account.ask("玉米") == ANSWER


def test_in_the_mode_for_transition_the_sealed_half_counts(open_account: OpenAccount) -> None:
    account = open_account(wechat_aes_key=KEY)
    sealed = Seal(KEY, APP_ID).close(account.xml(Content="玉米"))
    xml = account.xml(Content="forged").replace("</xml>", f"<Encrypt>{sealed}</Encrypt></xml>")
    query = {"timestamp": "1", "nonce": "2", "signature": signature(TOKEN, "1", "2"), "encrypt_type": "aes"}
    query["msg_signature"] = signature(TOKEN, "1", "2", sealed)
    assert account.app.test_client().post("/wechat", query_string=query, data=xml).status_code == 200
    assert [row.text for row in account.service.stored()] == ["玉米"]


def forged() -> dict[str, tuple[dict[str, str], str]]:
    good = {"timestamp": "1", "nonce": "2", "signature": signature(TOKEN, "1", "2")}
    sealed = Seal(KEY, APP_ID).close(TEXT)
    xml = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
    proven = {**good, "encrypt_type": "aes", "msg_signature": signature(TOKEN, "1", "2", sealed)}
    other_key, other_app = Seal("Z" * 43, APP_ID).close(TEXT), Seal(KEY, "wx_other").close(TEXT)
    return {
        "unsigned": ({}, TEXT),
        "empty": ({**good, "signature": ""}, TEXT),
        "another token": ({**good, "signature": signature("another", "1", "2")}, TEXT),
        "the empty token": ({**good, "signature": signature("", "1", "2")}, TEXT),
        "another time": ({**good, "timestamp": "3"}, TEXT),
        "another nonce": ({**good, "nonce": "3"}, TEXT),
        "sealed, plain signature alone": ({**good, "encrypt_type": "aes"}, xml),
        "sealed, signature of the plain": ({**proven, "msg_signature": good["signature"]}, xml),
        "sealed, altered": (proven, xml.replace(sealed[:8], "AAAAAAAA")),
        "sealed, nothing in it": (proven, "<xml></xml>"),
        "sealed, another key": ({**proven, "msg_signature": signature(TOKEN, "1", "2", other_key)},
                                f"<xml><Encrypt>{other_key}</Encrypt></xml>"),
        "sealed, another account": ({**proven, "msg_signature": signature(TOKEN, "1", "2", other_app)},
                                    f"<xml><Encrypt>{other_app}</Encrypt></xml>"),
        "an unknown sealing": ({**good, "encrypt_type": "rsa"}, TEXT),
        "sealed, said to be plain": ({**proven, "encrypt_type": "raw", "signature": "x"}, TEXT),
    }  # fmt: skip


@pytest.mark.parametrize(("query", "xml"), forged().values(), ids=forged().keys())
def test_unsigned_or_forged_is_403_and_leaves_no_trace(
    open_account: OpenAccount, query: dict[str, str], xml: str
) -> None:
    account = open_account(wechat_aes_key=KEY)
    response = account.app.test_client().post("/wechat", query_string=query, data=xml)
    assert response.status_code == 403
    assert "XIANGYIN_WECHAT_" in response.get_data(as_text=True)
    assert not account.service.stored()
    assert not account.service.asked


@pytest.mark.parametrize("missing", ["wechat_aes_key", "wechat_app_id"])
def test_sealed_messages_need_the_key_and_the_account(open_account: OpenAccount, missing: str) -> None:
    account = open_account(**{"wechat_aes_key": KEY, missing: None})
    account.sealed = KEY
    response = account.post(account.xml(Content="玉米"))
    assert response.status_code == 403
    assert f"XIANGYIN_{missing.upper()}" in response.get_data(as_text=True)


@pytest.mark.parametrize("name", ["wechat_aes_key", "wechat_previous_aes_key"])
@pytest.mark.parametrize("key", ["short", "钥" * 43, KEY + "=", KEY + "\n"])
def test_a_key_that_is_none_is_refused_at_the_start_and_not_shown(tmp_path: Path, name: str, key: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}.*43 letters and digits") as raised:
        config.load(tmp_path / "none.yml", {f"XIANGYIN_{name.upper()}": key})
    assert key not in str(raised.value)


# --- kinds of messages -----------------------------------------------------------------------------------------------

KINDS: dict[str, tuple[str | None, str | None]] = {  # what is answered, what is stored
    "text": (ANSWER, "玉米多少钱一斤"),
    "image": (PICTURE_KEPT.headline, ""),
    "voice": ("语音我听不清，请打字，或者拨打12345。", ""),
    "location": ("位置收到了，已经存下。" + ANSWER, NEAR),
    "video": (NO_WORDS.headline, ""),
    "shortvideo": (NO_WORDS.headline, ""),
    "link": (NO_WORDS.headline, ""),
    "subscribe": (WELCOME.headline, ""),
    "subscribe by a code": (WELCOME.headline, ""),
    "unsubscribe": (None, ""),
    "scan": (None, None),
    "whereabouts": (None, None),
    "click": (ANSWER, "玉米多少钱一斤"),
    "view": (None, None),
    "picture by the menu": (None, None),
}


def test_every_payload_has_its_answer() -> None:
    assert KINDS.keys() == PAYLOADS.keys()


@pytest.mark.parametrize("sealed", ["", KEY], ids=["plain", "sealed"])
@pytest.mark.parametrize("name", KINDS)
def test_what_wechat_sends_is_answered_by_its_kind(open_account: OpenAccount, name: str, sealed: str) -> None:
    account = open_account(wechat_aes_key=KEY)
    account.sealed = sealed
    query = {"timestamp": "1", "nonce": "2", "signature": signature(TOKEN, "1", "2")}
    answer, stored = KINDS[name]
    response = (
        account.post(PAYLOADS[name])
        if sealed
        else account.app.test_client().post("/wechat", query_string=query, data=PAYLOADS[name])
    )
    assert response.status_code == 200
    given = fields(response.data) if response.data != b"success" else {}
    if given and sealed:
        given = fields(Seal(KEY, APP_ID).open(given["Encrypt"]))
    said = given.get("Content")
    assert said.startswith(answer) if answer and said else said == answer
    if said:
        assert (given["ToUserName"], given["FromUserName"]) == ("fromUser", "toUser")
    assert [row.text for row in account.service.stored()] == ([] if stored is None else [stored])
    assert all(row.answered for row in account.service.stored())


def test_a_picture_a_voice_and_a_place_are_kept(account: Account) -> None:
    for name in ("image", "voice", "location"):
        account.send(PAYLOADS[name].replace("1234567890123457", name))
    image, place, voice = account.kept()
    assert (image.kind, image.message_id, image.openid) == ("image", "image", "fromUser")
    assert (image.media_id, image.url) == ("media_id_of_the_picture", "http://mmbiz.qpic.cn/mmbiz_jpg/x/0")
    assert (place.latitude, place.longitude) == ("39.999612", "118.701012")
    assert place.label == "河北省唐山市迁安市燕山大路"
    assert voice.media_id == "media_id_of_the_voice"


def test_a_place_whose_answer_is_long_loses_nothing_of_it(account: Account) -> None:
    account.service.answer = lambda message: Reply("通知。" * 300)
    first, rest = account.send(PAYLOADS["location"]), account.ask("更多", user="fromUser")
    assert first is not None
    assert rest is not None
    assert first.removesuffix(f"\n{HINT}") + rest == "通知。" * 300


def test_an_unknown_kind_asks_for_words(account: Account) -> None:
    assert account.send(account.xml("hologram")) == NO_WORDS.headline
    assert account.ask(NOT_PASSED_ON, user="another") == NO_WORDS.headline
    assert account.ask(" \n ", user="a third") == NO_WORDS.headline
    assert not account.service.asked


def test_an_unknown_event_is_passed_over(account: Account) -> None:
    assert account.send(account.xml("event", Event="TEMPLATESENDJOBFINISH", MsgID="1")) is None
    assert not account.service.stored()


TEXTS: dict[str, tuple[str, str]] = {
    "very long Chinese": ("问" * 700, "问" * 700),
    "longer than WeChat allows": ("问" * 5000, "问" * 2048),
    "emoji": ("🌽多少钱🙏🏽[微笑]", "🌽多少钱🙏🏽[微笑]"),
    "rare hanzi": ("𠮷野家", "𠮷野家"),
    "markup": ("<b>&amp;</b>", "<b>&amp;</b>"),
    "SQL": ("'; DROP TABLE messages;--", "'; DROP TABLE messages;--"),
    "lines and spaces": ("  玉米\n多少钱 \r\n", "玉米\n多少钱"),
}


@pytest.mark.parametrize(("sent", "heard"), TEXTS.values(), ids=TEXTS.keys())
def test_whatever_was_written_comes_back_as_it_was(account: Account, sent: str, heard: str) -> None:
    account.service.answer = lambda message: Reply(f"您说“{message.text[:300]}”]]>")
    assert account.ask(sent) == f"您说“{heard[:300]}”]]>"
    assert [row.text for row in account.service.stored()] == [heard]


@pytest.mark.parametrize(
    "xml",
    [
        b"", b"{}", TEXT.encode()[:-9], TEXT.encode()[:150], b"\xff\xfe" * 50, bytes(range(256)), b"<xml></xml>",
        b"<!DOCTYPE xml [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><xml><Content>&b;</Content></xml>",
        b"<!DOCTYPE xml [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><xml><Content>&x;</Content></xml>",
        TEXT.replace("<MsgId>1234567890123456</MsgId>", "").encode(),
        TEXT.replace("fromUser", "").encode(),
    ],
    ids=range(11),
)  # fmt: skip
@pytest.mark.parametrize("sealed", ["", KEY], ids=["plain", "sealed"])
def test_what_is_garbled_is_refused_and_the_service_goes_on(open_account: OpenAccount, sealed: str, xml: bytes) -> None:
    account = open_account(wechat_aes_key=KEY)
    if sealed:
        try:
            text = xml.decode()
        except UnicodeDecodeError:
            text = xml.decode("latin-1")
        account.sealed = KEY
        response = account.post(text)
    else:
        response = account.post(xml)
    assert response.status_code == 400
    assert "请求读不懂" in response.get_data(as_text=True)
    assert not account.service.stored()
    assert account.ask("玉米") == ANSWER


def test_what_is_garbled_around_the_seal_is_refused(open_account: OpenAccount) -> None:
    account = open_account(wechat_aes_key=KEY)
    query = {"timestamp": "1", "nonce": "2", "encrypt_type": "aes", "msg_signature": signature(TOKEN, "1", "2", "")}
    for body in (b"", "玉米".encode(), b"<xml>", b"<!DOCTYPE xml [<!ENTITY a 'a'>]><xml><Encrypt>&a;</Encrypt></xml>"):
        assert account.app.test_client().post("/wechat", query_string=query, data=body).status_code == 400
    assert account.app.test_client().post("/wechat", query_string=query, data=b"<xml/>").status_code == 403


def test_one_megabyte_is_refused_before_it_is_read(account: Account) -> None:
    response = account.post(account.xml(Content="a" * 1_000_000))
    assert response.status_code == 413
    assert not account.service.stored()


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(account: Account, method: str) -> None:
    assert getattr(account.app.test_client(), method)("/wechat").status_code == 405


# --- repeats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sealed", ["", KEY], ids=["plain", "sealed"])
@pytest.mark.parametrize("name", ["text", "image", "voice", "location", "subscribe", "click"])
def test_four_times_one_after_another_is_answered_once(open_account: OpenAccount, name: str, sealed: str) -> None:
    account = open_account(wechat_aes_key=KEY)
    account.sealed = sealed
    answers = [account.send(PAYLOADS[name]) for _ in range(4)]
    assert answers[0]
    assert answers[1:] == [None, None, None]
    account.service.later(hours=40)
    assert account.send(PAYLOADS[name]) is None
    assert len(account.service.stored()) == 1
    assert len(account.service.asked) <= 1


def test_four_at_once_are_answered_once(open_account: OpenAccount, engine: Engine) -> None:
    """On both databases; the answer takes its time, so that all four are under way together."""
    account = open_account(engine)
    together = threading.Barrier(4)

    def slow(message: Message) -> Reply:
        threading.Event().wait(0.3)
        return PRICE

    account.service.answer = slow
    answers: list[str | None] = []

    def send() -> None:
        together.wait()
        answers.append(account.send(TEXT))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers, key=str) == sorted([ANSWER, None, None, None], key=str)
    assert len(account.service.asked) == len(account.service.stored()) == 1
    account.service.later(seconds=31)
    account.nudge()
    until(lambda: account.outbox() == [])
    assert account.standin.texts == [], "what was watched was answered in time"


def test_the_same_words_in_another_message_are_another_message_and_answered_once(account: Account) -> None:
    assert [account.ask("玉米"), account.ask("玉米"), account.ask("花生")] == [ANSWER, None, ANSWER]
    assert len(account.service.stored()) == 3


def test_one_menu_entry_pressed_twice_is_two_events(account: Account) -> None:
    click = account.xml("event", Event="CLICK", EventKey="玉米多少钱一斤")
    assert account.send(click) == ANSWER
    assert account.send(click) is None
    assert account.send(click.replace("1795400000", "1795400009")) == ANSWER


# --- parts, choices --------------------------------------------------------------------------------------------------


def test_a_long_answer_comes_in_parts_on_more(account: Account) -> None:
    long = Reply("账目如下。", tuple(f"第{n}笔：道路维修，合计{n}.50元。" for n in range(1, 200)), PRICE.facts)
    account.service.answer = lambda message: long if message.text == "账目" else PRICE
    shown = [account.ask("账目"), *(account.ask(word) for word in ("更多", "还有吗？", "继续", "更多", "更多"))]
    assert all(text and len(text.encode()) <= 2000 for text in shown)
    told = [text for text in shown if text and text != ANSWER]
    assert [text.endswith(HINT) for text in told] == [True] * (len(told) - 1) + [False]
    assert len(told) > 2
    assert all("（来源：农业农村局 2026-11-23）" in text for text in told)
    lines = [line for text in told for line in text.split("\n") if line.startswith("第")]
    assert lines == list(long.details)
    assert shown[-1] == ANSWER, "when nothing is left, the assistant is asked"
    assert account.service.asked[0].text == "账目"


def test_a_part_that_was_asked_for_carries_the_facts_of_its_answer(account: Account) -> None:
    account.service.answer = lambda message: Reply("玉米1.17元/斤，" * 200, facts=PRICE.facts, intent="price_latest")
    account.ask("玉米")
    account.ask("更多")
    whole, part = (json.loads(row.reply) for row in account.service.stored())
    assert part["facts"] == whole["facts"]
    assert part["text"].count("（来源：") == 1
    assert part["intent"] == "more"


def test_more_belongs_to_who_asks(account: Account) -> None:
    account.service.answer = lambda message: Reply("长。" * 900) if message.text == "账目" else PRICE
    account.ask("账目")
    assert account.ask("更多", user="somebody-else") == ANSWER


def test_choices_are_numbered_and_chosen_by_number(account: Account) -> None:
    assert account.ask("刘庄子花了多少") == "您问的是哪个？回数字。\n1 彭店子乡刘庄子村\n2 上射雁庄乡刘庄子村"
    account.ask("2")
    assert [message.text for message in account.service.asked] == ["刘庄子花了多少", "2"]
    assert CHOOSE.choices[0] == Choice("彭店子乡刘庄子村", "彭店子乡刘庄子村")


# --- wishes ----------------------------------------------------------------------------------------------------------


def opted_out(account: Account) -> list[str]:
    with database.sessions(account.service.engine)() as session:
        return [row.address for row in session.scalars(select(OptOut).where(OptOut.channel == "wechat"))]


def test_stop_and_start_are_obeyed_before_anything_else(account: Account) -> None:
    assert account.ask("退订。") == GOODBYE.headline
    assert opted_out(account) == [USER]
    assert account.ask("玉米") == OPTED_OUT.headline, "who writes is told why there is no answer"
    assert account.send(account.xml("image", MediaId="m")) == OPTED_OUT.headline
    assert account.ask("玉米", user="another") == ANSWER
    assert account.ask("恢复") == "\n".join([WELCOME.headline, *WELCOME.details])
    assert account.ask("玉米") == ANSWER
    assert opted_out(account) == []


def test_who_unfollows_hears_nothing_and_who_follows_is_greeted(account: Account) -> None:
    assert account.send(account.xml("event", Event="unsubscribe")) is None
    assert opted_out(account) == [USER]
    greeting = account.send(account.xml("event", Event="subscribe").replace("1795400000", "1795400009"))
    assert greeting == "\n".join([WELCOME.headline, *WELCOME.details])
    assert opted_out(account) == []
    assert account.send(account.xml("event", Event="unsubscribe")) is None
    assert opted_out(account) == [], "a late repeat of an older event changes nothing"


# --- voices ----------------------------------------------------------------------------------------------------------


def test_a_voice_is_heard_where_the_operator_has_a_recogniser(open_account: OpenAccount) -> None:
    heard: list[bytes] = []

    def recogniser(voice: bytes) -> str:
        heard.append(voice)
        return " 玉米多少钱一斤\0"

    account = open_account(recogniser=recogniser)
    assert account.send(PAYLOADS["voice"]) == ANSWER
    assert heard == [b"#!AMR\n voice"]
    assert [row.text for row in account.service.stored()] == ["玉米多少钱一斤"]
    assert [row.kind for row in account.kept()] == ["voice"]


@pytest.mark.parametrize("said", ["", "  "])
def test_a_voice_without_words_is_answered_politely(open_account: OpenAccount, said: str) -> None:
    account = open_account(recogniser=lambda voice: said, hotline="0315-7639000")
    assert account.send(PAYLOADS["voice"]) == "语音我听不清，请打字，或者拨打0315-7639000。"


@pytest.mark.parametrize("fault", [40007, 48001, "502", "drop"])
def test_a_voice_that_cannot_be_fetched_is_answered_politely(open_account: OpenAccount, fault: Any) -> None:
    account = open_account(recogniser=lambda voice: "玉米")
    account.standin.fail("media/get", fault)
    assert "请打字" in (account.send(PAYLOADS["voice"]) or "")
    assert [row.kind for row in account.kept()] == ["voice"], "and kept all the same"


# --- failures, floods ------------------------------------------------------------------------------------------------


def test_a_failure_is_told_in_a_sentence_and_the_message_is_kept(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def fails(message: Message) -> Reply:
        raise ValueError("detail")

    account.service.answer = fails
    assert account.ask("玉米") == "系统出了点问题，请过一会儿再试。"
    assert "ValueError" in caplog.text
    for secret in (TOKEN, SECRET, KEY, USER, "玉米"):
        assert secret not in caplog.text
    assert [row.answered for row in account.service.stored()] == [None]


def test_a_throttled_sender_gets_one_sentence_and_others_go_on(open_account: OpenAccount) -> None:
    account = open_account(per_minute=3)
    answers = [account.ask(f"玉米{number}") for number in range(7)]
    assert answers == [ANSWER] * 3 + ["您发得太快了，请过一分钟再问。", None, None, None]
    assert account.ask("玉米", user="another") == ANSWER
    assert account.ask("退订") == GOODBYE.headline, "obeyed all the same"


def test_a_signature_is_wrong_in_one_sentence_without_the_secret(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    response = account.post(TEXT, signature="0" * 40)
    assert response.status_code == 403
    assert TOKEN not in response.get_data(as_text=True) + caplog.text


# --- without an AppSecret --------------------------------------------------------------------------------------------


def test_without_the_secret_a_slow_answer_asks_for_patience(open_account: OpenAccount) -> None:
    account = open_account(wechat_app_secret=None, within=1.0)
    go_on = threading.Event()

    def slow(message: Message) -> Reply:
        assert go_on.wait(20)
        return PRICE

    account.service.answer = slow
    assert account.ask("玉米", number="1") == WAIT
    busy = account.post(account.xml(Content="玉米", number="1"))
    assert busy.status_code == 503, "WeChat asks again"
    go_on.set()
    until(lambda: account.service.stored()[0].answered)
    assert account.outbox() == []


def test_without_the_secret_a_picture_is_an_address(open_account: OpenAccount) -> None:
    account = open_account(wechat_app_secret=None, public_url="https://xiangyin.example/")
    account.service.answer = lambda message: Reply("玉米涨了。", picture="/pictures/price/%E7%8E%89%E7%B1%B3.png")
    assert account.ask("玉米") == "玉米涨了。\n图：https://xiangyin.example/pictures/price/%E7%8E%89%E7%B1%B3.png"
    account.service.answer = lambda message: Reply("长。" * 900, picture="/pictures/x.png")
    assert HINT in (account.ask("玉米") or "")


def test_without_secret_and_public_address_there_is_no_picture(open_account: OpenAccount) -> None:
    account = open_account(wechat_app_secret=None)
    account.service.answer = lambda message: Reply("玉米涨了。", picture="/pictures/x.png")
    assert account.ask("玉米") == "玉米涨了。"
    assert account.outbox() == []


def test_the_account_is_the_one_that_was_written_to(account: Account) -> None:
    response = account.post(account.xml(Content="玉米"))
    assert fields(response.data)["FromUserName"] == ACCOUNT
