"""Lets a websocket satellite say in which shape it plays replies, as those of ESPHome and Wyoming do."""

from functools import partial
from typing import Any

from homeassistant.components.assist_pipeline import websocket_api as runs
from homeassistant.components.assist_pipeline.pipeline import PipelineRun
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

CONFIG_SCHEMA = cv.empty_config_schema("shapes")


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001  # as it is called
    """Offer the command; it is of the runs that begin from then on."""

    @websocket_command({"type": "shapes/ask", "shape": dict})
    @callback
    def ask(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:  # noqa: ARG001
        # The command that runs a pipeline cannot be asked for a shape, the run that it makes can.
        vars(runs)["PipelineRun"] = partial(PipelineRun, tts_audio_output=msg["shape"])
        connection.send_result(msg["id"])

    async_register_command(hass, ask)
    return True
