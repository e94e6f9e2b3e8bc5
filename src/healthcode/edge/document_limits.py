"""How many documents one device may check in an hour, over all hosts, also when hosts cannot speak to each other.

Half of a budget is split among the hosts and spent without asking anybody; the other half is a common pool, of which a
host claims lots where the pool can be reached. So what all hosts together grant never exceeds the budget
(docs/adr/0008-document-limits.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

WINDOW_S: Final = 3600
ASKS: Final = 600
"""Documents that one device may check in an hour: one every six seconds."""
MISSES: Final = 60
"""Of these, how many may be unknown: whoever tries out numbers meets this limit first."""
HOST_ASKS: Final = 20_000
"""Documents that all devices together may check on one host in an hour: what a stolen worker could pretend."""
LOT: Final = 20
"""How much a host claims of the pool at once."""


class BudgetPool(Protocol):
    """The common half of every device's budget."""

    async def claim(self, budget: str, device: bytes, window: int, wanted: int, most: int) -> int:
        """Take up to `wanted` of a device's `most` in a window; returns what was granted.

        Never grants more than `most` to all hosts together. 0 where the pool cannot be reached.
        """
        ...


@dataclass(slots=True)
class _Account:
    window: int
    used: int = 0
    granted: int = 0
    stopped: bool = False


class Budget:
    """One budget of every device, on this host."""

    def __init__(self, name: str, per_window: int, pool: BudgetPool) -> None:
        self.name = name
        self._per_window = per_window
        self._pool = pool
        self._accounts: dict[bytes, _Account] = {}
        self._window = -1

    def share(self, hosts: int) -> int:
        """What each of `hosts` may spend without asking."""
        return max(1, self._per_window // 2 // max(1, hosts))

    async def take(self, device: bytes, now_s: float, hosts: int) -> bool:
        """Spend one; False where the budget is spent. Whoever takes and did not need it gives it `back`."""
        account = self._account(device, now_s)
        if account.used >= self.share(hosts) + account.granted:
            half = self._per_window - self._per_window // 2
            account.granted += await self._pool.claim(self.name, device, account.window, LOT, half)
        if account.used >= self.share(hosts) + account.granted:
            return False
        account.used += 1
        return True

    def back(self, device: bytes, now_s: float) -> None:
        """One that was taken was not needed."""
        account = self._account(device, now_s)
        account.used = max(0, account.used - 1)

    def recount(self, devices: Iterable[bytes], now_s: float) -> None:
        """After a restart: what was spent in this window before."""
        for device in devices:
            self._account(device, now_s).used += 1

    def first_stop(self, device: bytes, now_s: float) -> bool:
        """Whether this device is stopped for the first time in its window: the alarm is written once."""
        account = self._account(device, now_s)
        first, account.stopped = not account.stopped, True
        return first

    def _account(self, device: bytes, now_s: float) -> _Account:
        window = int(now_s) // WINDOW_S
        if window != self._window:
            self._window, self._accounts = window, {}
        return self._accounts.setdefault(device, _Account(window))


def wait_s(now_s: float) -> int:
    """Seconds until the next window."""
    return WINDOW_S - int(now_s) % WINDOW_S
