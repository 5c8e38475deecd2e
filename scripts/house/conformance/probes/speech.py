"""The speech service (sheet 2)."""

import asyncio
import base64
import itertools
from typing import Any

import aiohttp

from custom_components.stepaudio.client.speech import SPEECH_PATH
from house.conformance.bench import Bench
from house.conformance.cost import SPEECH_MODEL
from house.conformance.findings import Findings, ProbeError, RefusedError
from house.conformance.sound import duration_s
from house.conformance.wire import Event

VOICE = "elegantgentle-female"
"""On the list of either region."""
TEXT = "The keeper of the lighthouse lit the lamp in the evening, and it shone far over the sea."

_ENDS = ("tts.response.audio.done", "response.audio.done")
"""A table of the documents leaves the beginning of the name out (sheet 2.2)."""
_AT_ONCE = 50
"""Times real time: this is no speed any more."""


async def websocket(bench: Bench) -> None:
    """Have a sentence spoken while its text is sent."""
    findings = bench.findings
    async with bench.open(SPEECH_PATH, model=SPEECH_MODEL) as wire:
        session = (await wire.until("tts.connection.done")).part("data").get("session_id")
        data: dict[str, Any] = {"session_id": session, "voice_id": VOICE, "response_format": "pcm"}
        await wire.send("tts.create", data=data)
        await wire.until("tts.response.created", "tts.response.error")
        sent_s = wire.now_s
        await wire.send("tts.text.delta", data={"session_id": session, "text": TEXT})
        await wire.send("tts.text.done", data={"session_id": session})
        end = await wire.until(*_ENDS, "tts.response.error", within_s=bench.patience.response_s)
        if end.kind == "tts.response.error":
            raise ProbeError(f"the speech service refused: {end.part('data').get('message')}")
        findings.see("speech_done_event", end.kind)
        findings.see("speech_done_audio", "whole" if end.part("data").get("audio") else "empty")
        _delivery([event for event in wire.events if event.kind == "tts.response.audio.delta"], sent_s, findings)
        _fields(wire.events, findings)


def _delivery(deltas: list[Event], sent_s: float, findings: Findings) -> None:
    pieces = [(event.at_s, base64.b64decode(str(event.part("data").get("audio", "")))) for event in deltas]
    pieces = [(at_s, pcm) for at_s, pcm in pieces if pcm]
    if len(pieces) < 2:
        for name in ("speech_first_audio_s", "speech_speed"):
            findings.miss(name, f"the sentence came in {len(pieces)} pieces")
        return
    findings.see("speech_first_audio_s", round(pieces[0][0] - sent_s, 3))
    length_s = sum(duration_s(pcm) for _, pcm in pieces[:-1])
    took_s = pieces[-1][0] - pieces[0][0]
    if took_s * _AT_ONCE > length_s:
        findings.see("speech_speed", round(length_s / took_s, 2))
    else:
        findings.miss("speech_speed", "all of it came at once")


def _fields(events: list[Event], findings: Findings) -> None:
    told = [event.part("data") for event in events if event.kind.startswith("tts.response.")]
    names = set(itertools.chain.from_iterable(told))
    if names & {"request_id", "timestamp"}:
        findings.see("speech_events", "september")
    elif names & {"started_at", "ended_at", "duration"}:
        findings.see("speech_events", "june")
    else:
        findings.miss("speech_events", "sentences carry neither form's fields")


async def request(bench: Bench) -> None:
    """Have a sentence spoken in one request."""
    body = {"model": SPEECH_MODEL, "input": TEXT, "voice": VOICE, "response_format": "pcm"}
    start_s = asyncio.get_running_loop().time()
    try:
        async with (
            asyncio.timeout(bench.patience.response_s),
            bench.web.post(
                bench.endpoint.url("/v1/audio/speech"), json=body, headers=bench.endpoint.headers
            ) as response,
        ):
            if response.status != 200:
                raise RefusedError(response.status, await response.text())
            await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ProbeError(f"the speech service was not reached: {type(error).__name__}") from None
    bench.findings.see("speech_http_s", round(asyncio.get_running_loop().time() - start_s, 2))
