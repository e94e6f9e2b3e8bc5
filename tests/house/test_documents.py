"""The documents say what the code does."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from healthcode.cli.main import COMMANDS
from healthcode.wiring.settings import PREFIX, Settings

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "spec").glob("*.md")]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", REPOSITORY / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["settings.md", "cli.md"])
def test_generated_pages_are_up_to_date(generate: ModuleType, page: str) -> None:
    assert (REPOSITORY / "docs" / page).read_text(encoding="utf-8") == generate.PAGES[page](), "run `make fmt`"


def test_every_setting_is_documented() -> None:
    page = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in page] == []


def test_every_command_has_its_file_and_is_documented() -> None:
    page = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"## `healthcode {name}`" not in page] == []
    assert [name for name in COMMANDS if not (REPOSITORY / f"src/healthcode/cli/{name}.py").exists()] == []


def test_no_document_mentions_a_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for document in DOCUMENTS:
        named = set(re.findall(r"HEALTHCODE_[A-Z_]+\b", document.read_text(encoding="utf-8")))
        unknown = {name for name in named if name not in known and not name.startswith("HEALTHCODE_TEST")}
        assert unknown == set(), document


def test_files_that_documents_point_to_exist() -> None:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        paths = re.findall(r"`((?:src|docs|spec|tests|deploy|rulebook|web|bench)/[\w./-]+?)/?`", text)
        paths += re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)", text)
        missing = [p for p in paths if not (REPOSITORY / p).exists() and not (document.parent / p).exists()]
        assert missing == [], document


def test_the_makefile_prints_every_target_that_readers_use() -> None:
    printed = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "run", "test", "check", "bench", "fmt", "clean"):
        assert f"make {target} " in printed


def test_the_version_is_the_changelogs_first_heading() -> None:
    heading = re.search(r"(?m)^## (\d+\.\d+\.\d+)", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert heading is not None
    assert heading[1] == importlib.metadata.version("healthcode")
