"""Adding and changing ears and AI tasks, through the same flow as the UI."""

import pytest
from homeassistant.data_entry_flow import FlowResultType

from .setup import add, answer, change, suggested, titled


@pytest.mark.parametrize(
    ("kind", "first", "then"),
    [
        ("stt", {"hotwords_of_home": True}, {"hotwords": ["Bilresa"], "hotwords_of_home": False}),
        ("ai_task_data", {"web_search": True}, {"prompt": "Be exact.", "web_search": False}),
    ],
)
async def test_ears_and_tasks_are_added_and_changed(hass, entry, kind, first, then):
    result = await answer(hass, await add(hass, entry, kind), {"name": "Another", **first})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert titled(entry, "Another").data == first
    form = await change(hass, entry, titled(entry, "Another"))
    assert suggested(form) == first
    result = await answer(hass, form, then)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert titled(entry, "Another").data == then
