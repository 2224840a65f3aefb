"""Putting a store into a data folder: made beside what is there, and in its place only when all of it is proved."""

import contextlib
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from footfall.database import EmbeddedStore
from footfall.database.store import alone_in
from footfall.errors import NotAccepted

_STORE = "postgres"
_HALF = "restoring"  # a data folder of its own, within: renaming moves no bytes
_REPLACED = "replaced-{:%Y%m%dT%H%M%SZ}"
ARCHIVE_SETTINGS = "footfall.archive.conf"  # in the data folder, read by the server: where its log goes


class Place:
    """A new store on its way into a data folder."""

    def __init__(self, folder: Path, user: str) -> None:
        self._folder = folder
        self._user = user
        self.half = folder / _HALF
        self.cluster = self.half / _STORE

    def opened(self) -> EmbeddedStore:
        """The new store, made if need be."""
        return EmbeddedStore(self.half, self._user)

    def take(self) -> Path | None:
        """Put it in the place of the one that is there; where that one is now."""
        there, replaced = self._folder / _STORE, None
        if there.exists():
            replaced = self._folder / _REPLACED.format(datetime.now(UTC))
            there.rename(replaced)
        self.cluster.rename(there)
        # another store's: its log would go among the files of the former one
        (self._folder / ARCHIVE_SETTINGS).unlink(missing_ok=True)
        return replaced


@contextlib.contextmanager
def in_place(folder: Path, *, replace: bool, user: str) -> Iterator[Place]:
    """A place for a new store, which `user` runs if root asks, in this data folder, which nobody else uses meanwhile.

    Raises NotAccepted: ``store_not_empty`` where there is a store and it is not to be replaced; StoreUnavailable: it is in use.
    """
    if (folder / _STORE / "PG_VERSION").exists() and not replace:
        raise NotAccepted("store_not_empty", f"there is a store in {folder}: --replace keeps it beside, --data names another")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        place = Place(folder, user)
        shutil.rmtree(place.half, ignore_errors=True)  # of one that was interrupted
        place.half.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place.half, ignore_errors=True)
