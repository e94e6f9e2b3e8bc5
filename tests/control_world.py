"""`world`: a control plane in this process, on a database of its own, with the cast's offices and officers in post.

    def test_something(world):
        with world.system():                      # an act of the system, as the worker does
            ...
        with world.acting(ZHOU):                  # an act of an officer: row policies apply
            ...
        page = world.client(ZHOU).get("/console/county/")
        world.sms.last(LIN.phone)                 # what was sent
        world.database.connect("app")             # raw SQL as a role

Inside an act the transaction commits when the block ends; `world.superuser(sql, ...)` looks past every policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction

from healthcode.adapters.registry_file import RegistryFile, registry_write
from healthcode.control.configuration import ControlOptions, configure, database_change
from healthcode.control.people.ports import SmsUnavailable
from healthcode.control.ports import Issuer, Ports, RulebookSet, ports
from healthcode.crypto.suites import suite
from healthcode.domain.document import Document
from tests.people import OFFICERS, RESIDENTS, OfficerRole, Person

if TYPE_CHECKING:
    from django.test import Client

    from tests.conftest import Cluster, Database

REPOSITORY = Path(__file__).resolve().parents[1]
LABORATORY = suite("intl").generate_signing_key()
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of invented officers
PASSWORD = "invented-county-2022"  # of invented officers


@dataclass
class SmsRecorder:
    """Keeps what was sent; `broken` makes the provider refuse."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def send(self, phone: str, text: str) -> None:
        """Record the text."""
        if self.broken:
            raise SmsUnavailable
        self.sent.append((phone, text))

    def last(self, phone: str) -> str:
        """The last text sent to `phone`."""
        found = [text for to, text in self.sent if to == phone]
        assert found, f"nothing was sent to {phone}"
        return found[-1]


@dataclass
class World:
    """What a test holds; see the module's docstring."""

    database: Database
    sms: SmsRecorder

    @contextmanager
    def system(self, purpose: str = "test") -> Iterator[None]:
        """An act of the system."""
        from healthcode.control.access import act_begin

        with transaction.atomic():
            act_begin(ports().system_token, purpose)
            yield

    @contextmanager
    def acting(self, who: OfficerRole | int, purpose: str = "test") -> Iterator[None]:
        """An act of an officer of the cast, or of the resident with that subject number."""
        from healthcode.control.access import act_begin

        token = self.session(who)
        with transaction.atomic():
            act_begin(token, purpose)
            yield

    def session(self, who: OfficerRole | int) -> str:
        """A session token of an officer of the cast or of a resident's subject number."""
        from healthcode.control.access import session_open

        if isinstance(who, int):
            return session_open(kind="resident", owner=who, hours=1)
        return session_open(kind="officer", owner=self.officer(who), hours=1)

    def officer(self, who: OfficerRole) -> int:
        """The officer's id."""
        from healthcode.control.offices.models import Officer

        return Officer.objects.get(account__username=who.key).pk

    def subject(self, person: Person) -> int:
        """The subject number of a resident, made by first mention where needed. Call within `system()`."""
        from healthcode.control.people.vault import NewIdentity, subjects_ensure

        row = NewIdentity(person.document, person.name, person.phone, person.address)
        return subjects_ensure([row], now=datetime.now(UTC))[0]

    def client(self, who: OfficerRole | int | None = None) -> Client:
        """A browser without scripts, signed in as somebody or as nobody."""
        from django.test import Client

        from healthcode.control.access import OFFICER_COOKIE, RESIDENT_COOKIE

        client = Client(headers={"accept-language": "zh-CN"})
        if who is not None:
            client.cookies[RESIDENT_COOKIE if isinstance(who, int) else OFFICER_COOKIE] = self.session(who)
        return client

    def superuser(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query past every policy; none for a statement without result."""
        with self.database.connect("postgres") as past_everything:
            cursor = past_everything.execute(query, values)  # type: ignore[arg-type]  # the test's own SQL
            return cursor.fetchall() if cursor.description else []


def registry_people(people: Sequence[Person]) -> list[tuple[Document, str]]:
    """The registry's entries for some people."""
    return [(person.document, person.name) for person in people]


@pytest.fixture(scope="session")
def control_ports(cluster: Cluster) -> Ports:
    """Django configured once for this process, with real adapters on the session's data folder."""
    from healthcode.adapters.key_store_file import KeyStoreFile
    from healthcode.adapters.rulebook_files import rulebook_files, ruleset_load
    from healthcode.adapters.secret_files import document_master_open

    data = cluster.data
    secrets = cluster.secrets
    registry_write(data / "registry", secrets.blind_key, registry_people(RESIDENTS))
    person, bundle = secrets.issuer_person, secrets.issuer_bundle
    made = Ports(
        region="140000",
        public_url="http://127.0.0.1:8001",
        ruleset=ruleset_load("ninth-edition", REPOSITORY / "rulebook"),
        consents={"2022-10-13": {"zh": "同意。", "en": "I agree."}},
        sms=SmsRecorder(),
        registry=RegistryFile(data / "registry", secrets.blind_key),
        key_store=KeyStoreFile(data / "keys.sqlite", secrets.root_key),
        blind_key=secrets.blind_key,
        epoch_master=secrets.epoch_master,
        issuer_key=secrets.issuer_venue.private,
        issuer_kid=secrets.issuer_venue.kid,
        person_issuer=Issuer(person.suite, person.kid, person.private),
        bundle_issuer=Issuer(bundle.suite, bundle.kid, bundle.private),
        lake=data / "lake",
        system_token=secrets.system_token,
        demo=True,
        feed_key=suite("intl").private_from_bytes(secrets.feed_signing.private),
        snapshots=data / "snapshots",
        rulebook={name: RulebookSet(*found) for name, found in rulebook_files(REPOSITORY / "rulebook").items()},
        document_master=document_master_open(secrets.folder),
    )
    configure(
        ControlOptions(
            dsn=cluster.dsn("app", "postgres"),
            secret_key=secrets.django_key,
            allowed_hosts=["testserver", "127.0.0.1"],
            web_dist=REPOSITORY / "web" / "dist",
        ),
        made,
    )
    return made


@pytest.fixture(scope="session")
def cast_database(cluster: Cluster, template_database: str, control_ports: Ports) -> Iterator[str]:
    """Name of a migrated database with every office and the cast's officers, to be cloned; nobody stays connected."""
    from healthcode.control.database import system_session_ensure
    from healthcode.control.seed.offices import offices_seed

    clone = cluster.clone(template_database)
    database_change(clone.dsn("migrate"))
    system_session_ensure(control_ports.system_token, "system")
    offices_seed(
        laboratory_key=LABORATORY.public.to_bytes(),
        password=PASSWORD,
        totp_secrets={officer.key: TOTP_SECRET for officer in OFFICERS},
        now=datetime(2022, 9, 1, tzinfo=UTC),
    )
    connection.close()
    yield clone.name
    clone.drop()


@pytest.fixture
def world(cluster: Cluster, cast_database: str, control_ports: Ports) -> Iterator[World]:
    """A control plane on a database of this test's own."""
    clone = cluster.clone(cast_database)
    database_change(clone.dsn("app"))
    cache.clear()  # spent one-time codes and sign-in limits of the test before
    sms = control_ports.sms
    assert isinstance(sms, SmsRecorder)
    sms.sent.clear()
    sms.broken = False
    yield World(clone, sms)
    connection.close()
    clone.drop()
