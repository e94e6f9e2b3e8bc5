"""The one settings schema. Every process reads it; nothing else in the code reads the environment.

Each setting is an environment variable `HEALTHCODE_<NAME>`; `docs/settings.md` is generated from this file. A mistake
names the setting, the cause and the fix, at start. Importing this module needs neither environment nor database.
"""

from __future__ import annotations

import difflib
import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from healthcode.adapters.secret_files import Secrets, passwords_open, secrets_open

PREFIX = "HEALTHCODE_"
_REPOSITORY = Path(__file__).resolve().parents[3]


class Environment(StrEnum):
    """What the deployment is for; demo conveniences and demo secrets exist in `demo` only."""

    DEMO = "demo"
    PRODUCTION = "production"


class SettingsError(RuntimeError):
    """The settings cannot be used; each line of the message names a setting, the cause and the fix."""


class Settings(BaseSettings):
    """All settings, validated and frozen."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", case_sensitive=False)

    environment: Environment = Field(
        Environment.DEMO, description="`demo` or `production`. Production refuses demo secrets and development twins."
    )
    data: Path = Field(
        Path("var"), description="Folder of everything this deployment keeps: database, secrets, keys, snapshots, logs."
    )
    region: str = Field(
        "140000",
        pattern=r"^[1-9][0-9]{5}$",
        description="GB/T 2260 code of the region; in table, feed, codes, sessions.",
    )
    suite: Literal["intl", "gm"] = Field(
        "intl", description="Cryptographic suite: `intl` (ES256, AES-256-GCM, SHA-256) or `gm` (SM2, SM4-GCM, SM3)."
    )
    database_url: SecretStr | None = Field(
        None,
        description="URL of a PostgreSQL 15 to 18 used in place of the embedded one. Its user creates roles and "
        "database at start; the processes then sign in with their own roles.",
    )
    rulebook: Path = Field(
        _REPOSITORY / "rulebook" / "shanxi",
        description="Folder of the ruleset: rules, colors and check policies as data.",
    )
    web: Path = Field(
        _REPOSITORY / "web" / "dist", description="Folder of the built phone pages (`npm run build` in web/)."
    )
    registry: Path | None = Field(
        None, description="File of the identity registry (keyed hashes). Default: `registry` in the data folder."
    )
    documents: Path | None = Field(
        None,
        description="Folder of the document index process: its identity and its access log. Default: `documents` in "
        "the data folder.",
    )
    document_side: Path | None = Field(
        None,
        description="Folder with the edge's side files, for the document index. Default: `edge` in the data folder.",
    )
    document_socket: Path | None = Field(
        None,
        description="Socket on which edges ask the document index process. Default: `run/documents.sock` in the data "
        "folder.",
    )
    host: str = Field(
        "127.0.0.1", description="Address that control and edge listen on. Phones reach them through a proxy."
    )
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8000, description="Port of control (consoles and their API).")
    edge_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        8001, description="Port of the edge (phone pages and /v1)."
    )
    edge_processes: Annotated[int, Field(ge=1, le=256)] = Field(
        1, description="Edge processes of this machine; one per core is the most that helps."
    )
    metrics_port: Annotated[int, Field(ge=0, le=65000)] = Field(
        0,
        description="First port of 127.0.0.1 on which edge processes give their counts to Prometheus (`/metrics`), one "
        "port each. 0: the edge's port plus 1000.",
    )
    spool: Path | None = Field(
        None,
        description="Folder for visits, sealed, while the database is away: on a disk that survives this host's "
        "restart. Default: `edge/spool` in the data folder.",
    )
    spool_mb: Annotated[int, Field(ge=1, le=1 << 20)] = Field(
        4096, description="MiB that the spool may hold (about 10,000 visits each); beyond it scans are refused."
    )
    peers: str = Field(
        "",
        description="Where other hosts' updaters give snapshots and offered tables, comma-separated "
        "(`http://10.1.0.2:8201,http://10.1.0.3:8201`). A host without control's data folder starts from them.",
    )
    peer_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        0,
        description="Port of HEALTHCODE_HOST on which this host's updater gives them to enrolled edges, sealed to "
        "each. For the inner network only. 0: to nobody.",
    )
    control_workers: Annotated[int, Field(ge=1, le=64)] = Field(1, description="Worker processes of control.")
    control_threads: Annotated[int, Field(ge=1, le=64)] = Field(4, description="Threads of each control worker.")
    follow_singly: Annotated[int, Field(ge=0)] = Field(
        50_000,
        description="People whom a published ruleset may touch, above whom one run over everybody decides: deriving "
        "them in batches takes 0.3 ms each, a run over 35 million 20 s and then 0.3 ms for each who changes.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+$",
        description="Origin that phones and browsers use, printed in venue codes. Default: the edge's own address.",
    )
    proxy_control: bool = Field(
        True, description="Whether the edge hands paths it does not serve to control, for one origin without a proxy."
    )
    sms_quiet_from: Annotated[int, Field(ge=0, le=23)] = Field(
        22, description="Local hour from which only urgent text messages (red, yellow) are sent."
    )
    sms_quiet_until: Annotated[int, Field(ge=0, le=23)] = Field(
        7, description="Local hour at which the others go out again. The same hour twice: no hour is quiet."
    )
    sms_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        3000, description="Text messages a minute, at most: what the provider takes."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity written to the logs. No level writes personal data."
    )

    @field_validator("data", "rulebook", "web", "registry", "spool", "documents", "document_side", "document_socket")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().resolve()

    @field_validator("peers")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in filter(None, map(str.strip, value.split(","))):
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
                raise ValueError("expected origins like http://10.1.0.2:8201, separated by commas")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
                raise ValueError("expected postgresql://user:password@host:port/database")
        return value

    @property
    def production(self) -> bool:
        """Whether real people are served: no demo pages, no development twins, no demo secrets."""
        return self.environment is Environment.PRODUCTION

    @property
    def origin(self) -> str:
        """Origin of the pages, without a slash at the end; venue codes carry it."""
        return self.public_url or f"http://{self.host}:{self.edge_port}"

    @property
    def hosts(self) -> list[str]:
        """Host names under which requests may arrive."""
        named = {urlsplit(self.origin).hostname or "", self.host, "127.0.0.1", "localhost"}
        return sorted(named - {"", "0.0.0.0", "::"})  # noqa: S104 - not a name to be asked for

    @property
    def region_number(self) -> int:
        """The region as codes and table carry it: its division code without the last two zeros."""
        return int(self.region[:4])

    @property
    def documents_folder(self) -> Path:
        """The folder of the document index process."""
        return self.documents or self.data / "documents"

    @property
    def documents_socket(self) -> Path:
        """The socket of the document index process."""
        return self.document_socket or self.data / "run" / "documents.sock"

    @property
    def registry_file(self) -> Path:
        """The identity registry's file."""
        return self.registry or self.data / "registry"

    def secrets(self, *, create: bool = False) -> Secrets:
        """The deployment's secrets; raises SecretsError, also where demo secrets meet production."""
        return secrets_open(self.data / "secrets", create=create, production=self.production, suite_name=self.suite)

    def dsn(self, role: str, secrets: Secrets | None = None) -> str:
        """URL with which `role` (migrate, app, edge, reader, auditor) signs in to the database.

        Host and database come from HEALTHCODE_DATABASE_URL or, for the embedded PostgreSQL, from the file that it
        leaves while it runs. Without `secrets` the passwords are read, and no key. Raises SettingsError where neither
        exists.
        """
        known = secrets.database if secrets else passwords_open(self.data / "secrets", production=self.production)
        password = known[role]
        parts = urlsplit(self.database_url.get_secret_value() if self.database_url else self._embedded_url())
        address = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{address}"))

    @property
    def peer_origins(self) -> list[str]:
        """Origins of the other hosts' updaters."""
        return [origin.strip() for origin in self.peers.split(",") if origin.strip()]

    @property
    def metrics_first(self) -> int:
        """First port of the edge processes' counts."""
        beside = self.edge_port + 1000 if self.edge_port < 64_000 else self.edge_port - 1000
        return self.metrics_port or beside

    @property
    def spool_folder(self) -> Path:
        """Where visits wait while the sink is away."""
        return self.spool or self.data / "edge" / "spool"

    @property
    def embedded_file(self) -> Path:
        """Where the embedded PostgreSQL says on which port it listens."""
        return self.data / "run" / "postgres.json"

    def _embedded_url(self) -> str:
        try:
            place = json.loads(self.embedded_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SettingsError(
                f"HEALTHCODE_DATABASE_URL is not set and no embedded PostgreSQL has run in {self.data}. "
                "Start `healthcode run`, or set HEALTHCODE_DATABASE_URL=postgresql://user:password@host:port/database."
            ) from None
        return f"postgresql://{place['host']}:{place['port']}/{place['database']}"


def settings_load(**chosen: object) -> Settings:
    """Read and check the environment; what a command's options have `chosen` goes before it.

    Raises SettingsError with one line per mistake: setting, cause, fix.
    """
    problems = [_unknown(name) for name in sorted(os.environ) if _is_unknown(name)]
    try:
        settings = Settings(**chosen)  # type: ignore[arg-type] # validated just there
    except ValidationError as error:
        problems.extend(_mistake(str(wrong["loc"][0]), wrong["msg"]) for wrong in error.errors(include_url=False))
        settings = None
    if problems or settings is None:
        raise SettingsError("\n".join(problems))
    return settings


def settings_environment(settings: Settings) -> dict[str, str]:
    """The environment from which a child process reads the same settings.

    The user in HEALTHCODE_DATABASE_URL may create roles and databases, so it is left out: children sign in with roles.
    """
    environment = {}
    for field in Settings.model_fields:
        value = getattr(settings, field)
        if isinstance(value, SecretStr):
            parts = urlsplit(value.get_secret_value())
            value = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        if value is not None:
            environment[PREFIX + field.upper()] = str(value)
    return environment


def _is_unknown(name: str) -> bool:
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    return (
        name.upper().startswith(PREFIX) and not name.upper().startswith(PREFIX + "TEST_") and name.upper() not in known
    )


def _unknown(name: str) -> str:
    known = [PREFIX + field.upper() for field in Settings.model_fields]
    near = difflib.get_close_matches(name.upper(), known, n=1)
    fix = f"Did you mean {near[0]}?" if near else "Remove it; docs/settings.md lists every setting."
    return f"{name}: there is no such setting. {fix}"


def _mistake(field: str, cause: str) -> str:
    """One teaching line; the value itself is left out, because it may be a secret."""
    description = Settings.model_fields[field].description
    cause = cause.removeprefix("Value error, ")
    cause = cause[:1].lower() + cause[1:]
    return f"{PREFIX}{field.upper()}: {cause}. Meaning: {description} Fix or unset it (docs/settings.md)."
