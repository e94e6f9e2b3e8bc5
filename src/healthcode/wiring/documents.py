"""The document index process of a host: it alone holds the generations' keys, and it answers only what it wrote down.

A process of its own, under an account of its own where the host has one (`deploy/systemd`): whoever takes over an edge
worker gets answers within the limits, each on record, but no key and nothing to try out elsewhere.
"""

import asyncio
import contextlib
import ctypes
import signal
import sys
import time
from pathlib import Path

import structlog

from healthcode.adapters.access_log_files import AccessLogFiles
from healthcode.adapters.access_log_postgres import AccessPostgres
from healthcode.adapters.document_socket import DocumentServer
from healthcode.adapters.edge_files import EdgeHost, identity_name, identity_open, identity_public
from healthcode.adapters.visits_postgres import connector
from healthcode.crypto.suites import suite
from healthcode.edge.document_desk import Desk
from healthcode.visits.access import AccessUnavailable
from healthcode.wiring.settings import Settings

LOOK_S = 0.5
"""How often news of keys are taken over and rows shipped."""
SHIP = 500
PUBLIC = "identity.pub"
_PR_SET_DUMPABLE = 4
_log = structlog.get_logger(__name__)


class DocumentProcess:
    """One host's index process."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.documents_folder
        private = identity_open(folder)
        public_write(folder, private)
        connect = connector(lambda: settings.dsn("edge"))
        self._log = AccessLogFiles(folder / "log", suite("intl").hkdf(private, b"healthcode/access-log", 32))
        self._shipper, self._pool = AccessPostgres(connect), AccessPostgres(connect)
        side = EdgeHost(settings.document_side or settings.data / "edge", region=int(settings.region)).side
        self.desk = Desk(side, (identity_name(private), private), self._log, self._pool, time.time)
        self._server = DocumentServer(settings.documents_socket, self.desk)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; rows that could not be shipped stay in the folder for the next start."""
        self.desk.recount(self._log.open())
        await self._server.start()
        shipping = asyncio.create_task(self._ship())
        try:
            while not stop.is_set():
                self._refresh()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_S)
        finally:
            await self._server.close()
            shipping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shipping
            await self._log.close()
            await self._shipper.close()
            await self._pool.close()

    def _refresh(self) -> None:
        before = self.desk.generations
        try:
            self.desk.refresh()
        except Exception:  # noqa: BLE001 - the keys held go on; the next look tries again
            _log.exception("refresh_failed")
        if self.desk.generations != before:
            _log.info("document_generations", held=self.desk.generations)

    async def _ship(self) -> None:
        """Bring rows to the database, oldest first.  If we die after its commit they are sent again: no change."""
        while True:
            rows = self._log.to_ship(SHIP)
            try:
                if rows:
                    await self._shipper.keep(rows)
                    self._log.shipped(len(rows))
            except AccessUnavailable as error:
                _log.warning("access_rows_wait", rows=self._log.depth, error=str(error))
                rows = []
            if not rows:
                await asyncio.sleep(LOOK_S)


def public_write(folder: Path, private: bytes) -> None:
    """Leave the public key where control on the same machine, or an operator, finds it."""
    path = folder / PUBLIC
    path.write_text(identity_public(private).hex() + "\n", encoding="ascii")
    path.chmod(0o644)


def undumpable() -> None:
    """No core file, and no other process of this account may read this one's memory (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


async def documents_follow(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await DocumentProcess(settings).run(stop)


def documents_run(settings: Settings) -> None:
    """Run the index process of this host until it is told to stop."""
    undumpable()
    asyncio.run(documents_follow(settings))
