"""A base backup, read against the manifest that the server sent with it: each file is there, whole, and as it was sent.

As pg_verifybackup does it, which in the wheel of the embedded server does not start.
"""

import hashlib
import json
from pathlib import Path

from footfall.errors import BackupFailed
from footfall.operations.backups.programs import run

ALGORITHM = "SHA256"
_NAME = "backup_manifest"
# what comes by another way than the files, or tells of the copy alone
_NOT_IN_IT = (_NAME, "postgresql.auto.conf", "recovery.signal", "standby.signal", "pg_wal")
_SEALED_BY = b'"Manifest-Checksum"'


def require_whole(base: Path, programs: Path) -> None:
    """Raise BackupFailed unless the backup in `base` is what its server sent; `programs` are those of its version."""
    text = (base / _NAME).read_bytes()
    manifest = json.loads(text)
    # the manifest's own sum is over what stands before it
    if hashlib.sha256(text[: text.rindex(_SEALED_BY)]).hexdigest() != manifest["Manifest-Checksum"]:
        raise BackupFailed(f"{base / _NAME} was changed")
    files = {_path(file): file for file in manifest["Files"]}
    for path, file in files.items():
        if not (base / path).is_file() or _sum(base / path) != file["Checksum"]:
            raise BackupFailed(f"{base / path} is not as it was sent")
    found = {str(path.relative_to(base)) for path in base.rglob("*") if path.is_file()}
    if strange := [path for path in sorted(found - set(files)) if path.split("/")[0] not in _NOT_IN_IT]:
        raise BackupFailed(f"{base / strange[0]} was not sent")
    for log in manifest["WAL-Ranges"]:
        start, end, line = log["Start-LSN"], log["End-LSN"], str(log["Timeline"])
        run(programs / "pg_waldump", "--quiet", "--path", base / "pg_wal", "--timeline", line, "--start", start, "--end", end)


def _path(file: dict[str, str]) -> str:
    """A file's name; one that is no UTF-8 is told in hexadecimal digits."""
    return file["Path"] if "Path" in file else bytes.fromhex(file["Encoded-Path"]).decode(errors="surrogateescape")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
