"""Repairing as a user does: over the same API as the page of repairs."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from custom_components.stepaudio.const import DOMAIN

FIX = "/api/repairs/issues/fix"


@dataclass
class Repairs:
    """The page of repairs."""

    hass: Any
    http: Any
    socket: Any

    async def issues(self):
        """Return the issues that are shown, by what they are about."""
        await self.socket.send_json_auto_id({"type": "repairs/list_issues"})
        answer = await self.socket.receive_json()
        return {
            issue["translation_key"]: issue
            for issue in answer["result"]["issues"]
            if issue["domain"] == DOMAIN and not issue["ignored"]
        }

    async def issue(self):
        """Return the only issue."""
        (issue,) = (await self.issues()).values()
        assert issue["is_fixable"]
        return issue

    async def begin(self):
        """Open the only issue, and return its first form."""
        issue = await self.issue()
        response = await self.http.post(FIX, json={"handler": DOMAIN, "issue_id": issue["issue_id"]})
        assert response.status == HTTPStatus.OK, await response.text()
        return await response.json()

    async def answer(self, form, **values):
        """Fill a form in, and return what follows."""
        response = await self.http.post(f"{FIX}/{form['flow_id']}", json=values)
        assert response.status == HTTPStatus.OK, await response.text()
        await self.hass.async_block_till_done()  # an account that was changed is reloaded
        return await response.json()


def field(form, name):
    """Return the values that a form offers, and the one that it suggests."""
    (schema,) = [each for each in form["data_schema"] if each["name"] == name]
    options = [each["value"] if isinstance(each, dict) else each for each in schema["selector"]["select"]["options"]]
    return options, schema["default"]
