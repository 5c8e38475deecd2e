"""What is known of an account's health, and when it is looked at again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .client.client import StepAudioClient
from .client.errors import (
    AuthenticationError,
    CannotConnectError,
    ConnectionLostError,
    QuotaError,
    ServiceError,
    ServiceTimeoutError,
    StepAudioError,
)
from .client.report import TurnReport
from .client.rest import account_balance, list_models
from .client.turn import Turn
from .const import CONF_PLAN, DOMAIN, PLAN_PAY_AS_YOU_GO
from .entity import translated
from .underway import Underway

if TYPE_CHECKING:
    from . import StepAudioConfigEntry

_LOGGER = logging.getLogger(__name__)

# The balance moves with the turns, and those tell of the health themselves.
_WHILE_FINE: Final = timedelta(minutes=30)
# Somebody may be waiting to talk again.
_WHILE_AWAY: Final = timedelta(minutes=1)
_AWAY: Final = (CannotConnectError, ServiceTimeoutError, ServiceError)
_SUSPICIOUS: Final = frozenset(kind.key for kind in (*_AWAY, ConnectionLostError, AuthenticationError, QuotaError))
"""What a turn may fail at when the service is away, the key is refused or the balance is gone."""


@dataclass(frozen=True, slots=True)
class Health:
    """How an account is. `trouble` is the key of the error that keeps everybody from talking; empty for none."""

    trouble: str = ""
    balance: float | None = None
    """In the currency of the region; None if the service does not tell."""

    @property
    def available(self) -> bool:
        """Whether anybody can talk."""
        return not self.trouble


class AccountCoordinator(DataUpdateCoordinator[Health]):
    """The health of an account: seldom asked for while it is fine, told by every turn, and asked for when one fails.

    A turn that fails makes nothing unavailable: only what the service itself answers then does, since an entity that
    is unavailable cannot be talked to. A connect that succeeds makes everything available at once.
    """

    config_entry: StepAudioConfigEntry

    def __init__(self, hass: HomeAssistant, entry: StepAudioConfigEntry, client: StepAudioClient) -> None:
        """Watch what `client` meets with."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=DOMAIN, update_interval=_WHILE_FINE, always_update=False
        )
        self.client = client
        self.underway = Underway(client)
        self._web_session = async_get_clientsession(hass)
        entry.async_on_unload(client.on_contact(self._on_contact))
        entry.async_on_unload(client.on_turn(self._on_turn))

    @override
    async def _async_update_data(self) -> Health:
        """Ask the service how the account is. The first time, an account that does not work is not set up."""
        is_new = self.data is None
        trouble = ""
        try:
            await list_models(self._web_session, self.client.endpoint)
        except AuthenticationError as error:
            if is_new:
                raise translated(error, ConfigEntryAuthFailed) from error
            trouble = error.key
            self.config_entry.async_start_reauth(self.hass)
        except StepAudioError as error:
            if is_new:
                raise translated(error, UpdateFailed if error.retryable else ConfigEntryError) from error
            # Whatever else it says, it is there, and the turns will tell.
            trouble = error.key if isinstance(error, _AWAY) else ""
        if is_new:
            self.data = Health()
        return self._changed_to(trouble, self.data.balance if trouble else await self._async_balance())

    async def _async_balance(self) -> float | None:
        if self.config_entry.data[CONF_PLAN] != PLAN_PAY_AS_YOU_GO:
            return None  # a plan has credits instead, and nowhere to ask for them (sheet 4)
        try:
            return await account_balance(self._web_session, self.client.endpoint)
        except StepAudioError as error:
            _LOGGER.debug("The balance is not known: %s", error)
            return None

    def _changed_to(self, trouble: str, balance: float | None) -> Health:
        """Return the new health; the log gets one line when it is lost, and one when it is back."""
        if trouble and self.data.available:
            _LOGGER.info("%s is unavailable: %s", self.config_entry.title, trouble)
        elif self.data.trouble and not trouble:
            _LOGGER.info("%s is available again", self.config_entry.title)
        # A refused key is not tried again: another one reloads the account.
        refused = trouble == AuthenticationError.key
        self.update_interval = None if refused else _WHILE_AWAY if trouble else _WHILE_FINE
        return Health(trouble, balance)

    @callback
    def _on_contact(self, error: StepAudioError | None) -> None:
        """Take note of how a connect went."""
        if error is not None:
            self._suspect(error.key)
        elif not self.data.available:
            self.async_set_updated_data(self._changed_to("", self.data.balance))

    @callback
    def _on_turn(self, report: TurnReport, turn: Turn) -> None:
        self._suspect(report.error)

    @callback
    def _suspect(self, error: str) -> None:
        """Look whether the account is well, if an error speaks against it."""
        if error in _SUSPICIOUS and self.data.available:
            self._confirming = self.config_entry.async_create_background_task(
                self.hass, self.async_request_refresh(), f"{DOMAIN} confirm {error}"
            )
