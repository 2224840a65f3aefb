"""The HTTP edge: the event door, the questions, health, and the API's description."""

from footfall.web.app import application

__all__ = ["application"]
