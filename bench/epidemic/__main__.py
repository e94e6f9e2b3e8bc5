"""`python -m bench.epidemic`: live the year, and write its page, plot and numbers into `docs/rules/`.

`--page` writes page and plot anew from the numbers of the last run.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any, Final

from bench.epidemic.draw import plot_draw
from bench.epidemic.invent import FIRST, LAST, SWITCHES, epidemic_invent
from bench.epidemic.page import page_write
from bench.epidemic.year import Province, Switch, switch_live, weeks_live
from healthcode.adapters.rulebook_files import rulebook_folder, ruleset_history
from healthcode.domain.time import date_of, local_of

PEOPLE: Final = 30_000
SINGLY: Final = 300
"""People whom the other evaluator answers for too, each week. At a switch it is everybody with a record."""
FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "rules"
NUMBERS: Final = FOLDER / "epidemic-year.json"


def main(arguments: list[str]) -> int:
    """Do as the arguments say; returns 1 where a prediction and what happened differ."""
    if arguments not in ([], ["--page"]):
        sys.stderr.write("Write `python -m bench.epidemic`, or `python -m bench.epidemic --page` for the page alone.\n")
        return 2
    if not arguments:
        NUMBERS.write_text(json.dumps(_lived(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    numbers = json.loads(NUMBERS.read_text(encoding="utf-8"))
    (FOLDER / "epidemic-year.svg").write_text(plot_draw(numbers), encoding="utf-8")
    (FOLDER / "epidemic-year.md").write_text(page_write(numbers), encoding="utf-8")
    return 1 if any(switch["otherwise"] or switch["otherwise_singly"] for switch in numbers["switches"]) else 0


def _lived() -> dict[str, Any]:
    begun = monotonic()
    epidemic = epidemic_invent(PEOPLE)
    _say(f"{len(epidemic.records)} records about {len({n for n, _ in epidemic.records})} of {PEOPLE} people")
    province = Province(epidemic, ruleset_history(rulebook_folder()))
    switches = []
    for place in range(1, len(province.history.rulesets)):
        switch = switch_live(province, place)
        _say(f"{local_of(switch.at):%Y-%m-%d} {switch.rehearsal.changed} change; otherwise: {len(switch.otherwise)}")
        switches.append(_switch(switch))
    weeks = list(weeks_live(province, sample=SINGLY, say=_say))
    return {
        "seed": epidemic.seed,
        "people": PEOPLE,
        "with_records": len(province.evidence),
        "records": len(epidemic.records),
        "areas": len(province.places),
        "first": date_of(FIRST).isoformat(),
        "last": date_of(LAST).isoformat(),
        "switch_days": [date_of(day).isoformat() for day in SWITCHES],
        "singly_each_week": SINGLY,
        "switches": switches,
        "weeks": [{"day": week.day.isoformat(), "ruleset": week.ruleset, **week.colors} for week in weeks],
        "seconds": round(monotonic() - begun),
        "megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _switch(switch: Switch) -> dict[str, Any]:
    found = switch.rehearsal
    colors: dict[tuple[str, str], int] = {}
    for change in found.changes:
        colors[change.before, change.after] = colors.get((change.before, change.after), 0) + change.people
    return {
        "at": f"{local_of(switch.at):%Y-%m-%d %H:%M}",
        "from": found.in_force,
        "to": found.draft,
        "changed": found.changed,
        "counties": len({change.county for change in found.changes}),
        "changes": [[before, after, people] for (before, after), people in sorted(colors.items())],
        "rules": {rule: list(now_then) for rule, now_then in found.rules.items()},
        "compared": found.people,
        "otherwise": list(switch.otherwise),
        "compared_singly": switch.evaluated_singly,
        "otherwise_singly": list(switch.otherwise_singly),
        "seconds": round(switch.seconds, 1),
        "singly": len(found.singly),
    } | {"first": asdict(found)["sample"][:5]}


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
