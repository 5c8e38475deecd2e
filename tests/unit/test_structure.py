"""Data is found in an answer, whatever stands around it, and fits what was asked for."""

import probatio
import pytest
from homeassistant.helpers import llm, selector

from custom_components.stepaudio.structure import DoesNotFitError, correction, instruction, read

CAT = probatio.Schema(
    {
        probatio.Required("name", description="What it is called"): selector.selector({"text": {}}),
        probatio.Optional("lives"): selector.selector({"number": {"min": 0, "max": 9}}),
        probatio.Optional("colours"): selector.selector({"select": {"options": ["black", "red"], "multiple": True}}),
    }
)
TOM = {"name": "Tom", "lives": 7}


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Tom", "lives": 7}',
        ' \n{"name": "Tom", "lives": 7}\n',
        '```json\n{"name": "Tom", "lives": 7}\n```',
        '```\n{"name": "Tom", "lives": 7}```',
        'Here it is:\n```json\n{"name": "Tom", "lives": 7}\n```\nAnything else?',
        'Sure! {"name": "Tom", "lives": 7} That is the cat [as you asked].',
        '[{"name": "Tom", "lives": 7}]',
        '好的：{"name": "Tom", "lives": 7}。',
    ],
)
def test_data_in_an_answer_is_found(text):
    assert read(text, CAT) == TOM


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot do that.",
        '{"name": "Tom"',
        '{"lives": 7}',
        '{"name": "Tom", "age": 3}',
        '[{"name": "Tom"}, {"name": "Tim"}]',
        "7",
    ],
)
def test_answer_without_such_data_does_not_fit(text):
    with pytest.raises(DoesNotFitError):
        read(text, CAT)


def test_list_that_was_asked_for_is_found():
    assert read('The list: ["a", "b"].', probatio.Schema([str])) == ["a", "b"]


def test_model_is_told_the_shape_and_what_was_wrong():
    told = instruction(CAT, llm.selector_serializer)
    assert '"name"' in told
    assert "What it is called" in told
    assert '"black"' in told
    with pytest.raises(DoesNotFitError) as raised:
        read('{"lives": 7}', CAT)
    assert "name" in correction(raised.value)
