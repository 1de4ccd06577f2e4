"""Where to go and whom to call: offices, telephone numbers, the village clinic, the bus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.messages import Fact, Reply, Value
from bot.skills import where
from bot.skills.base import Context
from bot.skills.lookup import closest
from bot.skills.wording import plain
from bot.understanding.query import Query
from knowledge import services
from knowledge.places import Place, short_name
from knowledge.tables import BusRoute, Clinic, Hotline, Office, Record

#: So many offices or numbers are told one by one.
LISTED = 6

_NOW_OPEN = re.compile(
    "(?:现在|这会儿?).{0,6}(?:有人|开|关|上班|下班|在不在)|有人没|有人吗|开门没|开门吗|开着没|开着吗|上班没|还上班|关门没|下班没|今天.*(?:上班|开门|开吗)"
)
_WHERE = re.compile("在哪|哪办|哪里办|哪儿办|地址|怎么走|咋走|去哪|上哪|到哪|搁哪|什么地方|啥地方|位置|怎么去|咋去")
_DUTY = re.compile("值班|镇政府|街道办|政府电话|乡政府")
#: The office that does most things, for questions that name none (镇上几点办公).
_GENERAL = re.compile("便民|政务|办事大厅|综合服务大厅")

#: What villagers say, and the words of the offices' lists.
_OFFICE_WORDS = {"大厅": "便民服务中心 政务服务", "看病": "门诊 卫生院", "医院": "卫生院", "电费": "供电所", "电工": "供电所", "没电": "供电所", "报案": "派出所",
                 "公安": "派出所", "警察": "派出所", "落户": "户口", "迁户": "户口", "合疗": "医保", "新农合": "医保",
                 "盖房": "宅基地", "养老": "社保", "测土": "土壤化验", "化验": "土壤化验", "种地补贴": "种粮补贴",
                 "银行卡": "一卡通", "打针": "疫苗", "体检": "老年人体检", "买农机": "农机补贴"}  # fmt: skip
_HOTLINE_WORDS = {"着火": "火警", "失火": "火警", "起火": "火警", "消防": "火警", "山火": "森林火警", "林火": "森林火警",
                  "救护车": "急救", "急病": "急救", "看急": "急救", "警察": "报警", "小偷": "报警", "被骗": "报警", "偷": "报警",
                  "停电": "供电", "没电": "供电", "电力": "供电", "市长": "政务", "投诉": "政务", "政府热线": "政务",
                  "养老": "社保", "新农合": "医保", "种地": "三农", "农业": "三农", "农技": "三农"}  # fmt: skip
#: What a number's name may bear without being told apart by it.
_LINE = re.compile("(?:服务)?(?:电话|热线|号码)$")
_WHICH_NUMBERS = re.compile("有哪些|有啥|常用|都有")
_OTHER_TIME = re.compile("晚上|中午|早上|清早|夜里|半夜|下午|上午|傍晚")
_HOLIDAY = re.compile("国庆|春节|过年|五一|中秋|端午|清明|元旦|放假|节假日|过节")
_WEEKDAY = re.compile("(?:周|星期|礼拜)([一二三四五六日天末])")
#: Words that ask for an office without saying for which.
_ASKING = re.compile(
    "我们|俺们|咱们|我|俺|咱|你|您|镇上|镇里|乡里|街道|镇|乡|村里|村|市里|县里|几点|上班|下班|办公|开门|关门|电话|多少|号码|地址|在哪儿?|"
    "哪里|哪儿|哪|去|到|办事|办理|办|啥时候|什么时候|啥|什么|时间|时候|现在|今天|明天|后天|周[一二三四五六日末]|星期[一二三四五六日天]|有人|休息|"
    "大厅|政府|公家|单位|地方|手续|事情|事|找谁|联系|怎么走|咋走|怎么|咋|是|的|没|吗|呢|有|能|问|一下|里|上|人|开|关|了|不|在|个"
)
_HOURS = re.compile("几点|上班|下班|时间|开门|办公|周|星期|休息")

_TOWNWARD = ("县城", "城里", "城区", "市里", "市区", "客运站", "城关")
_DESTINATION = re.compile(
    r"(?:去|到|上|往|进)+([一-鿿]{2,6}?)(?=的|有|几|多|坐|最|末|首|头|早|晚|怎|咋|啥|班|车|吗|没|$)"
)
_LINE_NUMBER = re.compile(r"(?<!\d)(\d{1,3})路")
_STOPS_HERE = re.compile("通公交|通车|通不通|过俺|过我|过咱|从俺|从我|经过|路过|停不停|停车|有公交|有没有公交")
_WHICH_STOPS = re.compile("路过哪|经过哪|途经|停哪|哪几站|哪些站|都停|走哪")
_PLACE_WORDS = re.compile("^[哪几多啥什谁点时]|车站|镇上|村里|街上|站点|公交")


def office(query: Query, ctx: Context) -> Reply:
    """An office by its name or by what is to be done there: telephone, hours, address, whether it is open now."""
    place = where.asked(query, ctx)
    if place is None:
        return Reply("您问的是哪个镇（街道）的？请连镇名一起说。")
    town = where.town_of(place, ctx.places) or place
    every = services.offices(ctx.session, town.code) + services.offices(ctx.session, ctx.places.county.code)
    found = _offices_for(query, every, ctx)
    if not found and _DUTY.search(query.text):
        return hotline(query, ctx)
    if not found and not _names_something(query, town):
        found = [one for one in every if _GENERAL.search(one.name)]
    if not found:
        return _no_office(query, every, town, ctx)
    if len(found) == 1:
        return _office_told(found[0], query, ctx)
    told = "；".join(f"{one.name}{one.phone}" for one in found[:3])
    details = tuple(_office_line(one) for one in found[:LISTED])
    facts = tuple(fact for one in found[:LISTED] for fact in _office_facts(one, ctx))
    return Reply(f"{told}。", details, facts)


def hotline(query: Query, ctx: Context) -> Reply:
    """A telephone number for everybody, by its name or by what has happened."""
    place = where.asked(query, ctx) or ctx.places.get(ctx.asker.home or "")
    town = where.town_of(place, ctx.places) if place else None
    every = services.hotlines(ctx.session)
    named = [(one, _town_in(one.name, ctx)) for one in every]
    near = [one for one, its in named if its is None or (town and its.code == town.code)]
    text = _with_words(query.text, _HOTLINE_WORDS) + (" 值班电话" if _DUTY.search(query.text) else "")
    found = [one for one in near if _number_said(one, query.text)]
    found = found or closest(replace(query, text=text), near, lambda one: _LINE.sub("", one.name), ctx.places)
    if found:
        return _hotline_told(found, ctx)
    if _DUTY.search(query.text) and town is None and any(its for _, its in named):
        return Reply("您问的是哪个镇（街道）的值班电话？请连镇名一起说。")
    if town and (offices := _offices_for(query, services.offices(ctx.session, town.code), ctx)):
        return _office_told(offices[0], query, ctx)
    shared = [one for one, its in named if its is None]
    if not shared:
        return Reply("没有登记这个电话，可以问村委会。")
    told = "、".join(f"{one.name}{one.number}" for one in shared[:3])
    preface = "常用电话" if _WHICH_NUMBERS.search(query.text) else "没有登记您问的这个电话。"
    return Reply(
        f"{preface}有：{told}等。",
        tuple(f"{one.name}{one.number}" for one in shared[3:]),
        tuple(fact for one in shared for fact in _hotline_facts(one, ctx)),
    )


def clinic(query: Query, ctx: Context) -> Reply:
    """The clinic of a village: doctor, telephone, hours, whether the medical insurance pays there."""
    place = where.asked(query, ctx)
    if place is None:
        return Reply("您问的是哪个村的卫生室？请连镇名和村名一起说。")
    found = services.clinics(ctx.session, place.code)
    if not found:
        return _no_clinic(place, ctx)
    if place.kind in {"town", "county"}:
        insured = sum(bool(one.insured) for one in found)
        facts = [_fact(found[0], "登记的卫生室", len(found), place.name, place.code, ctx, "个"),
                 _fact(found[0], "能用医保的", insured, place.name, place.code, ctx, "个")]  # fmt: skip
        facts += [fact for one in found[:LISTED] for fact in _clinic_facts(one, ctx)]
        headline = f"{place.name}登记了{len(found)}个村卫生室，其中{insured}个能用医保。"
        return Reply(headline, tuple(_clinic_line(one) for one in found[:LISTED]), tuple(facts))
    first = found[0]
    headline = f"{_open_said(query, first.hours, '开门', ctx)}{_clinic_line(first)}。"
    facts = [fact for one in found for fact in _clinic_facts(one, ctx)]
    return Reply(headline, tuple(_clinic_line(one) for one in found[1:]), tuple(facts))


def bus(query: Query, ctx: Context) -> Reply:
    """The bus lines from a town: first and last, interval, fare, stops; whether one still goes today."""
    place = where.asked(query, ctx)
    town = where.town_of(place, ctx.places) if place else None
    every = services.routes(ctx.session)
    wanted = query.slots.get("route")
    named = [line for line in every if line.route == wanted or (not wanted and line.route in query.text)]
    if town and len({line.place for line in named}) > 1:
        named = [line for line in named if line.place == town.code] or named
    if wanted and not named:
        return _no_bus(
            f"没有登记“{wanted}”这条公交线。", [line for line in every if town and line.place == town.code], ctx
        )
    if not named and town is None:
        return Reply("您从哪个镇（街道）坐车？请连镇名一起说。")
    held = named or [line for line in every if town and line.place == town.code]
    if not held:
        title = town.name if town else ""
        return Reply(f"没有登记从{title}发车的公交线。", ("可以打镇里值班电话问。",))
    number = _LINE_NUMBER.search(query.text)
    if number and not named:
        of_number = [line for line in held if re.search(rf"(?<!\d){number[1]}路", line.route)]
        if not of_number:
            return _no_bus(f"没有登记从{town.name if town else ''}发车的{number[0]}。", held, ctx)
        held = of_number
    where_to = _destination(query, held, ctx)
    if where_to and not named:
        return _no_bus(f"没有查到从{town.name if town else ''}去{where_to}的公交车。", held, ctx)
    if place and place.kind in {"village", "community"}:
        stop = short_name(place.name)
        held.sort(key=lambda line: stop not in line.origin + line.stops)
    first = held[0]
    headline = f"{_bus_line(first)}。"
    if place and place.kind in {"village", "community"} and not named and _STOPS_HERE.search(query.text):
        stop = short_name(place.name)
        title = where.said(place, ctx.places)
        stops = stop in first.origin + first.stops
        headline = f"{first.route}停{title}。{headline}" if stops else f"登记的线路没写停{title}。{headline}"
    if _WHICH_STOPS.search(query.text) and first.stops:
        headline = f"{first.route}途经{first.stops}，终点{first.terminus}。"
    if re.search("现在|还有车|还有没有|赶得上|来得及", query.text):
        headline = f"{_still_going(first, ctx)}{headline}"
    details = [_stops(line) for line in held[:1] if line.stops] + [_bus_line(line) for line in held[1:LISTED]]
    facts = [fact for line in held[:LISTED] for fact in _bus_facts(line, ctx)]
    return Reply(headline, tuple(details), tuple(facts))


# --- shared ------------------------------------------------------------------------------------------------------------


def _fact(record: Record, what: str, value: Value, subject: str, place: str, ctx: Context, unit: str = "") -> Fact:
    as_of = record.as_of or record.source.as_of
    return Fact(what, value, unit, subject, ctx.places.full_name(place), as_of, record.source.department)


def _with_words(text: str, words: dict[str, str]) -> str:
    return " ".join([text, *(meant for said, meant in words.items() if said in text)])


def _open_said(query: Query, hours: str, what: str, ctx: Context) -> str:
    """Whether it is open on the weekday that is asked for, or at this moment; "" where that is not asked or not known."""
    if not hours or _OTHER_TIME.search(query.text):  # the hours themselves are the answer
        return ""
    words = ""
    weekday = _WEEKDAY.search(query.text)
    period = query.slots.get("period")
    if weekday:
        day = {"天": "日", "末": "六"}.get(weekday[1], weekday[1])
        words = f"周{day}{'' if services.works_on(hours, day) else '不'}{what}。"
    elif period and period.grain == "day" and period.start > ctx.today:
        day = services.WEEKDAYS[period.start.weekday()]
        words = f"周{day}{'' if services.works_on(hours, day) else '不'}{what}。"
    elif _NOW_OPEN.search(query.text) and (is_open := services.open_at(hours, ctx.now)) is not None:
        day = services.WEEKDAYS[ctx.now.weekday()]
        words = f"现在（周{day}）{'是' if is_open else '不是'}{what}时间。"
    return words + ("节假日上不上班没写。" if _HOLIDAY.search(query.text) else "")


# --- offices -----------------------------------------------------------------------------------------------------------


def _offices_for(query: Query, every: Sequence[Office], ctx: Context) -> list[Office]:
    """The offices that a question names, by their kind, their name or their tasks."""
    kind = query.slots.get("office")
    if kind and (of_kind := [one for one in every if one.name.endswith(kind)]):
        return of_kind
    text = _with_words(query.text, _OFFICE_WORDS)
    return closest(
        replace(query, text=f"{kind or ''} {text}"),
        every,
        lambda one: " ".join([one.name, *re.split(r"[、，,；; /]+", one.tasks)]),
        ctx.places,
    )


def _names_something(query: Query, town: Place) -> bool:
    """Whether a question asks for an office or a task that is not on the list."""
    text = query.text.replace(town.name, " ").replace(short_name(town.name), " ")
    return bool(query.slots.get("office")) or any(
        len(word) >= 2 for word in re.findall("[一-鿿]+", _ASKING.sub(" ", text))
    )


def _office_told(one: Office, query: Query, ctx: Context) -> Reply:
    """Where it is if that is asked, else its telephone and hours; the rest line by line."""
    phone = f"电话{one.phone}" if one.phone else ""
    asks_where = one.address and _WHERE.search(query.text)
    if asks_where:
        town = ctx.places.get(one.place)
        told = [f"{one.name}在{one.address.removeprefix(town.name if town else '')}", phone]
    else:
        told = [f"{one.name}{phone}"]
    if not asks_where or _HOURS.search(query.text):
        told.append(one.hours)
    headline = f"{'；'.join(filter(None, told))}。"
    headline = f"{_open_said(query, one.hours, '上班', ctx)}{headline}"
    details = [f"时间：{one.hours}"] if one.hours else []
    details += [f"地址：{one.address}"] if one.address else []
    details += [f"能办：{one.tasks}"] if one.tasks else []
    return Reply(headline, tuple(details), tuple(_office_facts(one, ctx)))


def _office_line(one: Office) -> str:
    return "；".join(
        filter(None, [f"{one.name}电话{one.phone}", one.hours, one.address, one.tasks and f"能办：{one.tasks}"])
    )


def _office_facts(one: Office, ctx: Context) -> list[Fact]:
    said = {"电话": one.phone, "上班时间": one.hours, "地址": one.address, "办理事项": one.tasks}
    return [_fact(one, what, value, one.name, one.place, ctx) for what, value in said.items() if value]


def _no_office(query: Query, every: Sequence[Office], town: Place, ctx: Context) -> Reply:
    if not every:
        return Reply(f"没有登记{town.name}的办事单位。", ("可以打政务服务热线问。",))
    names = "、".join(one.name.removeprefix(town.name) for one in every[:LISTED])
    facts = tuple(_fact(one, "单位", one.name, town.name, one.place, ctx) for one in every[:LISTED])
    return Reply(f"{town.name}没有登记您问的单位或这项业务。登记的有：{names}。", (), facts)


# --- numbers -----------------------------------------------------------------------------------------------------------


def _number_said(one: Hotline, text: str) -> bool:
    return bool(re.search(rf"(?<!\d){re.escape(one.number)}(?!\d)", text))


def _town_in(name: str, ctx: Context) -> Place | None:
    """The town that a number's name begins with: 五重安镇值班电话."""
    return next((town for town in ctx.places.towns if name.startswith((town.name, short_name(town.name)))), None)


