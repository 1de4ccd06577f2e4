"""WeChat with the real application on the county's export: places, pictures, the way to a village."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app import create_app
from channels.wechat import late as late_module
from channels.wechat.answers import PLACE_KEPT
from channels.wechat.crypto import signature
from channels.wechat.incoming import fields
from config import Settings
from tests.channels.wechat.conftest import TOKEN, until
from tests.channels.wechat.payloads import message
from tests.channels.wechat.standin import APP_ID, SECRET, Standin
from tests.conftest import NOW

Send = Callable[..., str]


@pytest.fixture
def send(pack: Engine, tmp_path: Path, standin: Standin) -> Iterator[Send]:
    """Sends a message to the application and returns its answer."""
    assert late_module.EVERY > 1000, "nothing is sent but what was queued by the test"
    path = tmp_path / "whole.db"
    with sqlite3.connect(str(pack.url.database)) as source, sqlite3.connect(path) as target:
        source.backup(target)
    account = {
        "wechat_token": TOKEN,
        "wechat_app_id": APP_ID,
        "wechat_app_secret": SECRET,
        "wechat_api_url": standin.url,
    }
    app = create_app(Settings(database_url=f"sqlite:///{path}", today=NOW.date(), **account))
    query = {"timestamp": "1", "nonce": "2", "signature": signature(TOKEN, "1", "2")}
    numbers = itertools.count(1)

    def sent(kind: str, inner: str) -> str:
        xml = message(kind, inner, str(next(numbers)))
        with app.test_client().post("/wechat", query_string=query, data=xml) as response:
            return fields(response.get_data())["Content"]

    yield sent
    app.extensions["xiangyin"].engine.dispose()


def test_a_place_asks_which_village_and_a_bare_name_answers_it(send: Send) -> None:
    asked = send("location", "<Location_X>39.9</Location_X><Location_Y>118.7</Location_Y><Label>迁安市</Label>")
    assert asked.startswith(PLACE_KEPT)
    assert "哪个村" in asked
    told = send("text", "<Content>万宝沟村</Content>")
    assert "万宝沟" in told
    assert "没听明白" not in told


def test_a_price_comes_with_its_picture(send: Send, standin: Standin) -> None:
    told = send("text", "<Content>玉米最近三个月涨了没</Content>")
    assert "元/斤" in told
    assert "（来源：" in told
    until(lambda: standin.sent)
    assert [sent["msgtype"] for sent in standin.sent] == ["image"]
    assert standin.uploaded[0].startswith(b"\x89PNG\r\n\x1a\n")


def test_a_choice_is_made_by_its_number(send: Send) -> None:
    asked = send("text", "<Content>刘庄子村上月花了多少钱</Content>")
    assert "\n1 " in asked
    assert "\n2 " in asked
    chosen = asked.split("\n2 ")[1].split("\n")[0]
    assert chosen[-4:] in send("text", "<Content>2</Content>")
