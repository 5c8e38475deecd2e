"""A house full of satellites that speak and are answered all at once, with Home Assistant 2026.11.0 on one core.

N = 1, 10, 25 and 50 websocket satellites, each with a socket and a conversation of its own, without Home Assistant's
voice detection. In a round they begin one after another within half a second, with silence, and end their questions
all within one frame of 20 ms, so that all of them are answered at once. (Home Assistant remembers a pipeline's ten
newest runs: of more that begin within a millisecond, the first ones could not know in which run they are.) They speak
in real time, and each hears its reply to the end, a dozen words in the format that Home Assistant gives to who asks for
none, which is MP3. The next round begins when the last one has heard its reply. There are as many rounds as make
`turns` turns; of 50 satellites two. Not counted: each satellite's first turn, with which it joins the house, and a
round of all, which a run of one turn leaves out. In runs of very few turns the house is smaller than its name: no
satellite beyond twice their number.

Home Assistant has the first core for itself; the service (the simulator), the satellites and this script have the last
one. The account may hold as many sessions as there are satellites, as its options say.

* `house.N.down_ms_p95`: from the service's sending the first piece of an answer's voice to the satellite's first byte
  of sound behind the container's header.
* `house.N.late_chunks`: frames that left a satellite and whose sound was not all at the service 100 ms later. What has
  come is counted by the bytes of the appends, so the time in which audio is collected for an append is in it. Only the
  2 ms that a resampler's filter may hold back are not waited for.
* `house.N.cpu_s_per_satellite_minute`: processor time of Home Assistant's whole process in the rounds, by N and their
  length.
* `house.N.our_share_percent`: how much of that is ours, by samples of the stack at every 2 ms of processor time or as
  often as the kernel will: all that have StepAudio's code, or that of its sockets, anywhere on the stack. So what
  Home Assistant does while we call it is ours, even its own audio generators which we read from.
* `house.N.harness_late_ms`: how late the loops of the service and of the satellites ran at worst; what is late there
  is not Home Assistant's fault.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path

import aiohttp

from house.api import Api, Socket
from house.assist import raise_limit
from house.home import House, house
from house.home_assistant import free_port
from house.report import HouseError, say
from house.service import Simulated
from house.sound import RATE_HZ
from simulator.tones import tones

from .figures import Chart, Measured, Panel, Scenario, percentile
from .lateness import Lateness, latest_ms
from .satellite import FRAME_MS, Turn, ask
from .served import Served, delays_ms, served
from .service import QUESTIONS
from .shares import our_share_percent

_SIZES = (1, 10, 25, 50)
_LATE_MS = 100
_SPREAD_FRAMES = 25
_FRAME_BYTES = RATE_HZ * 2 * FRAME_MS // 1000
_JOIN_S = 1.1  # the client spaces its connects: ten in ten seconds
_TURN_TIMEOUT_S = 60.0
_SIMULATED = Simulated(arguments=("--set", "rapid_connects=0"), module="house.bench.service")


@dataclass
class _Satellite:
    """One in the house, known at the service by what it says."""

    api: Api
    socket: Socket
    pipeline_id: str
    words: str
    conversation_id: str | None = None

    async def ask(self, silent_frames: int = 0) -> Turn:
        """Ask, after a silence, and hear the whole reply."""
        question = bytes(_FRAME_BYTES * silent_frames) + tones(self.words, RATE_HZ)
        turn = await ask(
            self.api,
            self.socket,
            self.pipeline_id,
            question,
            conversation_id=self.conversation_id,
            enough_bytes=inf,
            timeout_s=_TURN_TIMEOUT_S,
        )
        if turn.heard != self.words:
            raise HouseError(f"“{self.words}” was heard as “{turn.heard}”.")
        self.conversation_id = turn.conversation_id
        return turn


async def _measure(turns: int) -> Measured:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})  # what is started from now on, too
    figures: dict[str, float] = {}
    sampler = Path(__file__).with_name("sampler")
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(house(port=free_port(), simulated=_SIMULATED, more=(sampler,)))
        entry = (await home.socket.call("config_entries/get", domain="stepaudio"))[0]
        await raise_limit(home.api, home.socket, entry["entry_id"], max(_SIZES) + 2)
        _move(home.home_assistant.process.pid, cores[0])
        connector = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        api = Api(session, home.api.url, home.api.token)
        satellites: list[_Satellite] = []
        for size in _SIZES:
            count = min(size, 2 * turns)
            while len(satellites) < count:
                socket = await stack.enter_async_context(api.socket())
                words = f"{len(satellites):02}: {QUESTIONS['12']}"
                satellites.append(_Satellite(api, socket, home.pipeline_id, words))
            await _join([each for each in satellites if each.conversation_id is None])
            say(f"house: {count} satellites are ready")
            for name, figure in (await _take(home, satellites[:count], turns)).items():
                figures[f"house.{size}.{name}"] = figure
    return Measured(figures)


def _move(pid: int, core: int) -> None:
    """Have a process run on one core, with all its threads."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


