"""What a log of the simulator says: its connections, the turns on them, and what each turn took. No terminal here."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]
"""As the simulator writes it: simulator/README.md, “Recording”."""

STAGES = ("transcript", "first word", "first audio", "end")
"""Of a turn, after the end of speech; a turn need not have all, nor in this order."""
KEPT_TURNS, KEPT_EVENTS = 50, 200

_WORDS = ("response.audio_transcript.delta", "response.text.delta")
_TRANSCRIPT = "conversation.item.input_audio_transcription"


@dataclass(eq=False)
class Turn:
    """One question and what became of it; times are those of the log, in seconds."""

    connection: int
    kind: str
    """spoken, typed, synthesis or recognition."""
    zero: float | None = None
    """The end of the question: of speech, or of what was typed."""
    heard: str = ""
    words: str = ""
    calls: list[str] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    outcome: str = ""
    """Empty while it goes on."""
    in_tool: bool = False

    def reach(self, stage: str, at: float) -> None:
        """Note when a stage came for the first time."""
        self.stages.setdefault(stage, at)

    def end(self, at: float, outcome: str) -> None:
        """Note how it ended."""
        if not self.outcome:
            self.stages["end"], self.outcome = at, outcome

    def again(self) -> None:
        """Go on: it is asked again, or a tool has answered."""
        self.stages.pop("end", None)
        self.outcome, self.in_tool = "", False

    def figures(self) -> dict[str, int]:
        """Return the milliseconds from the end of the question to each stage that came, in order of time."""
        if self.zero is None:
            return {}
        by_time = sorted(self.stages.items(), key=lambda stage: stage[1])
        return {stage: round((at - self.zero) * 1000) for stage, at in by_time}


@dataclass(eq=False)
class Connection:
    """One websocket, as the service sees it."""

    number: int
    path: str
    model: str
    opened: float
    closed: str = ""
    """How it ended; empty while it is open."""
    state: str = "opened"
    used: bool = False
    turn: Turn | None = None
    """The newest question that has ended."""
    listening: Turn | None = None
    typed: bool = False
    """A question was typed and not asked yet."""
    items: dict[str, Turn] = field(default_factory=dict)
    responses: dict[str, Turn] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """Say what it is for: a realtime session to which nothing was said yet is a warm spare."""
        if self.path.endswith("/realtime/audio"):
            return "synthesis"
        if self.path.endswith("/asr/stream"):
            return "recognition"
        return "session" if self.used else "warm spare"


@dataclass(eq=False)
class Passed:
    """An event, or several of one type in a row."""

    at: float
    connection: int
    direction: str
    what: str
    count: int = 1


class Watched:
    """Everything that the log has told so far."""

    def __init__(self) -> None:
        self.connections: dict[int, Connection] = {}
        self.turns: deque[Turn] = deque(maxlen=KEPT_TURNS)
        self.events: deque[Passed] = deque(maxlen=KEPT_EVENTS)
        self.refused = 0
        self.now = 0.0
        """When the last thing happened."""

    def open_connections(self) -> list[Connection]:
        """Return those that are open, oldest first."""
        return [connection for connection in self.connections.values() if not connection.closed]

    def take(self, lines: Iterable[Line]) -> None:
        """Go on with more of the log."""
        for line in lines:
            self.now = line["at"]
            match line["direction"]:
                case "open":
                    self._open(line)
                case "close":
                    self._close(line)
                case direction:
                    self._event(line, direction)

    def _open(self, line: Line) -> None:
        self._pass(line, f"{line['path']} {line['status']}")
        if line["status"] != 101:
            self.refused += 1
            return
        number = line["connection"]
        self.connections[number] = Connection(number, line["path"], line.get("model", ""), line["at"])
        if len(ended := [one for one in self.connections.values() if one.closed]) > KEPT_TURNS:
            del self.connections[ended[0].number]

    def _close(self, line: Line) -> None:
        self._pass(line, f"closed by the {line['by']}, {line['code']}")
        if (connection := self.connections.get(line["connection"])) is not None:
            connection.closed = connection.state = f"closed by the {line['by']}, {line['code']}"
            for turn in (connection.listening, connection.turn):
                if turn is not None:
                    turn.end(line["at"], "the connection ended")

    def _event(self, line: Line, direction: str) -> None:
        event, kind = line["event"], line["event"]["type"]
        error = event.get("error")
        message = error.get("message", "") if isinstance(error, dict) else ""
        self._pass(line, f"{kind}: {message}" if message else kind)
        # A log may begin in the middle: what is not known was opened before.
        number = line["connection"]
        connection = self.connections.setdefault(number, Connection(number, "/v1/realtime", "", line["at"]))
        if connection.role == "synthesis":
            self._synthesis(connection, line["at"], kind, event)
        elif direction == "in":
            self._asked(connection, line["at"], kind, event)
        else:
            self._answered(connection, line["at"], kind, event)

    def _pass(self, line: Line, what: str) -> None:
        last = self.events[-1] if self.events else None
        key = (line["connection"], line["direction"], what)
        if last is not None and (last.connection, last.direction, last.what) == key:
            last.count += 1
        else:
            self.events.append(Passed(line["at"], *key))

    def _begin(self, connection: Connection, kind: str) -> Turn:
        turn = Turn(connection.number, kind)
        self.turns.append(turn)
        return turn

    def _asked(self, connection: Connection, at: float, kind: str, event: Line) -> None:
        """Follow what the client says to a session, or to recognition."""
        match kind:
            case "input_audio_buffer.append":
                connection.used = True
                if connection.listening is None:
                    spoken = "recognition" if connection.role == "recognition" else "spoken"
                    connection.listening = self._begin(connection, spoken)
                    connection.state = "listening"
            case "input_audio_buffer.commit":
                self._question_ended(connection, at)
            case "conversation.item.create":
                connection.used = True
                item = event.get("item") or {}
                connection.typed = connection.typed or (item.get("type"), item.get("role")) == ("message", "user")
            case "response.create":
                connection.used = True
                if connection.typed or connection.turn is None:
                    connection.typed = False
                    connection.turn = self._begin(connection, "typed")
                    connection.turn.zero = at
                else:
                    connection.turn.again()
                connection.state = "answering"

    def _question_ended(self, connection: Connection, at: float) -> None:
        turn, connection.listening, connection.typed = connection.listening, None, False
        if turn is not None:
            turn.zero = at
            connection.turn, connection.state = turn, "committed"

    def _answered(self, connection: Connection, at: float, kind: str, event: Line) -> None:
        """Follow what the service says in a session, or in recognition."""
        match kind:
            case "session.updated":
                connection.state = "configured" if not connection.used else connection.state
            case "input_audio_buffer.speech_stopped":
                self._question_ended(connection, at)
            case "input_audio_buffer.committed" if connection.turn is not None:
                connection.items[event.get("item_id", "")] = connection.turn
            case "response.created" if connection.turn is not None:
                connection.turn.again()
                connection.responses[(event.get("response") or {}).get("id", "")] = connection.turn
                connection.state = "answering"
            case "error":
                self._failed(connection, at, event)
            case _ if kind.startswith(_TRANSCRIPT):
                self._transcribed(connection, at, kind, event)
            case _ if kind.startswith("response."):
                response_id = event.get("response_id") or (event.get("response") or {}).get("id", "")
                turn = connection.responses.get(response_id, connection.turn)
                if turn is not None:
                    self._answering(connection, turn, at, kind, event)

    def _answering(self, connection: Connection, turn: Turn, at: float, kind: str, event: Line) -> None:
        if kind in _WORDS:
            turn.reach("first word", at)
            turn.words += str(event.get("delta", ""))
        elif kind == "response.audio.delta":
            turn.reach("first audio", at)
            connection.state = "speaking"
        elif kind == "response.function_call_arguments.done":
            turn.calls.append(str(event.get("name", "")))
            turn.in_tool = True
        elif kind == "response.done":
            status = (event.get("response") or {}).get("status", "completed")
            goes_on = turn.in_tool and status == "completed"
            connection.state = "in a tool" if goes_on else "idle"
            if not goes_on:
                turn.outcome = ""  # an error before the end was about something else
                turn.end(at, "answered" if status == "completed" else status)

    def _transcribed(self, connection: Connection, at: float, kind: str, event: Line) -> None:
        turn = connection.items.get(event.get("item_id", ""), connection.turn)
        if turn is None or not kind.endswith((".completed", ".failed")):
            return
        turn.reach("transcript", at)
        turn.heard = str(event.get("transcript", ""))
        if turn.kind == "recognition":
            turn.end(at, "recognised" if turn.heard else "no words")

    def _failed(self, connection: Connection, at: float, event: Line) -> None:
        turn = connection.turn or connection.listening
        if turn is not None:
            turn.end(at, str((event.get("error") or event).get("message", "an error")))
        connection.state = "idle"

    def _synthesis(self, connection: Connection, at: float, kind: str, event: Line) -> None:
        connection.used = True
        data = event.get("data") or {}
        if kind == "tts.create":
            connection.turn = self._begin(connection, "synthesis")
        turn = connection.turn
        if turn is None:
            return
        connection.state = "speaking"
        match kind:
            case "tts.text.delta":
                turn.zero = at if turn.zero is None else turn.zero
                turn.words += str(data.get("text", ""))
            case "tts.response.audio.delta" if data.get("audio"):
                turn.reach("first audio", at)
            case "tts.response.audio.done":
                turn.end(at, "spoken")
            case "tts.response.error":
                turn.end(at, str(data.get("message", "an error")))
