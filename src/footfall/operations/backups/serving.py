"""The server of a cluster that is no store yet, or no more: started for a while, for whoever makes a store of it."""

import contextlib
import time
from collections.abc import Iterator

import psycopg

from footfall.database import Cluster
from footfall.database.store import configure
from footfall.errors import StoreUnavailable

_PAUSE = 0.05  # seconds
# it is a copy: its log belongs among no other's
_ARCHIVES_NOTHING = "archive_command = 'true'\n"


@contextlib.contextmanager
def serving(cluster: Cluster, settings: str = "") -> Iterator[str]:
    """The URL of its server, started with these lines of settings, when it has recovered.

    Raises StoreUnavailable, with the reason in its log: it does not start, or ends while it recovers.
    """
    configure(cluster.folder, _ARCHIVES_NOTHING + settings)
    try:
        cluster.start()
        _wait_until_recovered(cluster)
        yield cluster.url
    finally:
        cluster.stop()


def _wait_until_recovered(cluster: Cluster) -> None:
    """It is started as soon as it recovers, and answers when it has."""
    while True:
        try:
            psycopg.connect(cluster.url).close()
        except (psycopg.OperationalError, FileNotFoundError) as error:
            if not cluster.runs:
                raise StoreUnavailable(f"the server in {cluster.folder} has ended, see its log: {error}") from None
            time.sleep(_PAUSE)
        else:
            return
