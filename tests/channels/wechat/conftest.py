"""An Official Account for tests: our side of it, WeChat's side of it, and the stand-in for its client API."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from wechatpy.crypto import WeChatCrypto
from werkzeug.test import TestResponse

from channels import wechat
from channels.base.refusals import install_refusals
from channels.wechat import client as client_module
from channels.wechat import late as late_module
from channels.wechat.crypto import signature
from channels.wechat.incoming import fields
from config import Settings
from knowledge import database
from knowledge.places import Places
from knowledge.service_tables import WechatKept, WechatOutgoing
from knowledge.wechat import Wechat
from tests.channels.conftest import Service
from tests.channels.wechat.standin import APP_ID, SECRET, Standin, serving

TOKEN = "the-token-of-the-callback"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
USER, ACCOUNT = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", "gh_7f083739789a"


@dataclass
class Account:
    """Plays WeChat's servers against our callback. `sealed` is the EncodingAESKey that they use, "" for plain mode."""

    service: Service
    app: Flask
    standin: Standin
    sealed: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1000))

    def xml(self, kind: str = "text", number: str = "", user: str = USER, **inner: str) -> str:
        """A message from WeChat."""
        inside = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in inner.items())
        given = "" if kind == "event" else f"<MsgId>{number or next(self.numbers)}</MsgId>"
        return (
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>"
            f"<CreateTime>1795400000</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{inside}{given}</xml>"
        )

    def post(self, xml: str | bytes, client: FlaskClient | None = None, **query: str) -> TestResponse:
        """Send XML as WeChat does, signed; sealed by a WeChat library."""
        stamp, nonce = "1795400001", "1372623149"
        asked = {"timestamp": stamp, "nonce": nonce, "signature": signature(TOKEN, stamp, nonce), "openid": USER}
        if self.sealed:
            sealed = WeChatCrypto(TOKEN, self.sealed, APP_ID).encrypt_message(xml, nonce, stamp)
            asked |= {"encrypt_type": "aes", "msg_signature": fields(sealed)["MsgSignature"]}
            xml = f"<xml><ToUserName>{ACCOUNT}</ToUserName><Encrypt>{fields(sealed)['Encrypt']}</Encrypt></xml>"
        with (client or self.app.test_client()).post(
            "/wechat", query_string=asked | query, data=xml, content_type="text/xml"
        ) as response:
            response.get_data()
        return response

    def send(self, xml: str | bytes) -> str | None:
        """What the user sees at once; None for "success"."""
        response = self.post(xml)
        assert response.status_code == 200, response.get_data(as_text=True)
        if response.get_data() == b"success":
            return None
        assert response.content_type == "text/xml; charset=utf-8"
        text = response.get_data(as_text=True)
        if self.sealed:
            given = fields(text)
            library = WeChatCrypto(TOKEN, self.sealed, APP_ID)
            text = library.decrypt_message(text, given["MsgSignature"], given["TimeStamp"], given["Nonce"])
        reply = fields(text)
        assert reply["MsgType"] == "text"
        assert reply["ToUserName"]
        assert len(reply["Content"].encode()) <= 2000
        return reply["Content"]

    def ask(self, text: str, **more: str) -> str | None:
        """Send a text."""
        return self.send(self.xml(Content=text, **more))

    def outbox(self) -> list[tuple[str, str, int, str]]:
        """(kind, state, tries, reason) of each row."""
        with database.sessions(self.service.engine)() as session:
            rows = session.scalars(select(WechatOutgoing).order_by(WechatOutgoing.id))
            return [(row.kind, row.state, row.tries, row.reason) for row in rows]

    def kept(self) -> list[WechatKept]:
        with database.sessions(self.service.engine)() as session:
            return list(session.scalars(select(WechatKept).order_by(WechatKept.message_id)))

    def nudge(self) -> None:
        """An event that is neither answered nor stored: what is due goes out after it."""
        assert self.send(self.xml("event", Event="VIEW", EventKey="x")) is None


def until(true: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """WeChat's client API on this machine; our threads sleep unless they are woken."""
    monkeypatch.setattr(client_module, "PAUSE", 0.02)
    monkeypatch.setattr(late_module, "EVERY", 3600.0)
    with serving() as made:
        yield made


@pytest.fixture
def open_account(
    migrated: Path, tmp_path: Path, gazetteer: Places, standin: Standin
) -> Iterator[Callable[..., Account]]:
    """Opens an account with settings, on a database of its own unless one is given."""
    own = database.connect(f"sqlite:///{shutil.copy(migrated, tmp_path / 'wechat.db')}")

    def opened(
        engine: Engine | None = None,
        within: float = 4.0,
        recogniser: Any = None,
        per_minute: int = 1000,
        **settings: Any,
    ) -> Account:
        given = {
            "wechat_token": TOKEN,
            "wechat_app_id": APP_ID,
            "wechat_app_secret": SECRET,
            "wechat_api_url": standin.url,
        }
        service = Service(Settings(**{**given, **settings}), engine or own, gazetteer, per_minute)
        service.wechat = Wechat(database.sessions(service.engine))
        service.picture = lambda name: f"PNG {name}".encode()
        app = Flask("tests", static_folder=None)
        install_refusals(app)
        app.register_blueprint(wechat.routes(service, recogniser=recogniser, within=within))
        return Account(service, app, standin)

    yield opened
    own.dispose()


@pytest.fixture
def account(open_account: Callable[..., Account]) -> Account:
    """An account in plain mode."""
    return open_account()
