"""What the simulated service has seen of us."""

TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


def sent(simulator, kind):
    """Return the client's events of a type."""
    return [entry.event for entry in simulator.log if entry.direction == "in" and entry.type == kind]


def paths(simulator):
    """Return the websockets that were opened."""
    return [upgrade.path for upgrade in simulator.upgrades]
