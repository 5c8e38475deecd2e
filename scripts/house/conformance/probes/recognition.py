"""The recognition service (sheet 3)."""

import asyncio
import base64
import json
from typing import Any

import aiohttp

from custom_components.stepaudio.client.recognition import LIVE_MODEL, LIVE_PATH, UPLOAD_MODEL, UPLOAD_PATH
from house.conformance.bench import Bench
from house.conformance.findings import ProbeError, RefusedError
from house.conformance.sound import RATE_HZ, microphone

from .transcription import DELTA, DONE

FORM = {"type": "pcm", "codec": "pcm_s16le", "rate": RATE_HZ, "bits": 16, "channel": 1}


async def live(bench: Bench) -> None:
    """Speak to it in real time and commit."""
    findings = bench.findings
    async with bench.open(LIVE_PATH, model="") as wire:
        await wire.until("session.created")
        setting = {"format": FORM, "transcription": {"model": LIVE_MODEL}}
        answer = await wire.ask("session.update", "session.updated", session={"audio": {"input": setting}})
        if answer.error is not None:
            raise ProbeError(f"the recognition service refused: {answer.message}")
        async with microphone(wire) as held:
            _, end_ms = held.say(bench.speech.pcm)
            while held.sent_ms(wire.now_s) < end_ms:
                await asyncio.sleep(0.02)
        committed_s = wire.now_s
        await wire.send("input_audio_buffer.commit")
        done = await wire.until(DONE)
        findings.see("recognition_words_s", round(done.at_s - committed_s, 2), "from the commit")
        deltas = [event for event in wire.events if event.kind == DELTA]
        if deltas:
            findings.see("recognition_stash", any("stash" in event.body for event in deltas))
        else:
            findings.miss("recognition_stash", "no words came before the last ones")


async def upload(bench: Bench) -> None:
    """Have one upload recognised, which Step Plan offers instead."""
    data = base64.b64encode(bench.speech.pcm).decode()
    wanted = {"transcription": {"model": UPLOAD_MODEL}, "format": FORM}
    headers = bench.endpoint.headers | {"Accept": "text/event-stream"}
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    try:
        async with (
            asyncio.timeout(bench.patience.response_s),
            bench.web.post(
                bench.endpoint.url(UPLOAD_PATH), json={"audio": {"data": data, "input": wanted}}, headers=headers
            ) as response,
        ):
            if response.status != 200:
                raise RefusedError(response.status, await response.text())
            async for line in response.content:
                event = _event(line)
                if str(event.get("type", "")).startswith("transcript.text."):
                    bench.findings.see(
                        "recognition_words_s", round(loop.time() - start_s, 2), "from the upload to the first words"
                    )
                    return
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ProbeError(f"the recognition service was not reached: {type(error).__name__}") from None
    raise ProbeError("an upload was answered without words")


def _event(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line.removeprefix(b"data:"))
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
