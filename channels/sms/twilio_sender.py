"""The way out by Twilio: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource

Twilio queues what it takes and tells later what became of it, at the address that it was given with the message. What
its errors mean stands at https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

from channels.base import Service
from channels.base.sending import Brings, Letter, SendError, UnreachableError
from channels.base.twilio import Account, DeclinedError, account, dialled
from channels.sms.answers import CHANNEL

#: The receiver has opted out at Twilio.
OPTED_OUT = 21610

#: What is wrong with this message, for good: a sentence for staff.
FINAL = {
    **dict.fromkeys((21211, 21266, 21614, 30005, 30006), "号码不对，或者收不了短信。"),
    **dict.fromkeys((21408, 21612, 30004), "Twilio 没有通往这个号码的路由。"),
    **dict.fromkeys((21602, 21617), "短信是空的，或者超过1600字。"),
    21608: "试用账号只能发给登记过的号码。",
    OPTED_OUT: "对方已在 Twilio 退订，不再发送。",
    30003: "对方关机，或者不在服务区。",
    30007: "运营商把这条当作垃圾短信拦下了。",
    30010: "这条短信的价钱超过了设的上限。",
    **dict.fromkeys((30032, 30034), "发送号码还没有在运营商登记。"),
}

#: What may pass by itself: too much at a time, for Twilio or for the network behind it.
PASSING = frozenset({14107, 20429, 30001, 30017, 30022, 30023})

#: What stands against every message: the account, or the number that we send from.
OURS = {
    21611: ("queue_full", "Twilio 那里还排着太多短信，过一会儿再发。"),
    **dict.fromkeys((20005, 30002), ("account", "Twilio 账号停用了，请登录 Twilio 查看。")),
    **dict.fromkeys(
        (21212, 21606, 21603, 21659, 21660, 21661), ("sender", "twilio_number 不能发短信，请检查这个设置。")
    ),
    21609: ("callback", "Twilio 不认回执的地址，请检查 XIANGYIN_PUBLIC_URL。"),
}


class TwilioSender(Brings):
    """Hands messages to Twilio."""

    name = "twilio"
    channel = CHANNEL
    per_second = 1.0  # what a long number may send
    at_once = 1

    def __init__(self, service: Service, account: Account) -> None:
        self._service = service
        self._account = account

    def send(self, letter: Letter) -> None:
        """Hand one message to Twilio. Raises SendError, UnreachableError or UncertainError."""
        settings = self._service.settings
        message = {
            "To": dialled(letter.address),
            "From": settings.twilio_number,
            "Body": letter.text,
            "StatusCallback": f"{settings.own_url}/sms/twilio/status?letter={letter.number}",
        }
        try:
            self._account.create("Messages", message)
        except DeclinedError as error:
            if error.number == OPTED_OUT:
                self._service.desk.store.opt_out(CHANNEL, letter.address, self._service.desk.now())
            raise declined(error) from None


def declined(error: DeclinedError) -> SendError:
    """What an error of Twilio's means for the message and for those after it."""
    if error.number in OURS:
        return UnreachableError(*OURS[error.number], error.english)
    code, reason = meaning(error.number)
    return SendError(code, reason, error.english, retryable=error.number in PASSING)


def meaning(number: int) -> tuple[str, str]:
    """A code for programs and a sentence for staff, for the number of an error; 0 for one that Twilio did not name."""
    if number == OPTED_OUT:
        return "opted_out", FINAL[number]
    if number in PASSING:
        return "throttled", "Twilio 或运营商忙，过几分钟再发。"
    return f"twilio {number}", FINAL.get(number, "Twilio 没有发出去，请按错误号查 twilio.com/docs/api/errors。")


def sender(service: Service) -> TwilioSender | None:
    """The way out by Twilio, where its account and number are set and no other gateway is.

    A gateway of a carrier or a modem goes first: it reaches mainland numbers, which Twilio does not at both ends, and a
    villager gets all messages from one number.
    """
    settings = service.settings
    set_up = account(settings)
    if not set_up or settings.kannel_send_url or settings.gammu_database_url:
        return None
    return TwilioSender(service, set_up)
