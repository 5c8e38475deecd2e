"""Charts as SVG, readable on light and dark pages."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10

from .figures import Chart, Panel, Span
from .goals import goal_of

_WIDTH = 760
_MARGIN = 12
_LABELS = 250
_VALUES = 96
_ROW = 26
_FONT = "font-family='system-ui, sans-serif' font-size='13'"
_INK, _FAINT, _BAR, _MISS, _GOAL = "#57606a", "#8c959f55", "#2f7fd1", "#c2410c", "#1a7f37"
_LANES = ("#8250df", "#2f7fd1", "#1a7f37")


def draw_chart(chart: Chart, figures: Mapping[str, float]) -> str:
    """Draw a scenario: a bar for each figure, a line where it has to end, in red if it does not."""
    parts = [_text(0, 18, chart.title, weight="600")]
    if any(goal_of(name) for panel in chart.panels for _, name in panel.bars if name in figures):
        parts += [_line(_WIDTH - 62, 8, _WIDTH - 62, 22, _GOAL, width=2), _text(_WIDTH - 54, 19, "the goal")]
    y = 34.0
    for panel in chart.panels:
        drawn, y = _panel(panel, figures, y)
        parts += drawn
    return _svg(chart.title, y + 6, parts)


def _panel(panel: Panel, figures: Mapping[str, float], top: float) -> tuple[list[str], float]:
    bars = [(label, name, figures[name]) for label, name in panel.bars if name in figures]
    goals = [goal.limit for _, name, _ in bars if (goal := goal_of(name))]
    scale = (_WIDTH - _LABELS - _VALUES) / (max([value for _, _, value in bars] + goals, default=0) or 1)
    parts = []
    y = top
    for label, name, value in bars:
        goal = goal_of(name)
        color = _BAR if goal is None or goal.is_met(value) else _MISS
        parts.append(_text(_LABELS - 10, y + 17, label, anchor="end"))
        length = max(value * scale, 1)
        parts.append(f"<rect x='{_LABELS}' y='{y + 4:g}' width='{length:.1f}' height='{_ROW - 9}' fill='{color}'/>")
        end = _LABELS + length
        if goal is not None:
            x = _LABELS + goal.limit * scale
            end = max(end, x) if x - end < _VALUES / 2 else end
            parts.append(_line(x, y + 1, x, y + _ROW - 2, _GOAL, width=2))
        parts.append(_text(end + 7, y + 17, f"{value:.4g} {panel.unit}"))
        y += _ROW
    return parts, y + 10


def draw_turn(spans: Sequence[Span]) -> str:
    """Draw a turn as a waterfall, a row for each thing that happened, a colour for each lane."""
    lanes = list(dict.fromkeys(span.lane for span in spans))
    begin, end = min(span.from_ms for span in spans), max(span.to_ms for span in spans)
    scale = (_WIDTH - _LABELS - _VALUES) / ((end - begin) or 1)
    title = "A turn, in milliseconds after the user's last sound"
    parts = [_text(0, 18, title, weight="600")]
    for number, lane in enumerate(lanes):
        parts.append(f"<rect x='{number * 190}' y='30' width='11' height='11' fill='{_LANES[number % 3]}'/>")
        parts.append(_text(number * 190 + 17, 40, lane))
    top, bottom = 70.0, 70.0 + _ROW * len(spans)
    for tick in _ticks(begin, end):
        x = _LABELS + (tick - begin) * scale
        parts += [_line(x, top - 6, x, bottom, _FAINT), _text(x, top - 10, f"{tick:g}", anchor="middle")]
    for row, span in enumerate(spans):
        y, x = top + row * _ROW, _LABELS + (span.from_ms - begin) * scale
        length = max((span.to_ms - span.from_ms) * scale, 3)
        color = _LANES[lanes.index(span.lane) % 3]
        parts.append(_text(_LABELS - 10, y + 17, span.label, anchor="end"))
        parts.append(f"<rect x='{x:.1f}' y='{y + 4:g}' width='{length:.1f}' height='{_ROW - 9}' fill='{color}'/>")
        at = f"{span.from_ms:.1f}" if span.to_ms == span.from_ms else f"{span.from_ms:.1f}…{span.to_ms:.1f}"
        parts.append(_text(x + length + 7, y + 17, at))
    return _svg(title, bottom + 6, parts)


def _ticks(begin: float, end: float) -> Iterable[float]:
    step = 10 ** floor(log10(max(end - begin, 1)))
    step = next(each for each in (step / 5, step / 2, step, step * 2) if (end - begin) / each <= 8)
    return (tick * step for tick in range(ceil(begin / step), floor(end / step) + 1))


def _svg(title: str, height: float, parts: Iterable[str]) -> str:
    box = f"{-_MARGIN} {-_MARGIN} {_WIDTH + 2 * _MARGIN} {height + 2 * _MARGIN:g}"
    return "\n".join(
        (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='{box}' role='img' {_FONT}>",
            f"<title>{escape(title)}</title>",
            f"<rect x='{-_MARGIN}' y='{-_MARGIN}' width='100%' height='100%' fill='#ffffff'/>",
            *parts,
            "</svg>\n",
        )
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "400") -> str:
    style = f"fill='{_INK}' text-anchor='{anchor}' font-weight='{weight}'"
    return f"<text x='{x:.1f}' y='{y:g}' {style}>{escape(text)}</text>"


def _line(x1: float, y1: float, x2: float, y2: float, color: str, *, width: int = 1) -> str:
    return f"<line x1='{x1:.1f}' y1='{y1:g}' x2='{x2:.1f}' y2='{y2:g}' stroke='{color}' stroke-width='{width}'/>"
