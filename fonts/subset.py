"""Makes the vendored font: the part of Noto Sans CJK SC that a county needs, for pictures and the television.

    pip install fonttools==4.68.0
    python fonts/subset.py NotoSansCJK-Regular.ttc      # Debian: package fonts-noto-cjk

GB 2312 (all 6,763 hanzi and its marks), Latin, the marks of prices and units, and every character of the list of places.
The licence (SIL OFL 1.1) stands in OFL.txt beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
PLACES = HERE.parent / "knowledge" / "data" / "places.csv"
OUT = HERE / "NotoSansSC-Subset.otf"
SC_FACE = 2  # of the collection: JP, KR, SC, TC, HK


def characters() -> set[str]:
    """Every character that the font must have."""
    needed = {chr(code) for code in range(0x20, 0x7F)} | set("°·×÷±µ–—‘’“”…‰′″℃→←↑↓■□▲△▼▽◆●○★☆≤≥≈㎡〔〕⚠")
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                needed.add(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return needed | set(PLACES.read_text(encoding="utf-8")) - set("\r\n")


def main(collection: str) -> None:
    """Write the subset of the collection's Simplified Chinese face."""
    from fontTools import subset
    from fontTools.ttLib import TTCollection

    font = TTCollection(collection)[SC_FACE]
    options = subset.Options(
        layout_features=[], hinting=False, desubroutinize=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14]
    )
    cut = subset.Subsetter(options)
    cut.populate(unicodes=[ord(c) for c in characters()])
    cut.subset(font)
    font.save(OUT)
    print(f"{OUT}: {OUT.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1])
