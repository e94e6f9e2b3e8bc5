"""Settings: one schema, and every mistake names the setting, the cause and the fix."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from healthcode.wiring.settings import Environment, Settings, SettingsError, settings_environment, settings_load


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HEALTHCODE_")]:
        monkeypatch.delenv(name)


def test_without_any_setting_it_is_a_demo_on_loopback() -> None:
    settings = settings_load()
    assert settings.environment is Environment.DEMO
    assert (settings.host, settings.port, settings.edge_port) == ("127.0.0.1", 8000, 8001)
    assert settings.origin == "http://127.0.0.1:8001"
    assert settings.region_number == 1400


@pytest.mark.parametrize(
    ("name", "value", "taught"),
    [
        ("HEALTHCODE_PORT", "99999", "less than or equal to 65535"),
        ("HEALTHCODE_PORT", "eighty", "valid integer"),
        ("HEALTHCODE_DATABASE_URL", "mysql://root@db/x", r"expected postgresql://user:password@host:port/database"),
        ("HEALTHCODE_ENVIRONMENT", "staging", "'demo' or 'production'"),
        ("HEALTHCODE_REGION", "14", "match pattern"),
        ("HEALTHCODE_PUBLIC_URL", "code.example.cn", "match pattern"),
    ],
)
def test_a_wrong_value_names_setting_cause_and_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, taught: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=taught) as error:
        settings_load()
    assert str(error.value).startswith(f"{name}: ")
    assert "docs/settings.md" in str(error.value)


def test_a_misspelt_setting_is_not_silently_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABSE_URL", "postgresql://app@db/hc")
    with pytest.raises(SettingsError, match=r"HEALTHCODE_DATABSE_URL.*Did you mean HEALTHCODE_DATABASE_URL\?"):
        settings_load()


def test_all_mistakes_are_told_at_once_and_no_secret_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", "mysql://root:hunter2@db/x")
    monkeypatch.setenv("HEALTHCODE_PORT", "0")
    with pytest.raises(SettingsError) as error:
        settings_load()
    assert len(str(error.value).splitlines()) == 2
    assert "hunter2" not in str(error.value)


def test_options_of_a_command_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTHCODE_PORT", "8100")
    assert settings_load(port=8200).port == 8200


def test_a_child_reads_the_same_settings_but_not_the_administrators_password(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_load(port=8123, database_url="postgresql://admin:hunter2@db:5433/hc", data=Path("/x/y"))
    environment = settings_environment(settings)
    assert "hunter2" not in str(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    again = settings_load()
    assert again.model_copy(update={"database_url": settings.database_url}) == settings


def test_each_role_signs_in_with_its_own_password(tmp_path: Path) -> None:
    settings = settings_load(data=tmp_path, database_url="postgresql://admin:hunter2@db:5433/hc?sslmode=require")
    secrets = settings.secrets(create=True)
    assert settings.dsn("edge", secrets) == f"postgresql://edge:{secrets.database['edge']}@db:5433/hc?sslmode=require"


def test_without_database_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    settings = settings_load(data=tmp_path)
    settings.secrets(create=True)
    with pytest.raises(SettingsError, match=r"Start `healthcode run`, or set HEALTHCODE_DATABASE_URL="):
        settings.dsn("app")


def test_importing_settings_needs_no_environment_and_no_django() -> None:
    code = "import sys, healthcode.wiring.settings; sys.exit('django' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env={"PATH": "/usr/bin"}, check=True)


def test_every_setting_says_what_it_is_for() -> None:
    assert [
        name for name, field in Settings.model_fields.items() if not (field.description or "").endswith((".", "`"))
    ] == []
