"""Sound as samples, and as files: MP3, AMR, WAV and MP2, by FFmpeg's libraries in PyAV's wheel."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

#: So many samples are handed to an encoder at once.
_CHUNK = 1 << 16


class SoundError(Exception):
    """What cannot be written or read as sound; the text says why."""


@dataclass(frozen=True)
class Sound:
    """One channel of samples between -1 and 1, `rate` of them a second."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate

    def at(self, rate: int) -> Sound:
        """The same sound at another rate."""
        if rate == self.rate:
            return self
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        frames = [*resampler.resample(_frame(self.samples, self.rate)), *resampler.resample(None)]
        return Sound(_joined([frame.to_ndarray() for frame in frames]), rate)

    def stretched(self, factor: float) -> Sound:
        """The same sound at the same pitch, so many times as long (0.5 to 2)."""
        graph = av.filter.Graph()
        source = graph.add_abuffer(sample_rate=self.rate, format="flt", layout="mono", time_base=Fraction(1, self.rate))
        tempo, sink = graph.add("atempo", str(1 / factor)), graph.add("abuffersink")
        source.link_to(tempo)
        tempo.link_to(sink)
        graph.configure()
        frame = _frame(self.samples, self.rate)
        frame.pts = 0
        graph.push(frame)
        graph.push(None)
        parts: list[NDArray[Any]] = []
        while True:
            try:
                made = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return Sound(_joined(parts), self.rate)
            assert isinstance(made, av.AudioFrame)
            parts.append(made.to_ndarray())


@dataclass(frozen=True)
class Format:
    """How a file is made: container and codec by FFmpeg's names, samples and bits a second, longest seconds.

    The codec takes `loses` LU away and adds up to `overshoots` dB to the peaks. `options` are the codec's own.
    """

    container: str
    codec: str
    rate: int
    bits: int
    mime: str
    longest: float | None = None
    loses: float = 0.0
    overshoots: float = 0.0
    options: tuple[tuple[str, str], ...] = ()


#: LAME scales by 0.95; its quality 7 takes half the time of its default.
#: MP3 for loudspeakers and telephones, AMR for WeChat's voice messages (60 s), MP2 for the television loop.
FORMATS: dict[str, Format] = {
    "mp3": Format("mp3", "libmp3lame", 22050, 48_000, "audio/mpeg", loses=0.45, options=(("compression_level", "7"),)),
    "amr": Format("amr", "libopencore_amrnb", 8000, 12_200, "audio/amr", longest=60.0, overshoots=2.0),
    "wav": Format("wav", "pcm_s16le", 22050, 0, "audio/wav"),
    "mp2": Format("mp2", "mp2", 48000, 128_000, "audio/mpeg"),
}


def silence(seconds: float, rate: int) -> Sound:
    """Nothing, for so long."""
    return Sound(np.zeros(round(seconds * rate), np.float32), rate)


def joined(sounds: list[Sound]) -> Sound:
    """Sounds of one rate, one after the other."""
    return Sound(_joined([sound.samples for sound in sounds]), sounds[0].rate)


def missing_encoder(name: str) -> str:
    """What keeps this machine from writing a format of FORMATS; empty where nothing does."""
    codec = FORMATS[name].codec
    try:
        av.codec.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        return f"{name}: this build of PyAV lacks the encoder {codec}: install PyAV's own wheel (`pip install av`)"
    return ""


def encode(sound: Sound, name: str) -> bytes:
    """A file of a format of FORMATS. Raises SoundError where the encoder is missing or the sound is too long for it."""
    kind = FORMATS[name]
    if problem := missing_encoder(name):
        raise SoundError(problem)
    if kind.longest and sound.seconds > kind.longest:
        raise SoundError(f"{name}: {sound.seconds:.0f} s, at most {kind.longest:.0f} s: shorten the text")
    sound = sound.at(kind.rate)
    file = io.BytesIO()
    with av.open(file, "w", format=kind.container) as container:
        stream = container.add_stream(kind.codec, rate=kind.rate, options=dict(kind.options))
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        if kind.bits:
            stream.bit_rate = kind.bits
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=kind.rate, frame_size=stream.frame_size)
        for at in range(0, len(sound.samples), _CHUNK):
            for frame in resampler.resample(_frame(sound.samples[at : at + _CHUNK], kind.rate)):
                container.mux(stream.encode(frame))
        for frame in resampler.resample(None):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def decode(file: bytes) -> Sound:
    """The sound in a file, mixed to one channel. Raises SoundError where there is none."""
    try:
        with av.open(io.BytesIO(file), "r") as container:
            if not container.streams.audio:
                raise SoundError("the file holds no sound")
            stream = container.streams.audio[0]
            resampler = av.AudioResampler(format="flt", layout="mono", rate=stream.rate)
            parts = [part.to_ndarray() for frame in container.decode(stream) for part in resampler.resample(frame)] + [
                part.to_ndarray() for part in resampler.resample(None)
            ]
    except av.FFmpegError as error:
        raise SoundError(f"not a sound file: {error.strerror}") from None
    if not parts:
        raise SoundError("the file holds no sound")
    return Sound(_joined(parts), stream.rate)


def _frame(samples: Samples, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = rate
    return frame


def _joined(parts: Sequence[NDArray[Any]]) -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *(np.asarray(part, np.float32).reshape(-1) for part in parts)])
