"""Invented people and their telephone numbers. A number that begins with 1990000 or 0315-000 belongs to nobody."""

from __future__ import annotations

from knowledge.demo.draw import Draw

_SURNAMES = "王李张刘陈杨赵孙周吴徐胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_FIRST = "建国志文秀玉春桂海立永振凤淑晓金德福少长景树东兴"
_LAST = "军平华英兰芳明强生林云梅山峰江霞芝来顺敏利红刚新"


def name(draw: Draw) -> str:
    """A surname and one or two characters."""
    given = draw.pick(_LAST)
    return draw.pick(_SURNAMES) + (given if draw.chance(15) else draw.pick(_FIRST) + given)


def mobile(draw: Draw) -> str:
    """A mobile number that cannot be anybody's."""
    return f"1990000{draw.below(10_000):04d}"


def masked_mobile(draw: Draw) -> str:
    """A mobile number as the import of a private one leaves it."""
    return f"199****{draw.below(10_000):04d}"


def landline(*about: object) -> str:
    """The landline of an office: the same for the same office."""
    return f"0315-000{Draw('landline', *about).below(10_000):04d}"