def _hotline_told(found: Sequence[Hotline], ctx: Context) -> Reply:
    told = []
    for one in found[:3]:
        called = "" if one.name.endswith(("电话", "热线", "号码")) else "电话"
        told.append(f"{one.name}{called}{one.number}")
    hours = f"，{found[0].hours}" if len(found) == 1 and found[0].hours else ""
    facts = tuple(fact for one in found for fact in _hotline_facts(one, ctx))
    return Reply(f"{'；'.join(told)}{hours}。", tuple(filter(None, (one.note for one in found[:1]))), facts)


def _hotline_facts(one: Hotline, ctx: Context) -> list[Fact]:
    town = _town_in(one.name, ctx)
    place = (town or ctx.places.county).code
    said = {"电话": one.number, "服务时间": one.hours, "说明": one.note}
    return [_fact(one, what, value, one.name, place, ctx) for what, value in said.items() if value]


# --- clinics -----------------------------------------------------------------------------------------------------------


def _clinic_line(one: Clinic) -> str:
    insured = {True: "能用医保", False: "不能用医保", None: "没写用不用得了医保"}[one.insured]
    doctor = f"村医{one.doctor}" if one.doctor else "没写村医"
    return "，".join(filter(None, [f"{one.name}{doctor}", one.phone and f"电话{one.phone}", insured, one.hours]))


