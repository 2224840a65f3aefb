"""Where events happen, what they are, and what they are about."""

from footfall.api.questions.declared import Dimension, Kind

ORDER = 2
DECLARED = (
    Dimension("page", "Page", "e.site_page_hk", kind=Kind.PAGE, entered="entry_page"),
    Dimension("host", "Domain", "nullif(split_part(p.site_page_bk, '/', 1), '')", is_of_rows=False),
    Dimension("event_type", "Event", "e.event_type"),
    Dimension("event_category", "Category", "e.event_category"),
    Dimension("event_action", "Action", "e.event_action"),
    Dimension("event_label", "Label", "e.event_label"),
    Dimension("item", "Item", "e.business_item_hk", kind=Kind.ITEM),
    Dimension("item_type", "Item type", "split_part(i.business_item_bk, ':', 1)", is_of_rows=False),
    Dimension("funnel_step", "Funnel step", "e.transaction_funnel_step || ':' || e.event_action"),
)
