"""When things happen, by the tenant's clocks."""

from footfall.api.questions.declared import Dimension

ORDER = 3
DECLARED = (
    Dimension(
        "hour_of_day",
        "Hour of the day",
        "to_char(e.event_timestamp AT TIME ZONE $time_zone, 'HH24')",
        is_rolled=False,
        is_of_rows=False,
    ),
    Dimension("weekday", "Day of the week", "to_char(e.day, 'FMDay')", is_rolled=False),
)
