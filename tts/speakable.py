"""Written Chinese -> the words that are said: figures, dates, units, telephone numbers and signs become hanzi. Pure.

`speakable("玉米2.36元/公斤")` is 玉米每公斤二点三六元. What comes out holds hanzi, single capital letters and the
punctuation ，。！？：；、 alone, so that any voice reads it alike. The rules stand in RULES in the order in which they are
tried at each place of the text; words of units and signs stand in data/units.yml.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tts.numerals import amount, dictated, each, number

DATA = Path(__file__).parent / "data"


@cache
def words() -> dict[str, Any]:
    """The contents of data/units.yml."""
    read: dict[str, Any] = yaml.safe_load((DATA / "units.yml").read_text(encoding="utf-8"))
    return read


def _any(texts: list[str] | dict[str, str]) -> str:
    """A pattern for any of the texts, the longest first."""
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))


_UNITS: dict[str, str] = words()["units"]
_RATES: dict[str, str] = words()["rates"]
_SIGNS: dict[str, str] = words()["signs"]
_WORDS: dict[str, str] = words()["words"]
_RANK = re.compile(_any(words()["rank"]))
_DICTATED_AFTER = re.compile(rf"(?:{_any(words()['dictated_after'])})(?:是|为|：|:|，|,|\s|（|\(|\d+(?:或|、|和|/))*$")
_HOTLINES = frozenset(str(number) for number in words()["hotlines"])
_DICTATED_BEFORE = re.compile(_any(words()["dictated_before"]))

_N = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_TO = r"\s?(?:[～~—–\-－至到]+|--)\s?"
_START = r"(?<![\d.A-Za-z])"
_END = r"(?![\d]|\.\d)"
_UNIT = rf"(?:{_any(_UNITS)})(?![A-Za-z])"
_PER = (
    r"[一-鿿]{1,3}?(?=[^一-鿿]|$|[，。以的、和至到比左上下])|公斤|千克|斤|吨|亩|立方米|平方米|[个户人天年月次度头只台]"
)
_MONEY = r"(?:万亿|亿|万|千|百)?(?:元|块|角|毛|分)"
_WHEN = r"(?P<y>(?:19|20)\d\d)"
_PUNCTUATION = str.maketrans({",": "，", ";": "；", "!": "！", "?": "？", "\n": "。", "|": "，", "…": "。"})


def speakable(text: str) -> str:
    """The text as it is said. Empty where nothing in it can be said."""
    text = _plain(text)
    said: list[str] = []
    at = 0
    while at < len(text):
        for pattern, say in RULES:
            found = pattern.match(text, at)
            if found and found.end() > at:
                spoken = say(found)
                if spoken is not None:
                    said.append(spoken)
                    at = found.end()
                    break
        else:
            said.append(_sign(text[at]))
            at += 1
    return _tidy("".join(said))


def _plain(text: str) -> str:
    """Full-width letters and figures as plain ones; other compatibility forms (㎡, ①) stay: they have their own words."""
    return "".join(
        unicodedata.normalize("NFKC", char) if "！" <= char <= "～" and char not in "，。！？：；（）～" else char
        for char in unicodedata.normalize("NFC", text)
    ).replace("\r\n", "\n")


def _sign(char: str) -> str:
    """One character that no rule took."""
    if "一" <= char <= "鿿" or "㐀" <= char <= "䶿" or char in "，。！？：；、〇":
        return "零" if char == "〇" else char
    if char in _SIGNS:
        return _SIGNS[char]
    if char in "()（）[]〔〕{}<>—–-~～/:.":
        return "，" if char != ":" else "："
    return char.translate(_PUNCTUATION) if char in ",;!?\n|…" else ""


def _tidy(said: str) -> str:
    """One mark where several stand together, the strongest; none at the start."""
    strength = "、，：；。？！"

    def strongest(found: re.Match[str]) -> str:
        return max(found.group(), key=strength.index)

    said = re.sub(r"\s+", " ", said)
    said = re.sub(r"(?<=[一-鿿，。！？：；、]) | (?=[一-鿿，。！？：；、])", "", said)
    said = re.sub(r"[、，：；。？！]{2,}", strongest, said)
    return said.lstrip("、，：；。？！ ").rstrip("、，：； ")


# --- figures ---------------------------------------------------------------------------------------------------------


def _counted(figure: str, following: str, before: str = "") -> str:
    """A figure before what it counts: 2 is 两 unless it ranks (2号, 第2), weighs in 两 or is a key (按2)."""
    counts = re.match(r"[一-鿿]", following) and not _RANK.match(following) and before[-1:] not in tuple("第按+±×÷=")
    return "两" if figure == "2" and counts else number(figure)


def _money(figure: str) -> str:
    """A figure of money, without needless zeros after the point."""
    return figure.rstrip("0").rstrip(".") if "." in figure else figure


def _grouped(digits: str) -> str:
    """A long number dictated in groups, as people give it."""
    size = {7: (3, 4), 9: (3, 3, 3), 10: (3, 3, 4), 12: (6, 3, 3), 15: (6, 6, 3), 18: (6, 8, 4)}.get(len(digits))
    if re.fullmatch(r"1[3-9]\d{9}", digits):
        size = (3, 4, 4)
    if size is None:
        count, left = divmod(len(digits), 4)
        size = (*((4,) * count), left) if len(digits) > 7 else (len(digits),)
    groups, at = [], 0
    for length in size:
        groups.append(dictated(digits[at : at + length]))
        at += length
    return "，".join(group for group in groups if group)


def _sign_before(found: re.Match[str]) -> str:
    """The word for a sign before a figure."""
    return {"-": "负", "－": "负", "−": "负", "+": "正", "±": "正负", "": ""}[found["sign"] or ""]


# --- rules -----------------------------------------------------------------------------------------------------------


def _document(found: re.Match[str]) -> str:
    parts = "杠".join(amount(part) for part in re.findall(r"\d+", found["n"] or ""))
    return f"{each(found['y'])}年{found['nth']}{parts}号" if parts else f"，{each(found['y'])}，"


def _standard(found: re.Match[str]) -> str:
    """GB/T 5084-2021."""
    year = f"，{each(found['y'])}" if found["y"] else ""
    return f"{' '.join(re.sub('[^A-Z]', '', found['letters']))}{_grouped(found['n'])}{year}"


def _voucher(found: re.Match[str]) -> str:
    return (found["word"] or "") + "杠".join(dictated(part) for part in found["parts"].split("-"))


def _identity(found: re.Match[str]) -> str:
    digits = found["digits"]
    return "，".join(dictated(part) for part in (digits[:6], digits[6:14], digits[14:])) + ("X" if found["x"] else "")


def _masked(found: re.Match[str]) -> str:
    stars = _counted(str(len(found["stars"])), "个")
    parts = [
        dictated(found["head"] or ""),
        f"{stars}个星号",
        dictated(found["tail"].rstrip("Xx")) + ("X" if found["tail"][-1:] in ("X", "x") else ""),
    ]
    return "，".join(part for part in parts if part)


def _masked_name(found: re.Match[str]) -> str:
    return "某" * len(found["stars"])


def _landline(found: re.Match[str]) -> str:
    extension = found["extension"] or found["inner"]
    said = f"{dictated(found['area'])}，{_grouped(found['number'].replace('-', ''))}"
    return f"{said}，转{dictated(extension)}" if extension else said


def _mobile(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found["digits"])
    return ("加八六，" if found["plus"] else "") + _grouped(digits)


def _free_call(found: re.Match[str]) -> str:
    return "，".join(dictated(part) for part in re.split(r"[-\s]", found["digits"]))


def _short_call(found: re.Match[str]) -> str | None:
    """110, 12345 and the like, where a word before or after tells that they are dialled."""
    digits, before, after = found["digits"], found.string[: found.start()], found.string[found.end() :]
    alone = not re.match(r"\s?[一-鿿]", after) or re.match(r"\s?[或和咨反举]", after)
    if alone and re.search(r"[打拨]\s?$", before):
        return _grouped(digits)
    if digits in _HOTLINES and (alone or re.match(rf"[一-鿿]{{1,6}}?(?:{_DICTATED_BEFORE.pattern})", after)):
        return _grouped(digits)
    if _DICTATED_AFTER.search(before[-24:]) or _DICTATED_BEFORE.match(after):
        return _grouped(digits)
    return None


def _ip(found: re.Match[str]) -> str:
    return "点".join(dictated(part) for part in found.group().split("."))


def _day(found: re.Match[str]) -> str | None:
    month, day = int(found["m"]), int(found["d"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{each(found['y'])}年{amount(str(month))}月{amount(str(day))}日"


def _month(found: re.Match[str]) -> str | None:
    if not 1 <= int(found["m"]) <= 12:
        return None
    return f"{each(found['y'])}年{amount(found['m'])}月"


def _years(found: re.Match[str]) -> str:
    return f"{each(found['y'])}到{each(found['to'])}"


def _year(found: re.Match[str]) -> str:
    return each(found["y"])


def _days(found: re.Match[str]) -> str:
    return f"{amount(found['a'])}{found['unit'] or ''}到{amount(found['b'])}"


def _clock(found: re.Match[str]) -> str | None:
    hour, minute = int(found["h"]), int(found["min"])
    if hour > 24 or minute > 59 or _ratio_before(found):
        return None
    said = ("两" if hour == 2 else amount(str(hour))) + "点"
    second = found["s"] if found["s"] != "00" else None
    if minute == 30 and hour <= 12 and not second:
        return said + "半"
    if minute or second:
        said += ("零" if 0 < minute < 10 else "") + amount(str(minute)) + "分"
    if second:
        said += ("零" if 0 < int(second) < 10 else "") + amount(second) + "秒"
    return said


def _ratio_before(found: re.Match[str]) -> bool:
    return bool(
        re.search(r"(?:比例|配比|比率|比分|稀释|兑水|比|[=＝])(?:为|是|按)?\s?$", found.string[: found.start()])
    )


def _minutes(found: re.Match[str]) -> str:
    hour = "两" if found["h"] == "2" and found["word"] == "点" else amount(found["h"])
    minute = found["min"]
    if minute == "30" and int(found["h"]) <= 12:
        return f"{hour}{found['word']}半" if found["word"] == "点" else f"{hour}{found['word']}三十分"
    said = ("零" if int(minute) < 10 else "") + amount(minute)
    return f"{hour}{found['word']}{said}分" if int(minute) else f"{hour}{found['word']}"


def _ratio(found: re.Match[str]) -> str:
    return "比".join(number(part) for part in re.split("[:：]", found.group()))


def _price(found: re.Match[str]) -> str:
    """2.36元/公斤 -> 每公斤二点三六元; a range too."""
    figures = [_counted(_money(found["a"]), found["unit"])]
    if found["b"]:
        figures = [number(_money(found["a"])), number(_money(found["b"]))]
    again = f"每{_per(found['again'])}" if found["again"] else ""
    unit = _UNITS.get(found["unit"], found["unit"])
    return f"每{_per(found['per'])}{again}{_sign_before(found)}{'到'.join(figures)}{unit}"


def _per(text: str) -> str:
    return _UNITS.get(text, text)


def _bare_price(found: re.Match[str]) -> str:
    return f"{found['unit']}每{_per(found['per'])}"


def _currency(found: re.Match[str]) -> str:
    """¥1,200 -> 一千二百元."""
    name = "美元" if found["sign"] == "$" else "元"
    scale = found["scale"] or ""
    figures = [_counted(_money(figure), scale + name) for figure in (found["a"], found["b"]) if figure]
    return "到".join(figures) + scale + name


def _percent(found: re.Match[str]) -> str:
    of = {"%": "百分之", "％": "百分之", "‰": "千分之"}[found["of"]]
    first = number(found["a"])
    if of == "百分之" and found["a"] == "100" and not found["b"]:
        first = "百"
    said = f"{_sign_before(found)}{of}{first}"
    if found["b"]:
        said += f"到{of if found['both'] else ''}{number(found['b'])}"
    return said


def _degrees(found: re.Match[str]) -> str:
    def say(sign: str | None, figure: str) -> str:
        return ("零下" if sign else "") + number(figure)

    unit = "华氏度" if found["unit"] == "℉" else "摄氏度"
    said = say(found["sa"], found["a"])
    if found["b"]:
        warm = "零上" if found["sa"] and not found["sb"] and float(found["b"]) > 0 else ""
        said += f"到{warm}{say(found['sb'], found['b'])}"
    return said + unit


def _fraction(found: re.Match[str]) -> str | None:
    a, b = int(found["a"]), int(found["b"])
    return f"{amount(found['b'])}分之{amount(found['a'])}" if 0 < a < b <= 1000 else None


def _rate(found: re.Match[str]) -> str:
    figures = [number(figure) for figure in (found["a"], found["b"]) if figure]
    return _sign_before(found) + "到".join(figures) + _RATES[found["rate"]]


def _area(found: re.Match[str]) -> str:
    """3×5米, 50*80cm."""
    figures = [number(figure) for figure in re.split(r"\s?[×xX*✕]\s?", found["sizes"])]
    return "乘".join(figures)


def _measured(found: re.Match[str]) -> str:
    unit = _UNITS[found["unit"]]
    figures = [figure for figure in (found["a"], found["b"]) if figure]
    if len(figures) == 1:
        return _sign_before(found) + _counted(figures[0], unit, found["sign"] or "") + unit
    return _sign_before(found) + "到".join(number(figure) for figure in figures) + unit


def _range(found: re.Match[str]) -> str:
    after = found.string[found.end() :]
    second = number(found["b"]) if found["b"] != "2" else _counted("2", after)
    first = _counted(found["a"], after) if found["a"] == "2" and not _RANK.match(after) else number(found["a"])
    return f"{_sign_before(found)}{first}到{'负' if found['sb'] else ''}{second}"


def _dashed(found: re.Match[str]) -> str:
    return "杠".join(dictated(part) if len(part) > 2 else number(part) for part in found.group().split("-"))


def _anniversary(found: re.Match[str]) -> str:
    month = found["m"]
    return (amount(month) if month in ("10", "12") else dictated(month)) + dictated(found["d"])


def _long(found: re.Match[str]) -> str | None:
    """A bare figure that is a number's name: it starts with 0, is very long, or a word says that it is dictated."""
    digits = found["digits"]
    before, after = found.string[: found.start()], found.string[found.end() :]
    if _DICTATED_AFTER.search(before[-24:]) or _DICTATED_BEFORE.match(after):
        return _grouped(digits)
    if len(digits) > 1 and digits[0] == "0":
        return None if re.match(r"\s?[时点月日分]", after) else _grouped(digits)
    if len(digits) >= 9 and not re.match(rf"\s?(?:[一-鿿]|{_UNIT})", after):
        return _grouped(digits)
    return None