def _clinic_facts(one: Clinic, ctx: Context) -> list[Fact]:
    insured = {True: "能", False: "不能", None: ""}[one.insured]
    said = {"村医": one.doctor, "电话": one.phone, "开门时间": one.hours, "用医保": insured}
    return [_fact(one, what, value, one.name, one.place, ctx) for what, value in said.items() if value]


def _no_clinic(place: Place, ctx: Context) -> Reply:
    """A village without a clinic on the list: said so, with the town's hospital."""
    title = where.said(place, ctx.places)
    town = where.town_of(place, ctx.places)
    hospital = next(
        (one for one in services.offices(ctx.session, town.code) if "院" in one.name and one.phone)
        if town
        else iter(()),
        None,
    )
    if hospital is None:
        return Reply(f"没有登记{title}的卫生室。", ("急病请打急救电话。",))
    headline = f"没有登记{title}的卫生室；{hospital.name}电话{hospital.phone}。"
    return Reply(headline, (_office_line(hospital),), tuple(_office_facts(hospital, ctx)))


# --- buses -------------------------------------------------------------------------------------------------------------


def _bus_line(line: BusRoute) -> str:
    way = f"{line.origin}到{line.terminus}" if line.origin and line.terminus else line.origin or line.terminus
    times = [f"首班{line.first}"] if line.first else []
    times += [f"末班{line.last}"] if line.last else []
    times += [f"{line.interval}分钟一趟"] if line.interval else []
    times += [f"票价{plain(line.fare)}元"] if line.fare is not None else []
    return f"{line.route}（{way}）{'；'.join(times)}" if way else f"{line.route}{'；'.join(times)}"


