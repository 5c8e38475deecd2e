"""The errors of the client, and what may be tried again.

StepAudioError
├── CannotConnectError          the service was not reached at all          retryable
├── ConnectionLostError         an open connection ended                    retryable
├── ServiceTimeoutError         an answer did not come in time              retryable
├── RateLimitError              too many requests or sessions (429)         retryable
├── ServiceError                the service failed (5xx, internal)          retryable
├── AuthenticationError         the key was refused (401)
├── QuotaError                  no balance or plan quota (402)
├── ModelError                  the model is not available here (404)
├── VoiceError                  the voice was refused
├── ModerationError             the content was blocked (451)
├── NoSpeechError               the audio held no speech
├── NotUnderstoodError          a known event of the service made no sense
├── RequestError                the service refused what we sent (400)
│   ├── ResponseOngoingError    one response at a time                      retryable
│   ├── NoResponseError         there was nothing to cancel
│   └── InputError              the user's audio was not taken
├── BusyError                   all sessions of this account are in use
├── TooManyRoundsError          function calls without an end
└── ClosedError                 the client was closed

No error text holds the key, words or audio. What the service itself said is in `detail`: it is for the eyes of
the user who caused it, never for a log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class StepAudioError(Exception):
    """Something that the service, or the way to it, did not do.

    `key` names the kind for translations, `retryable` says whether the same thing may work a little later, and
    `detail` is the service's own sentence, if it gave one.
    """

    key: ClassVar[str] = "unknown"
    summary: ClassVar[str] = "the service refused the request"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, status: int | None = None, code: str = "") -> None:
        """Keep what the service said; `status` is HTTP's, `code` the service's."""
        facts = [f"HTTP {status}"] if status is not None else []
        if code and code != str(status) and code.isascii() and len(code) <= 40:
            facts.append(f"code {code}")
        super().__init__(f"{self.summary} ({', '.join(facts)})" if facts else self.summary)
        self.detail = detail[:300]
        self.status = status
        self.code = code


class CannotConnectError(StepAudioError):
    """The service was not reached."""

    key = "cannot_connect"
    summary = "the service cannot be reached"
    retryable = True


class ConnectionLostError(StepAudioError):
    """An open connection ended before its work was done."""

    key = "connection_lost"
    summary = "the connection to the service was lost"
    retryable = True


class ServiceTimeoutError(StepAudioError):
    """The service did not answer in time."""

    key = "timeout"
    summary = "the service did not answer in time"
    retryable = True


class RateLimitError(StepAudioError):
    """Too many requests or sessions at once."""

    key = "rate_limit"
    summary = "the service limits the requests of this account"
    retryable = True


class ServiceError(StepAudioError):
    """The service failed."""

    key = "service_error"
    summary = "the service had an internal error"
    retryable = True


class AuthenticationError(StepAudioError):
    """The key was refused."""

    key = "invalid_auth"
    summary = "the service refused the API key"


class QuotaError(StepAudioError):
    """The account has no balance or plan quota."""

    key = "quota"
    summary = "the account has no balance or quota left"


class ModelError(StepAudioError):
    """The model does not exist, or is not served for this plan or region."""

    key = "model"
    summary = "the model is not available for this account"
    model: str = ""
    """The model that was asked for, where a connect was refused."""


class VoiceError(StepAudioError):
    """The voice is not accepted by this model in this region."""

    key = "voice"
    summary = "the service does not know this voice"


class ModerationError(StepAudioError):
    """The content was blocked."""

    key = "moderation"
    summary = "the service blocked the content"


class NoSpeechError(StepAudioError):
    """The audio held no, or too little, speech."""

    key = "no_speech"
    summary = "the service found no speech in the audio"


class NotUnderstoodError(StepAudioError):
    """A known event of the service made no sense."""

    key = "not_understood"
    summary = "the service sent something that makes no sense"


class RequestError(StepAudioError):
    """The service refused what was sent."""

    key = "request"


class ResponseOngoingError(RequestError):
    """Another response is still being generated."""

    summary = "another response is still being generated"
    retryable = True


class NoResponseError(RequestError):
    """There was no response to cancel: it had ended already."""

    summary = "there was no response to cancel"


class InputError(RequestError):
    """The user's audio was not taken: there was none, or it was broken."""

    summary = "the service did not take the audio"


class BusyError(StepAudioError):
    """All sessions that this account may hold are in use."""

    key = "busy"
    summary = "all sessions of this account are in use"


class TooManyRoundsError(StepAudioError):
    """The model kept calling functions without coming to an answer."""

    key = "too_many_rounds"
    summary = "the answer took too many steps"


class ClosedError(StepAudioError):
    """The client was closed while something was waiting."""

    key = "closed"
    summary = "the client was closed"


# Error codes say little ("400" for most), so the words decide, as in every known client (sheet 1.11).
_BY_WORDS: tuple[tuple[type[StepAudioError], tuple[str, ...]], ...] = (
    (ResponseOngoingError, ("ongoing response already exists",)),
    (NoResponseError, ("no ongoing response",)),
    (AuthenticationError, ("api key", "api_key", "unauthorized", "authentication")),
    (QuotaError, ("quota", "balance", "insufficient", "billing")),
    (ModerationError, ("censorship", "risk", "moderation", "content policy")),
    (NoSpeechError, ("no speech",)),
    (RateLimitError, ("rate limit", "rate_limit", "too many", "concurren")),
    (ServiceError, ("internal", "server_error", "server error", "overload", "unavailable", "engine")),
    (InputError, ("buffer", "commit", "incomplete audio")),
)
_BY_STATUS: dict[int, type[StepAudioError]] = {
    401: AuthenticationError,
    402: QuotaError,
    403: AuthenticationError,
    404: ModelError,
    408: ServiceTimeoutError,
    429: RateLimitError,
    451: ModerationError,
}


def _contains(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


def classify(
    *, status: int | None = None, error_type: str = "", code: str | int | None = None, message: str = ""
) -> StepAudioError:
    """Return the error for what the service said: by HTTP status, type, code and message (sheet 1.2, 1.11, 4)."""
    code = "" if code is None else str(code)
    number = status if status is not None else int(code) if code.isdecimal() and len(code) == 3 else None
    text = f"{error_type} {code} {message}".lower()
    kind: type[StepAudioError] | None = None
    if number in _BY_STATUS:
        kind = _BY_STATUS[number]
    elif number is not None and number >= 500:
        kind = ServiceError
    else:
        kind = next((candidate for candidate, words in _BY_WORDS if _contains(text, words)), None)
        if kind is None and "voice" in text and _contains(text, ("not valid", "invalid", "not found", "not support")):
            kind = VoiceError
        # A missing model, a wrong path and a model without rights are all 400 or 404 at the upgrade (sheet 1.2).
        if kind is None and "model" in text:
            kind = ModelError
    return (kind or RequestError)(message, status=status, code=code)
