"""Typing to an agent, as a phone does."""

from http import HTTPStatus
from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import entity_registry as er


def subentry_of(entry, kind="conversation"):
    """Return the subentry of a kind."""
    return next(sub for sub in entry.subentries.values() if sub.subentry_type == kind)


async def configure(hass, entry, kind="conversation", **options):
    """Change the options of the agent, or of another kind."""
    subentry = subentry_of(entry, kind)
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **options})
    await hass.async_block_till_done()


async def add_agent(hass, entry, title, **options):
    """Add an agent and return its id."""
    subentry = ConfigSubentry(data=MappingProxyType(options), subentry_type="conversation", title=title, unique_id=None)
    hass.config_entries.async_add_subentry(entry, subentry)
    await hass.async_block_till_done()
    return er.async_get(hass).async_get_entity_id("conversation", entry.domain, subentry.subentry_id)


async def type_to(client, agent_id, text, **more):
    """Type a text over Home Assistant's HTTP API and return what it answers."""
    response = await client.post("/api/conversation/process", json={"text": text, "agent_id": agent_id, **more})
    assert response.status == HTTPStatus.OK, await response.text()
    return await response.json()


def words_of(answered):
    """Return the words of an answer."""
    return answered["response"]["speech"]["plain"]["speech"]
