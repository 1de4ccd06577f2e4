"""The loop's sound: MPEG-1 Layer II at 48 kHz, one channel, 128 kbit/s. Each frame lasts 24 ms and has 384 bytes."""

from __future__ import annotations

from functools import cache

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

SAMPLES, RATE, BITS = 1152, 48_000, 128_000

#: Bytes of a frame, and how it begins by ISO/IEC 11172-3: MPEG-1, Layer II, without CRC, 128 kbit/s, 48 kHz, no padding.
BYTES = SAMPLES * BITS // RATE // 8
HEAD = b"\xff\xfd\x84"

#: A frame's length on the 90 kHz clock.
TICKS = SAMPLES * 90_000 // RATE


class FormatError(ValueError):
    """Sound that is not in the loop's format."""


def frames(file: bytes) -> tuple[bytes, ...]:
    """The frames of an MP2 file; what is left of a cut one at its end is passed over. Raises FormatError."""
    found = tuple(file[at : at + BYTES] for at in range(0, len(file) - BYTES + 1, BYTES))
    for number, frame in enumerate(found):
        if frame[:3] != HEAD or frame[3] & 0xC0 != 0xC0:
            raise FormatError(f"frame {number} is not MP2 of one channel at 48 kHz and 128 kbit/s")
    return found


@cache
def silence() -> bytes:
    """A frame of nothing."""
    context = AudioCodecContext.create("mp2", "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.layout, context.format, context.bit_rate = RATE, "mono", "s16", BITS
    frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
    frame.sample_rate = RATE
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.pts = 0
    coded = [bytes(packet) for packet in (*context.encode(frame), *context.encode(None))]
    assert [len(part) for part in coded] == [BYTES], "one frame in, one frame out"
    return coded[0]
