"""What keeps an account from talking, or soon will: no quota, little balance, a model that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from . import issues
from .client.errors import ModelError, QuotaError, StepAudioError
from .client.report import Outcome, TurnReport
from .client.turn import Turn
from .const import CONF_LOW_BALANCE, CONF_MODEL, CONF_REGION
from .prices import CURRENCIES

if TYPE_CHECKING:
    from . import StepAudioConfigEntry


@callback
def async_watch(hass: HomeAssistant, entry: StepAudioConfigEntry) -> None:
    """Raise issues when connects or turns fail at the account, and take them back when they do not any more."""
    coordinator = entry.runtime_data
    model = entry.data[CONF_MODEL]

    @callback
    def on_contact(error: StepAudioError | None) -> None:
        match error:
            case None:  # without quota none would open (protocol sheet 1.2)
                take_back(issues.QUOTA)
            case QuotaError():
                report(issues.QUOTA)
            case ModelError() if error.model == model:
                report(issues.MODEL)

    @callback
    def on_turn(told: TurnReport, turn: Turn) -> None:
        if told.error == QuotaError.key:
            report(issues.QUOTA)
        elif told.outcome is Outcome.ANSWERED:
            take_back(issues.QUOTA, issues.MODEL)

    @callback
    def on_health() -> None:
        balance, least = coordinator.data.balance, entry.options.get(CONF_LOW_BALANCE, 0)
        if balance is not None and balance < least:
            report(issues.LOW_BALANCE, severity=ir.IssueSeverity.WARNING, balance=in_currency(entry, balance))
        elif balance is not None or not least:
            take_back(issues.LOW_BALANCE)

    def report(kind: str, severity: ir.IssueSeverity = ir.IssueSeverity.ERROR, **names: str) -> None:
        about = {issues.ENTRY_ID: entry.entry_id, CONF_MODEL: model}
        names |= {"account": entry.title, "model": model}
        issues.async_raise(hass, kind, entry.entry_id, about, names, severity=severity)

    def take_back(*kinds: str) -> None:
        issues.async_take_back(hass, *issues.async_of(hass, entry.entry_id, *kinds))

    for issue in issues.async_of(hass, entry.entry_id, issues.MODEL):
        if (issue.data or {})[CONF_MODEL] != model:
            issues.async_take_back(hass, issue)
    on_health()
    entry.async_on_unload(coordinator.async_add_listener(on_health))
    entry.async_on_unload(coordinator.client.on_contact(on_contact))
    entry.async_on_unload(coordinator.client.on_turn(on_turn))


def in_currency(entry: StepAudioConfigEntry, amount: float) -> str:
    """Return an amount of money as it is told, without a currency where nobody knows it."""
    return f"{amount:.2f} {CURRENCIES.get(entry.data[CONF_REGION], '')}".rstrip()
