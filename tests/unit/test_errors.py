"""What the service says becomes the right kind of error."""

import pytest

from custom_components.stepaudio.client import errors
from custom_components.stepaudio.client.errors import classify


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"status": 401, "error_type": "invalid_api_key", "message": "Incorrect API key provided"}, "invalid_auth"),
        ({"status": 400, "message": "Incorrect API key provided"}, "invalid_auth"),
        ({"status": 402, "error_type": "quota_exceeded", "message": "You exceeded your current quota"}, "quota"),
        ({"status": 404}, "model"),
        ({"status": 400, "error_type": "request_params_invalid", "message": "model x not supported"}, "model"),
        ({"status": 429}, "rate_limit"),
        ({"code": 429, "message": "slow down"}, "rate_limit"),
        ({"status": 451, "error_type": "censorship_block"}, "moderation"),
        ({"error_type": "censorship_block"}, "moderation"),
        ({"status": 503}, "service_error"),
        ({"code": "503", "message": "busy"}, "service_error"),
        ({"error_type": "server_error", "message": "speech engine failed"}, "service_error"),
        ({"error_type": "invalid_request_error", "code": "400", "message": "voice foo is not valid"}, "voice"),
        ({"message": "no speech found"}, "no_speech"),
        ({"code": "invalid_value", "message": "unknown event"}, "request"),
        ({}, "request"),
    ],
)
def test_error_is_classified_by_status_type_code_and_words(said, kind):
    assert classify(**said).key == kind


def test_error_that_another_response_goes_on_is_told_from_nothing_to_cancel():
    assert isinstance(classify(message="ongoing response already exists"), errors.ResponseOngoingError)
    assert isinstance(classify(message="no ongoing response to cancel"), errors.NoResponseError)


@pytest.mark.parametrize("status", [401, 402, 404, 451])
def test_error_that_needs_the_user_is_not_retried(status):
    assert not classify(status=status).retryable


def test_error_text_holds_nothing_the_service_said():
    error = classify(status=400, message="the secret words of the user")
    assert "secret" not in str(error)
    assert "secret" not in repr(error)
    assert error.detail == "the secret words of the user"


def test_every_kind_has_a_sentence_of_its_own_in_the_translations():
    import json
    from pathlib import Path

    import custom_components.stepaudio as integration

    sentences = json.loads((Path(integration.__file__).parent / "translations" / "en.json").read_text())
    kinds = [errors.StepAudioError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    keys = {kind.key for kind in kinds if not kind.__name__.startswith("_")}
    assert keys <= set(sentences["exceptions"])
    assert keys <= set(sentences["config"]["error"])