def _building(found: re.Match[str]) -> str:
    return dictated(found["digits"])


def _coded(found: re.Match[str]) -> str:
    """Letters and figures that are one name: G102, A4, PM2.5, 冀B12345."""
    said = []
    for part in re.findall(r"[A-Za-z]+|\d+(?:\.\d+)?|-", found.group()):
        if part[0].isdigit():
            said.append(_named(part))
        else:
            said.append("杠" if part == "-" else _letters(part))
    return " ".join(said)


def _named(figure: str) -> str:
    """A figure within a name: short as an amount, long or from 0 on digit by digit."""
    return number(figure) if "." in figure or (len(figure) < 3 and figure[0] != "0") else dictated(figure)


def _letters(text: str) -> str:
    return _WORDS[text] if text in _WORDS else " ".join(text.upper())


def _latin(found: re.Match[str]) -> str:
    return f" {_letters(found.group())} "


def _link(found: re.Match[str]) -> str:
    address = re.sub(r"^https?://", "", found.group()).rstrip("/.")
    said = []
    for part in re.findall(r"[A-Za-z]+|\d+|[^A-Za-z\d]", address):
        if part[0].isdigit():
            said.append(dictated(part))
        elif part.isalpha():
            said.append(" ".join(part.upper()))
        else:
            said.append({".": "点", "/": "斜杠", "-": "杠", "_": "下划线", "@": "艾特", ":": "冒号"}.get(part, ""))
    return " ".join(said)


