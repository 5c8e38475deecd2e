"""Looks, inside a running Home Assistant, at what its processor time goes to, by samples of the stack."""

import signal
import sys
import threading
from collections import Counter
from types import CodeType, FrameType
from typing import Any

from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

CONFIG_SCHEMA = cv.empty_config_schema("sampler")

_EVERY_S = 0.002
"""Of processor time of the whole process; the kernel rounds it up to its own tick."""

_stacks: Counter[tuple[CodeType, ...]] = Counter()


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001  # as it is called
    """Offer to begin and to end."""
    async_register_command(hass, _begin)
    async_register_command(hass, _end)
    return True


@websocket_command({"type": "sampler/begin"})
@callback
def _begin(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:  # noqa: ARG001
    _stacks.clear()
    signal.signal(signal.SIGPROF, _sample)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
    connection.send_result(msg["id"])


@websocket_command({"type": "sampler/end"})
@callback
def _end(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:  # noqa: ARG001
    signal.setitimer(signal.ITIMER_PROF, 0)
    told: Counter[str] = Counter()
    for stack, count in _stacks.items():
        told[";".join(f"{code.co_filename}:{code.co_qualname}" for code in stack)] += count
    connection.send_result(msg["id"], dict(told))


def _sample(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # as it is called
    """Note where the main thread is, outermost first; where it waits, the time was another thread's."""
    if frame is not None and frame.f_code.co_name == "select":
        main = threading.main_thread().ident
        for thread, other in sys._current_frames().items():  # noqa: SLF001  # the documented way there is
            if thread != main and not other.f_code.co_filename.endswith(("threading.py", "queue.py", "thread.py")):
                frame = other
    stack = []
    while frame is not None:
        stack.append(frame.f_code)
        frame = frame.f_back
    _stacks[tuple(reversed(stack))] += 1
