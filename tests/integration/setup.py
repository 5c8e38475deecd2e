"""Setting up an account as a user does."""

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.data_entry_flow import FlowResultType

from custom_components.stepaudio.const import CONF_MODEL, CONF_PLAN, CONF_REGION, DOMAIN

from ..conftest import KEY


def account(**changes):
    """Return what a user types."""
    return {
        CONF_REGION: "custom",
        CONF_PLAN: "pay_as_you_go",
        CONF_API_KEY: KEY,
        CONF_MODEL: "stepaudio-2.5-realtime",
        **changes,
    }


async def fill(hass, simulator, url=None, **changes):
    """Go through the two steps of an address of one's own."""
    flow = hass.config_entries.flow
    form = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")
    form = await flow.async_configure(form["flow_id"], account(**changes))
    if form["type"] is FlowResultType.FORM and form["step_id"] == "custom":
        form = await flow.async_configure(form["flow_id"], {CONF_URL: url or simulator.url})
    return form
