"""How long and how far pages were read. A view is measured when the tracker told its attention."""

from footfall.api.questions.declared import Measure, Metric

ORDER = 3
DECLARED = (
    Measure("engaged_seconds", rows="views", taken="sum(o.seconds)"),
    Measure(
        "median_seconds",
        rows="views",
        taken="(percentile_cont(0.5) WITHIN GROUP (ORDER BY o.seconds))::numeric",
        is_quantile=True,
    ),
    Measure("depths", rows="views", taken="sum(o.depth)"),
    Measure("views_with_depth", rows="views", taken="count(o.depth)"),
    Metric(
        "engaged_time",
        "Engaged time",
        "How long a visit looked at pages, on average: time in which the page is seen and used",
        "engaged_seconds / visits",
        many="A visit looked at pages for {} on average",
        detail="the measured views' times, divided by all visits",
        unit="seconds",
        places=2,
    ),
    Metric(
        "time_on_page",
        "Time on page",
        "How long a page was read: half of its views were read longer",
        "median_seconds",
        many="Half of the views were read for longer than {}",
        detail="over measured views; as the report `engagement` says it",
        unit="seconds",
        places=1,
        is_measured=True,
    ),
    Metric(
        "scroll_depth",
        "Scroll depth",
        "How far down pages were read, on average",
        "depths / views_with_depth",
        many="Pages were read to {} of their height on average",
        detail="over measured views; as the report `engagement` says it",
        unit="percent",
        places=1,
        is_measured=True,
    ),
)
