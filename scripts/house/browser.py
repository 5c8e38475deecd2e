"""Debian's Chromium on the pages of a Home Assistant: opened, told its language, photographed."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, FloatRect, Locator, Page, async_playwright

from .home_assistant import INTEGRATION
from .report import HouseError

CHROMIUM = "/usr/bin/chromium"
"""Debian's; scripts/setup browser installs it."""
LANGUAGES = ("en", "zh-Hans")
"""Those that pictures are taken in."""

# --no-sandbox: in a container there is none; the rest keeps it from the internet.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MS = 20_000  # two busy cores, and a page's scripts on first sight
_WIDTH = 1280
_HEIGHT = 800
_TALL = 1700  # shows the longest dialog whole
_PICTURE_BYTES = 200_000
_MARGIN = 16

# What the user's profile does when another language is picked there; gives what it read until then.
_PICK_LANGUAGE = """
([language, keys]) => {
    const root = document.querySelector("home-assistant");
    const before = keys.map((key) => root.hass.localize(key));
    root.dispatchEvent(new CustomEvent("hass-language-select", { detail: language }));
    // An open form loads its texts once.
    const kinds = ["config", "config_subentries", "issues", "selector"];
    kinds.forEach((kind) => root.hass.loadBackendTranslation(kind, "stepaudio"));
    return before;
}
"""
_READS_OTHERWISE = """
([keys, before]) => {
    const { localize } = document.querySelector("home-assistant").hass;
    return keys.every((key, index) => !before[index] || ![before[index], ""].includes(localize(key)));
}
"""
_LANGUAGE = "() => document.querySelector('home-assistant').hass.language"
# One of those that are always loaded, and one of the settings'.
_SAMPLES = ("ui.common.close", "ui.panel.config.integrations.add_integration")


@asynccontextmanager
async def browser() -> AsyncGenerator[Browser]:
    """Open a browser for as long as the block lasts."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield opened
        finally:
            await opened.close()


async def new_page(opened: Browser, url: str) -> Page:
    """Open a window of its own, on a Home Assistant at an address."""
    context = await opened.new_context(
        base_url=url,
        viewport={"width": _WIDTH, "height": _HEIGHT},
        locale="en-US",
        reduced_motion="reduce",
    )
    context.set_default_timeout(_PATIENCE_MS)
    return await context.new_page()


def ours(key: str, language: str = "en", **names: str) -> str:
    """Return a text of the integration, as Home Assistant shows it: in English where a language lacks it."""
    text = _text(key, language) or _text(key, "en")
    if text is None:
        raise HouseError(f"The integration has no text {key}.")
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _text(key: str, language: str) -> str | None:
    file = INTEGRATION / "translations" / f"{language}.json"
    found: Any = json.loads(file.read_text()) if file.exists() else {}
    for part in key.split("."):
        found = found.get(part, {})
    return found if isinstance(found, str) else None


async def pick_language(page: Page, language: str) -> None:
    """Have the user's pages in a language, from where they are."""
    if await page.evaluate(_LANGUAGE) == language:
        return
    before = await page.evaluate(_PICK_LANGUAGE, [language, _SAMPLES])
    await page.wait_for_function(_READS_OTHERWISE, arg=[_SAMPLES, before])


async def photograph(
    page: Page,
    folder: Path,
    name: str,
    *,
    of: Locator | None = None,
    shows: str = "",
    languages: tuple[str, ...] = LANGUAGES,
) -> None:
    """Write NAME.LANGUAGE.png for each language: the page, or what is `of` it, when a text of ours `shows` in it."""
    for language in languages:
        await pick_language(page, language)
        if shows:
            await page.get_by_text(ours(shows, language)).first.wait_for()
        _keep(await _shot(page, of), folder / f"{name}.{language}.png")
    await pick_language(page, LANGUAGES[0])


async def _shot(page: Page, of: Locator | None) -> bytes:
    """Return what is seen, or of a dialog all of it, once it has come to rest: two in a row are the same."""
    await page.evaluate("document.fonts.ready")
    if of is not None:
        await page.set_viewport_size({"width": _WIDTH, "height": _TALL})
    before, seen = b"", await _glance(page, of)
    async with asyncio.timeout(_PATIENCE_MS / 1000):
        while seen != before:
            before, seen = seen, await _glance(page, of)
    await page.set_viewport_size({"width": _WIDTH, "height": _HEIGHT})
    return seen


async def _glance(page: Page, of: Locator | None) -> bytes:
    """Return what is seen right now; of a dialog, with a little around it."""
    if of is None:
        return await page.screenshot(animations="disabled")
    box = await of.bounding_box()
    if box is None:
        raise HouseError("Nothing is seen of what a picture was to be taken of.")
    width, height = box["width"] + 2 * _MARGIN, box["height"] + 2 * _MARGIN
    around = FloatRect(x=box["x"] - _MARGIN, y=box["y"] - _MARGIN, width=width, height=height)
    return await page.screenshot(animations="disabled", clip=around)


def _keep(picture: bytes, path: Path) -> None:
    if len(picture) > _PICTURE_BYTES:
        raise HouseError(f"{path.name} has {len(picture)} bytes; {_PICTURE_BYTES} are enough.")
    path.write_bytes(picture)
