"""Who wants no more messages from a channel, and who wants them again. Pure.

The English words are those that carriers and Twilio obey; 退订, TD, T and R are what Chinese text messages offer.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

STOP = frozenset(
    [
        *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
        *("退订", "退定", "退訂", "TD", "T", "R", "回T退订", "回TD退订"),
        *("取消订阅", "拒收", "停止", "不要再发", "别再发了"),
    ]
)
START = frozenset(["START", "UNSTOP", "恢复", "恢復", "恢复接收", "重新订阅", "取消退订", "HF"])


def wish(text: str) -> Literal["stop", "start"] | None:
    """What a message asks for that consists of such a word alone, however it is written; None for any other."""
    word = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).upper()
    if word in STOP:
        return "stop"
    return "start" if word in START else None
