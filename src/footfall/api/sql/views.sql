-- For those who ask in SQL: one view for each kind of question, in the words of reports. Every view shows one tenant's rows: that of
-- the role, or of app.tenant_hk. Bots are in event_v and visit_v, and marked; they are not in the figures of days.

-- What can be said of every row without a look at another table stands in the first one, and all else is joined to the left of it: so
-- a query pays only for what it asks, and the planner never takes the rows for fewer than they are. Keys are the vault's own (bytea):
-- they are compared by index and hash, which a text made of them is not.

-- The time zone of the tenant whose rows the views show.
CREATE OR REPLACE FUNCTION api.time_zone() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT t.time_zone FROM auth.tenant_v t WHERE t.tenant_hk = coalesce(auth.analyst_tenant(), util.current_tenant()));

-- The day of a moment in the tenant's time zone; without a moment, the tenant's today. current_date is that of the session's time zone.
CREATE OR REPLACE FUNCTION api.local_day(p_moment timestamptz DEFAULT now()) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (p_moment AT TIME ZONE api.time_zone())::date;

-- Events, with all that they belong to: funnels, paths, anything.
CREATE OR REPLACE VIEW api.event_v WITH (security_invoker = true) AS
SELECT e.tenant_hk, e.site_event_hk AS event, e.event_timestamp, e.day, e.site_session_hk AS session, e.site_visitor_hk AS visitor,
       e.event_type, e.event_category, e.event_action, e.event_label, e.event_value, e.event_currency, p.site_page_bk AS page,
       d.page_title, i.business_item_bk AS item, e.item_name, e.transaction_id, e.transaction_funnel_step AS funnel_step, e.source,
       e.channel, v.referrer_host AS referrer, v.utm_source, v.utm_medium, v.utm_campaign, e.device_type AS device,
       v.browser_name AS browser, v.browser_version, v.operating_system AS os, v.language, e.country, d.scroll_depth,
       d.time_on_page, d.custom_properties AS properties, e.is_bot, d.load_date,
       v.utm_content, v.utm_term, v.utm_id, v.channel_name, v.operating_system_version AS os_version, v.bot_kind, v.bot_name AS bot, v.consent
FROM business.event_b e
LEFT JOIN business.visit_b v ON v.site_session_hk = e.site_session_hk AND v.day = e.day
LEFT JOIN business.site_event_details_s d ON d.site_event_hk = e.site_event_hk
LEFT JOIN business.site_page_h p ON p.site_page_hk = e.site_page_hk
LEFT JOIN business.business_item_h i ON i.business_item_hk = e.business_item_hk;

-- Visits, one row for each day they have: sessions, entries and exits, retention. duration and bounce are known when it is closed.
CREATE OR REPLACE VIEW api.visit_v WITH (security_invoker = true) AS
SELECT v.tenant_hk, v.site_session_hk AS session, v.site_visitor_hk AS visitor, v.day,
       v.start_day = v.day AS begins, v.first_event_timestamp, v.last_event_timestamp, v.events, v.page_views, v.duration_seconds,
       v.is_bounce, n.site_page_bk AS entry_page, x.site_page_bk AS exit_page, v.source, v.channel, v.referrer_host AS referrer,
       v.utm_source, v.utm_medium, v.utm_campaign, v.device_type AS device, v.browser_name AS browser, v.browser_version,
       v.operating_system AS os, v.language, v.country, v.events = 0 AS is_bot, v.utm_content,
       v.utm_term, v.utm_id, v.channel_name, v.operating_system_version AS os_version, v.bot_kind, v.bot_name AS bot, v.consent
FROM business.visit_b v
LEFT JOIN business.site_page_h n ON n.site_page_hk = v.entry_page_hk
LEFT JOIN business.site_page_h x ON x.site_page_hk = v.exit_page_hk;

-- Figures of days by the values of every dimension. Distinct visits and visitors of several days: sum them WHERE previous_day is
-- before the first of those days. Days that changed a moment ago are counted from their events. starts: when the day began.
CREATE OR REPLACE VIEW api.rollup_v WITH (security_invoker = true) AS
SELECT r.tenant_hk, r.asked AS dimension, r.day, coalesce(p.site_page_bk, i.business_item_bk, r.value) AS value, r.previous_day, r.events,
       r.page_views, r.interactions, r.visits, r.visitors, r.begun, r.bounces, r.duration_seconds, r.conversions, r.converted,
       r.revenue, util.day_start(r.day, t.time_zone) AS starts
FROM (
    SELECT r.*, r.dimension AS asked
    FROM business.day_w w JOIN business.rollup_b r ON r.tenant_hk = w.tenant_hk AND r.day = w.day WHERE w.is_rolled_up
    UNION ALL
    -- one dimension at a time: a query that asks about one has the others left out
    SELECT r.*, d.dimension::varchar(30)
    FROM business.day_w w
    CROSS JOIN unnest(business.rolled_dimensions()) AS d(dimension)
    JOIN LATERAL business.count_days(w.tenant_hk, ARRAY[w.day], ARRAY[d.dimension]) r ON r.dimension = d.dimension
    WHERE NOT w.is_rolled_up
) r
JOIN auth.tenant_v t ON t.tenant_hk = r.tenant_hk
LEFT JOIN business.site_page_h p
       ON p.site_page_hk = CASE WHEN r.dimension IN ('page', 'entry_page', 'exit_page') THEN decode(r.value, 'hex') END
LEFT JOIN business.business_item_h i ON i.business_item_hk = CASE r.dimension WHEN 'item' THEN decode(r.value, 'hex') END;

-- The overview of each day.
CREATE OR REPLACE VIEW api.day_v WITH (security_invoker = true) AS
SELECT r.tenant_hk, r.day, sum(r.visitors) AS visitors, sum(r.visits) AS visits, sum(r.page_views) AS page_views,
       sum(r.events) AS events, round((sum(r.page_views) - sum(r.views_without_visit)) / nullif(sum(r.visits), 0), 2) AS views_per_visit,
       round(100 * sum(r.bounces) / nullif(sum(r.begun), 0), 2) AS bounce_rate,
       round(sum(r.duration_seconds) / nullif(sum(r.begun), 0), 2) AS visit_duration, sum(r.conversions) AS conversions,
       round(100 * sum(r.converted) / nullif(sum(r.visits), 0), 2) AS conversion_rate, sum(r.revenue) AS revenue,
       util.day_start(r.day, t.time_zone) AS starts
FROM (
    SELECT r.* FROM business.day_w w
    JOIN business.rollup_b r ON r.tenant_hk = w.tenant_hk AND r.day = w.day AND r.dimension = 'all' WHERE w.is_rolled_up
    UNION ALL
    SELECT r.* FROM business.day_w w CROSS JOIN LATERAL business.count_days(w.tenant_hk, ARRAY[w.day], '{all}') r
    WHERE NOT w.is_rolled_up
) r
JOIN auth.tenant_v t ON t.tenant_hk = r.tenant_hk
GROUP BY r.tenant_hk, r.day, t.time_zone;
