"""What is known of a running simulator, drawn; no reading and no keys here."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .watch_turns import STAGES, Connection, Passed, Turn, Watched

_SHOWN = ((0, 0, 1), (32, 3, 3), (45, 8, 5))  # lines of the terminal from which on: connections, turns
_BAR = 40  # columns of a waterfall
_CELL = 20  # columns of a key
_COLOURS = {"transcript": "cyan", "first word": "yellow", "first audio": "green", "end": "blue"}
_QUESTION = {"spoken": "speech", "recognition": "speech", "typed": "typing", "synthesis": "waiting"}
_GOOD = ("answered", "recognised", "spoken")
_AS_OFTEN_AS_IT_COMES = "*9999"


@dataclass(frozen=True)
class Throw:
    """A fault that a key switches on and off."""

    key: str
    name: str
    fault: str


def _lasting(fault: str) -> str:
    fault, value = fault.partition("=")[::2]
    return fault + _AS_OFTEN_AS_IT_COMES + (f"={value}" if value else "")


THROWS = tuple(
    Throw(key, name, _lasting(fault))
    for key, name, fault in (
        ("a", "abort speaking", "abort@speaking"),
        ("c", "close listening", "close@listening=1011"),
        ("h", "half-open", "half_open@listening"),
        ("r", "refuse", "refuse@connecting=503"),
        ("b", "no balance", "refuse@connecting=402"),
        ("s", "stall", "stall@answering"),
        ("d", "3 s late", "delay@answering=3"),
        ("e", "error speaking", "internal_error@speaking"),
        ("t", "no transcript", "drop@conversation.item.input_audio_transcription.completed"),
        ("x", "broken words", "malformed@response.audio_transcript.delta"),
        ("v", "cut synthesis", "abort@tts.response.audio.delta"),
    )
)


def frame(watched: Watched, url: str, faults: Sequence[str], width: int, height: int) -> Group:
    """Draw everything that there is room for; events take the lines that are left."""
    _, most_connections, most_turns = max(shown for shown in _SHOWN if shown[0] <= height)
    turns = list(watched.turns)[-most_turns:]
    shown = [
        _panel("turns: ms after the end of the question", [_turns(turns)], len(turns) + 1),
        _panel("the newest turn", newest := waterfall(turns[-1]) if turns else [], len(newest)),
        _panel("keys", legend := _legend(faults, max(1, (width - 4) // _CELL)), len(legend)),
    ]
    if most_connections:
        connections = watched.open_connections()[-most_connections:]
        table = _connections(connections, watched.now)
        shown.insert(0, _panel("connections", [table], len(connections) + 1))
    left = max(1, height - 3 - sum(lines for _, lines in shown))
    events = [event_line(one, watched, watched.now) for one in list(watched.events)[-left:]]
    shown.insert(-1, _panel("events: s ago", events, left))
    return Group(_title(watched, url), *(panel for panel, _ in shown))


def waterfall(turn: Turn) -> list[Text]:
    """Draw a turn: each stage from the one before it to its moment, after the end of the question."""
    lines = [_headline(turn)]
    figures = turn.figures()
    if figures:
        lines.append(Text(f"  end of {_QUESTION[turn.kind]}"))
    longest = max([*figures.values(), 1])
    begun = 0
    for stage, at_ms in figures.items():
        start, end = (round(max(0, ms) * _BAR / longest) for ms in (begun, at_ms))
        bar = " " * start + "━" * max(1, end - start)
        lines.append(
            Text.assemble(f"  {stage:<12}", (bar.ljust(_BAR + 1), _COLOURS[stage]), (f"{at_ms:>7} ms", "bold"))
        )
        begun = at_ms
    return lines


def event_line(event: Passed, watched: Watched, zero: float) -> Text:
    """Draw one event that passed, or several of a kind in a row, with its time after `zero`."""
    connection = watched.connections.get(event.connection)
    arrow, colour = {"in": ("→", "cyan"), "out": ("←", "green")}.get(event.direction, ("·", "magenta"))
    if "error" in event.what:
        colour = "red"
    role = connection.role if connection is not None else ""
    times = f"  ×{event.count}" if event.count > 1 else ""
    at = f"{event.at - zero:8.2f}"
    line = Text.assemble((at, "dim"), f"  {event.connection:>3} {role:<11} ", (f"{arrow} {event.what}{times}", colour))
    return _one_line(line)


def _title(watched: Watched, url: str) -> Text:
    count = len(watched.open_connections())
    told = f"  {count} open, {watched.refused} refused, {len(watched.turns)} turns"
    return Text.assemble(("the simulator ", "bold"), url, (told, "dim"))


def _connections(connections: list[Connection], now: float) -> Table:
    table = _table("", "is", "state", "model", "open for")
    for connection in connections:
        style = "dim" if connection.role == "warm spare" else ""
        age = f"{now - connection.opened:.0f} s"
        table.add_row(str(connection.number), connection.role, connection.state, connection.model, age, style=style)
    return table


def _turns(turns: list[Turn]) -> Table:
    table = _table("", "kind", "heard or said", *STAGES, "outcome")
    for turn in turns:
        figures = turn.figures()
        told = [str(figures.get(stage, "")) for stage in STAGES]
        style = "" if turn.outcome in _GOOD else "red" if turn.outcome else "yellow"
        table.add_row(str(turn.connection), turn.kind, turn.heard or turn.words, *told, Text(_outcome(turn), style))
    return table


_QUESTION = {"spoken": "speech", "recognition": "speech", "typed": "typing", "synthesis": "waiting"}


def _outcome(turn: Turn) -> str:
    calls = f" ({', '.join(turn.calls)})" if turn.calls else ""
    return (turn.outcome or ("in a tool" if turn.in_tool else "goes on")) + calls


def _headline(turn: Turn) -> Text:
    said = " → ".join(f"“{words.strip()}”" for words in (turn.heard, turn.words) if words.strip())
    return _one_line(Text.assemble((f"{turn.kind}, {_outcome(turn)}  ", "bold"), said))


def _legend(faults: Sequence[str], in_a_line: int) -> list[Text]:
    """Draw which key does what, and what is on."""
    cells = [(throw.key, throw.name, throw.fault in faults) for throw in THROWS]
    cells += [("m", "mend all", False), ("q", "quit", False)]
    lines = []
    for start in range(0, len(cells), in_a_line):
        line = Text()
        for key, name, is_on in cells[start : start + in_a_line]:
            line.append(f" {key} ", "reverse red" if is_on else "reverse")
            line.append(f" {name}{' ●' if is_on else ''}".ljust(_CELL - 3), "bold red" if is_on else "")
        lines.append(_one_line(line))
    own = {throw.fault for throw in THROWS}
    if others := [fault for fault in faults if fault not in own]:
        lines.append(_one_line(Text(f"also on: {', '.join(others)}", "bold red")))
    return lines


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _panel(title: str, content: Sequence[RenderableType], lines: int) -> tuple[Panel, int]:
    """Frame something, and return how many lines it takes."""
    return Panel(Group(*content), title=title, title_align="left", height=lines + 2), lines + 2


def _table(*columns: str) -> Table:
    table = Table(box=None, expand=True, pad_edge=False)
    for column in columns:
        right = column in STAGES or column in ("", "open for")
        table.add_column(column, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")
    return table
