// Generated from api/questions by tools/generate.py: `make golden`.
type Unit = "count" | "percent" | "seconds" | "milliseconds" | "money" | "ratio";

interface Declared {
  label: string;
  meaning: string;
  unit: Unit;
  isBetterLower: boolean;
  isMeasured: boolean;
  one: string;
  many: string;
}

export const DECLARED_METRICS: Record<string, Declared> = {
  "visitors": {
    "label": "Visitors",
    "meaning": "Different visitors",
    "unit": "count",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "{} visitor came",
    "many": "{} different visitors came"
  },
  "visits": {
    "label": "Visits",
    "meaning": "How often somebody came",
    "unit": "count",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "{} visit was made",
    "many": "{} visits were made"
  },
  "page_views": {
    "label": "Page views",
    "meaning": "How often pages were looked at",
    "unit": "count",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "Pages were looked at {} time",
    "many": "Pages were looked at {} times"
  },
  "views_without_visit": {
    "label": "Views without a visit",
    "meaning": "Page views of visitors who ask not to be tracked: they are in no visit and in no rate",
    "unit": "count",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "{} page view was in no visit",
    "many": "{} page views were in no visit"
  },
  "views_per_visit": {
    "label": "Views per visit",
    "meaning": "Page views divided by visits",
    "unit": "ratio",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "A visit had {} page views on average",
    "many": "A visit had {} page views on average"
  },
  "bounce_rate": {
    "label": "Bounce rate",
    "meaning": "Visits with one page view and nothing else, percent of the visits that have ended",
    "unit": "percent",
    "isBetterLower": true,
    "isMeasured": false,
    "one": "{} of the visits ended after one page",
    "many": "{} of the visits ended after one page"
  },
  "visit_duration": {
    "label": "Visit duration",
    "meaning": "From the first to the last event, on average over the visits that have ended",
    "unit": "seconds",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "A visit lasted {} on average",
    "many": "A visit lasted {} on average"
  },
  "events": {
    "label": "Events",
    "meaning": "All that was sent: page views and everything else",
    "unit": "count",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "{} event was counted",
    "many": "{} events were counted"
  },
  "conversions": {
    "label": "Conversions",
    "meaning": "Completed transactions, each counted once",
    "unit": "count",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "{} transaction was completed",
    "many": "{} transactions were completed"
  },
  "conversion_rate": {
    "label": "Conversion rate",
    "meaning": "Visits with a conversion, percent of all visits",
    "unit": "percent",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "{} of the visits converted",
    "many": "{} of the visits converted"
  },
  "revenue": {
    "label": "Revenue",
    "meaning": "What the conversions were worth, in the site's currency",
    "unit": "money",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "Completed transactions were worth {}",
    "many": "Completed transactions were worth {}"
  },
  "refunds": {
    "label": "Refunds",
    "meaning": "What was paid back, in the site's currency; revenue is without it",
    "unit": "money",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "Refunds were worth {}",
    "many": "Refunds were worth {}"
  },
  "engaged_time": {
    "label": "Engaged time",
    "meaning": "How long a visit looked at pages, on average: time in which the page is seen and used",
    "unit": "seconds",
    "isBetterLower": false,
    "isMeasured": false,
    "one": "A visit looked at pages for {} on average",
    "many": "A visit looked at pages for {} on average"
  },
  "time_on_page": {
    "label": "Time on page",
    "meaning": "How long a page was read: half of its views were read longer",
    "unit": "seconds",
    "isBetterLower": false,
    "isMeasured": true,
    "one": "Half of the views were read for longer than {}",
    "many": "Half of the views were read for longer than {}"
  },
  "scroll_depth": {
    "label": "Scroll depth",
    "meaning": "How far down pages were read, on average",
    "unit": "percent",
    "isBetterLower": false,
    "isMeasured": true,
    "one": "Pages were read to {} of their height on average",
    "many": "Pages were read to {} of their height on average"
  },
  "lcp": {
    "label": "Largest paint",
    "meaning": "LCP: until the largest text or picture is there",
    "unit": "milliseconds",
    "isBetterLower": true,
    "isMeasured": true,
    "one": "Three of four loads had an LCP of {} or less",
    "many": "Three of four loads had an LCP of {} or less"
  },
  "inp": {
    "label": "Response",
    "meaning": "INP: from a click or key to what it changes",
    "unit": "milliseconds",
    "isBetterLower": true,
    "isMeasured": true,
    "one": "Three of four loads had an INP of {} or less",
    "many": "Three of four loads had an INP of {} or less"
  },
  "cls": {
    "label": "Layout shift",
    "meaning": "CLS: how far things move while the page loads",
    "unit": "ratio",
    "isBetterLower": true,
    "isMeasured": true,
    "one": "Three of four loads had a CLS of {} or less",
    "many": "Three of four loads had a CLS of {} or less"
  },
  "fcp": {
    "label": "First paint",
    "meaning": "FCP: until anything is there",
    "unit": "milliseconds",
    "isBetterLower": true,
    "isMeasured": true,
    "one": "Three of four loads had an FCP of {} or less",
    "many": "Three of four loads had an FCP of {} or less"
  },
  "ttfb": {
    "label": "First byte",
    "meaning": "TTFB: until the server answers",
    "unit": "milliseconds",
    "isBetterLower": true,
    "isMeasured": true,
    "one": "Three of four loads had a TTFB of {} or less",
    "many": "Three of four loads had a TTFB of {} or less"
  }
};

export const DECLARED_DIMENSIONS: Record<string, string> = {
  "source": "Source",
  "channel": "Channel",
  "channel_group": "Channel group",
  "referrer": "Referrer",
  "utm_source": "Campaign source",
  "utm_medium": "Campaign medium",
  "utm_campaign": "Campaign",
  "utm_content": "UTM content",
  "utm_term": "UTM term",
  "utm_id": "UTM id",
  "device": "Device",
  "browser": "Browser",
  "browser_version": "Browser version",
  "os": "Operating system",
  "os_version": "System version",
  "language": "Language",
  "country": "Country",
  "consent": "Consent",
  "bot_kind": "Kind of bot",
  "bot": "Bot",
  "entry_page": "Entry page",
  "exit_page": "Exit page",
  "page": "Page",
  "host": "Domain",
  "event_type": "Event",
  "event_category": "Category",
  "event_action": "Action",
  "event_label": "Label",
  "item": "Item",
  "item_type": "Item type",
  "funnel_step": "Funnel step",
  "hour_of_day": "Hour of the day",
  "weekday": "Day of the week"
};