def _stops(line: BusRoute) -> str:
    return f"途经{line.stops}"


def _bus_facts(line: BusRoute, ctx: Context) -> list[Fact]:
    said: dict[str, Value] = {"线路": line.route, "首班": line.first, "末班": line.last, "途经": line.stops,
                              "起点": line.origin, "终点": line.terminus}  # fmt: skip
    facts = [_fact(line, what, value, line.route, line.place, ctx) for what, value in said.items() if value]
    if line.interval:
        facts.append(_fact(line, "间隔", line.interval, line.route, line.place, ctx, "分钟"))
    if line.fare is not None:
        facts.append(_fact(line, "票价", line.fare, line.route, line.place, ctx, "元"))
    return facts


def _destination(query: Query, held: Sequence[BusRoute], ctx: Context) -> str:
    """Where a question wants to go, if none of the lines is known to go there; else ""."""
    county = short_name(ctx.places.county.name)
    for found in _DESTINATION.finditer(query.text):
        wanted = found[1]
        if wanted.startswith((*_TOWNWARD, county, ctx.places.county.name)) or _PLACE_WORDS.search(wanted):
            continue
        name = short_name(wanted)
        if any(name in line.terminus + line.stops + line.origin for line in held):
            continue
        return wanted
    return ""


def _no_bus(words: str, held: Sequence[BusRoute], ctx: Context) -> Reply:
    if not held:  # nothing to rest a figure of the question's on
        return Reply("没有登记您问的公交线。", ("可以打镇里值班电话问。",))
    lines = tuple(_bus_line(line) for line in held[:LISTED])
    asked = _fact(held[0], "没有的", words, "公交", held[0].place, ctx)
    facts = (asked, *(fact for line in held[:LISTED] for fact in _bus_facts(line, ctx)))
    return Reply(f"{words}有{'、'.join(line.route for line in held[:3])}。", lines, facts)


def _still_going(line: BusRoute, ctx: Context) -> str:
    """Whether the last bus of today has gone, as far as its time can be read."""
    found = re.fullmatch(r"(\d{1,2})[:：](\d{2})", line.last)
    if not found:
        return ""
    gone = (ctx.now.hour, ctx.now.minute) > (int(found[1]), int(found[2]))
    return "今天末班车已经开走了。" if gone else "今天还有车。"
