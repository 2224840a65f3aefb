"""The programs that come with the embedded server, run as who owns its files."""

import os
import subprocess
from pathlib import Path

from footfall.database import EmbeddedStore


class PostgresPrograms:
    """pg_ctl, pg_basebackup, pg_dump and so on, for the store in a folder."""

    def __init__(self, store: EmbeddedStore, folder: Path) -> None:
        self._programs = Path(store.psql()[0]).parent
        self.owner = (folder / "postgres").stat().st_uid

    def __call__(self, program: str, *arguments: str | Path) -> None:
        as_owner = {"user": self.owner} if self.owner != os.getuid() else {}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([str(self._programs / program), *map(str, arguments)], check=True, **quiet, **as_owner)
