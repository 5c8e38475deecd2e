"""Speech in the formats, rates, speeds and volumes that the TTS endpoints offer (sheet 2.1, 2.2)."""

import io
import struct
from typing import Any

import av
import numpy as np

from .audio import SAMPLE_BYTES, SERVICE_HZ

FORMATS = ("mp3", "wav", "flac", "opus", "pcm")
STREAM_FORMATS = ("mp3_stream", "opus_stream", "flac_stream")
RATES = (8000, 16000, 22050, 24000, 48000)
CONTENT_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "opus": "audio/ogg", "pcm": "audio/pcm"}

_MUXERS = {"mp3": ("mp3", "libmp3lame", "s16p"), "flac": ("flac", "flac", "s16"), "opus": ("ogg", "libopus", "s16")}
_OPUS_RATES = (8000, 16000, 24000, 48000)


def wav_file(pcm: bytes, rate_hz: int, size_bytes: int | None = None) -> bytes:
    """Give a WAV file, or with another size its head and what there is of it."""
    size = len(pcm) if size_bytes is None else size_bytes
    byte_rate = rate_hz * SAMPLE_BYTES
    head = struct.pack(
        "<4sI8sIHHIIHH", b"RIFF", min(size + 36, 0xFFFFFFFF), b"WAVEfmt ", 16, 1, 1, rate_hz, byte_rate, 2, 16
    )
    return head + struct.pack("<4sI", b"data", min(size, 0xFFFFFFFF)) + pcm


class Shaper:
    """Changes rate, speed and volume of 24 kHz speech as it comes; what asks for no change is passed on untouched."""

    def __init__(self, rate_hz: int, speed: float, volume: float) -> None:
        """Give 16-bit mono at `rate_hz`."""
        self._graph: Any = None
        if (rate_hz, speed, volume) != (SERVICE_HZ, 1.0, 1.0):
            graph = self._graph = av.filter.Graph()
            steps = [graph.add_abuffer(sample_rate=SERVICE_HZ, format="s16", layout="mono")]
            if speed != 1.0:
                steps.append(graph.add("atempo", f"{speed}"))
            if volume != 1.0:
                steps.append(graph.add("volume", f"{volume}"))
            steps.append(graph.add("aresample", f"{rate_hz}"))
            steps.append(graph.add("aformat", "sample_fmts=s16:channel_layouts=mono"))
            steps.append(graph.add("abuffersink"))
            graph.link_nodes(*steps).configure()

    def feed(self, pcm: bytes) -> bytes:
        """Shape more speech."""
        if self._graph is None:
            return pcm
        if pcm:
            self._graph.push(_frame(pcm, SERVICE_HZ))
        return self._pull()

    def end(self) -> bytes:
        """Give what was held back."""
        if self._graph is None:
            return b""
        self._graph.push(None)
        return self._pull()

    def _pull(self) -> bytes:
        pulled = b""
        while True:
            try:
                pulled += self._graph.pull().to_ndarray().tobytes()
            except av.error.BlockingIOError, av.error.EOFError:
                return pulled


class _Sink(io.RawIOBase):
    """Takes what a muxer writes; it cannot seek, so a stream's head is final."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


class SpeechEncoder:
    """One piece of speech in one format.

    pcm and wav give something for every feed, a wav each time a file of its own. Other formats give one file at the
    end, or, with `_stream`, the parts of one file as they are ready.
    """

    def __init__(self, response_format: str, rate_hz: int, speed: float = 1.0, volume: float = 1.0) -> None:
        """Encode 24 kHz speech."""
        self._streams = response_format.endswith("_stream")
        self._format = response_format.removesuffix("_stream")
        if self._format == "opus" and rate_hz not in _OPUS_RATES:
            rate_hz = SERVICE_HZ
        self._rate_hz = rate_hz
        self._shaper = Shaper(rate_hz, speed, volume)
        self._sink = _Sink()
        self._container: Any = None
        if self._format in _MUXERS:
            muxer, codec, sample_format = _MUXERS[self._format]
            options = {"write_xing": "0"} if muxer == "mp3" else {}
            self._container = av.open(self._sink, "w", format=muxer, options=options)
            self._stream = self._container.add_stream(codec, rate=rate_hz, layout="mono", format=sample_format)
            self._resampler = av.AudioResampler(sample_format, "mono", rate_hz)
            self._fifo_pts = 0

    def feed(self, pcm: bytes) -> bytes:
        """Encode more speech."""
        return self._encode(self._shaper.feed(pcm))

    def end(self) -> bytes:
        """Give the rest."""
        encoded = self._encode(self._shaper.end())
        if self._container is None:
            return encoded
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return encoded + self._sink.take()

    def _encode(self, shaped: bytes) -> bytes:
        if self._container is not None:
            if shaped:
                frame = _frame(shaped, self._rate_hz)
                frame.pts = self._fifo_pts
                self._fifo_pts += frame.samples
                for part in self._resampler.resample(frame):
                    self._container.mux(self._stream.encode(part))
            return self._sink.take() if self._streams else b""
        if self._format == "wav" and shaped:
            return wav_file(shaped, self._rate_hz)
        return shaped


def _frame(pcm: bytes, rate_hz: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2")[None, :], format="s16", layout="mono")
    frame.sample_rate = rate_hz
    return frame
