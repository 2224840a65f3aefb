"""Questions and answers: the plan's functions, asked as one tenant."""

from footfall.api.questions import track_analytics, track_test

__all__ = ["track_analytics", "track_test"]
