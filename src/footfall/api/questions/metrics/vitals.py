"""How fast pages were: web vitals, of each the value that three of four loads do not exceed (web.dev/articles/vitals)."""

from footfall.api.questions.declared import Measure, Metric

ORDER = 4
_DETAIL = "over the loads that told it; as the report `vitals` says it"
DECLARED = (
    Measure("p75_lcp", rows="loads", taken="percentile_disc(0.75) WITHIN GROUP (ORDER BY o.lcp)", is_quantile=True),
    Measure("p75_inp", rows="loads", taken="percentile_disc(0.75) WITHIN GROUP (ORDER BY o.inp)", is_quantile=True),
    Measure("p75_cls", rows="loads", taken="percentile_disc(0.75) WITHIN GROUP (ORDER BY o.cls)", is_quantile=True),
    Measure("p75_fcp", rows="loads", taken="percentile_disc(0.75) WITHIN GROUP (ORDER BY o.fcp)", is_quantile=True),
    Measure("p75_ttfb", rows="loads", taken="percentile_disc(0.75) WITHIN GROUP (ORDER BY o.ttfb)", is_quantile=True),
    Metric(
        "lcp",
        "Largest paint",
        "LCP: until the largest text or picture is there",
        "p75_lcp",
        many="Three of four loads had an LCP of {} or less",
        detail=_DETAIL,
        unit="milliseconds",
        is_better_lower=True,
        is_measured=True,
    ),
    Metric(
        "inp",
        "Response",
        "INP: from a click or key to what it changes",
        "p75_inp",
        many="Three of four loads had an INP of {} or less",
        detail=_DETAIL,
        unit="milliseconds",
        is_better_lower=True,
        is_measured=True,
    ),
    Metric(
        "cls",
        "Layout shift",
        "CLS: how far things move while the page loads",
        "p75_cls",
        many="Three of four loads had a CLS of {} or less",
        detail=_DETAIL,
        unit="ratio",
        is_better_lower=True,
        is_measured=True,
    ),
    Metric(
        "fcp",
        "First paint",
        "FCP: until anything is there",
        "p75_fcp",
        many="Three of four loads had an FCP of {} or less",
        detail=_DETAIL,
        unit="milliseconds",
        is_better_lower=True,
        is_measured=True,
    ),
    Metric(
        "ttfb",
        "First byte",
        "TTFB: until the server answers",
        "p75_ttfb",
        many="Three of four loads had a TTFB of {} or less",
        detail=_DETAIL,
        unit="milliseconds",
        is_better_lower=True,
        is_measured=True,
    ),
)
