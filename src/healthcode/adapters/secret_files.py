"""Secrets as files: generated on the first run, mode 0600 in a 0700 folder, never regenerated over existing data.

Invariants:

* A folder is complete when its marker `complete` exists; it is written last. Before it, missing files are generated
  (the first run died half-way and nothing was encrypted yet); after it, a missing file is an error, never a new key.
* Secrets made outside production carry the marker `demo` and are refused in production.
* Files that others may read are refused: a secret that somebody may have read is none.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from healthcode.adapters.database_roles import ROLES
from healthcode.crypto.interfaces import SigningKey, VerifyKey
from healthcode.crypto.suites import suite

_KEY_BYTES = 32
DOCUMENT_MASTER = "document-index.key"
FEED_PUBLIC = "feed-public.json"
_BUNDLE_SUITE = "intl"


class SecretsError(RuntimeError):
    """A secret is missing, readable by others, damaged, or not allowed here; the message says what to do."""


@dataclass(frozen=True, repr=False)
class SigningSecret:
    """A signing key as `crypto` reads it: the suite's name, `kid` (8 bytes), `private` (scalar and point, 97 bytes)."""

    suite: str
    kid: bytes
    private: bytes

    def key(self) -> SigningKey:
        """The key itself; raises BadKey where the file was altered."""
        return suite(self.suite).private_from_bytes(self.private)


@dataclass(frozen=True, repr=False)
class Secrets:
    """All secrets of one deployment. It has no repr, so no log line can hold it by accident."""

    folder: Path
    demo: bool
    database: Mapping[str, str]  # role -> password; `postgres` is the embedded cluster's superuser
    root_key: bytes  # 32 bytes, wraps the keys of the key store
    blind_key: bytes  # 32 bytes, blind indexes of identity fields
    epoch_master: bytes  # 32 bytes, the edges' daily keys derive from it
    issuer_venue: SigningSecret  # signs venue codes
    issuer_person: SigningSecret  # signs passes and papers
    issuer_bundle: SigningSecret  # signs offline bundles and venue cards; always P-256, for browsers
    feed_signing: SigningSecret  # signs heartbeats and snapshots
    django_key: str
    system_token: str  # with which worker and seed act as the system, never as an officer


def secrets_open(folder: Path, *, create: bool, production: bool = False, suite_name: str = "intl") -> Secrets:
    """Read the secrets in `folder`; with `create`, generate them first where this is the first run.

    New signing keys are keys of the suite `suite_name`. Durable on return. Raises SecretsError: nothing there and
    `create` is false; a file is missing, damaged or readable by others; demo secrets in production.
    """
    if create and not (folder / "complete").exists():
        _generate(folder, demo=not production, suite_name=suite_name)
    if not (folder / "complete").exists():
        raise SecretsError(
            f"{folder} holds no secrets. Start `healthcode run` once (it generates them), or point HEALTHCODE_DATA "
            "at the data folder that has them."
        )
    if create and not (folder / "issuer-person.json").exists():
        # A folder of an earlier release. Nothing that exists was made with this key, so a new one loses nothing.
        _write(folder / "issuer-person.json", _new_signing(suite_name))
    if create and not (folder / "issuer-bundle.json").exists():
        _write(folder / "issuer-bundle.json", _new_signing(_BUNDLE_SUITE))  # likewise: devices learn it as they renew
    if create and not (folder / DOCUMENT_MASTER).exists():
        _write(folder / DOCUMENT_MASTER, _new_key())  # likewise: an index under a lost key is simply made again
    _check_private(folder)
    demo = _demo_check(folder, production)
    return Secrets(
        folder=folder,
        demo=demo,
        database=_read_json(folder / "database.json"),
        root_key=_read_key(folder / "root.key"),
        blind_key=_read_key(folder / "blind.key"),
        epoch_master=_read_key(folder / "epoch-master.key"),
        issuer_venue=_read_signing(folder / "issuer-venue.json"),
        issuer_person=_read_signing(folder / "issuer-person.json"),
        issuer_bundle=_read_signing(folder / "issuer-bundle.json"),
        feed_signing=_read_signing(folder / "feed-signing.json"),
        django_key=_read(folder / "django.key"),
        system_token=_read(folder / "system.token"),
    )


def issuer_renew(folder: Path, name: str, *, suite_name: str) -> str:
    """Replace the issuer key `name` (`venue`, `person`) by a new one and return its id; durable on return.

    The former private half is gone. Edges go on believing its public half until it is recalled by its id.
    Raises SecretsError: there are no secrets here, or no such issuer.
    """
    path = folder / f"issuer-{name}.json"
    if name not in ("venue", "person") or not (folder / "complete").exists():
        raise SecretsError(f"{path} is no issuer key that can be renewed here: say `venue` or `person`.")
    _check_private(folder)
    made = _new_signing(suite_name)
    _write(path, made)
    return str(json.loads(made)["kid"])


def passwords_open(folder: Path, *, production: bool = False) -> Mapping[str, str]:
    """The database passwords by role, and nothing else: for processes that must hold no key of another's.

    Raises SecretsError as `secrets_open` does.
    """
    _check_private(folder)
    _demo_check(folder, production)
    return _read_json(folder / "database.json")


def document_master_open(folder: Path) -> bytes:
    """The 32 bytes from which the document index's keys derive. Control alone reads them; raises SecretsError.

    They are no part of `Secrets`, which other processes open for what they need.
    """
    _check_private(folder)
    return _read_key(folder / DOCUMENT_MASTER)


