"""The whole house: Home Assistant, the service behind it, our integration settled in."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .api import Api, Socket
from .assist import add_stepaudio, welcome
from .home_assistant import HomeAssistant, home_assistant
from .homes import SMALL, Home, furnish
from .report import HouseError, say
from .service import Account, Record, Simulated, service


@dataclass(frozen=True)
class EmptyHouse:
    """A furnished one that nobody has added StepAudio to."""

    home_assistant: HomeAssistant
    api: Api
    socket: Socket
    account: Account
    record: Record | None
    """What the simulator writes down; None where the real service answers."""


@dataclass(frozen=True)
class House:
    """One that can be spoken to."""

    home_assistant: HomeAssistant
    api: Api
    socket: Socket
    entry_id: str
    """Our account."""
    pipeline_id: str
    service_url: str | None
    """The simulator's address; None where the real service answers."""
    record: Record | None
    """What the simulator writes down; None where the real service answers."""


@asynccontextmanager
async def empty_house(
    *, port: int, home: Home = SMALL, simulated: Simulated, more: Sequence[Path] = ()
) -> AsyncGenerator[EmptyHouse]:
    """Open a house for as long as the block lasts, with `more` integrations; its files are gone afterwards."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="stepaudio-house-")))
        config = directory / "config"
        config.mkdir()
        behind = await stack.enter_async_context(service(directory, simulated))
        ha = await stack.enter_async_context(home_assistant(config, port, home.devices, more))
        say(f"starting Home Assistant, with {behind.name} behind it")
        async with asyncio.TaskGroup() as tasks:
            up = tasks.create_task(ha.up())
            account = await behind.ready()
            say(f"{behind.name} is ready")
        api = up.result()
        say(f"Home Assistant runs at {ha.url}")
        socket = await stack.enter_async_context(api.socket())
        await furnish(socket, home)
        yield EmptyHouse(ha, api, socket, account, behind.record)


@asynccontextmanager
async def house(
    *, port: int, home: Home = SMALL, simulated: Simulated, more: Sequence[Path] = ()
) -> AsyncGenerator[House]:
    """Open a house that our integration is settled in."""
    async with empty_house(port=port, home=home, simulated=simulated, more=more) as empty:
        ha, api, socket, account = empty.home_assistant, empty.api, empty.socket, empty.account
        try:
            entry_id = await add_stepaudio(api, account, take_assistant=not home.assistants)
            pipeline_id = await welcome(api, socket, entry_id, home.assistants)
        except HouseError as error:
            raise ha.explained(error) from None
        names = " and ".join(each.name for each in home.assistants)
        say(f"StepAudio is set up; {names or 'the assistant that it offered'} will answer")
        yield House(ha, api, socket, entry_id, pipeline_id, account.url, empty.record)
