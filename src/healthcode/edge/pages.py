"""The built resident and inspector pages, read once and served from memory.

A file `name.br` or `name.gz` beside `name` is its precompressed form.  Files whose name carries a content hash are
kept for a year; everything else is revalidated by ETag.
"""

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass

from healthcode.edge.http import SECURITY_HEADERS, Header, Request, Response, length_header

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self' blob: mediastream:; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_PAGE_HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=(), payment=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_HASHED = re.compile(r"[-.][0-9A-Za-z_-]{8,}\.(js|css|woff2|svg|png|wasm)$")
_TYPES = {
    ".webmanifest": "application/manifest+json",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One file in its forms: content coding (or empty) to response."""

    etag: bytes
    forms: Mapping[bytes, Response]
    unchanged: Response


class Pages:
    """All files of the built folder by URL path."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """`files` maps the path below the built folder (`index.html`, `assets/x.js`, `x.js.br`) to content."""
        self._pages: dict[str, Page] = {}
        for name, content in files.items():
            if name.endswith((".br", ".gz", ".map")):
                continue
            coded = {b"br": files.get(f"{name}.br"), b"gzip": files.get(f"{name}.gz")}
            page = _page(name, content, coded)
            for path in _paths(name):
                self._pages[path] = page

    def __len__(self) -> int:
        return len(self._pages)

    def find(self, path: str) -> Page | None:
        """The page at a URL path, or None."""
        return self._pages.get(path)


def page_response(page: Page, request: Request) -> Response:
    """The page in a coding that the browser takes, or 304 where it has it already."""
    if request.header(b"if-none-match") == page.etag:
        return page.unchanged
    accepted = request.header(b"accept-encoding") or b""
    for coding, response in page.forms.items():
        if coding and coding in accepted:
            return response
    return page.forms[b""]


def _paths(name: str) -> list[str]:
    """`index.html` answers at `/`, `inspect.html` and `inspect/index.html` at `/inspect`; files at their own path."""
    path = f"/{name}"
    if path.endswith("/index.html"):
        folder = path.removesuffix("index.html")
        return [path, folder] if folder == "/" else [path, folder, folder.rstrip("/")]
    if path.endswith(".html"):
        return [path, path.removesuffix(".html")]
    return [path]


def _page(name: str, content: bytes, coded: Mapping[bytes, bytes | None]) -> Page:
    etag = b'"' + hashlib.sha256(content).hexdigest()[:20].encode() + b'"'
    kept = b"public, max-age=31536000, immutable" if _HASHED.search(name) else b"no-cache"
    suffix = name[name.rfind(".") :] if "." in name else ""
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers: list[Header] = [
        (b"content-type", kind.encode()),
        (b"cache-control", kept),
        (b"etag", etag),
        (b"vary", b"accept-encoding"),
        *SECURITY_HEADERS,
        *(_PAGE_HEADERS if suffix == ".html" else ()),
    ]
    if name.endswith("sw.js") or "service-worker" in name:
        headers.append((b"service-worker-allowed", b"/"))
    forms = {
        coding: Response(200, [*headers, (b"content-encoding", coding), length_header(body)], body)
        for coding, body in coded.items()
        if body is not None
    }
    forms[b""] = Response(200, [*headers, length_header(content)], content)
    return Page(etag, forms, Response(304, headers, b""))
