"""WeChat Official Account: https://developers.weixin.qq.com/doc/service/guide/product/message/

WeChat calls with GET once, to see that we know the token, and with POST for each message and event. It waits five
seconds, then calls again, three times at most, and shows what the last call was answered; "success" shows nothing.
So an answer that takes longer is promised to ourselves and sent by the customer-service API (`late`). A repeat of a
message that was taken gets "success".

Plain messages are proven by a signature that does not cover them, sealed ones by one that does: choose 安全模式. Where a
key for sealed messages is set, a plain one is still answered, but as somebody's whom nobody knows.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_hex
from threading import Lock

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from pydantic import SecretStr

from channels.base import Outcome, Service
from channels.base.reading import whole_body
from channels.base.refusals import RefusedError, http_error
from channels.wechat import parts
from channels.wechat.answers import Answers, Recogniser
from channels.wechat.client import client_for
from channels.wechat.crypto import Seal, SealError, signature, signed
from channels.wechat.incoming import Incoming, UnreadableError, fields, read, sealed_reply, text_reply
from channels.wechat.late import Late

log = logging.getLogger(__name__)

#: An answer that takes longer is sent late, in seconds: the rest of WeChat's five is for the way and for noting it.
WITHIN = 4.0

#: So many answers are worked out at a time in a process.
AT_ONCE = 8

WAIT = "正在查，还没查完。请过一分钟再问一遍。"


@dataclass(frozen=True, slots=True)
class Room:
    """What the views work with, made with the first request. `late` needs the AppSecret."""

    service: Service
    answers: Answers
    late: Late | None
    pool: ThreadPoolExecutor
    within: float


def routes(service: Service, recogniser: Recogniser | None = None, within: float = WITHIN) -> Blueprint:
    """`GET` and `POST /wechat`. `recogniser` turns voices into words, where the operator has one."""
    blueprint = Blueprint("wechat", __name__)
    made: list[Room] = []
    making = Lock()

    def room() -> Room:
        with making:
            if not made:
                made.append(_room(service, recogniser, within))
        return made[0]

    @blueprint.get("/wechat")
    def verify() -> ResponseReturnValue:
        """Say back what WeChat asks us to, once it has proven itself."""
        token, echo = _token(service), request.args.get("echostr", "")
        if not request.args.get("msg_signature"):
            _prove(token, "signature")
        else:  # sealed, as WeChat's other accounts do it
            _prove(token, "msg_signature", echo)
            echo = _open(service, echo)[0]
        return Response(echo, mimetype="text/plain")

    @blueprint.post("/wechat")
    def incoming() -> ResponseReturnValue:
        token, data, seal = _token(service), whole_body(), None
        try:
            if request.args.get("encrypt_type", "raw") == "raw" and not request.args.get("msg_signature"):
                _prove(token, "signature")
                given = fields(data)
            else:
                sealed = fields(data).get("Encrypt", "")
                _prove(token, "msg_signature", sealed)
                opened, seal = _open(service, sealed)
                given = fields(opened)
            message = replace(read(given), proven=bool(seal or not _secret(service.settings.wechat_aes_key)))
        except UnreadableError as error:
            log.warning("WeChat's message is not readable: %s", error)
            raise http_error(400) from None
        text = _answer(room(), message)
        now = int(time.time())
        xml = _closed(text_reply(message, text, now), seal, token, str(now)) if text else ""
        response = Response(xml or "success", mimetype="text/xml" if xml else "text/plain")
        late = room().late
        if late:  # what follows the answer goes out after it
            response.call_on_close(late.wake)
        return response

    return blueprint


def _room(service: Service, recogniser: Recogniser | None, within: float) -> Room:
    client, pool = client_for(service), ThreadPoolExecutor(AT_ONCE, "wechat")
    answers = Answers(service, service.wechat, client, recogniser)
    late = Late(service.wechat, client, answers.answer, service.picture, service.desk.now) if client else None
    return Room(service, answers, late, pool, within)


# --- answering -------------------------------------------------------------------------------------------------------


def _answer(room: Room, message: Incoming) -> str:
    """The text that answers a message now; "" where there is none, or where it comes late."""
    if room.late:
        room.late.start()
    work = room.pool.submit(room.answers.answer, message)
    try:
        outcome = work.result(room.within)
    except TimeoutError:
        return _promise(room.late, message, work)
    except RefusedError as refusal:
        return refusal.chinese
    if outcome and outcome.kind == "busy":
        return _watch(room.late, message)
    if outcome is None or outcome.reply is None:
        return ""
    text = parts.split(outcome.reply.text)[0]
    return _with_picture(room, message, text, outcome.reply.picture)


def _with_picture(room: Room, message: Incoming, text: str, path: str | None) -> str:
    """The text of an answer; its picture follows, or where nothing can be sent after it, the address of it stands there."""
    if path and room.late:
        room.late.picture(message, path)
    elif path and room.service.settings.public_url:
        linked = f"{text}\n图：{room.service.settings.public_url.rstrip('/')}{path}"
        return linked if parts.size(linked) <= parts.MOST else text
    return text


def _promise(late: Late | None, message: Incoming, work: Future[Outcome | None]) -> str:
    """Have the answer sent when it comes."""
    if late is None:
        log.warning(
            "an answer takes longer than WeChat waits: set XIANGYIN_WECHAT_APP_SECRET, so that it can be sent late"
        )
        return WAIT
    late.owe(message)
    work.add_done_callback(partial(_keep_promise, late, message))
    return ""


def _keep_promise(late: Late, message: Incoming, work: Future[Outcome | None]) -> None:
    try:
        late.answered(message, work.result())
    except RefusedError as refusal:
        late.refused(message, refusal)
    late.wake()


def _watch(late: Late | None, message: Incoming) -> str:
    """Another process or thread is answering: take over should it die. Raises RefusedError, so that WeChat asks again."""
    if late is None:
        raise RefusedError(503, "busy", "这条正在查。", "This message is being answered; ask again.", retryable=True)
    late.owe(message, watched=True)
    return ""


# --- proof -----------------------------------------------------------------------------------------------------------


def _secret(setting: SecretStr | None) -> str:
    return setting.get_secret_value() if setting else ""


def _token(service: Service) -> str:
    token = _secret(service.settings.wechat_token)
    if not token:
        raise RefusedError(
            403,
            "closed",
            "微信通道没有开通，请设置 XIANGYIN_WECHAT_TOKEN。",
            "This channel is closed: set XIANGYIN_WECHAT_TOKEN.",
        )
    return token


def _prove(token: str, name: str, *sealed: str) -> None:
    """Raises RefusedError unless the request bears the signature of this name."""
    timestamp, nonce = request.args.get("timestamp", ""), request.args.get("nonce", "")
    if not signed(request.args.get(name, ""), token, timestamp, nonce, *sealed):
        raise RefusedError(
            403,
            "signature",
            "签名不对：请检查 XIANGYIN_WECHAT_TOKEN 和公众平台上填的令牌是否一样。",
            "Wrong signature: check that XIANGYIN_WECHAT_TOKEN is the token in WeChat's console.",
        )


def _open(service: Service, sealed: str) -> tuple[str, Seal]:
    """The text in a sealed one, with the seal that opened it: the answer takes the same. Raises RefusedError."""
    settings = service.settings
    app_id = _secret(settings.wechat_app_id)
    for key in (_secret(settings.wechat_aes_key), _secret(settings.wechat_previous_aes_key)):
        if key and app_id:
            seal = Seal(key, app_id)
            try:
                return seal.open(sealed), seal
            except SealError as error:
                log.info("WeChat's message: %s", error)
    raise RefusedError(
        403,
        "sealed",
        "解不开：请检查 XIANGYIN_WECHAT_AES_KEY 和 XIANGYIN_WECHAT_APP_ID。",
        "Cannot be opened: check XIANGYIN_WECHAT_AES_KEY and XIANGYIN_WECHAT_APP_ID.",
    )


def _closed(xml: str, seal: Seal | None, token: str, now: str) -> str:
    """An answer sealed as its question was."""
    if seal is None:
        return xml
    sealed, nonce = seal.close(xml), token_hex(8)
    return sealed_reply(sealed, signature(token, now, nonce, sealed), now, nonce)
