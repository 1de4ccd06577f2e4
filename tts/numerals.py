"""Arabic figures as they are said in Chinese: as an amount (一千零五), digit by digit (一零五) or dictated (幺零五). Pure."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿", "亿亿")


def amount(digits: str) -> str:
    """A whole number as an amount: 1005 -> 一千零五, 20000 -> 两万, 12 -> 十二. Beyond 20 digits they are said one by one."""
    digits = digits.lstrip("0") or "0"
    if digits == "0":
        return "零"
    if len(digits) > 4 * len(_GROUPS):
        return each(digits)
    first = len(digits) % 4 or 4
    groups = [digits[:first], *(digits[at : at + 4] for at in range(first, len(digits), 4))]
    said = ""
    gap = False
    for number, group in enumerate(groups):
        if not int(group):
            gap = bool(said)
            continue
        if said and (gap or group[0] == "0"):
            said += "零"
        counts = not said and number < len(groups) - 1
        said += ("两" if counts and group == "2" else _group(group.lstrip("0"))) + _GROUPS[len(groups) - 1 - number]
        gap = False
    return said[1:] if said.startswith("一十") else said


def _group(digits: str) -> str:
    """Up to four digits, the first not 0."""
    said = ""
    gap = False
    for at, digit in enumerate(digits):
        place = len(digits) - 1 - at
        if digit == "0":
            gap = True
            continue
        if gap and said:
            said += "零"
        gap = False
        said += ("两" if digit == "2" and place == 3 else DIGITS[int(digit)]) + _PLACES[place]
    return said


def number(text: str) -> str:
    """A number with an optional decimal part, thousands marked by commas or not: 1,002.50 -> 一千零二点五零."""
    whole, point, decimals = text.replace(",", "").partition(".")
    return amount(whole) + ("点" + each(decimals) if point and decimals else "")


def each(digits: str) -> str:
    """Digit by digit, as in years and decimals: 2026 -> 二零二六."""
    return "".join(DIGITS[int(digit)] for digit in digits)


def dictated(digits: str) -> str:
    """Digit by digit with 幺 for 1, as telephone and identity numbers are said: 110 -> 幺幺零."""
    return each(digits).replace("一", "幺")
