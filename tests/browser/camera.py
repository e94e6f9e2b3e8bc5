"""A camera that sees one QR code: a two-frame video for Chromium's fake capture device.

Chromium opens the file whenever a page asks for the camera, so that a test writes what is to be seen, then opens it.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import segno
from PIL import Image

WIDTH, HEIGHT = 640, 480
_FRAMES = 2


def camera_show(path: Path, text: str, *, side: int = 330) -> None:
    """Write what the camera of `path` sees: `text` as a QR code of `side` pixels on a grey wall."""
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=8, border=4)
    code = Image.open(drawn).convert("L").resize((side, side))
    wall = Image.new("L", (WIDTH, HEIGHT), 150)
    wall.paste(code, ((WIDTH - side) // 2, (HEIGHT - side) // 2))
    _video_write(path, wall)


def camera_show_picture(path: Path, png: bytes) -> None:
    """Write what the camera sees when it is held before a picture: a screenshot of a poster, or of another phone."""
    seen = Image.open(BytesIO(png)).convert("L")
    seen.thumbnail((WIDTH - 40, HEIGHT - 40), Image.Resampling.LANCZOS)
    wall = Image.new("L", (WIDTH, HEIGHT), 150)
    wall.paste(seen, ((WIDTH - seen.width) // 2, (HEIGHT - seen.height) // 2))
    _video_write(path, wall)


def camera_show_nothing(path: Path) -> None:
    """Write a plain grey wall."""
    _video_write(path, Image.new("L", (WIDTH, HEIGHT), 150))


def _video_write(path: Path, picture: Image.Image) -> None:
    """YUV4MPEG2 with 4:2:0 chroma: luma as given, both chroma planes grey."""
    chroma = b"\x80" * (WIDTH * HEIGHT // 4)
    frame = b"FRAME\n" + picture.tobytes() + chroma + chroma
    header = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(header + frame * _FRAMES)
