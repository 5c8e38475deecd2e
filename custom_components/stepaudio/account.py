"""An account: what is kept of it, and what tells it from others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_API_KEY, CONF_URL

from .const import CONF_MODEL, CONF_PLAN, CONF_REGION, MODEL_ALIASES, PLAN_STEP_PLAN, STEP_PLAN_PATH


def account_data(region: str, address: str, plan: str, api_key: str, model: str) -> dict[str, Any]:
    """Return what is kept of an account; `address` is the service's, without the path of a plan."""
    model = model.strip()
    return {
        CONF_REGION: region,
        CONF_PLAN: plan,
        CONF_API_KEY: api_key.strip(),
        CONF_MODEL: MODEL_ALIASES.get(model, model),
        CONF_URL: address + (STEP_PLAN_PATH if plan == PLAN_STEP_PLAN else ""),
    }


def address_of(data: Mapping[str, Any]) -> str:
    """Return the address of an account's service, without the path of its plan."""
    url: str = data[CONF_URL]
    return url.removesuffix(STEP_PLAN_PATH)


def unique_id(data: Mapping[str, Any]) -> str:
    """Return what tells accounts apart: the service names none, so a digest of where and with which key."""
    return hashlib.sha256(f"{data[CONF_URL]} {data[CONF_API_KEY]}".encode()).hexdigest()[:32]
