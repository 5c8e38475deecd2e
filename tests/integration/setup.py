"""Setting up an account, and changing what is in it, as a user does."""

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.data_entry_flow import FlowResultType, section

from custom_components.stepaudio.const import CONF_REGION, DOMAIN

from ..conftest import KEY


def account(region="custom", api_key=KEY, plan="pay_as_you_go", model="stepaudio-2.5-realtime"):
    """Return what a user types."""
    return {CONF_REGION: region, CONF_API_KEY: api_key, "advanced": {"plan": plan, "model": model}}


async def fill(hass, simulator, url=None, *, offered=False, **changes):
    """Go through the two steps of an address of one's own; the assistant is declined, or `offered` is returned."""
    flow = hass.config_entries.flow
    form = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")
    form = await flow.async_configure(form["flow_id"], account(**changes))
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "custom")
    result = await flow.async_configure(form["flow_id"], {CONF_URL: url or simulator.url})
    return result if offered else await decline(hass, result)


async def decline(hass, result):
    """Take no assistant, if one is offered."""
    if result.get("step_id") != "assistant":
        return result
    return await hass.config_entries.flow.async_configure(result["flow_id"], {"assistant": False, "preferred": False})


def suggested(form):
    """Return what stands in the fields of a form, sections in sections."""
    return _values(form["data_schema"].schema)


def _values(fields):
    return {
        str(field): _values(kind.schema.schema) if isinstance(kind, section) else field.description["suggested_value"]
        for field, kind in fields.items()
        if isinstance(kind, section) or (field.description or {}).get("suggested_value") is not None
    }


async def add(hass, entry, kind):
    """Return the form for another one of a kind."""
    form = await hass.config_entries.subentries.async_init((entry.entry_id, kind), context={"source": SOURCE_USER})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")
    return form


async def change(hass, entry, subentry):
    """Return the form for changing one."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, subentry.subentry_type),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id},
    )


async def answer(hass, form, values):
    """Send a form of a subentry, and wait for what comes of it."""
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], values)
    await hass.async_block_till_done()
    return result


def titled(entry, title):
    """Return the settings with a title."""
    (found,) = (each for each in entry.subentries.values() if each.title == title)
    return found
