"""The three services that the sheet knows, as named switches (sheet 8, "Profiles")."""

import math

from .switches import Switches

S3 = Switches(
    rapid_connects=12,
    idle_limit_s=600.0,
    update_limit_s=10.0,
    text_only_without_modalities=True,
    transcript_deltas="cumulative",
)
"""stepaudio-3-realtime-preview on the open platform of .com."""

S25PLAN = Switches(
    rapid_connects=12,
    idle_limit_s=600.0,
    update_limit_s=10.0,
    vad_off_echo="empty",
    updated_carries_id=False,
    max_tokens_echo="number",
    words_ahead_s=math.inf,
    first_audio_s=0.711,
    empty_part_after_call=True,
    calls_need_english=True,
    cancel_leftover_deltas=2,
    audio_delta_bytes=6464,
)
"""stepaudio-2.5-realtime on Step Plan."""

DOC = Switches(
    vad_default=False,
    vad_off_echo="null",
    updated_carries_id=True,
    text_item_echo="input_text",
    transcript_moment="before",
    delta_response_id=False,
    system_item="accept",
    models_as_observed=False,
    create_settings="all",
    rate_limits=True,
    text_only_events="text",
    assistant_content="text",
    usage=False,
    call_announcement="item_created",
    call_id_style="named",
    cancel_event="cancelled",
    cancel_status="cancelled",
    vad_start_lag_ms=0,
    vad_stop_lag_ms=0,
    speech_events="june",
    speech_done_audio="whole",
    recognition_stash=False,
)
"""The documents, to the letter."""

PROFILES = {"s3": S3, "s25plan": S25PLAN, "doc": DOC}
