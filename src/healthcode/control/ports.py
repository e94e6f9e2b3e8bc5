"""Everything that control needs from outside, handed in once by `wiring` before Django serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from healthcode.control.notices.quiet import SendingRules
from healthcode.control.people.ports import IdentityRegistry, SmsSender
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.keystore import KeyStore
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import RulesetHistory


@dataclass(frozen=True, slots=True)
class RulebookSet:
    """One ruleset of the rulebook on disk: its files as text, and what they say."""

    files: Mapping[str, str]
    ruleset: Ruleset


@dataclass(frozen=True, repr=False)
class Issuer:
    """A key that signs codes: its suite, its id (8 bytes), scalar and point (97 bytes). It has no repr on purpose."""

    suite: str
    kid: bytes
    private: bytes


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports and keys. `region` is the deployment's id, the same in table, feed, codes and sessions.

    `ruleset` is the rulebook's on disk, or, where the clock decides among several, `base` is their history. What is in
    force also depends on what was published: ask `rulesets.reading`. `lake` is the folder
    where evidence lies by number, for runs over everybody; `snapshots` the store from which edges take whole tables,
    and `feed_key` signs the offers of them. Where a publication touches more people than `follow_singly`, one run over
    everybody decides instead of batches of them.
    `document_master` is what the document index's keys derive from; `document_identity` the file with the public key of
    the index process of this machine, where it has one. `suite` is that of live codes and sessions, `issuer_suite` that
    of `issuer_key`, which signs venue codes.
    """

    region: str
    public_url: str
    ruleset: Ruleset
    consents: Mapping[str, Mapping[str, str]]
    sms: SmsSender
    registry: IdentityRegistry
    key_store: KeyStore
    blind_key: bytes
    epoch_master: bytes
    issuer_key: bytes
    issuer_kid: bytes
    person_issuer: Issuer
    bundle_issuer: Issuer
    lake: Path
    system_token: str = ""
    suite: str = "intl"
    issuer_suite: str = "intl"
    demo: bool = False
    feed_key: SigningKey | None = None
    snapshots: Path | None = None
    base: RulesetHistory | None = None
    rulebook: Mapping[str, RulebookSet] = field(default_factory=dict)
    document_master: bytes = b""
    document_identity: Path | None = None
    follow_singly: int = 50_000
    sending: SendingRules = field(default_factory=SendingRules)


_PORTS: Ports | None = None


def ports_set(ports: Ports) -> None:
    """Install the ports of this process. Called once by `healthcode.control.configure`."""
    global _PORTS  # noqa: PLW0603  # one process, one deployment
    _PORTS = ports


def ports() -> Ports:
    """The ports of this process.

    Raises:
        RuntimeError: `healthcode.control.configure` has not been called.
    """
    if _PORTS is None:
        raise RuntimeError("control is not configured: call healthcode.control.configuration.configure(...) first")
    return _PORTS
