"""The year as an SVG of our own: people in red and yellow by week, stacked, with the switches. Read at phone width.

Color never stands alone: red is hatched, yellow is dotted, and both are named in Chinese and English.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

WIDTH, HEIGHT = 400, 384
LEFT, RIGHT, TOP, BOTTOM = 40, 392, 84, 282
_STYLE: Final = (
    "text{font:12px system-ui,'Noto Sans CJK SC',sans-serif;fill:#1a2326}.title{font-size:13px;font-weight:700}"
    ".quiet{fill:#4a5659}.axis{stroke:#8a9699;stroke-width:1}.grid{stroke:#d5dcde;stroke-width:1}"
    ".switch{stroke:#1a2326;stroke-width:1.5;stroke-dasharray:4 3}.mark{font-weight:700}"
)
_PATTERNS: Final = (
    '<pattern id="red" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#b3201f"/><rect width="2" height="6" fill="#e59a98"/></pattern>'
    '<pattern id="yellow" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect width="6" height="6" fill="#f6bb1a"/><circle cx="3" cy="3" r="1.2" fill="#5c4300"/></pattern>'
)
_RULESETS: Final = ("第八版做法 eighth", "第九版 ninth", "二十条 twenty", "新十条 ten")
_MARKS: Final = ("①", "②", "③")


def plot_draw(numbers: dict[str, Any]) -> str:
    """The SVG of a run's numbers (`epidemic-year.json`)."""
    weeks = numbers["weeks"]
    days = [date.fromisoformat(week["day"]).toordinal() for week in weeks]
    red = [week.get("red", 0) for week in weeks]
    both = [week.get("red", 0) + week.get("yellow", 0) for week in weeks]
    top = _round_up(max(both))
    scale = _Scale(days[0], days[-1], top)
    parts = [
        *_heading(numbers, both, weeks),
        *_grid(scale, top),
        _area(scale, days, red, both, "yellow"),
        _area(scale, days, [0] * len(red), red, "red"),
        *_switches(scale, numbers),
        *_months(scale, days),
        *_legend(numbers),
    ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t">'
        f"<style>{_STYLE}</style><defs>{_PATTERNS}</defs>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n'
    )


class _Scale:
    """From days and people to places on the paper."""

    def __init__(self, first: int, last: int, top: int) -> None:
        self.first, self.last, self.top = first, last, top

    def x(self, day: int) -> float:
        """Place of a day from the left."""
        return LEFT + (day - self.first) * (RIGHT - LEFT) / (self.last - self.first)

    def y(self, people: int) -> float:
        """Place of a number of people from the top."""
        return BOTTOM - people * (BOTTOM - TOP) / self.top


def _round_up(most: int) -> int:
    step = 200 if most > 500 else 50
    return -(-most // step) * step


def _heading(numbers: dict[str, Any], both: list[int], weeks: list[dict[str, Any]]) -> list[str]:
    peak = max(range(len(both)), key=both.__getitem__)
    day = date.fromisoformat(weeks[peak]["day"])
    people = numbers["people"]
    return [
        f'<text id="t" x="8" y="20" class="title">红黄码最多 {both[peak]} 人（{day:%Y-%m-%d}），共 {people} 人</text>',
        f'<text x="8" y="38" class="title">{both[peak]} of {people:,} red or yellow at most, {day.day} {day:%b}</text>',
        '<text x="8" y="58" class="quiet">虚构的一年，每周二正午的人数 · invented; people</text>',
    ]


def _grid(scale: _Scale, top: int) -> list[str]:
    lines = []
    for people in range(0, top + 1, top // 4):
        y = scale.y(people)
        lines.append(
            f'<line class="{"grid" if people else "axis"}" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        lines.append(f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{people}</text>')
    return lines


def _area(scale: _Scale, days: list[int], low: list[int], high: list[int], pattern: str) -> str:
    there = [f"{scale.x(day):.1f},{scale.y(value):.1f}" for day, value in zip(days, high, strict=True)]
    back = [f"{scale.x(day):.1f},{scale.y(value):.1f}" for day, value in zip(days, low, strict=True)][::-1]
    edge = {"red": "#7d1413", "yellow": "#7a5300"}[pattern]
    return f'<polygon points="{" ".join(there + back)}" fill="url(#{pattern})" stroke="{edge}" stroke-width="0.8"/>'


def _switches(scale: _Scale, numbers: dict[str, Any]) -> list[str]:
    marks = []
    for mark, text in zip(_MARKS, numbers["switch_days"], strict=True):
        x = scale.x(date.fromisoformat(text).toordinal())
        marks.append(f'<line class="switch" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{BOTTOM}"/>')
        marks.append(f'<text class="mark" x="{x:.1f}" y="{TOP - 8}" text-anchor="middle">{mark}</text>')
    return marks


def _months(scale: _Scale, days: list[int]) -> list[str]:
    marks, year, month = [], 2022, 2
    while (ordinal := date(year, month, 1).toordinal()) <= days[-1]:
        x = scale.x(ordinal)
        marks.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{BOTTOM}" y2="{BOTTOM + 4}"/>')
        marks.append(f'<text x="{x + 2:.1f}" y="{BOTTOM + 17}">{month}</text>')
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    marks.append(f'<text x="{LEFT - 5}" y="{BOTTOM + 17}" text-anchor="end" class="quiet">月 mo</text>')
    return marks


def _legend(numbers: dict[str, Any]) -> list[str]:
    y = BOTTOM + 32
    lines = [
        (
            f'<rect x="8" y="{y}" width="18" height="12" fill="url(#red)" stroke="#7d1413"/>'
            f'<text x="32" y="{y + 11}">红码 red</text>'
        ),
        (
            f'<rect x="108" y="{y}" width="18" height="12" fill="url(#yellow)" stroke="#7a5300"/>'
            f'<text x="132" y="{y + 11}">黄码 yellow</text>'
        ),
    ]
    for place, (mark, switch) in enumerate(zip(_MARKS, numbers["switches"], strict=True)):
        text = f"{mark} {switch['at'][:10]} {_RULESETS[place + 1]}: 预测 predicted {switch['changed']}"
        wrong = len(switch["otherwise"]) + len(switch["otherwise_singly"])
        lines.append(f'<text x="8" y="{y + 32 + 18 * place}">{text}，不符 wrong {wrong}</text>')
    return lines
