"""Repair issues, raised and taken back. Each names whom it is about; none holds a key or anybody's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

NO_ASSISTANT: Final = "no_assistant"
QUOTA: Final = "quota"
MODEL: Final = "model_withdrawn"
LOW_BALANCE: Final = "low_balance"
VOICE: Final = "voice_refused"
PIPELINE_EARS: Final = "pipeline_ears"
PIPELINE_VOICE: Final = "pipeline_voice"
PIPELINE_BOTH: Final = "pipeline_both"
PIPELINES: Final = (PIPELINE_EARS, PIPELINE_VOICE, PIPELINE_BOTH)

ENTRY_ID: Final = "entry_id"
"""Every issue's data has it: the account that it is about."""


@callback
def async_raise(
    hass: HomeAssistant,
    kind: str,
    subject: str,
    data: Mapping[str, str],
    names: Mapping[str, str],
    *,
    severity: ir.IssueSeverity = ir.IssueSeverity.ERROR,
) -> str:
    """Tell the owner of something that can be put right; once for each subject. Returns the issue's id."""
    issue_id = f"{kind.partition('_')[0]}_{subject}"
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data=dict(data),
        is_fixable=True,
        severity=severity,
        translation_key=kind,
        translation_placeholders=dict(names),
    )
    return issue_id


@callback
def async_of(hass: HomeAssistant, entry_id: str, *kinds: str) -> list[ir.IssueEntry]:
    """Return the issues of an account; all of them if no kind is given."""
    return [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
        and (issue.data or {}).get(ENTRY_ID) == entry_id
        and (not kinds or issue.translation_key in kinds)
    ]


@callback
def async_take_back(hass: HomeAssistant, *issues: ir.IssueEntry) -> None:
    """Take issues back: their cause has gone."""
    for issue in issues:
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)
