"""Why a question is not answered."""

from http import HTTPStatus
from typing import Never

from footfall.errors import NotAccepted


class Refused(NotAccepted):
    """A question that cannot be meant: a stable code, the key to blame, and what it may be."""

    def __init__(self, code: str, field: str, allowed: str = "", status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        said = f"{field}: {code.replace('_', ' ')}" if field else "The question cannot be answered"
        super().__init__(code, f"{said}; allowed: {allowed}" if allowed else said, status)
        self.field = field
        self.allowed = allowed


def refuse(code: str, field: str, allowed: str = "", status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Never:
    """Raise `Refused`."""
    raise Refused(code, field, allowed, status)
