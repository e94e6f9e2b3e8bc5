"""The consent text by version: what is recorded is the version that was shown (H1, Art. 6).

A version is the date from which its text applies. Texts live in the rulebook, `consent/<version>.<zh|en>.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthcode.control.language import language, say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem

LANGUAGES: Final = ("zh", "en")


class ConsentError(ValueError):
    """The rulebook's consent texts cannot be used; the message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version in one language, cut into its title and paragraphs."""

    version: str
    title: str
    paragraphs: tuple[str, ...]


def consents_read(files: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """The texts by version and language among a rulebook's files (relative path → content).

    Raises:
        ConsentError: no version at all, a version without one of the languages, or a file that is not UTF-8.
    """
    found: dict[str, dict[str, str]] = {}
    for path, content in sorted(files.items()):
        folder, _, name = path.replace("\\", "/").rpartition("/")
        if folder.rpartition("/")[2] != "consent" or not name.endswith(".md"):
            continue
        version, _, lang = name.removesuffix(".md").rpartition(".")
        if lang not in LANGUAGES or not version:
            raise ConsentError(f"{path}: name it <version>.zh.md or <version>.en.md")
        try:
            found.setdefault(version, {})[lang] = content.decode("utf-8").strip()
        except UnicodeDecodeError:
            raise ConsentError(f"{path}: save it as UTF-8") from None
    if not found:
        raise ConsentError("the rulebook has no consent text; add consent/<version>.zh.md and .en.md")
    for version, texts in found.items():
        missing = [lang for lang in LANGUAGES if not texts.get(lang)]
        if missing:
            raise ConsentError(f"consent/{version}: the text in {' and '.join(missing)} is missing")
    return found


def consent_version() -> str:
    """The version that applies: the last one.

    Raises:
        Problem: 503 where this deployment has none.
    """
    if not ports().consents:
        raise Problem(
            503,
            "consent_missing",
            say("暂不能申领", "Applying is not possible now"),
            say(
                "告知书尚未发布，请稍后再试；凭身份证可以登记通行。",
                "The consent text is not published yet. Try later; your ID card is enough to pass.",
            ),
        )
    return max(ports().consents)


def consent_text() -> ConsentText:
    """The text that applies, in the request's language.

    Raises:
        Problem: 503 where this deployment has none.
    """
    version = consent_version()
    blocks = [" ".join(block.split("\n")).strip() for block in ports().consents[version][language()].split("\n\n")]
    title = blocks[0].lstrip("# ") if blocks and blocks[0].startswith("#") else ""
    paragraphs = tuple(block.lstrip("# ") for block in (blocks[1:] if title else blocks) if block)
    return ConsentText(version, title, paragraphs)