async def _join(satellites: Sequence[_Satellite]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number, satellite in enumerate(satellites):
            tasks.create_task(_ask_later(satellite, number * _JOIN_S))


async def _ask_later(satellite: _Satellite, after_s: float, silent_frames: int = 0) -> Turn:
    await asyncio.sleep(after_s)
    return await satellite.ask(silent_frames)


async def _round(satellites: Sequence[_Satellite]) -> list[Turn]:
    count = len(satellites)
    begins = [number * _SPREAD_FRAMES // count for number in range(count)]
    async with asyncio.TaskGroup() as tasks:
        taken = [
            # A part of a frame later, too, so that the frames of all do not come at the same time.
            tasks.create_task(_ask_later(each, (begin + number / count) * FRAME_MS / 1000, begins[-1] - begin))
            for number, (each, begin) in enumerate(zip(satellites, begins, strict=True))
        ]
    return [task.result() for task in taken]


async def _take(home: House, satellites: Sequence[_Satellite], turns: int) -> dict[str, float]:
    if home.record is None:
        raise HouseError("The real service tells nobody when it sends what.")
    if turns > 1:
        await _round(satellites)
    pid = home.home_assistant.process.pid
    heard: list[tuple[_Satellite, Turn]] = []
    await home.socket.call("sampler/begin")
    begun, cpu_s = time.monotonic(), _cpu_s(pid)
    rounds = ceil(turns / len(satellites)) + (len(satellites) > turns > 1)
    async with Lateness() as lateness:
        for number in range(rounds):
            heard += zip(satellites, await _round(satellites), strict=True)
            if number % 5 == 4 or number + 1 == rounds:
                say(f"house: {len(satellites)} satellites, {number + 1} of {rounds} rounds")
    cpu_s, lasted_s = _cpu_s(pid) - cpu_s, time.monotonic() - begun
    stacks = await home.socket.call("sampler/end")
    at_service = served(home.record.path, begun)
    taken = [(turn, _found(at_service, satellite.words, turn)) for satellite, turn in heard]
    late = [delay for turn, there in taken for delay in delays_ms(turn.frames, FRAME_MS, there) if delay > _LATE_MS]
    return {
        "down_ms_p95": percentile([(turn.first_sound - there.first_audio) * 1000 for turn, there in taken], 95),
        "late_chunks": len(late),
        "cpu_s_per_satellite_minute": cpu_s / len(satellites) / (lasted_s / 60),
        "our_share_percent": our_share_percent(stacks),
        "harness_late_ms": max(lateness.worst_ms, latest_ms(home.record.path.with_name("simulator.log"), begun)),
    }


def _found(at_service: Sequence[Served], words: str, turn: Turn) -> Served:
    """Return a turn as the service saw it."""
    for each in at_service:
        if each.words == words and turn.last_frame <= each.commit <= turn.run_end and each.first_audio:
            return each
    raise HouseError(f"The service has no turn in which it heard “{words}” and spoke, though it was answered.")


def _cpu_s(pid: int) -> float:
    """Return the processor time that a process has taken with all its threads."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _panel(unit: str, what: str, name: str) -> Panel:
    return Panel(unit, tuple((f"{what}, {size}", f"house.{size}.{name}") for size in _SIZES))


SCENARIO = Scenario(
    Chart(
        "A house of satellites that speak and are answered at once",
        (
            _panel("ms", "first sound down, 95 %, of", "down_ms_p95"),
            _panel("", "frames late, of", "late_chunks"),
            _panel("s", "processor time a minute and satellite, of", "cpu_s_per_satellite_minute"),
            _panel("%", "our share of it, of", "our_share_percent"),
        ),
    ),
    _measure,
)