def _signed(found: re.Match[str]) -> str:
    return _sign_before(found)


def _item(found: re.Match[str]) -> str:
    return f"{amount(found['n'])}，"


def _figure(found: re.Match[str]) -> str:
    after = found.string[found.end() :]
    figure = found.group()
    if re.match(rf"\s?{_MONEY}", after):
        figure = _money(figure)
    return _counted(figure, after.lstrip(" "), found.string[: found.start()])


Say = Callable[[re.Match[str]], str | None]


def _always(word: str) -> Say:
    """The same word for whatever was found."""
    return lambda _found: word


_SIGN = r"(?P<sign>(?<=[比出为是幅额余率温])[-－−]|(?<![\d.A-Za-z一-鿿\)）%])[-－−]|(?<!\d)[+±])?"
_AB = rf"(?P<a>{_N})(?:{_TO}(?P<b>{_N}))?"

RULES: tuple[tuple[re.Pattern[str], Say], ...] = tuple(
    (re.compile(pattern), say)
    for pattern, say in (
        # addresses and names made of figures
        (r"(?<=[一-鿿])\s+(?=(?:19|20)\d\d[-/.]\d)", _always("，")),
        (
            r"https?://[^\s一-鿿，。（）《》]+|(?<![A-Za-z])www\.[A-Za-z0-9./_-]+|[A-Za-z0-9._-]+@[A-Za-z0-9-]+\.[A-Za-z.]+",
            _link,
        ),
        (r"(?<![A-Za-z\d.])(?:[A-Za-z0-9-]+\.)+(?:com|cn|net|org)(?:/[A-Za-z0-9/_-]*)?(?![A-Za-z])", _link),
        (rf"[〔［\[(（【﹝]\s?{_WHEN}\s?[〕］\])）】﹞]\s?(?P<nth>第?)(?P<n>\d+(?:-\d+)?)\s?号", _document),
        (rf"[〔［\[(（﹝]{_WHEN}[〕］\])）﹞](?P<n>)(?=[一-鿿])", _document),
        (
            r"(?P<word>[记收付转])?(?<![\d-])(?P<parts>\d{6,8}-\d{4,}(?:-\d+)+|(?<=[记收付转])-?\d+(?:-\d+)*(?=[^\d元年月日个人]|$))(?![\d-])",
            _voucher,
        ),
        (r"(?<=[一-鿿])(?P<stars>\*{1,2})(?=[一-鿿、，。；（）\s]|$)", _masked_name),
        (r"(?<![\d*])(?P<head>\d{1,10})?(?P<stars>\*{2,})(?P<tail>\d{0,10}[Xx]?)(?![\d*])(?<=[\d*])", _masked),
        (r"(?<![\d.])(?P<digits>\d{17}(?=[Xx])|\d{18})(?P<x>[Xx])?(?![\d.])", _identity),
        (
            r"(?<![\d-])[(（]?(?P<area>0\d{2,3})[)）]?[-－—\s]?(?P<number>\d{7,8}|\d{3,4}-\d{4})(?:\s?转\s?(?P<extension>\d+)|-(?P<inner>\d{1,4})(?!\d))?(?![\d.]\d)",
            _landline,
        ),
        (r"(?P<plus>\+?86[-\s]?)?(?<!\d)(?P<digits>1[3-9]\d{9}|1[3-9]\d[-\s]\d{4}[-\s]\d{4})(?!\d)", _mobile),
        (r"(?<!\d)(?P<digits>[48]00[-\s]?\d{3}[-\s]\d{4}|[48]00[-\s]\d{4}[-\s]?\d{3})(?!\d)", _free_call),
        (r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", _ip),
        (r"(?<![A-Za-z])(?P<letters>[A-Z]{2,4}(?:/[A-Z]{1,2})?)\s?(?P<n>\d{3,})-(?P<y>(?:19|20)\d\d)(?!\d)", _standard),
        (r"(?<![A-Za-z])(?P<letters>[A-Z]{2}/[A-Z]{1,2})\s?(?P<n>\d{3,})(?P<y>)(?![\d.-])", _standard),
        (r"(?<![A-Za-z])N[oO]\.?\s?(?=\d)", _always("编号")),
        (r"(?<=\d)#", _always("号")),
        # days and hours
        (rf"(?<!\d){_WHEN}(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep)(?P<d>\d{{1,2}})(?!\d)(?:T(?=\d\d:))?", _day),
        (rf"(?<!\d){_WHEN}\s?年\s?(?P<m>\d{{1,2}})\s?月(?!\d)", _month),
        (rf"(?<!\d){_WHEN}[-/](?P<m>0[1-9]|1[0-2])(?![\d-]|/\d)", _month),
        (rf"(?<!\d){_WHEN}\.(?P<m>0[1-9]|1[0-2])(?!\s?[\d.一-鿿%])", _month),
        (rf"(?<!\d){_WHEN}年?{_TO}(?P<to>(?:19|20)\d\d)(?=\s?年|学年)", _years),
        (rf"(?<!\d){_WHEN}(?=\s?(?:年|版|届|级新生))", _year),
        (r"(?<=[’'‘])(?P<y>\d\d)(?=年)", _year),
        (rf"(?<!\d)(?P<a>\d{{1,2}})(?P<unit>[日月号])?{_TO}(?P<b>\d{{1,2}})(?=\s?[日月号](?![^\d]*号楼))", _days),
        (
            r"(?<![\d:：.])(?P<h>\d{1,2})[:：](?P<min>[0-5]\d)(?:[:：](?P<s>[0-5]\d)(?:[+-]\d\d:\d\d|Z)?)?(?![\d:：])",
            _clock,
        ),
        (
            r"(?<=\d:\d\d|\d：\d\d)\s?[-～~—–－]+\s?(?=(?:次日|第二天|当日|下午|晚上|上午|中午)?\d{1,2}[:：]\d\d)",
            _always("到"),
        ),
        (r"(?<=\d:\d\d|\d：\d\d)\s?(?:至|到)\s?(?=\d{1,2}[:：]\d\d)", _always("到")),
        (r"(?<!\d)(?P<h>[01]?\d|2[0-4])\s?(?P<word>[点时])\s?(?P<min>[0-5]\d)(?:分|(?![\d.]))", _minutes),
        (r"(?<![\d.:：])\d+(?:\.\d+)?(?:[:：]\d+(?:\.\d+)?)+(?![\d.])", _ratio),
        # prices, shares, measures
        (
            rf"(?<![\d.第])(?P<sign>[-+−])?(?P<a>{_N})(?:(?:{_MONEY})?{_TO}(?P<b>{_N}))?\s?(?P<unit>{_MONEY}|[一-鿿]{{1,3}}?|{_any(_UNITS)})\s?[/／]\s?(?!共)(?P<per>{_PER}|{_UNIT})(?:[·/](?P<again>[年月天次人户亩]))?",
            _price,
        ),
        (rf"(?P<unit>{_MONEY})\s?[/／]\s?(?P<per>{_PER}|{_UNIT})", _bare_price),
        (rf"(?P<sign>[￥¥$])\s?(?P<a>{_N})(?:{_TO}[￥¥$]?(?P<b>{_N}))?(?P<scale>万|亿)?元?", _currency),
        (rf"{_START}{_SIGN}(?P<a>{_N})(?:(?P<both>[%％‰])?{_TO}(?P<b>{_N}))?\s?(?P<of>[%％‰])", _percent),
        (
            rf"(?<![\d.])(?P<sa>[-－−])?(?P<a>{_N})\s?(?:℃|°C|°)?(?:\s?[～~—–至到\-－]\s?(?P<sb>[-－−])?(?P<b>{_N}))?\s?(?P<unit>℃|°C|摄氏度|℉)",
            _degrees,
        ),
        (rf"{_START}{_SIGN}{_AB}\s?(?P<rate>{_any(_RATES)})(?![A-Za-z])", _rate),
        (r"(?<![\d/.-])(?P<a>\d{1,3})/(?P<b>\d{1,4})(?![\d/.])", _fraction),
        (r"(?<![\d.])(?P<sizes>\d+(?:\.\d+)?(?:\s?[×xX*✕]\s?\d+(?:\.\d+)?)+)", _area),
        (rf"{_START}{_SIGN}{_AB}\s?(?P<unit>{_UNIT})", _measured),
        # names made of figures, again: what was not a measure
        (r"(?<![\d.])(?P<digits>\d{3,6})(?!\d|\.\d)", _short_call),
        (r"(?<![\d.])(?P<digits>\d{3})(?=路)", _building),
        (r"(?<!\d)(?P<digits>\d0)(?=后)", _building),
        (r"(?<![\d.])\d+(?:-\d+){2,}(?![\d.])", _dashed),
        (r"(?<![\d.])(?P<m>\d{1,2})[·•](?P<d>\d{1,2})(?!\d)", _anniversary),
        (r"(?<=[楼元栋幢-])(?P<digits>\d{3,4})(?=室|号|房|$|[，。；\s])", _building),
        (
            r"(?:(?<!\d)\d{3,}-(?=[A-Z])|(?<![A-Za-z]))[A-Za-z]{1,12}-?\d+(?:\.\d+)?(?:-?[A-Za-z\d]+)*|(?<![\d.])\d+[A-Z](?:[A-Z\d]*)(?![a-z])",
            _coded,
        ),
        # plain figures
        (rf"{_START}{_SIGN}(?P<a>{_N}){_TO}(?P<sb>[-−])?(?P<b>{_N}){_END}", _range),
        (r"(?<![\d.])(?P<digits>\d+)(?![\d]|\.\d|,\d{3})", _long),
        (r"(?:(?<=^)|(?<=\n)|(?<=[。；]))\s?[(（]?(?P<n>\d{1,2})(?:[)）]|[.．、](?!\d))\s?", _item),
        (rf"(?:{_N})", _figure),
        (r"(?P<sign>(?<=[比出为是幅额余率温])[-−]|(?<![\d.A-Za-z一-鿿）)])[-−]|(?<!\d)[+±])(?=\d)", _signed),
        (r"[A-Za-z]+(?:-[A-Z][a-z]+)?", _latin),
        (r"(?<=[一-鿿])\s?[/／]\s?(?=[一-鿿])(?!\s?共)", _always("或")),
        (r"——|\s?[/／](?=共)|\s+[·•]\s+", _always("，")),
        (r"\s?[～~—–]+\s?(?=[-−]?\d)|(?<=[一-鿿℃%])\s?-\s?(?=\d)", _always("到")),
        (r"[~～](?=\s*$)", _always("")),
        (r"(?<=[一-鿿])[^\S\n]+(?=[一-鿿])", _always("，")),
    )
)
