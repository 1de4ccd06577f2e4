"""What villagers ask about. `SKILLS` is the visible table: intent -> what answers it, what it needs, what a follow-up keeps.

A label is a short question of its own: after a place or a thing it can be offered as a choice and be asked again.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.skills import (
    alerts,
    announcements,
    assets,
    cameras,
    cooperatives,
    facilities,
    farming,
    finance,
    honours,
    idle,
    livability,
    policy,
    power,
    price_trends,
    prices,
    projects,
    reliefs,
    services,
    smalltalk,
    soil,
    toilets,
    trades,
)
from bot.skills.base import Skill

_OWN = ("village",)
_PLACE = ("village", "villages", "own_village", "town", "own_town", "county")
_PRICE = ("commodity", "commodities", "market", "period", "baseline", "extreme")
_FARMING = (*_PLACE, "commodity", "period", "baseline")
_MONEY = (*_PLACE, "period", "baseline", "subject", "direction", "extreme")

SKILLS: Mapping[str, Skill] = {
    # prices
    "price_latest": Skill(prices.latest, "多少钱一斤", keeps=_PRICE),
    "price_trend": Skill(price_trends.trend, "涨了还是跌了", keeps=_PRICE),
    "price_extreme": Skill(price_trends.extreme, "最高卖到多少钱", keeps=_PRICE),
    "price_compare": Skill(prices.compare, "哪个市场卖得贵", keeps=_PRICE),
    "policy": Skill(policy.answer, "政策怎么规定", keeps=("policy", "aspect", "relief")),
    # governance
    "finance_total": Skill(finance.total, "花了多少钱", _OWN, _MONEY, "finance"),
    "finance_list": Skill(finance.listed, "账目明细", _OWN, _MONEY, "finance"),
    "finance_voucher": Skill(finance.voucher, "凭证是什么钱", keeps=(*_PLACE, "voucher", "period")),
    "power_stage": Skill(power.stage, "办到哪一步了", _OWN, (*_PLACE, "title", "code"), "power_items"),
    "power_publicity": Skill(power.publicity, "公示到哪天", _OWN, (*_PLACE, "title", "code"), "power_items"),
    "power_list": Skill(power.listed, "有哪些事项在办", _OWN, (*_PLACE, "period"), "power_items"),
    "notice": Skill(announcements.or_notices, "有什么通知", _OWN, (*_PLACE, "title", "period"), "notices"),
    "announcement": Skill(announcements.answer, "刚才播了什么", _OWN, (*_PLACE, "title", "period")),
    "relief_count": Skill(reliefs.count, "有多少户", _OWN, (*_PLACE, "relief"), "reliefs"),
    "relief_list": Skill(reliefs.listed, "名单", _OWN, (*_PLACE, "relief"), "reliefs"),
    "camera": Skill(cameras.answer, "有几个监控", _OWN, _PLACE, "cameras"),
    "alert": Skill(alerts.answer, "现在有预警吗", keeps=_PLACE),
    # services
    "office": Skill(services.office, "办公电话和时间", _OWN, (*_PLACE, "office"), "offices"),
    "hotline": Skill(services.hotline, "电话是多少", keeps=_PLACE, dataset="hotlines"),
    "clinic": Skill(services.clinic, "卫生室村医是谁", _OWN, _PLACE, "clinics"),
    "bus": Skill(services.bus, "公交几点有", _OWN, (*_PLACE, "route"), "bus_routes"),
    # livable ecology
    "livability": Skill(livability.answer, "五化情况", _OWN, (*_PLACE, "indicator", "extreme"), "livability"),
    "project_progress": Skill(projects.progress, "工程干到哪了", _OWN, (*_PLACE, "title", "code"), "projects"),
    "project_money": Skill(projects.money, "工程花了多少钱谁干的", _OWN, (*_PLACE, "title", "code"), "projects"),
    "toilet_repair": Skill(toilets.answer, "厕所坏了找谁", _OWN, (*_PLACE, "period"), "toilet_repairs"),
    # thriving industry
    "soil": Skill(soil.answer, "土壤缺什么肥", _OWN, (*_PLACE, "plot", "commodity", "period"), "soil_tests"),
    "planting": Skill(farming.planting, "种了多少亩", _OWN, _FARMING, "farming_stats"),
    "livestock": Skill(farming.livestock, "养了多少头", _OWN, _FARMING, "farming_stats"),
    "facility": Skill(facilities.answer, "有几个大棚", _OWN, (*_PLACE, "period", "commodity"), "facilities"),
    # a well-off life
    "asset": Skill(assets.answer, "集体资产有多少", _OWN, (*_PLACE, "title", "code"), "assets"),
    "cooperative": Skill(cooperatives.answer, "哪个合作社收", keeps=(*_PLACE, "commodity"), dataset="cooperatives"),
    "idle": Skill(idle.answer, "有闲置房地出租吗", keeps=(*_PLACE, "code"), dataset="idle_resources"),
    "trade_find": Skill(trades.find, "谁收谁卖", keeps=(*_PLACE, "commodity", "side"), dataset="trades"),
    "trade_status": Skill(trades.status, "供求信息还有效吗", keeps=("code",)),
    # culture
    "role_model": Skill(honours.role_model, "谁得过先进", keeps=_PLACE, dataset="role_models"),
    "civilized": Skill(honours.civilized, "评上文明村没", _OWN, _PLACE, "civilized_titles"),
    # small talk
    "greet": Skill(smalltalk.greet, "打招呼"),
    "help": Skill(smalltalk.help_, "能问什么"),
    "thanks": Skill(smalltalk.thanks, "道谢"),
    "goodbye": Skill(smalltalk.goodbye, "告别"),
    "out_of_scope": Skill(smalltalk.out_of_scope, "别的事"),
}
