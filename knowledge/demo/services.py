"""Where to go and whom to call: offices, telephone numbers, clinics, buses, and the residents' list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from knowledge.demo import people
from knowledge.demo.draw import Draw
from knowledge.demo.scene import Row, Scene, every_half_year, every_spring, pilot
from knowledge.places import short_name

_WEEKDAYS = "周一至周五 8:30-12:00，13:30-17:30"
_ALWAYS = "全天24小时"

#: name: (hours, what it does)
_TOWN = {
    "便民服务中心": (_WEEKDAYS, "医保参保、养老认证、低保和临时救助申请、宅基地申请"),
    "派出所": (_ALWAYS, "报警、户口、身份证、居住证"),
    "卫生院": (_ALWAYS, "门诊、急诊、打疫苗、老年人体检"),
    "财政所": (_WEEKDAYS, "惠农补贴发放查询、一卡通改账号"),
    "农业综合服务中心": (_WEEKDAYS, "种粮补贴、农机补贴、测土送样、病虫害咨询"),
    "供电所": ("每天 8:00-18:00", "用电报装、交电费、停电报修"),
}
_COUNTY = {
    "政务服务大厅": (_WEEKDAYS, "各部门办事窗口、营业执照、不动产登记"),
    "医疗保障局": (_WEEKDAYS, "医保参保、报销、异地就医备案"),
    "民政局": (_WEEKDAYS, "低保、特困、高龄津贴、残疾人补贴"),
    "农业农村局": (_WEEKDAYS, "种粮补贴、农机补贴、宅基地、农技"),
    "人力资源和社会保障局": (_WEEKDAYS, "养老保险、就业、培训、劳动维权"),
}

#: Numbers that serve the whole country are real; they are public.
_NATIONAL = (
    ("报警电话", "110", _ALWAYS, "遇到危险、被骗、打架"),
    ("火警电话", "119", _ALWAYS, "着火、被困"),
    ("急救电话", "120", _ALWAYS, "急病、受伤叫救护车"),
    ("交通事故报警", "122", _ALWAYS, "路上出了事故"),
    ("森林防火报警", "12119", _ALWAYS, "看见山火"),
    ("政务服务便民热线", "12345", _ALWAYS, "办事咨询、投诉、求助"),
    ("三农服务热线", "12316", "每天 8:00-18:00", "种植养殖、假农资投诉"),
    ("医保服务热线", "12393", "工作日 8:30-17:30", "医保参保和报销"),
    ("人社服务热线", "12333", "工作日 8:30-17:30", "养老保险、就业、工资"),
    ("供电服务热线", "95598", _ALWAYS, "停电、电费"),
    ("法律援助热线", "12348", _ALWAYS, "请律师、打官司咨询"),
    ("消费者投诉热线", "12315", "工作日 8:30-17:30", "买到假货、缺斤短两"),
    ("心理援助热线", "12356", _ALWAYS, "心里难受找人说说"),
    ("防汛值班电话", "", _ALWAYS, "河水上涨、房子进水"),
    ("自来水报修", "", _ALWAYS, "停水、爆管"),
)
_PREFERRED = ("短信", "短信", "大喇叭", "电话语音", "微信")


def offices(scene: Scene) -> Iterator[Row]:
    """The offices of every town and of the county."""
    day = every_spring(scene.today)
    places = [(town, _TOWN) for town in scene.towns]
    for place, kinds in [*places, (scene.places.county, _COUNTY)]:
        for number, (name, (hours, tasks)) in enumerate(kinds.items(), 1):
            values = {
                "place": place.code,
                "name": place.name + name,
                "address": f"{place.name}{Draw('street', place.code).pick(('府前', '兴华', '迎宾', '振兴'))}路{number * 7}号",
                "phone": people.landline(place.code, name),
                "hours": hours,
                "tasks": tasks,
            }
            yield values, day


def hotlines(scene: Scene) -> Iterator[Row]:
    """Numbers for everybody: national ones, the county's, and the duty telephone of every town."""
    day = every_spring(scene.today)
    duty = [(f"{town.name}值班电话", "", _ALWAYS, "有事找镇里") for town in scene.towns]
    for name, number, hours, note in (*_NATIONAL, *duty):
        yield {"name": name, "number": number or people.landline(name), "hours": hours, "note": note}, day


def clinics(scene: Scene) -> Iterator[Row]:
    """The clinics of three villages in five and of the pilots."""
    day = every_spring(scene.today)
    for village in scene.villages:
        draw = Draw("clinic", village.code)
        if draw.chance(60) or pilot(village):
            values = {
                "place": village.code,
                "name": f"{village.name}卫生室",
                "doctor": people.name(draw),
                "phone": people.mobile(draw),
                "hours": draw.pick(("每天 7:30-18:00", "每天 8:00-19:30", "周一至周六 8:00-17:00")),
                "insured": draw.chance(85),
            }
            yield values, day


def buses(scene: Scene) -> Iterator[Row]:
    """One or two bus lines from every town to the county seat."""
    day = every_spring(scene.today)
    county = short_name(scene.places.county.name)
    number = 200
    for town in scene.towns:
        draw = Draw("bus", town.code)
        villages = scene.places.villages(town.code)
        for _ in range(draw.between(1, 2)):
            number += 1
            between = draw.some([short_name(village.name) for village in villages], 4)
            values = {
                "place": town.code,
                "route": f"{number}路",
                "origin": town.name,
                "terminus": f"{county}汽车站",
                "first": f"{draw.between(5, 6)}:{draw.below(12) * 5:02d}",
                "last": f"{draw.between(17, 18)}:{draw.below(12) * 5:02d}",
                "interval": draw.pick((20, 25, 30, 40, 60)),
                "fare": Decimal(draw.between(2, 12)) / 2 + 1,
                "stops": "、".join(between),
            }
            yield values, day


def residents(scene: Scene) -> Iterator[Row]:
    """A few numbers of every village, more of the pilots; some serve two people of a household."""
    day = every_half_year(scene.today)
    number = 0
    for village in scene.villages:
        for person in range(30 if pilot(village) else 5):
            draw = Draw("resident", village.code, person)
            if person % 10 != 9:
                number += 1
            values = {
                "phone": f"1990000{number:04d}",
                "name": people.name(draw),
                "place": village.code,
                "subscribed": draw.chance(70),
                "preferred": draw.pick(_PREFERRED),
                "registered": date(2024, 1, 1) + timedelta(draw.below(500)),
            }
            yield values, day
