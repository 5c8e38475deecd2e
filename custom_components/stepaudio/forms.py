"""The parts that forms are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import voluptuous as vol
from homeassistant.data_entry_flow import FlowHandler, section
from homeassistant.helpers import selector

from .voices import clone_name, voice_name

type Fields = dict[vol.Marker, Any]


def one_of(name: str, values: Iterable[str]) -> selector.SelectSelector:
    """Return a choice whose values are translated under `name`."""
    return selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=list(values), translation_key=name, mode=selector.SelectSelectorMode.DROPDOWN
        )
    )


def one_of_or_other(options: list[str] | list[selector.SelectOptionDict]) -> selector.SelectSelector:
    """Return a choice that takes any other id as well."""
    return selector.SelectSelector(
        selector.SelectSelectorConfig(options=options, custom_value=True, mode=selector.SelectSelectorMode.DROPDOWN)
    )


def one_of_voices(voices: Iterable[str], clones: Iterable[str], language: str) -> selector.SelectSelector:
    """Return a choice of voices and of the account's own ones, by what they are called; it takes any other id."""
    named = {voice: voice_name(voice, language) for voice in voices}
    named |= {voice: clone_name(voice, language) for voice in clones}
    return one_of_or_other([selector.SelectOptionDict(value=voice, label=name) for voice, name in named.items()])


def text(kind: selector.TextSelectorType = selector.TextSelectorType.TEXT) -> selector.TextSelector:
    """Return a line of text."""
    return selector.TextSelector(selector.TextSelectorConfig(type=kind))


def long_text() -> selector.TextSelector:
    """Return text of several lines."""
    return selector.TextSelector(selector.TextSelectorConfig(multiline=True))


def list_of_texts() -> selector.TextSelector:
    """Return any number of lines, each of its own."""
    return selector.TextSelector(selector.TextSelectorConfig(multiple=True))


def whole_number(least: int, most: int) -> vol.All:
    """Return a number to be typed."""
    box = selector.NumberSelectorMode.BOX
    config = selector.NumberSelectorConfig(min=least, max=most, step=1, mode=box)
    return vol.All(selector.NumberSelector(config), vol.Coerce(int))


def price() -> selector.NumberSelector:
    """Return an amount of money to be typed."""
    box = selector.NumberSelectorMode.BOX
    return selector.NumberSelector(selector.NumberSelectorConfig(min=0, step="any", mode=box))


def factor(bounds: tuple[float, float]) -> selector.NumberSelector:
    """Return a slider."""
    slider = selector.NumberSelectorMode.SLIDER
    return selector.NumberSelector(selector.NumberSelectorConfig(min=bounds[0], max=bounds[1], step=0.05, mode=slider))


def grouped(fields: Fields, *, is_open: bool = True) -> section:
    """Return fields as one section of a form."""
    return section(_schema(fields), {"collapsed": not is_open})


def filled(flow: FlowHandler[Any, Any, Any], fields: Fields, values: Mapping[str, Any]) -> Any:
    """Return a form's schema with values in it; those of fields in sections stand beside the others in `values`."""
    sections = {str(name): values for name, part in fields.items() if isinstance(part, section)}
    return flow.add_suggested_values_to_schema(_schema(fields), {**values, **sections})


def flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed, without the sections it stood in."""
    values: dict[str, Any] = {}
    for name, value in user_input.items():
        values |= value if isinstance(value, Mapping) else {name: value}
    return values


def _schema(fields: Fields) -> Any:
    """Return a schema. Its type is Home Assistant's own, whatever the shim under the name of voluptuous declares."""
    return vol.Schema(fields)
