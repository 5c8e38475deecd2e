"""The names that recognition should know: the user's own and, if wished, those of the home."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er, floor_registry as fr, intent

from .const import CONF_HOTWORDS, CONF_HOTWORDS_OF_HOME, MAX_HOTWORD_LENGTH, MAX_HOTWORDS


def async_hotwords(hass: HomeAssistant, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names, the user's own first; so many that the service is not drowned in them."""
    names = list(settings.get(CONF_HOTWORDS, ()))
    if settings.get(CONF_HOTWORDS_OF_HOME):
        names += _names_of_home(hass)
    short = (name.strip() for name in names if 0 < len(name.strip()) <= MAX_HOTWORD_LENGTH)
    return tuple(dict.fromkeys(short))[:MAX_HOTWORDS]


def _names_of_home(hass: HomeAssistant) -> Iterator[str]:
    for area in ar.async_get(hass).async_list_areas():
        yield area.name
        yield from area.aliases
    for floor in fr.async_get(hass).async_list_floors():
        yield floor.name
        yield from floor.aliases
    entities = er.async_get(hass)
    for state in hass.states.async_all():
        if async_should_expose(hass, "conversation", state.entity_id):
            yield from intent.async_get_entity_aliases(hass, entities.async_get(state.entity_id), state=state)
