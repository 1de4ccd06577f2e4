"""What the telephone says: one idea a sentence, the key after the thing it does, at most three at a time."""

from __future__ import annotations

import re

from bot.messages import Choice, Reply

#: What may be asked by a key before anything was asked.
MENU = (
    Choice("听村里的通知", "最近有什么通知"),
    Choice("听玉米的价钱", "玉米多少钱一斤"),
    Choice("问低保怎么办", "低保怎么办"),
)

SLOWER, TEXT, PERSON = "9", "8", "0"

#: How people ask to hear it again, for a text of it, for a person, for nothing more, and not to be called back.
AGAIN_WORDS = re.compile(
    r"(请|麻烦)?(你|您)?(再|重新?|从头)(给我)?(说|讲|念|读|听)(一)?(遍|次|下|回)|没(有)?听(清|见|懂|明白)|"
    r"(你)?(说|讲)?(太快|慢点|慢一点|慢些|慢点说|慢一点说)|(你|您)?(刚才)?说(的)?(啥|什么)"
)
TEXT_WORDS = re.compile(r"(请|把这个|把它|给我|也)*(发|寄)(个|一条|条)?(到)?(我)?(的)?(短信|手机)(给我|上)?")
PERSON_WORDS = re.compile(r"(我)?(要|找|请|帮我|给我)*(转|接|转接|找)?(个)?(人工|真人|工作人员|客服|活人)(服务)?")
BYE_WORDS = re.compile(r"(没有|没|不用|谢谢|好|行|那)*(了)?(再见|拜拜|挂了|没事了|不问了|没有了)")
NO_CALLS_WORDS = re.compile(r"(以后)?(不要|别|不用)再?(给我)?(回电话?|打回来|打电话(给我)?|回拨)")
CALLS_WORDS = re.compile(r"(以后)?(可以|请|继续)(给我)?(回电话?|打回来|回拨)")

HELP = "有问题直接说，或者按键选。"
QUIET = "没听见您说话。"
NOISE = "没听清，请离话筒近一点，再说一遍。"
WRONG_KEY = "这个键现在没有用。"
NOTHING_YET = "您还没问呢。"
BUSY = "现在打电话的人多，请过一分钟再打。再见。"
FAILED = "系统出了点问题。请过一会儿再问。"
GOODBYE = "感谢来电，再见。"
CONNECTING = "给您转人工，请稍等。"
NOT_CONNECTED = "没有接通，请过一会儿再转。"
SENT = "发到您的手机上了。"
OPTED_OUT = "您退订了短信，所以不能发。想收，就给我们发短信，写恢复两个字。"
NO_NUMBER = "看不到您的号码，发不了短信。"
NO_CALLS = "记住了，以后您挂断，我们不打回去。"
CALLS = "记住了，以后您响一声挂断，我们打回去。"
MORE = "后面还有，可以发到您的手机上。"


def greeting(county: str, villages: list[str], calling_back: bool) -> Reply:
    """The first words; `villages` are those in whose residents' list the caller stands."""
    hello = f"您好，这里是{county}乡音。"
    if calling_back:
        hello += "刚才您打来电话，我们打回来了，不花您的钱。"
    if villages:
        hello += f"您是{'、'.join(villages[:2])}的乡亲。"
    return Reply(f"{hello}想问什么，听完请直接说。", choices=MENU, intent="phone_greeting")


def offered(labels: list[str]) -> list[str]:
    """At most three choices, each with its key."""
    said = [f"{label}，按{key}。" for key, label in enumerate(labels[:3], 1)]
    return [*said, "还有别的，请直接说名字。"] if len(labels) > 3 else said


def ways_on(texts: bool) -> str:
    """What may be done after an answer."""
    return f"再听一遍，按{SLOWER}。" + (f"发到手机，按{TEXT}。" if texts else "") + "问别的，请直接说。"


def fixed(county: str) -> list[str]:
    """What is said again and again, whoever calls."""
    said = [HELP, QUIET, NOISE, WRONG_KEY, NOTHING_YET, BUSY, FAILED, GOODBYE, CONNECTING, NOT_CONNECTED, SENT]
    said += [OPTED_OUT, NO_NUMBER, NO_CALLS, CALLS, MORE, f"{QUIET}{GOODBYE}", f"{NOISE}{GOODBYE}"]
    menu = offered([choice.label for choice in MENU])
    return [greeting(county, [], False).headline, *menu, ways_on(True), ways_on(False), *said]


def nobody_there(hours: str, hotline: str) -> str:
    """Why nobody can be put through to."""
    there = f"人工接听的时间是{hours}。" if hours else "这里没有人工接听。"
    return f"{there}您也可以拨打{' '.join(hotline)}。"
