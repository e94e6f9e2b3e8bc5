"""Bounded rate limits and the look-out for one code shown at two places."""

from collections.abc import Hashable


class RateLimit:
    """At most `per_window` acts per key within each window of `window_s` seconds.

    Memory is bounded: beyond `keys` keys the counts start anew, which is generous for a moment but never a leak.
    """

    __slots__ = ("_counts", "_keys", "_window", "per_window", "window_s")

    def __init__(self, per_window: int, window_s: int = 60, keys: int = 200_000) -> None:
        self.per_window = per_window
        self.window_s = window_s
        self._keys = keys
        self._window = -1
        self._counts: dict[Hashable, int] = {}

    def wait_s(self, key: Hashable, now: float, count: int = 1) -> int:
        """0 where `count` more acts are within the limit (and are counted), else the seconds until they would be."""
        window = int(now) // self.window_s
        if window != self._window or len(self._counts) >= self._keys:
            self._window = window
            self._counts = {}
        used = self._counts.get(key, 0) + count
        if used > self.per_window:
            return (window + 1) * self.window_s - int(now) or 1
        self._counts[key] = used
        return 0


class TwinWatch:
    """Notices one live code checked at two venues within its minute, on this worker.

    Both checks are answered (we cannot know which one is genuine); the count raises the alarm.
    """

    __slots__ = ("_codes", "_limit", "_minute", "seen")

    def __init__(self, codes: int = 500_000) -> None:
        self._limit = codes
        self._minute = -1
        self._codes: dict[tuple[int, int], int] = {}
        self.seen = 0

    def check(self, subject: int, code_minute: int, venue: int, now_minute: int) -> bool:
        """Record this check; True where the same code was checked at another venue before."""
        if now_minute != self._minute or len(self._codes) >= self._limit:
            # codes of the minute before are still accepted for a while: keep those, drop older ones
            self._codes = {code: at for code, at in self._codes.items() if code[1] >= now_minute - 1}
            if len(self._codes) >= self._limit:
                self._codes = {}
            self._minute = now_minute
        before = self._codes.setdefault((subject, code_minute), venue)
        if before == venue:
            return False
        self.seen += 1
        return True
