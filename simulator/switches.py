"""Everything in which the service is known to vary, conflicts with its documents, or is unknown."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_type_hints

from .faults import Fault

OFF = 0.0
"""The value of a limit or a count that does not apply."""


def _switch[T](default: T, source: str, meaning: str) -> T:
    return field(default=default, metadata={"source": source, "meaning": meaning})


@dataclass(frozen=True, kw_only=True, slots=True)
class Switches:
    """One behaviour of the service. Sources are sections of the protocol sheet; "?" marks what nobody has observed."""

    # Upgrade and account
    region: Literal["com", "ai"] = _switch("com", "1.1, 1.6", "which platform: decides the voices")
    quota: bool = _switch(True, "1.2, 4", "off: 402 at every paid endpoint of /v1, while /v1/models stays 200")
    plan_quota: bool = _switch(True, "1.1", "off: the same under /step_plan, whose quota is its own")
    balance: float = _switch(42.5, "4", "what is left of the account's balance, while there is quota")
    withdrawn: str = _switch("", "1.3 ?", "a realtime model that is offered no more, as a preview will be")
    bad_key_status: Literal[401, 400] = _switch(401, "1.2", "the status of a bad key at the upgrade")
    max_connections: int = _switch(0, "5, 9.14 ?", "realtime sessions at once before 429; 0: any number")
    rapid_connects: int = _switch(0, "1.2", "the n-th upgrade within the window is refused with 429; 0: none")
    rapid_window_s: float = _switch(10.0, "1.2 ?", "the window of rapid_connects")

    # Life of a realtime session
    session_limit_s: float = _switch(1800.0, "1.13", "after which a session is closed; 0: never")
    idle_limit_s: float = _switch(
        OFF, "1.13 ?", "without any frame from the client, after which it is closed; 0: never"
    )
    update_limit_s: float = _switch(OFF, "1.5", "to the first session.update, after which it is closed; 0: never")
    close_code: int = _switch(1000, "1.13", "the code of those closes; 1006 cuts the connection")
    server_ping_s: float = _switch(
        OFF, "1.13, 3.4 ?", "between the service's own pings; one that is not answered until the next ends it; 0: none"
    )

    # Session
    vad_default: bool = _switch(True, "1.5, 9.1", "voice detection while no session.update has named it")
    vad_off_echo: Literal["null", "missing", "empty"] = _switch(
        "null", "1.5", "turn_detection in session.updated when off"
    )
    updated_carries_id: bool = _switch(True, "1.10", "id, object and model in session.updated")
    max_tokens_echo: Literal["string", "number"] = _switch(
        "string", "1.5", "max_response_output_tokens in session.created"
    )
    voice_refusal: Literal["error", "downgrade"] = _switch(
        "error", "1.6", "an unknown voice: error 400, or another voice silently"
    )
    voice_fixed_after: Literal["audio", "update"] = _switch(
        "audio", "1.5", "the voice is fixed by the first audio, or by the first session.update that names it"
    )
    voice_change: Literal["error", "ignore"] = _switch("error", "1.5, 8 ?", "another voice after it is fixed")
    sampling_echoed: bool = _switch(
        False, "1.5, 9.15", "temperature and max_response_output_tokens can be set, and show in session.updated"
    )
    models_as_observed: bool = _switch(
        True, "1.3, 1.15", "step-audio-2 and its mini give words alone, step-audio-r1.5 reads its calls aloud"
    )
    text_only_without_modalities: bool = _switch(
        False, "1.5", "detected turns are answered by words alone until modalities were sent"
    )

    # Items
    text_item_echo: Literal["audio", "input_text"] = _switch(
        "audio", "1.9", "the content of a user's text item in item.created"
    )
    first_previous_item_id: Literal["empty", "null", "absent"] = _switch(
        "empty", "A ?", "previous_item_id of the first item"
    )
    system_item: Literal["refuse", "disconnect", "accept"] = _switch(
        "refuse", "1.9", "an item of role system: an error, an error and the end of the connection, or taken"
    )
    refuse_assistant_end: bool = _switch(
        False, "1.9", "response.create is an error unless the last item asks for an answer"
    )

    # What the user said
    min_speech_ms: int = _switch(
        710, "1.11, 1.13", "speech in a committed item below which it is 'no speech'; 0: everything is speech"
    )
    speech_level: int = _switch(300, "8 ?", "RMS of 20 ms above which committed audio counts as speech")
    no_speech_at: Literal["create", "commit"] = _switch("create", "8 ?", "where 'no speech found' is reported")
    transcript_moment: Literal["before", "within", "after", "next", "never", "random"] = _switch(
        "within",
        "1.10, 9.7",
        "when the user's words come: around the response, after the next turn began, never, or any of the first three",
    )
    transcript_asked: bool = _switch(
        False, "1.5, 9.7", "the user's words come only where input_audio_transcription is set"
    )
    transcript_deltas: Literal["none", "cumulative", "incremental"] = _switch(
        "none", "1.10, 9.7", "deltas ahead of the completed words"
    )
    transcript_unanswered_s: float = _switch(
        0.4, "8 ?", "after which the words come although no response was created; 0: never"
    )

    # Server voice detection
    vad_start_lag_ms: int = _switch(900, "1.14", "of audio from the onset of speech to speech_started")
    vad_stop_lag_ms: int = _switch(1100, "1.14", "of audio after silence_duration_ms to speech_stopped")
    vad_commit_s: float = _switch(0.006, "1.10", "from speech_stopped to the commit and the response")
    detection_fields: Literal["sample", "table"] = _switch(
        "sample", "1.10", "table: audio_start_ms and audio_end_ms as strings, and a response_id in speech_stopped"
    )
    vad_interrupts: bool = _switch(False, "1.11, 9.6", "speech_started ends the response that is going on")

    # Response
    create_settings: Literal["none", "modalities", "all"] = _switch(
        "modalities", "1.8, 9.4", "settings of response.create that are honoured; all: voice and instructions too"
    )
    first_word_s: float = _switch(0.1, "?", "from response.create to the first word")
    first_audio_s: float = _switch(0.212, "1.14", "from response.create to the first audio")
    written_word_s: float = _switch(0.03, "?", "from word to word (or Chinese character) of words alone")
    delivery_speed: float = _switch(2.0, "1.10", "speed of the audio's delivery, 1.5 to 3.3 times real time")
    audio_delta_bytes: int = _switch(8192, "1.10", "audio in one delta: 8192, or 6464 elsewhere")
    words_ahead_s: float = _switch(2.0, "1.10", "of speech that the words run ahead of the voice; inf: all words first")
    delta_response_id: bool = _switch(True, "1.10, 9.9", "response_id on audio and transcript deltas")
    text_only_events: Literal["audio_transcript", "text"] = _switch(
        "audio_transcript", "1.5, 9.20", "how words alone arrive"
    )
    assistant_content: Literal["audio", "text"] = _switch("audio", "A ?", "type of the assistant's content in items")
    rate_limits: bool = _switch(False, "1.10, 9.10 ?", "rate_limits.updated, without figures, after response.created")
    usage: bool = _switch(True, "1.10, 9.10", "usage in response.done")

    # Function calls
    calls_need_english: bool = _switch(False, "1.7", "no calls while the instructions are Chinese")
    call_announcement: Literal["output_item", "item_created"] = _switch(
        "output_item", "1.7, 9.8", "the event that announces a call"
    )
    arguments_delta_field: Literal["arguments", "delta", "both"] = _switch(
        "arguments", "1.7, 9.8", "the field of an arguments delta"
    )
    call_id_style: Literal["index", "named"] = _switch("index", "8", "call_0_2 or call_<time>_<name>")
    empty_part_after_call: bool = _switch(False, "1.10", "an empty message part follows the calls")

    # Cancel
    cancel_event: Literal["done", "cancelled", "both"] = _switch("done", "1.11, 9.5", "what acknowledges a cancel")
    cancel_status: Literal["incomplete", "cancelled"] = _switch(
        "incomplete", "1.11, 9.5", "the status of that response.done"
    )
    cancel_leftover_deltas: int = _switch(0, "1.11", "audio deltas still sent after the cancel")
    cancel_s: float = _switch(0.055, "1.11", "from the cancel to its acknowledgement")

    # Errors
    error_shape: Literal["nested", "flat"] = _switch("nested", "1.11, 9.12", "error events: inside `error`, or bare")
    error_code: Literal["string", "number"] = _switch("string", "1.11, 9.12", "the type of numeric codes")

    # Speech endpoints
    speech_first_audio_s: float = _switch(0.468, "2.2", "from the text to the first audio of the TTS websocket")
    speech_http_s: float = _switch(1.7, "2.2", "of POST /v1/audio/speech without a stream")
    speech_speed: float = _switch(2.0, "2.2 ?", "speed of its delivery")
    speech_idle_limit_s: float = _switch(
        60.0, "2.2", "without a frame, after which the TTS socket says the rest and ends"
    )
    speech_events: Literal["september", "june"] = _switch("september", "2.2", "fields of its sentence and audio events")

    speech_done_event: Literal["tts.response.audio.done", "response.audio.done"] = _switch(
        "tts.response.audio.done", "2.2", "its last event, which a table of the documents names without prefix"
    )
    speech_done_audio: Literal["empty", "whole"] = _switch("empty", "2.2", "the audio in it: none, or all of it again")

    # Recognition endpoints
    recognition_words_s: float = _switch(0.4, "3.2, 3.4", "from the end of speech to the completed words")
    recognition_stash: bool = _switch(True, "3.4", "deltas carry a revisable tail in `stash`")
    recognition_idle_limit_s: float = _switch(
        60.0, "3.4 ?", "without audio, after which it ends with max_idle_timeout; 0: never"
    )

    faults: tuple[Fault, ...] = _switch((), "8", "what goes wrong, and when")

    def replace(self, **changes: Any) -> Switches:
        """Give these switches with some changed."""
        return dataclasses.replace(self, **changes)

    def with_text(self, name: str, text: str) -> Switches:
        """Give these switches with one changed, its value read from text as the command line gives it."""
        hints = get_type_hints(Switches)
        if name not in hints or name == "faults":
            raise ValueError(f"no such switch: {name} (there are: {', '.join(sorted(set(hints) - {'faults'}))})")
        return self.replace(**{name: _read(name, hints[name], text)})


def _read(name: str, hint: Any, text: str) -> Any:
    if hint is str:
        return text
    if hint is bool:
        words = {
            "true": True,
            "on": True,
            "yes": True,
            "1": True,
            "false": False,
            "off": False,
            "no": False,
            "0": False,
        }
        if text.lower() not in words:
            raise ValueError(f"{name} is on or off, not {text}")
        return words[text.lower()]
    if hint is int or hint is float:
        number = float(text)
        if hint is int and not number.is_integer():
            raise ValueError(f"{name} is a whole number, not {text}")
        return int(number) if hint is int else (math.inf if text == "inf" else number)
    choices = {str(choice): choice for choice in get_args(hint)}
    if text not in choices:
        raise ValueError(f"{name} is one of {', '.join(choices)}, not {text}")
    return choices[text]
