"""Private persons in public records: who is one, and how the name is told to those who do not live there."""

from __future__ import annotations

import re

from bot.messages import Asker
from bot.skills.wording import mask_name

#: The family names of nearly everybody; they tell 苏敏 in brackets from 东段 or 二期.
_FAMILY = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严"
    "牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫"
    "查屈鲍覃霍翁隋甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫苟全褚廉简娄盖符奚穆党燕郎"
    "邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖鄢冷卓仇艾蓝巩仲乐虞卞封竺衣楚佟栗匡宗应巫鞠桑荆谌扬沙伏岑习胥蔺付肖闫母才"
)
_IN_BRACKETS = re.compile(r"(?<=[（(])([一-鿿]{2,4})(?=等\d+[人户]|[）)])")
_COMPANY = re.compile("公司|集团|工程队|合作社|服务部|经营部|门市|[厂店队部社站院所行处中心场园]$")


def is_person(name: str) -> bool:
    """Whether a party is a person and not a company: 宋军, but not 迁安市砺石园林绿化队."""
    return 2 <= len(name) <= 4 and not _COMPANY.search(name)


def told(name: str, village: str, asker: Asker) -> str:
    """A party's name: a private person's in full only to those who live in the village, a company's to all."""
    return mask_name(name) if is_person(name) and not asker.may_see(village) else name


def told_in(text: str, village: str, asker: Asker) -> str:
    """A text of the accounts with the persons in its brackets told so: 收河滩地发包款（苏*）."""
    if asker.may_see(village):
        return text
    return _IN_BRACKETS.sub(lambda found: mask_name(found[1]) if found[1][0] in _FAMILY else found[1], text)
