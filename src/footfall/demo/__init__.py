"""The demo: eight businesses, one of each of the plan's industries, with believable traffic."""

from footfall.demo.industries import INDUSTRIES, Industry
from footfall.demo.tenants import EMAIL, PASSWORD, Keys, ensure_tenants
from footfall.demo.traffic import history, send_history, send_live

__all__ = ["EMAIL", "INDUSTRIES", "PASSWORD", "Industry", "Keys", "ensure_tenants", "history", "send_history", "send_live"]
