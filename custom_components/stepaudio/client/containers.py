"""PCM in, the sound that a player asked for out: WAV, MP3, FLAC or Ogg with Opus, as a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final, Protocol

import av
from av import AudioCodecContext, AudioFrame, AudioResampler

from .audio import SAMPLE_BYTES, SERVICE_HZ, audio_frame, wav_header, whole_samples

CONTAINERS: Final = ("wav", "mp3", "flac", "ogg")
_LOWEST_HZ, _HIGHEST_HZ = 8000, 48_000
_RATES_HZ: Final = {
    "mp3": (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "ogg": (8000, 12_000, 16_000, 24_000, 48_000),
}
"""The only rates that a codec knows."""
_SAMPLE_FORMATS: Final = {1: "u8", 2: "s16", 3: "s32", 4: "s32"}
# In samples: what libmp3lame puts ahead of the first one, and what every decoder adds.
_MP3_DELAY, _MP3_DECODER_DELAY = 576, 529


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What a player asks for. `sample_bytes` is of WAV and FLAC, `bitrate` in kbit/s of MP3 and Ogg."""

    container: str = "wav"
    rate_hz: int = SERVICE_HZ
    channels: int = 1
    sample_bytes: int = SAMPLE_BYTES
    bitrate: int | None = None

    def nearest(self) -> AudioFormat:
        """Return the nearest format that can be made: at most two channels and 48 kHz, at a rate the codec knows."""
        rate_hz = min(max(self.rate_hz, _LOWEST_HZ), _HIGHEST_HZ)
        rates = _RATES_HZ.get(self.container, (rate_hz,))
        return AudioFormat(
            self.container,
            min(rates, key=lambda rate: abs(rate - rate_hz)),
            min(max(self.channels, 1), 2),
            min(max(self.sample_bytes, 1), 4),
            self.bitrate,
        )


class Encoder:
    """PCM, 16-bit mono at `from_hz`, in; the bytes of a stream out, as early as the codec lets go of them.

    `header` is what the stream begins with: it is there before any sound, so that a player can make itself ready. The
    codec is opened at once, which takes about a millisecond. Raises `ValueError` for a container that is not in
    `CONTAINERS`.
    """

    def __init__(self, from_hz: int, audio_format: AudioFormat) -> None:
        """Prepare to encode; the nearest format that can be made is `format`."""
        if audio_format.container not in CONTAINERS:
            raise ValueError(audio_format.container)
        self.format = audio_format.nearest()
        self._from_hz = from_hz
        self._odd = b""
        self._position = 0
        self._inner = _KINDS[self.format.container](from_hz, self.format)
        self.header = self._inner.header

    def push(self, pcm: bytes) -> bytes:
        """Return what can be sent already. A chunk may end in the middle of a sample (sheet 1.10)."""
        pcm, self._odd = whole_samples(self._odd + pcm)
        if not pcm:
            return b""
        frame = audio_frame(pcm, self._from_hz, self._position)
        self._position += frame.samples
        return self._inner.push(frame)

    def flush(self) -> bytes:
        """Return the rest of the stream; nothing may be pushed afterwards."""
        return self._inner.push(None)


class _Inner(Protocol):
    """Frames in, bytes out; None ends the stream."""

    header: bytes

    def push(self, frame: AudioFrame | None) -> bytes: ...


class _Wav:
    """Samples behind a header that leaves the length open."""

    def __init__(self, from_hz: int, audio_format: AudioFormat) -> None:
        self.header = wav_header(
            audio_format.rate_hz, channels=audio_format.channels, sample_bytes=audio_format.sample_bytes
        )
        self._format = audio_format
        self._unchanged = audio_format == AudioFormat("wav", from_hz, bitrate=audio_format.bitrate)
        self._resampler = AudioResampler(
            format=_SAMPLE_FORMATS[audio_format.sample_bytes],
            layout=_layout(audio_format),
            rate=audio_format.rate_hz,
        )
        self._begun = False

    def push(self, frame: AudioFrame | None) -> bytes:
        if self._unchanged:
            frames = [frame] if frame is not None else []
        else:
            frames = self._resampler.resample(frame) if frame is not None or self._begun else []
        self._begun = True
        width = self._format.channels * (4 if self._format.sample_bytes == 3 else self._format.sample_bytes)
        pcm = b"".join(bytes(each.planes[0])[: each.samples * width] for each in frames)
        return _upper_three_bytes(pcm) if self._format.sample_bytes == 3 else pcm


