"""A `healthcode` command whose clocks somebody sets while it runs: `python -m tests.stepped_clock updater`.

The file named by STEPPED_CLOCK holds how many seconds wall and boot clock are off. The rest is the command as it is.
"""

import os
import time
from pathlib import Path

WALL, BOOT = time.time, time.clock_gettime


def off() -> tuple[float, float]:
    """The two offsets."""
    wall, boot = Path(os.environ["STEPPED_CLOCK"]).read_text(encoding="ascii").split()
    return float(wall), float(boot)


def clock_set(path: Path, wall: float, boot: float = 0.0) -> None:
    """Set the clocks of who reads `path`; never half a file."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{wall} {boot}", encoding="ascii")
    fresh.replace(path)


if __name__ == "__main__":
    time.time = lambda: WALL() + off()[0]
    time.clock_gettime = lambda clock: BOOT(clock) + (off()[1] if clock == time.CLOCK_BOOTTIME else 0.0)
    from healthcode.cli.main import app  # now, so that everything reads these clocks

    app()
