"""Greeting, help, thanks, goodbye, and what we do not do: the answers that need no data."""

from __future__ import annotations

from bot.messages import Reply
from bot.skills.base import Context
from bot.understanding.query import Query

EXAMPLES = ("玉米多少钱一斤", "低保怎么办", "我们村上月花了多少钱", "镇上几点办公", "最近有什么通知")


def greet(query: Query, ctx: Context) -> Reply:
    """Say who we are and what may be asked."""
    return Reply(
        "您好，我是乡音。价格、政策、村里账目、办事电话都可以问我。", (f"比如：{EXAMPLES[0]}；{EXAMPLES[1]}。",)
    )


def help_(query: Query, ctx: Context) -> Reply:
    """What may be asked, by examples."""
    return Reply(
        "直接打字问就行，比如：" + "；".join(EXAMPLES[:3]) + "。",
        (
            "能问：菜价粮价、惠农和医保政策、村里收支、小微权力事项、低保公示、通知、办事电话、公交、卫生室、修路和路灯。",
            "说“我们村”就是问您自己的村。",
        ),
    )


def thanks(query: Query, ctx: Context) -> Reply:
    """Answer thanks."""
    return Reply("不客气，有事您再问。")


def goodbye(query: Query, ctx: Context) -> Reply:
    """Answer a goodbye."""
    return Reply("好，再见。有事随时来问。")


def out_of_scope(query: Query, ctx: Context) -> Reply:
    """Decline kindly, with two examples of what can be answered."""
    return Reply(
        f"这个我这儿查不到。您可以问：{EXAMPLES[0]}；{EXAMPLES[1]}。", ("别的事可以到村委会或镇便民服务中心问。",)
    )
