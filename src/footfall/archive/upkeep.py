"""What is done of itself: by the worker every hour, and at once after an erasure."""

import logging
from datetime import timedelta
from threading import Event

from footfall.database import Connection, connect
from footfall.errors import ArchiveFailed, StoreUnavailable

logger = logging.getLogger(__name__)

_PATIENCE = timedelta(days=1)  # with a month that has changed: the tables answer for it meanwhile


def keep_up(url: str, connection: Connection, archive: str, stop: Event) -> bool:
    """Write what is due, a file at a time, and have leave what may, until that is done, something was erased, or it is to stop.

    Returns whether nothing is left to do until the next time. `connection` is a worker's. What a file cannot hold, or a place
    that is away, is logged, and tried again at the next time.
    """
    return _written(url, connection, archive, stop, is_urgent=False)


def write_anew_if_erased(url: str, connection: Connection, archive: str, stop: Event) -> bool:
    """Write the files anew that hold what was erased, and unlink the old ones; whether there were any. As `keep_up`."""
    if not _is_urgent(connection):
        return False
    _written(url, connection, archive, stop, is_urgent=True)
    return True


def bring_back(url: str, connection: Connection, archive: str, tenant_hk: bytes) -> None:
    """Have raw hold all again that a tenant was sent and that has left; nothing where nothing has.

    Raises ArchiveFailed as `footfall.archive.restoring.restore` does.
    """
    if connection.execute("/* archive.upkeep */ SELECT archive.lacks_raw(%s)", (tenant_hk,)).fetchone() == (True,):
        from footfall.archive.place import Place  # noqa: PLC0415
        from footfall.archive.restoring import bring_back as each  # noqa: PLC0415

        for back in each(url, connection, Place(archive), tenant_hk):
            logger.info("%s is back from the archive", f"{back.month:%Y-%m}")


def forget_erased(url: str, archive: str) -> bool:
    """After an erasure has committed: have its files written anew now; whether no file holds it any more.

    What fails here the worker does, before anything else; until then `footfall doctor` says so.
    """
    with connect(url, "footfall_worker") as connection:
        if archive:
            write_anew_if_erased(url, connection, archive, Event())
        return not _is_urgent(connection)


def _written(url: str, connection: Connection, archive: str, stop: Event, *, is_urgent: bool) -> bool:
    # Arrow and its driver take a third of a second, and forty megabytes: nobody pays for them who archives nothing
    from footfall.archive.leaving import leave  # noqa: PLC0415
    from footfall.archive.months import Wish, run  # noqa: PLC0415
    from footfall.archive.place import Place  # noqa: PLC0415

    wish = Wish(is_urgent=True) if is_urgent else Wish(patience=_PATIENCE)
    try:
        place = Place(archive)
        for one in run(url, connection, place, wish):
            logger.info("archived %s of %s: %d rows of %d tenants", one.layer, f"{one.month:%Y-%m}", one.rows, one.tenants)
            if stop.is_set() or (not is_urgent and _is_urgent(connection)):
                return False
        for rows in () if is_urgent else leave(connection, place):
            logger.info("%d events as received have left for the archive", rows)
            if stop.is_set():
                return False
    except (ArchiveFailed, StoreUnavailable) as error:
        logger.warning("the archive will be tried again: %s", error)
    return True


def _is_urgent(connection: Connection) -> bool:
    return connection.execute("/* archive.upkeep */ SELECT archive.is_urgent()").fetchone() == (True,)
