"""The programs that come with the embedded server, run as who owns its files."""

from pathlib import Path

from footfall.database import Cluster


class PostgresPrograms:
    """pg_ctl, pg_basebackup, pg_dump and so on, for the store in a folder."""

    def __init__(self, folder: Path) -> None:
        cluster = Cluster(folder / "postgres")
        self._run = cluster.run
        self.owner = cluster.folder.stat().st_uid

    def __call__(self, program: str, *arguments: str | Path) -> None:
        self._run(program, *arguments)
