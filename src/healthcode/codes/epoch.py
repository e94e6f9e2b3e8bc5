"""Epoch keys: one secret a day, shared by control and the edges, from which every minute's key is derived.

An epoch is a calendar day of the region; its id is the day number modulo 65,536. A key serves only codes of its own
validity, so that a stolen edge mints nothing outside the epochs it holds.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from healthcode.crypto.interfaces import Aead
from healthcode.crypto.suites import suite
from healthcode.domain.time import Minute, day_of, day_start

EPOCH_KEY_BYTES: Final = 32
CUT_NOTICE: Final = 120
"""Minutes before midnight from which on a cut waits for the next one: phones hold codes minted ahead of it."""
_CACHE_SIZE: Final = 1024
_K = TypeVar("_K")
_V = TypeVar("_V")


class EpochKey(NamedTuple):
    """A 32-byte key and the minutes (from inclusive, until exclusive) whose codes it may make and open."""

    id: int
    key: bytes
    valid_from: Minute
    valid_until: Minute


class EpochMissing(LookupError):
    """No key is held for an epoch: it is over and dropped, or not yet delivered."""


def epoch_id(now: Minute) -> int:
    """Return the epoch id of a minute."""
    return day_of(now) % 65536


def epoch_key(master: bytes, epoch: int, *, suite_name: str = "intl", cut: int = 0) -> bytes:
    """Return the 32-byte key of an epoch, derived from control's master key; `cut` is `epoch_cut` of its day."""
    info = b"healthcode/epoch" + epoch.to_bytes(2, "big") + (cut.to_bytes(4, "big") if cut else b"")
    return suite(suite_name).hkdf(master, info, EPOCH_KEY_BYTES)


def epoch_cut(day: int, struck: Iterable[Minute]) -> int:
    """Return how often the key of a day was cut anew: once for each edge struck off well before the day began.

    Keys are handed out ahead, so a stolen edge holds those of days to come; these are no longer what others use. The
    day of the striking itself keeps its key: whoever is on the way with a code minted ahead loses no check.
    """
    return sum(1 for minute in struck if minute + CUT_NOTICE <= day_start(day))


def epoch_of_day(epoch: int, key: bytes, *, near: Minute) -> EpochKey:
    """Return the key of the day with that id which lies nearest to `near` (ids repeat after 179 years)."""
    today = day_of(near)
    day = today + (epoch - today + 32768) % 65536 - 32768
    return EpochKey(epoch, key, day_start(day), day_start(day + 1))


class EpochKeys:
    """The epoch keys that a process holds. Immutable but for its caches; replace it when keys arrive."""

    def __init__(self, keys: Iterable[EpochKey], *, suite_name: str = "intl") -> None:
        self._keys = {key.id: key for key in sorted(keys, key=lambda key: key.valid_from)}
        self._suite = suite(suite_name)
        self._ciphers: dict[tuple[int, bytes, Minute], Aead] = {}
        self._secrets: dict[tuple[int, bytes, Minute], bytes] = {}

    @classmethod
    def from_master(
        cls, master: bytes, days: Iterable[int], *, suite_name: str = "intl", struck: Collection[Minute] = ()
    ) -> "EpochKeys":
        """Return the keys of these calendar days, as control derives them; `struck`: when edges were struck off."""
        epochs = [
            (day, epoch_key(master, day % 65536, suite_name=suite_name, cut=epoch_cut(day, struck))) for day in days
        ]
        return cls(
            [EpochKey(day % 65536, key, day_start(day), day_start(day + 1)) for day, key in epochs],
            suite_name=suite_name,
        )

    @classmethod
    def from_mapping(cls, keys: Mapping[int, bytes], *, near: Minute, suite_name: str = "intl") -> "EpochKeys":
        """Return keys given by id, each valid for its own day near `near`."""
        return cls([epoch_of_day(epoch, key, near=near) for epoch, key in keys.items()], suite_name=suite_name)

    @property
    def suite_id(self) -> int:
        """The suite byte of codes sealed with these keys."""
        return self._suite.id

    def same(self, others: Iterable[EpochKey], *, suite_name: str) -> bool:
        """Whether these are exactly `others`: a key that was cut anew has the id of the one before."""
        return self._suite is suite(suite_name) and self._keys == {key.id: key for key in others}

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids held, oldest first."""
        return tuple(self._keys)

    def get(self, epoch: int) -> EpochKey:
        """Return the key of an epoch; raises `EpochMissing`."""
        try:
            return self._keys[epoch]
        except KeyError:
            raise EpochMissing(f"no key is held for epoch {epoch}") from None

    def current(self, now: Minute) -> EpochKey:
        """Return the newest key valid at `now`; raises `EpochMissing`."""
        for key in reversed(self._keys.values()):
            if key.valid_from <= now < key.valid_until:
                return key
        raise EpochMissing(f"no epoch key is valid at minute {now}; the newest held is {max(self._keys, default=None)}")

    def cipher(self, epoch: int, purpose: bytes, minute: Minute = 0) -> Aead:
        """Return the cipher of one purpose and minute (0: the whole epoch), from a cache; raises `EpochMissing`."""
        at = (epoch, purpose, minute)
        cipher = self._ciphers.get(at)
        if cipher is None:
            cipher = self._suite.aead(self._derive(at, self._suite.key_size))
            _remember(self._ciphers, at, cipher)
        return cipher

    def mac(self, epoch: int, purpose: bytes, minute: Minute, data: bytes) -> bytes:
        """Return the 32-byte MAC of `data` under the key of one purpose and minute; raises `EpochMissing`."""
        at = (epoch, purpose, minute)
        secret = self._secrets.get(at)
        if secret is None:
            secret = self._derive(at, 32)
            _remember(self._secrets, at, secret)
        return self._suite.mac(secret, data)

    def _derive(self, at: tuple[int, bytes, Minute], size: int) -> bytes:
        epoch, purpose, minute = at
        info = b"healthcode/" + purpose + minute.to_bytes(4, "big")
        return self._suite.hkdf(self.get(epoch).key, info, size)


def _remember(cache: dict[_K, _V], key: _K, value: _V) -> None:
    """Keep an entry; forget everything when strangers' codes of far minutes have filled the cache."""
    if len(cache) >= _CACHE_SIZE:
        cache.clear()
    cache[key] = value
