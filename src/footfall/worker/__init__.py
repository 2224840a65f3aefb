"""What happens behind the door: staging, loading, closing sessions, computing satellites, housekeeping."""

from footfall.worker.load import Loaded, load_pending
from footfall.worker.loop import close_sessions, keep_house, refresh, retire, roll_up, work, work_once

__all__ = ["Loaded", "close_sessions", "keep_house", "load_pending", "refresh", "retire", "roll_up", "work", "work_once"]
