"""What visits led to, and what it is worth in the tenant's currency."""

from footfall.api.questions.declared import Measure, Metric

ORDER = 2
DECLARED = (
    Measure(
        "conversions",
        rows="conversions",
        taken="count(*) FILTER (WHERE o.is_first AND NOT o.is_refund)",
        rolled="sum(r.conversions)",
    ),
    Measure(
        "converted",
        rows="conversions",
        taken="count(DISTINCT o.site_session_hk) FILTER (WHERE o.is_of_visit)",
        rolled="sum(r.converted)",
    ),
    Measure(
        "revenue",
        rows="conversions",
        taken="sum(o.value) FILTER (WHERE o.is_first AND o.currency = $currency)",
        rolled="sum(r.revenue)",
    ),
    Measure(
        "refunds",
        rows="conversions",
        taken="-sum(o.value) FILTER (WHERE o.is_refund AND o.currency = $currency)",
        rolled="sum(r.refunds)",
    ),
    Metric(
        "conversions",
        "Conversions",
        "Completed transactions, each counted once",
        "conversions",
        many="{} transactions were completed",
        one="{} transaction was completed",
        detail="those whose first event in the range (in the bucket of time) is chosen; what repeats a conversion adds nothing",
    ),
    Metric(
        "conversion_rate",
        "Conversion rate",
        "Visits with a conversion, percent of all visits",
        "100 * converted / visits",
        many="{} of the visits converted",
        detail="visits with a chosen event that is a conversion, or repeats one",
        unit="percent",
        places=2,
    ),
    Metric(
        "revenue",
        "Revenue",
        "What the conversions were worth, in the site's currency",
        "revenue",
        many="Completed transactions were worth {}",
        detail="refunds lower it; `revenue_by_currency` names all currencies whose sum is not 0",
        unit="money",
    ),
    Metric(
        "refunds",
        "Refunds",
        "What was paid back, in the site's currency; revenue is without it",
        "refunds",
        many="Refunds were worth {}",
        unit="money",
    ),
)
