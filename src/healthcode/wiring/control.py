"""Control: its ports, its Django, and the server in front of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver
from granian import Granian
from granian.constants import Interfaces

from healthcode.adapters.key_store_file import KeyStoreFile
from healthcode.adapters.registry_file import RegistryFile
from healthcode.adapters.rulebook_files import RulebookError, rulebook_files, ruleset_base, ruleset_in_force
from healthcode.adapters.secret_files import Secrets, document_master_open
from healthcode.adapters.sms_demo import SmsDemo
from healthcode.control.configuration import ControlOptions, configure
from healthcode.control.notices.quiet import SendingRules
from healthcode.control.people.consents import ConsentError, consents_read
from healthcode.control.ports import Issuer, Ports, RulebookSet
from healthcode.crypto.suites import suite
from healthcode.domain.time import minute_of
from healthcode.rules.problem import RulesetError
from healthcode.rules.succession import HistoryError
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import Settings, SettingsError, settings_load


def control_configure(settings: Settings, *, role: str = "app") -> Ports:
    """Make this process a control process that works as database role `role`; call once. Returns its ports."""
    secrets = settings.secrets()
    ports = ports_build(settings, secrets)
    options = ControlOptions(
        dsn=settings.dsn(role, secrets),
        secret_key=secrets.django_key,
        allowed_hosts=settings.hosts,
        trusted_origins=[settings.origin],
        secure_cookies=settings.origin.startswith("https://"),
        web_dist=settings.web if settings.web.is_dir() else None,
    )
    configure(options, ports)
    return ports


def ports_build(settings: Settings, secrets: Secrets) -> Ports:
    """Everything that control needs from outside. Raises SettingsError or DevelopmentTwinRefused."""
    try:
        ruleset = ruleset_in_force(settings.rulebook, minute_of(datetime.now(UTC)))
        base = ruleset_base(settings.rulebook)
        rulebook = {name: RulebookSet(*found) for name, found in rulebook_files(settings.rulebook).items()}
        consents = consents_read(consent_files(settings.rulebook))
    except (RulebookError, RulesetError, HistoryError, ConsentError) as error:
        raise SettingsError(f"HEALTHCODE_RULEBOOK: {settings.rulebook} cannot be used: {error}") from error
    person, bundle = secrets.issuer_person, secrets.issuer_bundle
    return Ports(
        region=settings.region,
        public_url=settings.origin,
        ruleset=ruleset,
        consents=consents,
        sms=SmsDemo(settings.data / "run" / "sms.json", production=settings.production),
        registry=RegistryFile(settings.registry_file, registry_key(secrets)),
        key_store=KeyStoreFile(settings.data / "keystore" / "keys.sqlite", secrets.root_key),
        blind_key=secrets.blind_key,
        epoch_master=secrets.epoch_master,
        issuer_key=secrets.issuer_venue.private,
        issuer_kid=secrets.issuer_venue.kid,
        person_issuer=Issuer(person.suite, person.kid, person.private),
        bundle_issuer=Issuer(bundle.suite, bundle.kid, bundle.private),
        lake=settings.data / "lake",
        system_token=secrets.system_token,
        suite=settings.suite,
        issuer_suite=secrets.issuer_venue.suite,
        demo=secrets.demo,
        follow_singly=settings.follow_singly,
        sending=SendingRules(settings.sms_quiet_from, settings.sms_quiet_until, settings.sms_per_minute),
        feed_key=suite(settings.suite).private_from_bytes(secrets.feed_signing.private),
        snapshots=settings.data / "snapshots",
        base=base,
        rulebook=rulebook,
        document_master=document_master_open(secrets.folder),
        document_identity=settings.documents_folder / "identity.pub",
    )


def consent_files(rulebook: Path) -> dict[str, bytes]:
    """The consent texts of a rulebook: relative path → content."""
    return {str(path.relative_to(rulebook)): path.read_bytes() for path in sorted(rulebook.rglob("consent/*.md"))}


def registry_key(secrets: Secrets) -> bytes:
    """The key under which the registry file is written and read."""
    return suite("intl").hkdf(secrets.root_key, b"healthcode identity registry v1", 32)


def application() -> WSGIHandler:
    """Factory of the WSGI application, called once in each of granian's workers."""
    settings = settings_load()
    logs_setup("control", settings.log_level)
    control_configure(settings)
    handler = WSGIHandler()
    len(get_resolver().url_patterns)  # read now: a broken route ends the start, not somebody's first request
    return handler


def control_serve(settings: Settings) -> None:
    """Serve control on its port until SIGTERM or SIGINT."""
    Granian(
        "healthcode.wiring.control:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.control_workers,
        blocking_threads=settings.control_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=5,
        websockets=False,
        log_dictconfig={"version": 1, "disable_existing_loggers": False, "loggers": {"_granian": {"propagate": True}}},
        log_access=False,  # addresses carry handles and phones; what people do is in the audit, not in a web log
    ).serve()
