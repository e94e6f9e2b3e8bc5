"""Control: its ports, its Django, and the server in front of it."""

from __future__ import annotations

import importlib
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from granian import Granian
from granian.constants import Interfaces

from healthcode.adapters.key_store_file import KeyStoreFile
from healthcode.adapters.registry_file import RegistryFile
from healthcode.adapters.secret_files import Secrets
from healthcode.adapters.sms_demo import SmsDemo
from healthcode.control.configuration import ControlOptions, configure
from healthcode.control.ports import Ports
from healthcode.crypto.suites import suite
from healthcode.rules.parse import parse_ruleset
from healthcode.wiring.logs import logs_setup
from healthcode.wiring.settings import Settings, settings_load


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
    """Everything that control needs from outside. Raises RulesetError, DevelopmentTwinRefused."""
    files = {
        str(path.relative_to(settings.rulebook)): path.read_bytes()
        for path in sorted(settings.rulebook.rglob("*"))
        if path.is_file()
    }
    return Ports(
        region=settings.region,
        public_url=settings.origin,
        ruleset=parse_ruleset(files),
        consents={},
        sms=SmsDemo(settings.data / "run" / "sms.json", production=settings.production),
        registry=RegistryFile(settings.registry_file, registry_key(secrets)),
        key_store=KeyStoreFile(settings.data / "keystore" / "keys.sqlite", secrets.root_key),
        blind_key=secrets.blind_key,
        epoch_master=secrets.epoch_master,
        issuer_key=secrets.issuer_venue.private,
        issuer_kid=secrets.issuer_venue.kid,
        system_token=secrets.system_token,
        demo=secrets.demo,
    )


def registry_key(secrets: Secrets) -> bytes:
    """The key under which the registry file is written and read."""
    return suite("intl").hkdf(secrets.root_key, b"healthcode identity registry v1", 32)


def application() -> WSGIHandler:
    """Factory of the WSGI application, called once in each of granian's workers."""
    settings = settings_load()
    logs_setup("control", settings.log_level)
    control_configure(settings)
    return WSGIHandler()


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
        log_access=False,  # addresses carry handles and phones; what people do is in the audit, not in a web log
    ).serve()


def control_seed(settings: Settings, *, people: int) -> None:
    """Fill an empty database with an invented county, drawing its progress on the terminal."""
    control_configure(settings)
    seed: Any = importlib.import_module("healthcode.control.seed")  # models exist only after `configure`
    seed.seed(people=people)
