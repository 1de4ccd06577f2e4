from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from knowledge import cameras
from knowledge.tables import Camera
from tests.sectors import MUZHUANG, WANBAOGOU, WUZHONGAN, add


def test_cameras_are_counted_by_whether_they_work(session: Session) -> None:
    states = [(WANBAOGOU, "在线"), (WANBAOGOU, "离线"), (WANBAOGOU, "离线"), (WANBAOGOU, "检修"), (MUZHUANG, "在线")]
    add(session, "cameras", *({"code": f"XL{n}", "place": place, "status": s} for n, (place, s) in enumerate(states)))
    own = cameras.of(session, WANBAOGOU)
    assert (len(own), cameras.online(own), cameras.others(own)) == (4, 1, [("离线", 2), ("检修", 1)])
    assert cameras.online(cameras.of(session, WUZHONGAN)) == 2


@pytest.mark.parametrize(
    ("status", "works"),
    [
        ("在线", True),
        ("正常", True),
        (" 是", True),
        ("运行正常", True),
        ("在线运行", True),
        ("故障", False),
        ("离线", False),
        ("", False),
        ("不在线", False),
    ],
)
def test_departments_write_differently_that_one_works(status: str, works: bool) -> None:
    assert cameras.is_online(Camera(status=status)) is works
