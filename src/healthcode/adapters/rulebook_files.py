"""The rulebook on disk: `<rulebook>/<region>/<ruleset>/*.yaml` → rulesets.

The folder is `HEALTHCODE_RULEBOOK` where that is set, otherwise `rulebook/` of the checkout. A path may name the whole
rulebook, one region or one ruleset.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from healthcode.domain.time import Minute
from healthcode.rules.model import Ruleset
from healthcode.rules.parse import parse_ruleset
from healthcode.rules.source import source_read
from healthcode.rules.succession import RulesetHistory

VARIABLE: Final = "HEALTHCODE_RULEBOOK"
_HEAD: Final = "ruleset.yaml"
_REGION: Final = "region.yaml"


class RulebookError(LookupError):
    """No such rulebook or ruleset; the message says where was looked and what there is."""


def rulebook_folder() -> Path:
    """Where the rulebook stands; raises RulebookError when it is nowhere."""
    named = os.environ.get(VARIABLE)
    places = [Path(named)] if named else [p / "rulebook" for p in (Path.cwd(), *Path(__file__).resolve().parents)]
    found = next((p for p in places if p.is_dir()), None)
    if found is None:
        raise RulebookError(f"no rulebook at {places[0]}; set {VARIABLE} to the folder `rulebook` of the checkout")
    return found


def ruleset_folders(rulebook: Path) -> dict[str, Path]:
    """The ruleset folders under a path by their name, in order; the path may itself be one."""
    if (rulebook / _HEAD).is_file():
        return {rulebook.name: rulebook}
    return {head.parent.name: head.parent for head in sorted(rulebook.rglob(_HEAD))}


def ruleset_files(folder: Path) -> Mapping[str, bytes]:
    """The files of one ruleset, as `parse_ruleset` takes them."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}


def ruleset_load(ruleset_id: str, rulebook: Path | None = None) -> Ruleset:
    """Read one ruleset by its id; raises RulebookError when there is none, RulesetError when it is at fault."""
    place = rulebook or rulebook_folder()
    folders = ruleset_folders(place)
    if ruleset_id not in folders:
        known = ", ".join(folders) or "none"
        raise RulebookError(f"no ruleset {ruleset_id!r} under {place}; there is: {known}")
    return parse_ruleset(ruleset_files(folders[ruleset_id]))


def rulesets_all(rulebook: Path) -> list[Ruleset]:
    """Every ruleset under a path in the order of their beginning; raises RulebookError for none, RulesetError."""
    rulesets = [parse_ruleset(ruleset_files(folder)) for folder in ruleset_folders(rulebook).values()]
    if not rulesets:
        raise RulebookError(f"no ruleset.yaml under {rulebook}; name a folder of the rulebook")
    return sorted(rulesets, key=lambda r: (r.from_, r.id))


def ruleset_history(rulebook: Path) -> RulesetHistory:
    """The rulesets of one region as they follow one another; raises RulebookError, RulesetError, HistoryError."""
    return RulesetHistory.of(rulesets_all(rulebook))


def _named_in_force(rulebook: Path) -> str | None:
    """The ruleset that `region.yaml` names, None where the clock decides; raises RulebookError for a broken file."""
    for path in sorted(rulebook.rglob(_REGION)):
        source = source_read(path.name, path.read_bytes())
        named = source.value.get("in_force") if isinstance(source.value, dict) else None
        if source.problems or not (named is None or isinstance(named, str)):
            raise RulebookError(f"{path} cannot be read; write `in_force: <ruleset>` or leave it out")
        if named is not None:
            return named
    return None


def rulebook_files(rulebook: Path) -> dict[str, tuple[Mapping[str, str], Ruleset]]:
    """Every ruleset by its id: its files as text, and what they say; raises RulebookError for none, RulesetError."""
    found: dict[str, tuple[Mapping[str, str], Ruleset]] = {}
    for folder in ruleset_folders(rulebook).values():
        files = ruleset_files(folder)
        ruleset = parse_ruleset(files)
        found[ruleset.id] = {name: content.decode() for name, content in files.items()}, ruleset
    if not found:
        raise RulebookError(f"no ruleset.yaml under {rulebook}; name a folder of the rulebook")
    return found


def ruleset_base(rulebook: Path) -> RulesetHistory | None:
    """The rulesets that the clock leads through, None where `region.yaml` names the one; raises as they do."""
    return None if _named_in_force(rulebook) is not None else ruleset_history(rulebook)


def ruleset_in_force(rulebook: Path, now: Minute) -> Ruleset:
    """The one ruleset that services load: the one that `region.yaml` names, otherwise the one in force at `now`.

    Raises RulebookError when there is none, RulesetError when it is at fault.
    """
    named = _named_in_force(rulebook)
    if named is not None:
        return ruleset_load(named, rulebook)
    open_ones = [r for r in rulesets_all(rulebook) if r.from_ <= now and (r.until is None or now < r.until)]
    if not open_ones:
        raise RulebookError(f"no ruleset under {rulebook} is in force now; look at `from` and `until` in ruleset.yaml")
    return max(open_ones, key=lambda r: r.from_)
