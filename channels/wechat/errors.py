"""What WeChat's client API says by `errcode`, mostly inside HTTP 200: may it be tried again, and what is to be done.

Source: developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html and the tables of the calls themselves.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """One errcode. `retryable` tells whether the same call may succeed later, `renew` whether the token was refused."""

    retryable: bool
    chinese: str
    english: str
    renew: bool = False


_TOKEN = ("微信不认访问令牌，已换新的再试。", "The access token was refused; a new one is fetched.")
_SECRET = ("微信公众号密钥不对，请检查。", "Wrong AppSecret or AppID: check XIANGYIN_WECHAT_APP_SECRET and _APP_ID.")
_MEDIA = ("微信不收这个图片或声音。", "WeChat does not take this media file: check its kind and size.")
_GONE = ("对方没有关注公众号，或者已经取消关注。", "The receiver does not follow the account (any more).")
_BUSY = ("微信系统忙，过几分钟再发。", "WeChat is busy; try again in a few minutes.")

ERRORS: dict[int, Known] = {
    -1: Known(True, *_BUSY),
    40001: Known(True, *_TOKEN, renew=True),
    40014: Known(True, *_TOKEN, renew=True),
    41001: Known(True, *_TOKEN, renew=True),
    42001: Known(True, *_TOKEN, renew=True),
    40003: Known(False, *_GONE),
    40004: Known(False, *_MEDIA),
    40005: Known(False, *_MEDIA),
    40006: Known(False, *_MEDIA),
    40007: Known(False, "图片或声音在微信那里已经过期。", "The media id is not known: media are kept for three days."),
    40008: Known(False, "微信不收这种消息。", "WeChat does not take this kind of message."),
    40009: Known(False, *_MEDIA),
    40013: Known(False, *_SECRET),
    40033: Known(False, "消息里有微信不收的字符。", "The text has characters that WeChat does not take."),
    40125: Known(False, *_SECRET),
    40137: Known(False, *_MEDIA),
    40164: Known(
        False,
        "服务器的网址不在公众号的 IP 白名单里，请到公众平台加上。",
        "This server's IP address is not on the account's whitelist: add it in WeChat's console.",
    ),
    40243: Known(
        False, "公众号密钥被冻结，请到公众平台解冻。", "The AppSecret is frozen: unfreeze it in WeChat's console."
    ),
    41004: Known(False, *_SECRET),
    43004: Known(False, *_GONE),
    43019: Known(False, "对方在公众号的黑名单里。", "The receiver is on the account's own blacklist."),
    44004: Known(False, "消息是空的。", "The text is empty."),
    45001: Known(False, *_MEDIA),
    45002: Known(False, "消息太长。", "The text is longer than WeChat allows."),
    45009: Known(
        False, "今天的调用次数用完了，明天再发。", "The API's daily quota is used up; it is renewed at midnight."
    ),
    45011: Known(True, "调用太快了，过几分钟再发。", "Too many calls a minute; try again in a few minutes."),
    45015: Known(
        False,
        "对方48小时内没有来过消息，微信不让再发。",
        "The receiver has not written for 48 hours: WeChat lets nothing more be sent until they do.",
    ),
    45047: Known(
        False,
        "这次能发的5条已经发完，等对方再来消息。",
        "The five messages that follow one of the receiver's are used up: wait for the next.",
    ),
    48001: Known(
        False,
        "公众号没有这个接口的权限，请到公众平台看接口权限。",
        "The account may not use this call: see its permissions in WeChat's console.",
    ),
    48002: Known(False, "对方关了接收消息。", "The receiver has switched this account's messages off."),
    48004: Known(False, "公众号的接口被封了，请到公众平台看通知。", "WeChat has banned the account from this call."),
    50005: Known(False, *_GONE),
    61450: Known(True, *_BUSY),
}

#: For a code that is in no table: WeChat adds some every year.
UNKNOWN = Known(
    False, "微信报错，请查它的返回码说明。", "An errcode that we do not know: see WeChat's table of return codes."
)

#: For an answer that never came, or was none of WeChat's.
UNREACHED = Known(True, "连不上微信，过几分钟再发。", "WeChat did not answer as it should; try again in a few minutes.")


class ApiError(Exception):
    """A call that failed. `code` is the errcode, or a word for what else went wrong; neither token nor secret is in it."""

    def __init__(self, code: int | str, known: Known) -> None:
        super().__init__(f"{code}: {known.english}")
        self.code = code
        self.known = known

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.known.retryable


def api_error(code: int) -> ApiError:
    """The error that an errcode stands for."""
    return ApiError(code, ERRORS.get(code, UNKNOWN))


def unreached(what: str) -> ApiError:
    """The error of a call without an answer of WeChat's."""
    return ApiError(what, UNREACHED)
