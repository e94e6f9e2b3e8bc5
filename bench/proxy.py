"""A real nginx with the deployed configuration before edges that run here: for measuring, and for the tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CONFIGURATION = Path(__file__).resolve().parents[1] / "deploy" / "nginx.conf"
_START_S = 10.0


class Proxy(NamedTuple):
    """A running nginx, and its certificate, which clients trust."""

    certificate: Path
    worker: int
    """The process that does the work."""


@contextmanager
def nginx(
    folder: Path, edges: Sequence[str], control: str, ports: tuple[int, int], *, tls: bool = True
) -> Iterator[Proxy]:
    """nginx on 127.0.0.1 before `edges` and `control` ("host:port" each), its plain and its TLS port being `ports`.

    Without `tls` the second port speaks plain HTTP, for a generator that could not keep up with TLS.  Raises
    RuntimeError where it does not start, with its own words.
    """
    folder.mkdir()
    (folder / "nginx.conf").write_text(_configuration(folder, edges, control, ports, tls=tls), encoding="utf-8")
    _certificate(folder)
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", "nginx.conf"], stderr=subprocess.PIPE)
    try:
        _await(folder / "pid", process)
        yield Proxy(folder / "fullchain.pem", _worker(process.pid))
    finally:
        process.terminate()
        process.wait(10)
        if process.stderr is not None:
            process.stderr.close()


def nginx_there() -> bool:
    """Whether nginx is on the path (`.ci/browser` installs it where it may)."""
    return shutil.which("nginx") is not None


def _configuration(folder: Path, edges: Sequence[str], control: str, ports: tuple[int, int], *, tls: bool) -> str:
    """deploy/nginx.conf with these addresses, and what stands around it in /etc/nginx."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    for line in re.findall(r" *server 127\.0\.0\.1:8001.*\n", text):
        text = text.replace(line, "".join(line.replace("127.0.0.1:8001", edge) for edge in edges))
    for deployed, here in (
        ("127.0.0.1:8000", control),
        ("listen 80;", f"listen 127.0.0.1:{ports[0]};"),
        ("listen 443", f"listen 127.0.0.1:{ports[1]}"),
        ("/etc/healthcode/tls", str(folder)),
        ("/var/log/nginx/healthcode.log", f"{folder}/error.log"),
    ):
        text = text.replace(deployed, here)
    if not tls:
        text = re.sub(r" *ssl_.*\n", "", text.replace(" ssl http2;", ";"))
    bodies = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    around = f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;"
    return f"{around} events {{ worker_connections 30000; }} http {{ {bodies}\n{text}\n}}\n"


def _certificate(folder: Path) -> None:
    """A certificate for 127.0.0.1 that signs itself, and its P-256 key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(private)


def _await(started: Path, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _START_S
    while not started.exists():
        if process.poll() is not None or time.monotonic() > ends:
            said = process.stderr.read().decode() if process.stderr and process.poll() is not None else ""
            raise RuntimeError(f"nginx did not start: {said}")
        time.sleep(0.02)


def _worker(master: int) -> int:
    children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
    return int(children[0])
