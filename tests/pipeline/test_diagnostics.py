"""What may be attached to a report of a problem tells how it went, and nothing that anybody said, wrote or is."""

import base64
import json
from http import HTTPStatus

import pytest
from homeassistant.const import CONF_URL
from homeassistant.core import Context
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from custom_components.stepaudio.const import DOMAIN
from simulator import Call, Fault, Say, ScriptedBrain

from ..conftest import KEY
from .phone import configure, subentry_of

# Home Assistant's own HTTP server.
pytestmark = pytest.mark.filterwarnings("ignore:It is recommended to use web.RequestKey")

SECRETS = {
    "prompt": "Quetzal",
    "scene": "Rhubarb",
    "tone": "Sassafras",
    "voice": "Tamarind",
    "hotword": "Umbrella",
    "question": "Vanilla",
    "argument": "Walnut",
    "result": "Xylophone",
    "reply": "Yarrow",
    "detail": "Zucchini",
    "unknown event": "Artichoke",
    "function": "Broccoli",
    "context": "Cauliflower",
}
SETTINGS = {
    "conversation": {
        "prompt": f"Tell nobody of {SECRETS['prompt']}.",
        "scene": SECRETS["scene"],
        "tone": SECRETS["tone"],
        "llm_hass_api": ["assist", "library"],
        "turns_kept": 7,
    },
    "stt": {"hotwords": [SECRETS["hotword"]]},
}
secretive = pytest.mark.parametrize("settings", [SETTINGS])


@pytest.fixture
async def browser(hass, house, hass_client):
    """Return a client of Home Assistant's HTTP API, with diagnostics."""
    assert await async_setup_component(hass, "diagnostics", {})
    return await hass_client()


@pytest.fixture
async def download(browser, entry):
    """Return what downloads diagnostics, as its whole text and the part that is ours."""

    async def load(device=None):
        where = f"/device/{device.id}" if device else ""
        response = await browser.get(f"/api/diagnostics/config_entry/{entry.entry_id}{where}")
        assert response.status == HTTPStatus.OK
        text = await response.text()
        return text, json.loads(text)["data"]

    return load


@pytest.fixture
async def conversation(hass, entry, voice, look_up, simulator):
    """Have a whole conversation, every part of which holds a secret; return its user."""
    user = await hass.auth.async_create_user(SECRETS["context"])
    simulator.brain = ScriptedBrain(
        Call("library__look_up", {"what": SECRETS["argument"], "of": SECRETS["result"]}),
        Call("library__look_up", {"what": SECRETS["argument"]}),
        Call(f"Say {SECRETS['function']} to all!"),
        Say(f"I have found {SECRETS['reply']}."),
    )
    pipeline = await voice.pipeline()
    answered = await voice.ask(pipeline, f"Where is the {SECRETS['question']}?", context=Context(user_id=user.id))
    assert SECRETS["reply"] in answered.reply
    assert SECRETS["question"] in answered.transcript
    assert SECRETS["argument"] in str(look_up.calls)
    assert SECRETS["prompt"] in simulator.responses[0].instructions
    simulator.throw(Fault("moderation", at="answering", value="error", times=9))
    await voice.ask(pipeline, f"Where is the {SECRETS['question']}?", conversation_id=answered.conversation_id)
    client = entry.runtime_data.client
    client.unknown_events[f"They said {SECRETS['unknown event']}"] = 1
    client.unknown_events["response.new_thing"] = 2
    return user, answered


def assert_tells_no_secret(text, simulator, user, answered):
    """Look for everything that nobody may see."""
    for what, secret in SECRETS.items():
        assert secret.lower() not in text.lower(), what
    for secret in (
        KEY,
        user.id,
        answered.conversation_id,
        simulator.url,
        base64.b64encode(answered.pcm[:300]).decode(),
    ):
        assert secret not in text
    assert "kitchen" not in text.lower()


@secretive
async def test_diagnostics_of_the_account_tell_how_turns_went_and_no_secret(
    entry, look_up, conversation, download, simulator
):
    text, told = await download()
    assert_tells_no_secret(text, simulator, *conversation)
    assert told["state"] == "loaded"
    assert set(told["versions"]) == {"av", "orjson", "stepaudio", "websockets"}
    assert told["service"] == {"answers": True}
    assert told["last_error"] == "moderation"
    assert told["sessions"] == {"open": 1, "warm": 0, "most": 4}
    assert told["account"]["api_key"] == told["account"]["url"] == "**REDACTED**"
    assert told["account"]["region"] == "custom"
    assert told["unknown_events"] == {"**REDACTED**": 1, "response.new_thing": 2}
    answered, refused = told["turns"]
    assert (answered["kind"], answered["outcome"], answered["fused"]) == ("spoken", "answered", True)
    assert answered["tools"] == ["library__look_up", "library__look_up", "**REDACTED**"]
    assert answered["first_audio_ms"] is not None
    assert answered["output_tokens"] > 0
    assert (refused["outcome"], refused["error"]) == ("refused", "moderation")
    (agent,) = [each["settings"] for each in told["entities"] if each["kind"] == "conversation"]
    assert agent["prompt"] == agent["scene"] == agent["tone"] == "**REDACTED**"
    assert agent["turns_kept"] == 7


@secretive
async def test_diagnostics_of_a_device_tell_its_own_settings_and_no_secret(
    hass, entry, look_up, conversation, download, simulator
):
    ears = subentry_of(entry, "stt")
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, ears.subentry_id), entry.entry_id)
    text, told = await download(device)
    assert_tells_no_secret(text, simulator, *conversation)
    assert told["entities"] == [{"kind": "stt", "settings": {"hotwords": "**REDACTED**"}}]
    assert len(told["turns"]) == 2


async def test_diagnostics_of_an_unreachable_service_name_the_error(download, simulator):
    simulator.throw(Fault("refuse", at="/v1/models", times=9, value="503"))
    _, told = await download()
    assert told["service"] == {"answers": False, "error": "service_error", "status": 503}


async def test_diagnostics_of_an_account_that_is_not_loaded_tell_its_settings_and_no_secret(hass, entry, download):
    await configure(hass, entry, "tts", voice=SECRETS["voice"])
    await configure(hass, entry, voice="linjiajiejie")
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_URL: f"http://ada:{SECRETS['detail']}@{SECRETS['scene']}.home"}
    )
    text, told = await download()
    assert told["state"] == "not_loaded"
    assert told["account"]["url"] == "**REDACTED**"
    voices = {each["kind"]: each["settings"].get("voice") for each in told["entities"]}
    assert (voices["conversation"], voices["tts"]) == ("linjiajiejie", "**REDACTED**")
    assert "turns" not in told
    assert not [secret for secret in (*SECRETS.values(), KEY) if secret.lower() in text.lower()]
