"""The category of CAP 1.2 (3.2.2) that an announcement has, told from its words. Pure."""

from __future__ import annotations

#: A category by the words of titles; the first that fits.
_WORDS = (
    ("Fire", ("防火", "火险", "火灾", "山火", "用火")),
    ("Geo", ("地震", "地质", "滑坡", "塌方", "泥石流")),
    (
        "Met",
        (
            "大风",
            "台风",
            "雷",
            "冰雹",
            "大雾",
            "霾",
            "霜冻",
            "寒潮",
            "降温",
            "高温",
            "干旱",
            "汛",
            "洪",
            "天气",
            "气象",
        ),
    ),
    ("Met", ("暴雨", "降雨", "暴雪", "降雪")),
    ("Infra", ("停水", "停电", "停气", "供水", "供电", "供暖", "断网")),
    ("Health", ("疫", "病", "卫生", "医", "体检")),
    ("Transport", ("道路", "封路", "修路", "交通", "公交", "桥")),
    ("Env", ("污染", "环境", "环保")),
    ("Security", ("诈骗", "治安", "防盗")),
    ("Safety", ("安全", "应急", "预警", "救援")),
)


def category(said: str, urgency: str) -> str:
    """The category of a title: Safety for an emergency without a word of its own, else Other."""
    found = (category for category, words in _WORDS if any(word in said for word in words))
    return next(found, "Safety" if urgency == "emergency" else "Other")
