"""The event door: from the bytes of a request to a durable answer that says what becomes of each event."""

from footfall.web.door.door import PATHS, Door, Receive, Scope, Send

__all__ = ["PATHS", "Door", "Receive", "Scope", "Send"]