def feed_public_open(folder: Path, *, suite_name: str, production: bool = False) -> VerifyKey:
    """The key that proves heartbeats, snapshots and offers: of an edge host's kit, or of the signing key itself.

    Raises SecretsError as `secrets_open` does.
    """
    _check_private(folder)
    _demo_check(folder, production)
    path = folder / FEED_PUBLIC
    if not path.exists():
        return _read_signing(folder / "feed-signing.json").key().public
    content = _read_json(path)
    try:
        if content["suite"] != suite_name:
            raise SecretsError(f"{path} is of suite {content['suite']}, and HEALTHCODE_SUITE is {suite_name}.")
        return suite(suite_name).public_from_bytes(bytes.fromhex(content["public"]))
    except (KeyError, ValueError):
        raise SecretsError(f"{path} is damaged. Write it anew: `healthcode edge kit` where control runs.") from None


def edge_kit_write(folder: Path, target: Path) -> None:
    """Write into the empty folder `target` what an edge host needs of the secrets in `folder`, and nothing else.

    That is the password of the database role `edge`, and the feed key's public half.  Raises SecretsError.
    """
    _check_private(folder)
    if not (folder / "complete").exists():
        raise SecretsError(f"{folder} holds no secrets: run this where control runs.")
    if target.exists() and any(target.iterdir()):
        raise SecretsError(f"{target} is not empty. Name a new folder.")
    signing = _read_signing(folder / "feed-signing.json")
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.chmod(0o700)
    _write(target / "database.json", json.dumps({"edge": _read_json(folder / "database.json")["edge"]}, indent=1))
    public = signing.key().public.to_bytes().hex()
    _write(target / FEED_PUBLIC, json.dumps({"suite": signing.suite, "public": public}, indent=1))
    if (folder / "demo").exists():
        _write(target / "demo", _read(folder / "demo"))


def _demo_check(folder: Path, production: bool) -> bool:
    demo = (folder / "demo").exists()
    if demo and production:
        raise SecretsError(
            f"{folder} holds demo secrets and HEALTHCODE_ENVIRONMENT is production. Demo secrets were made for "
            "invented people and may have been shared. Start production on an empty HEALTHCODE_DATA (it generates "
            "new secrets), or set HEALTHCODE_ENVIRONMENT=demo to go on trying things out."
        )
    return demo


def _generate(folder: Path, *, demo: bool, suite_name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    makers: dict[str, Callable[[], str]] = {
        "database.json": _new_passwords,
        "root.key": _new_key,
        "blind.key": _new_key,
        "epoch-master.key": _new_key,
        "issuer-venue.json": lambda: _new_signing(suite_name),
        "issuer-person.json": lambda: _new_signing(suite_name),
        "issuer-bundle.json": lambda: _new_signing(_BUNDLE_SUITE),
        "feed-signing.json": lambda: _new_signing(suite_name),
        "django.key": lambda: secrets.token_urlsafe(48),
        "system.token": lambda: secrets.token_urlsafe(32),
    }
    for name, make in makers.items():
        if not (folder / name).exists():
            _write(folder / name, make())
    if demo:
        _write(folder / "demo", "These secrets protect invented people only. They are refused in production.")
    # Dying before the next line: every file is whole or absent, and the next start generates the absent ones.
    _write(folder / "complete", "All secrets were generated. A missing file must be restored from backup.")


def _write(path: Path, text: str) -> None:
    """Whole or absent, and on disk: written beside, synced, renamed, the folder synced."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_private(folder: Path) -> None:
    if not folder.is_dir():
        raise SecretsError(f"{folder} does not exist. Start `healthcode run` once, or set HEALTHCODE_DATA.")
    for path in [folder, *folder.iterdir()]:
        if path.stat().st_mode & 0o077:
            raise SecretsError(
                f"{path} can be read by other accounts of this machine (mode {path.stat().st_mode & 0o777:o}). "
                f"Run `chmod -R go= {folder}`, and rotate the secrets if somebody may have read them "
                "(docs/runbooks/secrets.md)."
            )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise SecretsError(
            f"{path} is missing, and data protected by it exists. Restore it from the backup of the secrets folder; "
            "a new one would not open the old data."
        ) from None


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(_read(path))
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise SecretsError(
            f"{path} is damaged: expected {_KEY_BYTES} bytes as hexadecimal digits. Restore it from backup."
        )
    return key


def _read_json(path: Path) -> dict[str, str]:
    try:
        content = json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise SecretsError(f"{path} is damaged: {error}. Restore it from backup.") from None
    return {str(key): str(value) for key, value in content.items()}


def _read_signing(path: Path) -> SigningSecret:
    content = _read_json(path)
    try:
        return SigningSecret(content["suite"], bytes.fromhex(content["kid"]), bytes.fromhex(content["private"]))
    except (KeyError, ValueError):
        raise SecretsError(
            f"{path} is damaged: expected `suite`, `kid` and `private`. Restore it from backup."
        ) from None


def _new_key() -> str:
    return secrets.token_hex(_KEY_BYTES)


def _new_passwords() -> str:
    return json.dumps({role: secrets.token_urlsafe(24) for role in ("postgres", *ROLES)}, indent=1)


def _new_signing(suite_name: str) -> str:
    key = suite(suite_name).generate_signing_key()
    return json.dumps({"suite": suite_name, "kid": secrets.token_hex(8), "private": key.to_bytes().hex()}, indent=1)
