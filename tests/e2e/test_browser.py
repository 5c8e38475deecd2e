"""What a newcomer does in a real browser, in a real Home Assistant: each test goes on where the one before it ended.

With PICTURES=FOLDER in the environment it takes those of the README on its way; scripts/screenshots does.
"""

import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio
from playwright.async_api import expect

from custom_components.stepaudio.voices import CHINA, voice_name
from house import browser_pages as user
from house.browser import browser, new_page, ours, photograph, pick_language
from house.report import say
from house.sound import RATE_HZ, decode
from simulator import read_tones

from .conftest import FAILED
from .shell import REPOSITORY, opened_by

HALF_AN_HOUR_S = 1800
MODEL = "stepaudio-2.5-realtime"
PICTURES = os.environ.get("PICTURES")
NAMES = ("StepAudio", "StepAudio ears", "StepAudio voice", "StepAudio task")
ENGINES = {
    "Conversation agent": "StepAudio",
    "Speech-to-text": "StepAudio ears",
    "Text-to-speech": "StepAudio voice",
}

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def home():
    """Open a family's home that nobody has added StepAudio to."""
    installed = subprocess.run([REPOSITORY / "scripts/setup", "browser"], capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    with opened_by("tests.e2e.open_empty_house") as told:
        yield SimpleNamespace(**told)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(home):
    """Come in through the front door."""
    async with browser() as opened:
        page = await new_page(opened, home.url)
        await user.sign_in(page, home.username, home.password)
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def page(signed_in, request, tmp_path):
    """Return the page that everything happens on; if the test fails, tell where a picture of it is."""
    yield signed_in
    if request.node.stash.get(FAILED, False):
        tell(await signed_in.screenshot(), tmp_path / "page.png", signed_in.url)


def tell(seen, path, url):
    path.write_bytes(seen)
    say(f"the page at {url} is in {path}")


@pytest.fixture
def picture(page):
    """Return a function that takes a picture for the README, if such are wanted."""

    async def take(name, **how):
        if PICTURES:
            await photograph(page, Path(PICTURES), name, **how)

    return take


@pytest.fixture
def steer(page, home):
    """Return a function that changes the service, and ends its sessions: half an hour passes."""

    async def change(**what):
        answer = await page.request.post(
            f"{home.service_url}/simulator/steer", data={**what, "advance_s": HALF_AN_HOUR_S}
        )
        assert answer.ok, await answer.text()

    return change


async def test_wrong_key_is_told_where_it_was_typed(page, home, picture):
    await user.begin_to_add(page)
    await picture("account", of=user.pane(user.form(page)), shows="config.step.user.title")
    await user.enter_key(page, "a-key-of-nobody")
    await user.enter_address(page, home.service_url)
    await expect(user.form(page).get_by_text(ours("config.error.invalid_auth"))).to_be_visible()
    field = user.form(page).get_by_role("textbox", name=ours("config.step.user.data.api_key"))
    await expect(field).to_have_value("a-key-of-nobody")


async def test_right_key_makes_an_assistant(page, home, picture):
    await user.enter_key(page, home.key)
    await user.enter_address(page, home.service_url)
    await expect(user.form(page).get_by_text(ours("config.step.assistant.title"))).to_be_visible()
    await picture("offer", of=user.pane(user.form(page)), shows="config.step.assistant.title")
    for field in ("assistant", "preferred"):
        box = user.form(page).get_by_role("checkbox", name=ours(f"config.step.assistant.data.{field}"))
        await expect(box).to_be_checked()
    await user.submit(page)
    await user.finish(page)
    await user.open_integration(page)
    for name in NAMES:
        await expect(page.get_by_role("button", name=re.compile(f"^{name} stepaudio-2.5-realtime"))).to_be_visible()
    await picture("integration")


async def test_assistant_has_our_engines_and_voices(page, picture):
    await user.open_assistant(page, "StepAudio")
    settings = user.assistant(page)
    for kind, name in ENGINES.items():
        await expect(settings.get_by_role("button", name=re.compile(f"^{kind}[ *]+{name}$"))).to_be_visible()
    await picture("assistant", of=user.pane(settings))
    await settings.get_by_role("button", name="Voice *").click()
    offered = await page.get_by_role("menuitem").all_inner_texts()
    assert [each.strip() for each in offered][: len(CHINA)] == [voice_name(each, "en") for each in CHINA]
    await page.keyboard.press("Escape")


async def test_try_voice_says_the_words(page):
    words, sound = await user.try_voice(page)
    assert words
    assert read_tones(decode(sound), RATE_HZ) == words


@pytest.mark.parametrize(
    ("language", "question", "answer", "lights"),
    [
        ("en", "Turn on the kitchen light, please.", "I turned on Kitchen Light.", "Lights 1 on"),
        ("zh-Hans", "打开书房灯。", "Study Light已打开。", "Lights 2 on"),
    ],
    ids=["english", "chinese"],
)
async def test_typed_question_is_answered_with_a_tool_call(page, picture, language, question, answer, lights):
    await pick_language(page, language)
    await user.open_chat(page)
    await user.ask(page, question)
    await expect(user.chat(page).get_by_text(answer)).to_be_visible()
    await picture("chat", of=user.pane(user.chat(page)), languages=(language,))
    await user.chat(page).locator("ha-assist-chat").get_by_role("button", expanded=False).click()
    await expect(user.chat(page).get_by_text("intent__HassTurnOn")).to_be_visible()
    await user.close_chat(page)
    await pick_language(page, "en")
    await expect(page.get_by_role("button", name=lights)).to_be_visible()


async def test_turns_are_counted_on_the_account_s_page(page, picture):
    await user.open_integration(page)
    await page.get_by_role("button", name=re.compile("^StepAudio StepFun")).click()
    for name, value in (("turns_answered", "2"), ("turns_refused", "0")):
        row = page.locator("hui-sensor-entity-row", has_text=ours(f"entity.sensor.{name}.name"))
        await expect(row).to_contain_text(value)
    await picture("service")


async def test_agent_is_given_a_character(page, picture):
    step = "config_subentries.conversation.step"
    await user.open_integration(page)
    await page.get_by_role("button", name=ours("config_subentries.conversation.initiate_flow.reconfigure")).click()
    await user.turn(page, ours(f"{step}.user.data.recommended"))
    await user.submit(page)
    data = f"{step}.advanced.sections.character.data"
    await user.fill(page, ours(f"{data}.scene"), "A family's house in the evening; you have known everybody for years.")
    await user.fill(page, ours(f"{data}.tone"), "Warm, dry and unhurried.")
    await picture("agent", of=user.pane(user.form(page)), shows=f"{step}.advanced.title")
    await user.submit(page)
    await user.close(page)
    await said_to(page, "Hello.", "You said: Hello.")


async def test_revoked_key_is_replaced(page, steer):
    await steer(key="a-new-key")
    await said_to(page, "Hello.", ours("exceptions.invalid_auth.message"))
    await user.see_to(page)
    await user.fill(page, ours("config.step.reauth_confirm.data.api_key"), "a-key-of-nobody")
    await user.submit(page)
    await expect(user.form(page).get_by_text(ours("config.error.invalid_auth"))).to_be_visible()
    await user.fill(page, ours("config.step.reauth_confirm.data.api_key"), "a-new-key")
    await user.submit(page)
    await user.close(page)
    await said_to(page, "Hello.", "You said: Hello.")


async def test_withdrawn_model_is_repaired(page, steer, picture):
    await steer(set={"withdrawn": MODEL})
    await said_to(page, "Hello.", ours("exceptions.model.message"))
    await user.open_repair(page, ours("issues.model_withdrawn.title", account="StepAudio"))
    fixing = "issues.model_withdrawn.fix_flow.step.confirm"
    await expect(user.form(page).get_by_text(ours(f"{fixing}.title", account="StepAudio"))).to_be_visible()
    await picture("repair", of=user.pane(user.form(page)), shows=f"{fixing}.data_description.model")
    await user.submit(page)
    await user.close(page)
    await expect(page.get_by_text("no repairs")).to_be_visible()
    await said_to(page, "Hello.", "You said: Hello.")


async def said_to(page, words, answer):
    """Type to the assistant, and see its answer."""
    await user.open_chat(page)
    await user.ask(page, words)
    await expect(user.chat(page).get_by_text(answer)).to_be_visible()
    await user.close_chat(page)