class _Packets:
    """MP3 and FLAC: a stream is its packets one after the other behind its description."""

    def __init__(self, from_hz: int, audio_format: AudioFormat) -> None:
        self._from_hz = from_hz
        self._taken = self._given = 0
        self._mp3 = mp3 = audio_format.container == "mp3"
        self._codec = codec = AudioCodecContext.create("libmp3lame" if mp3 else "flac", "w")
        codec.sample_rate = audio_format.rate_hz
        codec.layout = _layout(audio_format)
        if mp3:
            codec.format = "s16p"
            # 64 kbit/s is the most that the lowest rates have; twice that is transparent for a voice.
            codec.bit_rate = (audio_format.bitrate or (64 if audio_format.rate_hz <= 12_000 else 128)) * 1000
            # Every packet stands for itself, so the first ones can go. LAME's fast way takes a quarter less time, and a
            # voice has bits to spare at these rates.
            codec.options = {"reservoir": "0", "compression_level": "7"}
            codec.open()
            self.header = _mp3_description(audio_format)
        else:
            codec.format = "s16" if audio_format.sample_bytes <= 2 else "s32"
            codec.options = {"frame_size": "1024"}  # the usual 4608 would hold 0.2 s back
            codec.open()
            # The only block: the description of 34 bytes, of a length that is not known.
            self.header = b"fLaC\x80\x00\x00\x22" + bytes(codec.extradata or b"")

    def push(self, frame: AudioFrame | None) -> bytes:
        packets = self._codec.encode(frame)
        if frame is not None:
            self._taken += frame.samples
        elif self._mp3:
            # LAME ends with silence; packets that hold nothing else would make the voice longer than it is.
            samples = self._taken * self._codec.sample_rate / self._from_hz + _MP3_DELAY + _MP3_DECODER_DELAY
            packets = packets[: ceil(samples / self._codec.frame_size) - self._given]
        self._given += len(packets)
        return b"".join(bytes(packet) for packet in packets)


def _mp3_description(audio_format: AudioFormat) -> bytes:
    """Return the silent frame that tells players of the codec's delay, so that they take it away again.

    It is LAME's "Info" frame, of 64 kbit/s, which is large enough for it at every rate. Without the number of frames,
    which is not known, players go by it only if it tells a size: as in WAV that is the largest value.
    """
    rate_hz, mono = audio_format.rate_hz, audio_format.channels == 1
    # MPEG 1, 2 and 2.5: the lowest rate, how a frame says so, the bits of 64 kbit/s, and the samples in a frame by 8.
    lowest_hz, version, bitrate_bits, factor = next(
        each
        for each in ((32_000, 0xFB, 0x50, 144), (16_000, 0xF3, 0x80, 72), (8000, 0xE3, 0x80, 72))
        if rate_hz >= each[0]
    )
    rate_bits = {lowest_hz: 0x08, lowest_hz * 3 // 2: 0x04}.get(rate_hz, 0)
    frame = bytearray(factor * 64_000 // rate_hz)
    frame[:4] = bytes((0xFF, version, bitrate_bits | rate_bits, 0xC0 if mono else 0))
    side_bytes = {(144, False): 32, (72, True): 9}.get((factor, mono), 17)
    tag = b"Info\x00\x00\x00\x02\xff\xff\xff\xffLAME3.100" + bytes(12) + (_MP3_DELAY << 12).to_bytes(3)
    frame[4 + side_bytes : 4 + side_bytes + len(tag)] = tag
    return bytes(frame)


class _Ogg:
    """Opus in Ogg, in pages of 20 ms."""

    def __init__(self, from_hz: int, audio_format: AudioFormat) -> None:
        self._sink = _Sink()
        self._container = av.open(
            self._sink, mode="w", format="ogg", options={"page_duration": "20000", "flush_packets": "1"}
        )
        self._stream = self._container.add_stream("libopus", rate=audio_format.rate_hz, layout=_layout(audio_format))
        self._stream.bit_rate = (audio_format.bitrate or 64) * 1000
        self._container.start_encoding()
        self.header = self._sink.take()

    def push(self, frame: AudioFrame | None) -> bytes:
        self._container.mux(self._stream.encode(frame))
        if frame is None:
            self._container.close()
        return self._sink.take()


class _Sink:
    """A file that can be written and not sought."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._written)
        self._written.clear()
        return data


def _layout(audio_format: AudioFormat) -> str:
    return "stereo" if audio_format.channels == 2 else "mono"


def _upper_three_bytes(samples: bytes) -> bytes:
    """Return 24-bit samples for 32-bit ones."""
    out = bytearray(len(samples) // 4 * 3)
    for index in range(3):
        out[index::3] = samples[index + 1 :: 4]
    return bytes(out)


_KINDS: Final[dict[str, Callable[[int, AudioFormat], _Inner]]] = {
    "wav": _Wav,
    "mp3": _Packets,
    "flac": _Packets,
    "ogg": _Ogg,
}
