"""What a user does on Home Assistant's pages, told in the user's words; HA's own texts are those of its English."""

from playwright.async_api import Locator, Page

from .browser import ours


async def sign_in(page: Page, username: str, password: str) -> None:
    """Come in through the front door, and arrive at the overview."""
    await page.goto("/")
    await page.get_by_role("textbox", name="Username").fill(username)
    await page.get_by_role("textbox", name="Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_role("heading", name="Ground Floor").wait_for()


# --- forms ---


def form(page: Page) -> Locator:
    """Return the dialog of a flow."""
    return page.locator("dialog-data-entry-flow")


def pane(dialog: Locator) -> Locator:
    """Return what is seen of a dialog."""
    return dialog.locator("dialog").first


async def submit(page: Page) -> None:
    """Send the form off."""
    await form(page).get_by_role("button", name="Submit").click()


async def fill(page: Page, field: str, value: str) -> None:
    """Type into a field of the form."""
    await form(page).get_by_role("textbox", name=field).fill(value)


async def choose(page: Page, field: str, option: str) -> None:
    """Pick an option of a field of the form."""
    await form(page).get_by_role("button", name=field).click()
    await page.get_by_role("menuitem", name=option).click()


async def turn(page: Page, field: str) -> None:
    """Set or clear a field of the form that is a box to tick."""
    # By key: the tick that is drawn over the box would take the click.
    await form(page).get_by_role("checkbox", name=field).press(" ")


async def close(page: Page) -> None:
    """Leave the form that has come to its end."""
    await form(page).get_by_role("button", name="Close").last.click()
    await _gone(form(page))


async def _gone(dialog: Locator) -> None:
    await pane(dialog).wait_for(state="hidden")


# --- adding the integration ---


async def begin_to_add(page: Page) -> None:
    """Go from the settings to the first form of StepAudio."""
    await page.goto("/config/dashboard")
    await page.get_by_role("link", name="Devices & services").click()
    await page.get_by_role("button", name="Add integration").click()
    brands = page.locator("dialog-add-integration")
    await brands.get_by_role("textbox").fill("StepAudio")
    await brands.get_by_role("button", name="StepAudio").click()
    await form(page).get_by_text(ours("config.step.user.title")).wait_for()


async def enter_key(page: Page, key: str) -> None:
    """Type a key of a service of one's own, and send it with the address that is asked for next."""
    await choose(page, ours("config.step.user.data.region"), ours("selector.region.options.custom"))
    await fill(page, ours("config.step.user.data.api_key"), key)
    await submit(page)


async def enter_address(page: Page, url: str) -> None:
    """Say where the service is, and have the account tried."""
    await form(page).get_by_text(ours("config.step.custom.title")).wait_for()
    await fill(page, ours("config.step.custom.data.url"), url)
    await submit(page)


async def finish(page: Page) -> None:
    """Leave the new devices without rooms; nobody stands in one."""
    await form(page).get_by_role("button", name="Skip and finish").click()
    await _gone(form(page))


async def open_integration(page: Page) -> None:
    """Go to the page of StepAudio in the settings."""
    await page.goto("/config/integrations/integration/stepaudio")
    await page.get_by_role("heading", name="StepAudio").wait_for()


async def see_to(page: Page) -> None:
    """Open what needs attention on the integration's page."""
    await open_integration(page)
    await page.get_by_role("button", name="Reconfigure").click()


async def open_repair(page: Page, title: str) -> None:
    """Go to the settings, and to a repair that they offer."""
    await page.goto("/config/repairs")
    await page.get_by_text(title).click()


# --- the assistant ---


def assistant(page: Page) -> Locator:
    """Return the dialog of an assistant's settings."""
    return page.locator("dialog-voice-assistant-pipeline-detail")


async def open_assistant(page: Page, name: str) -> None:
    """Go to an assistant's settings."""
    await page.goto("/config/voice-assistants/assistants")
    await page.locator("assist-pref").get_by_text(name).click()
    await assistant(page).get_by_role("button", name="Try voice").wait_for()


async def try_voice(page: Page) -> tuple[str, bytes]:
    """Have the assistant's voice say what Home Assistant proposes; return the words, and the sound as it was loaded."""
    await assistant(page).get_by_role("button", name="Try voice").click()
    attempt = page.locator("dialog-tts-try")
    words = await attempt.get_by_role("textbox").input_value()
    async with page.expect_response("**/api/tts_proxy/**") as answered:
        await attempt.get_by_role("button", name="Play").click()
    sound = await (await answered.value).body()
    # Playing, it turns; when it has been heard, it can be pressed again.
    await attempt.get_by_role("button", name="Play").wait_for()
    return words, sound


# --- the chat ---


def chat(page: Page) -> Locator:
    """Return the Assist dialog."""
    return page.locator("ha-voice-command-dialog")


async def open_chat(page: Page) -> None:
    """Open the Assist dialog on the overview, by its key: that is the same in every language."""
    await page.goto("/")
    await page.locator("hui-view-container").wait_for()
    await page.keyboard.press("a")
    await chat(page).get_by_role("textbox").wait_for()


async def ask(page: Page, words: str) -> None:
    """Type a question."""
    await chat(page).get_by_role("textbox").fill(words)
    await chat(page).get_by_role("textbox").press("Enter")


async def close_chat(page: Page) -> None:
    """Leave the Assist dialog."""
    await page.keyboard.press("Escape")
    await _gone(chat(page))
