"""The speech service that a house talks to: the simulator, or StepFun itself with a key from the environment."""

import json
import os
import secrets
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .home_assistant import REPOSITORY
from .processes import Process, running
from .report import HouseError

_LISTENING = "listening on "
_START_TIMEOUT_S = 120.0  # it loads a recogniser and a voice first


@dataclass(frozen=True)
class Account:
    """What the user types into the config flow."""

    region: str
    plan: str
    api_key: str = field(repr=False)
    url: str | None = None


def account_from_environment() -> Account | None:
    """Return the account of STEPFUN_API_KEY, STEPFUN_REGION and STEPFUN_PLAN, or None without a key."""
    if not (key := os.environ.get("STEPFUN_API_KEY")):
        return None
    region = os.environ.get("STEPFUN_REGION", "international")
    plan = os.environ.get("STEPFUN_PLAN", "pay_as_you_go")
    if region not in {"china", "international"}:
        raise HouseError(f"STEPFUN_REGION is “{region}”; it can be china or international.")
    if plan not in {"pay_as_you_go", "step_plan"}:
        raise HouseError(f"STEPFUN_PLAN is “{plan}”; it can be pay_as_you_go or step_plan.")
    return Account(region, plan, key)


@dataclass(frozen=True)
class Simulated:
    """How the simulator is run: what it hears and speaks with, the rest of its command line, and its port."""

    ears: str = "script"
    voice: str = "tone"
    arguments: tuple[str, ...] = ()
    port: int = 0
    module: str = "simulator"
    """What is run; another one puts words into its mouth."""


class Record:
    """What the simulator wrote down of the events that passed it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def between(self, start: float, end: float) -> list[tuple[float, str, str]]:
        """Return time, direction and type of each event in a span of monotonic time, oldest first."""
        whole = [json.loads(line) for line in self.path.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [
            (entry["at"], entry["direction"], entry["event"].get("type", ""))
            for entry in whole
            if "event" in entry and start <= entry["at"] <= end
        ]


@dataclass(frozen=True)
class StepFun:
    """The real service; it tells nobody what passed."""

    account: Account
    name = "StepFun"
    record = None

    async def ready(self) -> Account:
        """Return the account to use."""
        return self.account


@dataclass(frozen=True)
class Simulator:
    """A stand-in that was started."""

    process: Process
    record: Record
    key: str
    name = "the simulator"

    async def ready(self) -> Account:
        """Wait until it serves, and return the account to use with it."""
        line = await self.process.wait_for_line(_LISTENING, _START_TIMEOUT_S)
        return Account("custom", "pay_as_you_go", self.key, line.removeprefix(_LISTENING))


@asynccontextmanager
async def service(directory: Path, simulated: Simulated) -> AsyncGenerator[StepFun | Simulator]:
    """Give the real service where the environment holds a key, else run the simulator while the block lasts."""
    if account := account_from_environment():
        yield StepFun(account)
        return
    key = secrets.token_hex(8)
    record = directory / "service.jsonl"
    command = [sys.executable, "-m", simulated.module, "--port", str(simulated.port), "--key", key]
    command += ["--ears", simulated.ears, "--voice", simulated.voice, "--record", str(record), *simulated.arguments]
    async with running("The simulator", command, directory / "simulator.log", cwd=REPOSITORY) as process:
        yield Simulator(process, Record(record), key)
