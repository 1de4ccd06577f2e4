"""A still picture as one second of video: a coded picture, then 24 that repeat it.

A picture that only repeats the one before it (every macroblock skipped) is the same bits whatever is seen. So these are
coded once for all, and of a second that is seen only its first picture is: a closed group of pictures (GOP).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

RGB = NDArray[np.uint8]

#: Pictures a second.
RATE = 25

#: The seconds by which a picture arrives before it is shown, and the share of them in which one picture must be sent.
LEAD, SENT = 0.5, 0.7

#: How the header of an MPEG-2 sequence begins.
_SEQUENCE = b"\0\0\1\xb3"

#: The access units of one second.
Second = tuple[bytes, ...]


class CodingError(Exception):
    """What this machine cannot code; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of stream: codec, pixels, bits a second of the whole stream, quantisers from fine to coarse."""

    name: str
    codec: str
    width: int
    height: int
    aspect: Fraction
    rate: int
    quantisers: tuple[int, ...]

    @property
    def largest(self) -> int:
        """Bytes that a picture may have, so that it arrives in time."""
        return int(self.rate * LEAD * SENT / 8)


#: H.264 at 720p for today's boxes; MPEG-2 at 576i's size for those of standard definition.
HD = Kind("hd", "libx264", 1280, 720, Fraction(1), 4_000_000, (20, 24, 28, 34, 42))
SD = Kind("sd", "mpeg2video", 720, 576, Fraction(64, 45), 3_000_000, (2, 3, 5, 9, 18))
KINDS = {kind.name: kind for kind in (HD, SD)}


class Coder:
    """Codes pictures of one kind. One at a time: threads wait for each other."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._lock = threading.Lock()
        self._encoders: dict[int, _Encoder] = {}

    def second(self, picture: RGB) -> Second:
        """One second of a picture (height × width × 3), as finely as it still arrives in time.

        Raises CodingError where no encoder is there, or where no quantiser makes the picture small enough.
        """
        with self._lock:
            for quantiser in self.kind.quantisers:
                encoder = self._encoders.get(quantiser)
                if encoder is None:
                    encoder = self._encoders[quantiser] = _Encoder(self.kind, quantiser)
                first = encoder.intra(picture)
                if len(first) <= self.kind.largest:
                    return (first, *encoder.repeats)
        raise CodingError(f"a picture of {len(first)} bytes does not arrive in time: raise the rate of the stream")


class _Encoder:
    """An encoder that stays open. Every picture is coded as the first of a GOP; `repeats` are the others."""

    def __init__(self, kind: Kind, quantiser: int) -> None:
        self._context = opened(kind, quantiser)
        self._rate = kind.rate
        self._count = 0
        grey = np.full((kind.height, kind.width, 3), 128, np.uint8)
        units = [self._coded(grey, first=number == 0) for number in range(RATE)]
        self.repeats: Second = tuple(units[1:])

    def intra(self, picture: RGB) -> bytes:
        """A picture that needs no other."""
        return self._coded(picture, first=True)

    def _coded(self, picture: RGB, first: bool) -> bytes:
        frame = as_frame(picture, self._count)
        frame.pict_type = PictureType.I if first else PictureType.P
        self._count += 1
        coded = self._context.encode(frame)
        if len(coded) != 1:
            raise CodingError(f"{self._context.name}: {len(coded)} packets for a picture, one expected")
        unit = bytes(coded[0])
        return _declared(unit, self._rate) if unit.startswith(_SEQUENCE) else unit


def as_frame(picture: RGB, number: int) -> VideoFrame:
    """A picture in the colours of television: ITU-R BT.709 for 720 lines, BT.601 below."""
    frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format="yuv420p", dst_colorspace="ITU709" if len(picture) >= 720 else "ITU601", dst_color_range="MPEG"
    )
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    return frame


def opened(kind: Kind, quantiser: int) -> VideoCodecContext:
    """An encoder of pictures one by one. Raises CodingError where this PyAV has none."""
    try:
        context = VideoCodecContext.create(kind.codec, "w")
    except av.codec.codec.UnknownCodecError:
        raise CodingError(
            f"this PyAV lacks the encoder {kind.codec}: install its own wheel (`pip install av`)"
        ) from None
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = kind.width, kind.height
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = Fraction(1, RATE), Fraction(RATE)
    context.sample_aspect_ratio = kind.aspect
    context.gop_size, context.max_b_frames = RATE, 0
    context.thread_count = 1
    context.options = _h264(quantiser) if kind.codec == "libx264" else _mpeg2(quantiser)
    return context


def _declared(unit: bytes, rate: int) -> bytes:
    """A sequence that tells its rate: at a constant quantiser the encoder writes 105 Mbit/s, which Main Level forbids."""
    field = (
        int.from_bytes(unit[8:11], "big") & 0x3F | rate // 400 << 6
    )  # ISO/IEC 13818-2, 6.2.2.1: 18 bits of 400 bit/s
    return unit[:8] + field.to_bytes(3, "big") + unit[11:]


def _h264(quantiser: int) -> dict[str, str]:
    """Options of x264: a constant quantiser, every unit by itself in the stream, one in and one out."""
    own = (
        f"qp={quantiser}:keyint={RATE}:min-keyint={RATE}:scenecut=0:bframes=0:ref=1:weightp=0:threads=1:level=4.0:"
        "aud=1:repeat-headers=1:force-cfr=1:colorprim=bt709:transfer=bt709:colormatrix=bt709"
    )
    return {"preset": "superfast", "tune": "zerolatency", "forced-idr": "1", "x264-params": own}


def _mpeg2(quantiser: int) -> dict[str, str]:
    """Options of FFmpeg's MPEG-2 encoder: a constant quantiser, closed groups, no delay."""
    return {
        "flags": "+qscale+cgop+low_delay",
        "global_quality": str(118 * quantiser),  # in FFmpeg's steps, 118 of them to one
        "qmin": str(quantiser),
        "qmax": str(quantiser),
        "sc_threshold": "1000000000",
        "color_primaries": "bt470bg",
        "color_trc": "gamma28",
        "colorspace": "bt470bg",
        "seq_disp_ext": "always",
    }
