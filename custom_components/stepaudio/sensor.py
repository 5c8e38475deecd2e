"""What an account's turns took and cost, its balance and its sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import StepAudioConfigEntry
from .client.client import StepAudioClient
from .client.report import Outcome, TurnReport
from .client.turn import Turn
from .const import CONF_PLAN, CONF_REGION, PLAN_PAY_AS_YOU_GO
from .entity import AccountEntity
from .prices import CURRENCIES, price_of

PARALLEL_UPDATES = 0
# Of the sessions alone, whose numbers are at hand; all else is told when it happens.
SCAN_INTERVAL = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class LatencyDescription(SensorEntityDescription):
    """A stage of a turn; `value` is its time in milliseconds, None if the turn did not have it."""

    value: Callable[[TurnReport], int | None]
    device_class: SensorDeviceClass | None = SensorDeviceClass.DURATION
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    native_unit_of_measurement: str | None = UnitOfTime.MILLISECONDS
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    suggested_display_precision: int | None = 0


@dataclass(frozen=True, kw_only=True)
class TotalDescription(SensorEntityDescription):
    """Something that adds up; `amount` is what a turn adds."""

    amount: Callable[[TurnReport], float]
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    state_class: SensorStateClass | None = SensorStateClass.TOTAL_INCREASING


@dataclass(frozen=True, kw_only=True)
class SessionsDescription(SensorEntityDescription):
    """A number of sessions, as the client has it."""

    value: Callable[[StepAudioClient], int]
    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    entity_registry_enabled_default: bool = False
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT


def _turns(outcome: Outcome, *, enabled: bool = True) -> TotalDescription:
    return TotalDescription(
        key=f"turns_{outcome}",
        entity_registry_enabled_default=enabled,
        amount=lambda report: report.outcome is outcome,
    )


def _tokens(key: str, amount: Callable[[TurnReport], float]) -> TotalDescription:
    return TotalDescription(
        key=key, entity_registry_enabled_default=False, native_unit_of_measurement="tokens", amount=amount
    )


LATENCIES = (
    LatencyDescription(key="first_audio_latency", value=lambda report: report.first_audio_ms),
    LatencyDescription(
        key="transcript_latency", entity_registry_enabled_default=False, value=lambda report: report.transcript_ms
    ),
    LatencyDescription(
        key="first_word_latency", entity_registry_enabled_default=False, value=lambda report: report.first_word_ms
    ),
    LatencyDescription(
        key="first_voice_latency", entity_registry_enabled_default=False, value=lambda report: report.first_voice_ms
    ),
    LatencyDescription(
        key="answer_latency",
        entity_registry_enabled_default=False,
        value=lambda report: report.end_ms if report.outcome is Outcome.ANSWERED else None,
    ),
)
TOTALS = (
    _turns(Outcome.ANSWERED),
    _turns(Outcome.REFUSED),
    _turns(Outcome.INTERRUPTED, enabled=False),
    _turns(Outcome.NOT_CLAIMED, enabled=False),
    _tokens("input_tokens", lambda report: report.input_tokens),
    _tokens("cached_tokens", lambda report: report.cached_tokens),
    _tokens("output_tokens", lambda report: report.output_tokens),
)
SESSIONS = (
    SessionsDescription(key="open_sessions", value=lambda client: client.open_connections),
    SessionsDescription(key="warm_sessions", value=lambda client: client.warm_sessions),
)
# Statistics of money are sums that may fall.
BALANCE = SensorEntityDescription(
    key="balance",
    device_class=SensorDeviceClass.MONETARY,
    entity_category=EntityCategory.DIAGNOSTIC,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: StepAudioConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors of an account."""
    entities: list[SensorEntity] = [
        *(LatencySensor(entry, description) for description in LATENCIES),
        *(TotalSensor(entry, description) for description in TOTALS),
        *(SessionsSensor(entry, description) for description in SESSIONS),
    ]
    currency = CURRENCIES.get(entry.data[CONF_REGION])
    if (price := price_of(entry.data, entry.options)) is not None:
        cost = TotalDescription(
            key="estimated_cost",
            device_class=SensorDeviceClass.MONETARY,
            native_unit_of_measurement=currency or hass.config.currency,
            state_class=SensorStateClass.TOTAL,
            suggested_display_precision=2,
            amount=price.of,
        )
        entities.append(TotalSensor(entry, cost))
    if currency is not None and entry.data[CONF_PLAN] == PLAN_PAY_AS_YOU_GO:
        entities.append(BalanceSensor(entry, currency))
    async_add_entities(entities)


class _TurnSensor(AccountEntity, SensorEntity):
    """A sensor that changes with a turn, and once."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the turns."""
        await super().async_added_to_hass()
        self.async_on_remove(self.client.on_turn(self._on_turn))

    @callback
    def _on_turn(self, report: TurnReport, turn: Turn) -> None:
        raise NotImplementedError


class LatencySensor(_TurnSensor):
    """How long a stage took in the last turn that had it."""

    entity_description: LatencyDescription

    @callback
    @override
    def _on_turn(self, report: TurnReport, turn: Turn) -> None:
        value_ms = self.entity_description.value(report)
        if value_ms is not None:
            self._attr_native_value = value_ms
            self.async_write_ha_state()


class TotalSensor(_TurnSensor, RestoreSensor):
    """A sum over all turns, also those before Home Assistant was started."""

    entity_description: TotalDescription
    _attr_native_value: float = 0

    @override
    async def async_added_to_hass(self) -> None:
        """Go on where the last run ended, if it counted in the same unit."""
        last = await self.async_get_last_sensor_data()
        if last is not None and last.native_unit_of_measurement == self.native_unit_of_measurement:
            self._attr_native_value = last.native_value if isinstance(last.native_value, int | float) else 0
        await super().async_added_to_hass()

    @callback
    @override
    def _on_turn(self, report: TurnReport, turn: Turn) -> None:
        if amount := self.entity_description.amount(report):
            self._attr_native_value += amount
            self.async_write_ha_state()


class SessionsSensor(AccountEntity, SensorEntity):
    """How many sessions there are."""

    entity_description: SessionsDescription

    @property
    @override
    def should_poll(self) -> bool:
        """Sessions come and go beside the turns."""
        return True

    @property
    @override
    def native_value(self) -> int:
        """The number now."""
        return self.entity_description.value(self.client)

    @override
    async def async_update(self) -> None:
        """Nobody has to be asked."""


class BalanceSensor(AccountEntity, SensorEntity):
    """What is left on the account."""

    def __init__(self, entry: StepAudioConfigEntry, currency: str) -> None:
        """Count in the platform's currency."""
        super().__init__(entry, BALANCE)
        self._attr_native_unit_of_measurement = currency

    @property
    @override
    def native_value(self) -> float | None:
        """The balance as it was told last."""
        return self.coordinator.data.balance
