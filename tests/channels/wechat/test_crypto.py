"""WeChat's crypto against the vectors that WeChat and a WeChat library publish, and against that library both ways."""

from __future__ import annotations

import os
import re

import pytest
from wechatpy import crypto as library
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import check_signature

from channels.wechat.crypto import Seal, SealError, signature, signed
from channels.wechat.incoming import fields, sealed_reply

# The account of WeChat's sample code (cryptoDemo.zip) and of its tests.
SAMPLE = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
JAVA = ("pamtest", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wxb11529c136998cb6")
# The account of developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.html.
GUIDE = ("AAAAA", "A" * 43, "wxba5fad812f8e6fb9")
# The account of wechatpy's tests (tests/test_crypto.py).
LIBRARY = ("123456", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR", "wx49f0ab532d5d035a")

SAMPLE_SEALED = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUk"
    "SUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekU"
    "NXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rU"
    "PA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+"
    "qN+E7Q=="
)
GUIDE_SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT"
    "740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8Y"
    "L/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
LIBRARY_SEALED = (
    "RgqEoJj5A4EMYlLvWO1F86ioRjZfaex/gePD0gOXTxpsq5Yj4GNglrBb8I2BAJVODGajiFnXBu7mCPatfjsu6IHCrsTyeDXzF6Bv283dGymzxh6ydJRv"
    "ZsryDyZbLTE7rhnus50qGPMfp2wASFlzEgMW9z1ef/RD8XzaFYgm7iTdaXpXaG4+BiYyolBug/gYNx410cvkKR2/nPwBiT+P4hIiOAQqGp/TywZBtDh1"
    "yCF2KOd0gpiMZ5jSw3e29mTvmUHzkVQiMS6td7vXUaWOMZnYZlF3So2SjHnwh4jYFxdgpkHHqIrH/54SNdshoQgWYEvccTKe7FS709/5t6NMxuGhcUGA"
    "POQipvWTT4dShyqio7mlsl5noTrb++x6En749zCpQVhDpbV6GDnTbcX2e8K9QaNWHp91eBdCRxthuL0="
)
SAMPLE_ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
LIBRARY_ECHO = "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q=="

LIBRARY_REPLY = """<xml>
<MsgType><![CDATA[text]]></MsgType>
<Content><![CDATA[test]]></Content>
<FromUserName><![CDATA[wx49f0ab532d5d035a]]></FromUserName>
<ToUserName><![CDATA[messense]]></ToUserName>
<AgentID>1</AgentID>
<CreateTime>1411525903</CreateTime>
</xml>"""
LIBRARY_REPLY_SEALED = (
    "9s4gMv99m88kKTh/H8IdkOiMg6bisoy3ypwy9H4hvSPe9nsGaqyw5hhSjdYbcrKk+j3nba4HMOTzHrluLBYqxgNcBqGsL8GqxlhZgURnAtObvesEl5nZ"
    "+uBE8bviY0LWke8Zy9V/QYKxNV2FqllNXcfmstttyIkMKCCmVbCFM2JTF5wY0nFhHZSjPUL2Q1qvSUCUld+/WIXrx0oyKQmpB6o8NRrrNrsDf03oxI1p"
    "9FxUgMnwKKZeOA/uu+2IEvEBtb7muXsVbwbgX05UPPJvFurDXafG0RQyPR+mf1nDnAtQmmNOuiR5MIkdQ39xn1vWwi1O5oazPoQJz0nTYjxxEE8kv3kF"
    "xtAGVRe3ypD3WeK2XeFYFMNMpatF9XiKzHo3"
)
JAVA_VIDEO = (
    "<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]>"
    "</FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId>"
    "<![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title>"
    "<![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>"
)
JAVA_VIDEO_SEALED = (
    "jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUz"
    "pkycA8+IamDBxn5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAY"
    "xr+r+OrJCmPQyTy8cVWlu9iSvOHPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44Yfe"
    "EuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTwGX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EA"
    "jLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVd"
    "zbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb"
)

SIGNATURES = [
    ("guide, GET", "AAAAA", ("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
    ("guide, plain", "AAAAA", ("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ("guide, sealed", "AAAAA", ("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
    ("guide, body", "AAAAA", ("1714112445", "415670741", GUIDE_SEALED), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
    ("sample, body", "QDG6eK", ("1409659813", "1372623149", SAMPLE_SEALED), "477715d11cdb4164915debcba66cb864d751f3e6"),
    ("sample, echo", "QDG6eK", ("1409659589", "263014780", SAMPLE_ECHO), "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"),
    ("library, echo", "123456", ("1411443780", "437374425", LIBRARY_ECHO), "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96"),
    (
        "library, body",
        "123456",
        ("1411525903", "461056294", LIBRARY_SEALED),
        "74d92dfeb87ba7c714f89d98870ae5eb62dff26d",
    ),
    (
        "library, reply",
        "123456",
        ("1411525903", "461056294", LIBRARY_REPLY_SEALED),
        "407518b7649e86ef23978113f92d27afa9296533",
    ),
]


@pytest.mark.parametrize(
    ("token", "parts", "published"), [row[1:] for row in SIGNATURES], ids=[r[0] for r in SIGNATURES]
)
def test_published_signatures(token: str, parts: tuple[str, ...], published: str) -> None:
    assert signature(token, *parts) == published
    assert signed(published, token, *parts)
    assert not signed(published[:-1] + ("0" if published[-1] != "0" else "1"), token, *parts)
    assert not signed("", token, *parts)
    assert not signed("签名", token, *parts)
    assert not signed(published, token + "x", *parts)
    assert not signed(published, token, *parts, "more")


OPENED = [
    ("sample", SAMPLE, SAMPLE_SEALED, "<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>"),
    ("sample echo", SAMPLE, SAMPLE_ECHO, "1616140317555161061"),
    ("guide", GUIDE, GUIDE_SEALED, '"Event":"debug_demo","debug_str":"hello world"}'),
    ("library", LIBRARY, LIBRARY_SEALED, "<Content><![CDATA[test]]></Content>"),
    ("library echo", LIBRARY, LIBRARY_ECHO, "5927782489442352469"),
    ("library reply", LIBRARY, LIBRARY_REPLY_SEALED, LIBRARY_REPLY),
    ("java", JAVA, JAVA_VIDEO_SEALED, JAVA_VIDEO),
]


@pytest.mark.parametrize(("account", "sealed", "part"), [row[1:] for row in OPENED], ids=[row[0] for row in OPENED])
def test_published_sealed_texts_are_opened(account: tuple[str, str, str], sealed: str, part: str) -> None:
    _, key, app_id = account
    assert part in Seal(key, app_id).open(sealed)
    with pytest.raises(SealError, match="another account"):
        Seal(key, app_id + "x").open(sealed)
    with pytest.raises(SealError):
        Seal("B" * 43, app_id).open(sealed)


@pytest.mark.parametrize(
    ("account", "head", "text", "sealed"),
    [
        (JAVA, b"aaaabbbbccccdddd", "我是中文abcd123",
         "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="),
        (JAVA, b"aaaabbbbccccdddd", JAVA_VIDEO, JAVA_VIDEO_SEALED),
        (LIBRARY, b"1234567890123456", LIBRARY_REPLY, LIBRARY_REPLY_SEALED),
    ],
    ids=["java", "java video", "library"],
)  # fmt: skip
def test_published_texts_are_sealed_to_the_byte(
    account: tuple[str, str, str], head: bytes, text: str, sealed: str
) -> None:
    _, key, app_id = account
    assert Seal(key, app_id).close(text, head) == sealed


TEXTS = ["", "a", "玉米多少钱一斤", "𠮷野家🌽", "<xml>]]></xml>", "问" * 700, *("x" * n for n in range(20, 54))]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_wechat_library_opens_what_we_seal_and_we_what_it_seals(text: str) -> None:
    """Of every length around a block: the padding is right in each case."""
    token, key, app_id = SAMPLE
    seal, theirs = Seal(key, app_id), library.WeChatCrypto(token, key, app_id)
    sealed = seal.close(text)
    xml = sealed_reply(sealed, signature(token, "1409659813", "n", sealed), "1409659813", "n")
    assert theirs.decrypt_message(xml, fields(xml)["MsgSignature"], "1409659813", "n") == text
    back = fields(theirs.encrypt_message(text, "nonce", "1409659813"))
    assert signed(back["MsgSignature"], token, back["TimeStamp"], back["Nonce"], back["Encrypt"])
    assert seal.open(back["Encrypt"]) == text


def test_the_library_refuses_what_is_not_ours() -> None:
    token, key, app_id = SAMPLE
    theirs = library.WeChatCrypto(token, key, app_id)
    sealed = Seal(key, "wx_other").close("x")
    xml = sealed_reply(sealed, signature(token, "1", "n", sealed), "1", "n")
    with pytest.raises(InvalidAppIdException):
        theirs.decrypt_message(xml, signature(token, "1", "n", sealed), "1", "n")
    with pytest.raises(InvalidSignatureException):
        theirs.decrypt_message(xml, signature("other", "1", "n", sealed), "1", "n")


def test_the_library_takes_our_plain_signature() -> None:
    check_signature("AAAAA", signature("AAAAA", "1714036504", "1514711492"), "1714036504", "1514711492")
    with pytest.raises(InvalidSignatureException):
        check_signature("AAAAA", signature("AAAAB", "1714036504", "1514711492"), "1714036504", "1514711492")


def test_the_same_text_is_never_sealed_the_same() -> None:
    seal = Seal(SAMPLE[1], SAMPLE[2])
    assert len({seal.close("玉米") for _ in range(50)}) == 50


def garbled() -> list[str]:
    seal, sealed = Seal(SAMPLE[1], SAMPLE[2]), SAMPLE_SEALED
    return [
        "", "=", "玉米", "AAAA", "A" * 64, sealed[:-4], sealed[:64], sealed[64:], sealed[:100] + "A" + sealed[101:], sealed * 2,
        seal.close("x" * 40)[:44], re.sub("[A-Z]", "b", sealed),
    ]  # fmt: skip


@pytest.mark.parametrize("sealed", garbled(), ids=range(len(garbled())))
def test_what_is_garbled_is_refused(sealed: str) -> None:
    with pytest.raises(SealError):
        Seal(SAMPLE[1], SAMPLE[2]).open(sealed)


def test_random_bytes_never_break_it() -> None:
    from base64 import b64encode

    seal = Seal(SAMPLE[1], SAMPLE[2])
    for length in range(0, 200):
        with pytest.raises(SealError):
            seal.open(b64encode(os.urandom(length)).decode())
