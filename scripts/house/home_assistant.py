"""A real Home Assistant in a fresh config directory: started, onboarded, signed in to."""

import asyncio
import json
import secrets
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp

from .api import Api
from .processes import Process, running
from .report import HouseError

REPOSITORY = Path(__file__).resolve().parents[2]
INTEGRATION = REPOSITORY / "custom_components" / "stepaudio"

_START_TIMEOUT_S = 180.0  # slow machines, cold disk caches
_POLL_S = 0.1

# No default_config: it brings discovery, cloud and what else a house on a desk has no use for.
_CONFIGURATION = """\
homeassistant:
  name: StepAudio demo
  country: US
  language: en
  time_zone: Europe/Berlin
  unit_system: metric
  packages: !include_dir_named devices
logger:
  default: warning
  logs:
    custom_components.stepaudio: info
api:
config:
websocket_api:
conversation:
assist_pipeline:
media_source:
stt:
tts:
"""

# No longer set in YAML: what stands there is on trial, and Home Assistant restarts without it after five minutes.
_SERVER = {"version": 1, "minor_version": 1, "key": "http"}
# One onboarding step is left out: it sets up integrations that fetch packages and data from the internet.
_ONBOARDING = {"version": 4, "minor_version": 1, "key": "onboarding", "data": {"done": ["core_config"]}}


@dataclass(frozen=True)
class HomeAssistant:
    """One that was started: its process, its files, its address, its administrator."""

    process: Process
    config: Path
    url: str
    session: aiohttp.ClientSession
    username: str = "demo"
    password: str = field(default_factory=partial(secrets.token_urlsafe, 8))

    async def up(self) -> Api:
        """Wait until it runs, take the new user's steps, and return the user's way in."""
        await _until_it_answers(self)
        api = await _onboard(self)
        await _until_it_runs(api)
        return api

    def invitation(self) -> str:
        """Say where it is and how to sign in."""
        # Only on localhost does a browser let a page without a certificate use the microphone.
        return f"{self.url.replace('127.0.0.1', 'localhost')} (user name {self.username}, password {self.password})"

    def errors_about(self, text: str) -> list[str]:
        """Return the error lines of its log that mention the text."""
        return [line for line in self.process.output().splitlines() if " ERROR " in line and text in line]

    def explained(self, error: HouseError) -> HouseError:
        """Return the error with the last one that Home Assistant logged, if there is any."""
        lines = self.process.output().splitlines()
        last = max((number for number, line in enumerate(lines) if " ERROR " in line), default=None)
        if last is None:
            return error
        logged = "\n".join(f"    {line}" for line in [lines[last], *lines[last + 1 :][-15:]])
        return HouseError(f"{error}\nHome Assistant's log says:\n{logged}")


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def home_assistant(
    config: Path, port: int, devices: Path, more: Sequence[Path] = ()
) -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant with our integration, devices, and `more`, linked into it for as long as the block lasts."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise HouseError(f"Home Assistant cannot listen on port {port}: {error.strerror}.") from None
    _write_config(config, port, devices, more)
    command: list[str | Path] = [sys.executable, "-m", "homeassistant", "--config", config, "--log-no-color"]
    async with (
        running("Home Assistant", command, config / "output.log", cwd=config) as process,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=10)) as session,
    ):
        yield HomeAssistant(process, config, f"http://127.0.0.1:{port}", session)


def _write_config(config: Path, port: int, devices: Path, more: Sequence[Path]) -> None:
    started = "".join(f"{integration.name}:\n" for integration in more)
    (config / "configuration.yaml").write_text(_CONFIGURATION + started)
    (config / "devices").symlink_to(devices)
    storage = config / ".storage"
    storage.mkdir()
    server = {"server_host": ["127.0.0.1"], "server_port": port}
    (storage / "http").write_text(json.dumps({**_SERVER, "data": server}))
    (storage / "onboarding").write_text(json.dumps(_ONBOARDING))
    components = config / "custom_components"
    components.mkdir()
    for integration in (INTEGRATION, *more):
        (components / integration.name).symlink_to(integration)


async def _until_it_answers(ha: HomeAssistant) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_TIMEOUT_S):
            while ha.process.alive:
                with suppress(aiohttp.ClientError):
                    async with ha.session.get(f"{ha.url}/api/onboarding") as response:
                        if response.ok:
                            return
                await asyncio.sleep(_POLL_S)
            raise ha.process.failure("ended while it was starting")
    raise ha.process.failure(f"did not answer at {ha.url} within {_START_TIMEOUT_S:.0f} s")


async def _onboard(ha: HomeAssistant) -> Api:
    """Go through the steps that the frontend shows a new user, and sign in for good."""
    client_id = f"{ha.url}/"
    user = {"name": "Demo", "username": ha.username, "password": ha.password, "language": "en"}
    code = await Api(ha.session, ha.url, "").post("/api/onboarding/users", {**user, "client_id": client_id})
    form = {"grant_type": "authorization_code", "code": code["auth_code"], "client_id": client_id}
    async with ha.session.post(f"{ha.url}/auth/token", data=form) as response:
        if not response.ok:
            raise HouseError(f"Home Assistant refused to sign its new user in: {await response.text()}")
        short_lived = Api(ha.session, ha.url, (await response.json())["access_token"])
    await short_lived.post("/api/onboarding/analytics", {})
    home = {"client_id": client_id, "redirect_uri": f"{ha.url}/?auth_callback=1"}
    await short_lived.post("/api/onboarding/integration", home)
    async with short_lived.socket() as websocket:
        token = await websocket.call("auth/long_lived_access_token", client_name="scripts", lifespan=30)
    return Api(ha.session, ha.url, token)


async def _until_it_runs(api: Api) -> None:
    """Wait until every component is set up; the web server answers before that."""
    async with api.socket() as websocket:
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                while (await websocket.call("get_config"))["state"] != "RUNNING":
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise HouseError(f"Home Assistant was not running after {_START_TIMEOUT_S:.0f} s.") from None
