"""All errors that Footfall raises on purpose.

    FootfallError
    ├── SettingInvalid      a setting has a value that cannot be used
    │   └── CellsInvalid    the cells that are named cannot be told apart, or a tenant lives in two of them
    ├── StoreUnavailable    PostgreSQL cannot be reached, or the folder holds no store
    │   ├── CellAway        … of several: only what lives there is refused
    │   ├── RoleNotTaken    a connection would act with other rights than those of its role
    │   ├── RolesMissing    the store's roles are not there, and this user may not make them
    │   └── StoreBusy       others hold what a change of the schema needs, for minutes
    ├── SchemaOutdated      the store's schema is not the one this version needs
    │   └── SchemaTooNew    … but one that only later versions can work with
    ├── SchemaInUse         something that is not Footfall's keeps the schema from being brought up to date
    ├── BackupFailed        a backup was not made, or not restored; what was there before is as it was
    ├── ArchiveFailed       a file of the archive was not written, or is not what the ledger says
    ├── FormatUnknown       a file is in no format that is known
    └── NotAccepted         what a request asks for is refused; carries the HTTP status and a stable code

`code` is stable: programs may test it. The text is for people.
"""

from http import HTTPStatus


class FootfallError(Exception):
    """Something that Footfall foresees; the text says what to do about it."""

    code = "error"
    exit_status = 1  # of a command that it ends


class SettingInvalid(FootfallError):
    """A setting has a value that cannot be used."""

    code = "setting_invalid"


class CellsInvalid(SettingInvalid):
    """The cells that are named cannot be used as they are.

    Args:
        code: ``cells_malformed``, ``cells_same_name``, ``cells_same_database``, ``cells_misplaced`` or ``tenant_in_two_cells``.
        message: what to do about it; no URL, which may hold a password.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreUnavailable(FootfallError):
    """PostgreSQL cannot be reached, or the folder holds no store."""

    code = "store_unavailable"


class CellAway(StoreUnavailable):
    """One of several stores cannot be reached: its tenants wait for it, and no others."""

    code = "cell_away"

    def __init__(self, cell: str) -> None:
        super().__init__(f"cell {cell} cannot be reached")
        self.cell = cell


class RoleNotTaken(StoreUnavailable):
    """A connection acts with other rights than those of the role it was opened in: it is not used."""

    code = "role_not_taken"


class RolesMissing(StoreUnavailable):
    """The store's roles are not there, or are somebody else's, and this user may not make them."""

    code = "roles_missing"


class StoreBusy(StoreUnavailable):
    """What a change of the schema needs is held by others for so long that it was given up; it can be tried again."""

    code = "store_busy"


class SchemaOutdated(FootfallError):
    """The store's schema is not the one that this version needs: run `footfall migrate`."""

    code = "schema_outdated"


class SchemaTooNew(SchemaOutdated):
    """The store's schema is one that only later versions can work with: run one of those."""

    code = "schema_too_new"


class SchemaInUse(FootfallError):
    """Something that is not Footfall's, such as a view of the operator's, stands on what `footfall migrate` has to make anew."""

    code = "schema_in_use"


class BackupFailed(FootfallError):
    """A backup was not made, or not restored; what was there before is as it was."""

    code = "backup_failed"


class ArchiveFailed(FootfallError):
    """A file of the archive was not written, or is not what the ledger says.

    Args:
        code: ``archive_not_set``, ``archive_unreachable``, ``archive_not_storable``, ``archive_not_proved``, ``archive_busy``,
            ``restore_refused`` or ``restore_differs``.
        message: which file, or month, and what to do about it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class FormatUnknown(FootfallError):
    """A file is in no format that is known, or not in the one that was named; the text shows its first line."""

    code = "format_unknown"
    exit_status = 2


class NotAccepted(FootfallError):
    """A request is refused.

    Args:
        code: stable and lower case, e.g. ``key_unknown``.
        message: for the developer who sent it.
        status: the HTTP status that says so.
        retry_after: seconds after which it may be sent again, when that helps.
    """

    def __init__(
        self, code: str, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
