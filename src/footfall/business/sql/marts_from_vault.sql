-- The marts as the vault alone would have them: for questions about the past, for checks, for making them anew.

-- A tenant's events of [p_from, p_to) as the vault knew them at a load date, in the words of the marts: what event_b and visit_b
-- would have said then. Reports as of a load date read this; the checks compare it with the marts.
CREATE OR REPLACE FUNCTION business.events_as_of(
    p_tenant_hk bytea, p_from timestamptz, p_to timestamptz, p_as_of timestamptz
) RETURNS TABLE (
    tenant_hk bytea, site_event_hk bytea, site_session_hk bytea, site_visitor_hk bytea, site_page_hk bytea,
    business_item_hk bytea, item_name text, event_timestamp timestamptz, day date, is_bot boolean, event_type text,
    event_category text, event_action text, event_label text, event_value numeric, event_currency text, transaction_id text,
    transaction_funnel_step text, source text, channel text, device_type text, country text, referrer_host text,
    utm_source text, utm_medium text, utm_campaign text, utm_content text, utm_term text, utm_id text, channel_name text, browser_name text,
    browser_version text,
    operating_system text, language text, start_day date, is_bounce boolean, duration_seconds integer, entry_page_hk bytea,
    exit_page_hk bytea, is_visit boolean, raw_event_id bigint, is_superseded boolean, operating_system_version text, bot_kind text,
    bot_name text, consent text
)
LANGUAGE sql STABLE AS $$
    WITH event AS MATERIALIZED (
        SELECT d.*, coalesce(y.site_session_hk, a.same_as_session_hk, l.site_session_hk) AS visit_hk, w.is_visit, p.site_page_hk, i.business_item_hk,
               (d.event_timestamp AT TIME ZONE t.time_zone)::date AS day
        FROM business.site_event_details_s d
        CROSS JOIN LATERAL (
            SELECT l.site_session_hk FROM business.event_session_l l
            WHERE l.site_event_hk = d.site_event_hk
              AND l.link_event_session_hk BETWEEN substr(d.site_event_hk, 1, 6) AND util.last_key_of(d.site_event_hk) LIMIT 1
        ) l
        CROSS JOIN LATERAL (SELECT t.time_zone FROM auth.tenant_v t WHERE t.tenant_hk = d.tenant_hk LIMIT 1) t
        CROSS JOIN LATERAL (
            SELECT w.is_visit FROM business.site_session_w w WHERE w.site_session_hk = l.site_session_hk LIMIT 1
        ) w
        LEFT JOIN LATERAL (
            SELECT a.same_as_session_hk FROM business.site_session_same_as_s a
            WHERE a.site_session_hk = l.site_session_hk AND a.load_date <= p_as_of
              AND (a.load_end_date IS NULL OR a.load_end_date > p_as_of) LIMIT 1
        ) a ON true
        LEFT JOIN LATERAL (
            SELECT y.site_session_hk FROM business.site_session_visit_s y
            WHERE y.of_session_hk = l.site_session_hk AND y.begins <= d.event_timestamp AND y.load_date <= p_as_of
              AND (y.load_end_date IS NULL OR y.load_end_date > p_as_of)
            ORDER BY y.begins DESC LIMIT 1
        ) y ON true
        LEFT JOIN LATERAL (
            SELECT p.site_page_hk FROM business.event_page_l p
            WHERE p.site_event_hk = d.site_event_hk
              AND p.link_event_page_hk BETWEEN substr(d.site_event_hk, 1, 6) AND util.last_key_of(d.site_event_hk) LIMIT 1
        ) p ON true
        LEFT JOIN LATERAL (
            SELECT i.business_item_hk FROM business.event_business_item_l i
            WHERE i.site_event_hk = d.site_event_hk AND d.business_item_info IS NOT NULL
              AND i.link_event_business_item_hk BETWEEN substr(d.site_event_hk, 1, 6) AND util.last_key_of(d.site_event_hk) LIMIT 1
        ) i ON true
        WHERE d.tenant_hk = p_tenant_hk AND d.load_date <= p_as_of
          AND d.event_timestamp >= p_from AND d.event_timestamp < p_to
          AND d.site_event_hk >= util.time_prefix(p_from) AND d.site_event_hk < util.time_prefix(p_to)
    ), visit AS MATERIALIZED (
        -- all that those visits met, also beyond the range
        SELECT s.visit_hk, v.pages[1] AS entry_page_hk, v.pages[cardinality(v.pages)] AS exit_page_hk
        FROM (SELECT DISTINCT e.visit_hk FROM event e) s
        CROSS JOIN LATERAL (
            SELECT array_agg(p.site_page_hk ORDER BY d.event_timestamp, d.raw_event_id) AS pages
            FROM (
                SELECT o.site_session_hk, NULL::timestamptz AS begins, NULL::timestamptz AS ends FROM business.site_session_w r
                -- chains of half hours grow and never break: what was one chain then is one now
                CROSS JOIN LATERAL (
                    SELECT o.* FROM business.site_session_w o WHERE o.root_session_hk = coalesce(r.chain_session_hk, r.root_session_hk)
                    UNION ALL
                    SELECT o.* FROM business.site_session_w o WHERE o.chain_session_hk = coalesce(r.chain_session_hk, r.root_session_hk)
                ) o
                LEFT JOIN LATERAL (
                    SELECT a.same_as_session_hk FROM business.site_session_same_as_s a
                    WHERE a.site_session_hk = o.site_session_hk AND a.load_date <= p_as_of
                      AND (a.load_end_date IS NULL OR a.load_end_date > p_as_of) LIMIT 1
                ) a ON true
                WHERE r.site_session_hk = s.visit_hk AND r.session_bucket IS NOT NULL
                  AND coalesce(a.same_as_session_hk, o.site_session_hk) = s.visit_hk
                UNION ALL
                -- of a session with an id, what was between its beginning, if it was a later visit, and the next visit's
                SELECT b.session_hk, b.begins, (
                    SELECT min(y.begins) FROM business.site_session_visit_s y
                    WHERE y.of_session_hk = b.session_hk AND y.begins > coalesce(b.begins, '-infinity') AND y.load_date <= p_as_of
                      AND (y.load_end_date IS NULL OR y.load_end_date > p_as_of))
                FROM business.site_session_w r
                LEFT JOIN LATERAL (
                    SELECT y.begins FROM business.site_session_visit_s y
                    WHERE y.site_session_hk = r.site_session_hk AND y.load_date <= p_as_of
                      AND (y.load_end_date IS NULL OR y.load_end_date > p_as_of) LIMIT 1
                ) y ON true
                CROSS JOIN LATERAL (SELECT coalesce(r.of_session_hk, r.site_session_hk) AS session_hk, y.begins) b
                WHERE r.site_session_hk = s.visit_hk AND r.session_bucket IS NULL
                OFFSET 0
            ) m
            CROSS JOIN LATERAL (
                SELECT l.site_event_hk FROM business.event_session_l l WHERE l.site_session_hk = m.site_session_hk OFFSET 0
            ) l
            CROSS JOIN LATERAL (
                SELECT d.event_timestamp, d.raw_event_id FROM business.site_event_details_s d
                WHERE d.site_event_hk = l.site_event_hk AND d.load_date <= p_as_of AND d.event_type = 'page_view'
                  AND (m.begins IS NULL OR d.event_timestamp >= m.begins) AND (m.ends IS NULL OR d.event_timestamp < m.ends) LIMIT 1
            ) d
            LEFT JOIN LATERAL (
                SELECT p.site_page_hk FROM business.event_page_l p
                WHERE p.site_event_hk = l.site_event_hk
                  AND p.link_event_page_hk BETWEEN substr(l.site_event_hk, 1, 6) AND util.last_key_of(l.site_event_hk) LIMIT 1
            ) p ON true
        ) v
    )
    SELECT e.tenant_hk, e.site_event_hk, e.visit_hk, c.site_visitor_hk, e.site_page_hk, e.business_item_hk,
           e.business_item_info ->> 'item_name', e.event_timestamp, e.day,
           coalesce(c.judged_class, e.traffic_class) <> 'human', e.event_type,
           e.event_category, e.event_action, e.event_label, e.event_value, e.event_currency, e.transaction_id,
           e.transaction_funnel_step, c.source, c.channel, c.device_type, c.country, c.referrer_host, c.utm_source,
           c.utm_medium, c.utm_campaign, c.utm_content, c.utm_term, c.utm_id, c.channel_name, c.browser_name, c.browser_version, c.operating_system,
           c.language, o.start_day, o.is_bounce, o.session_duration_seconds, v.entry_page_hk, v.exit_page_hk, e.is_visit, e.raw_event_id,
           business.is_superseded(e.site_event_hk, p_as_of), c.operating_system_version, c.bot_kind, c.bot_name, c.consent
    FROM event e
    JOIN visit v USING (visit_hk)
    LEFT JOIN LATERAL business.visit_context(e.visit_hk, p_as_of) c ON true
    LEFT JOIN LATERAL business.visit_outcome(e.visit_hk, p_as_of) o ON true
$$;

-- Makes a tenant's marts anew from the vault, to the rows that loads would have left; returns the events. Rollups follow when they
-- are due. Loads wait meanwhile. Visits and days whose events have gone stay as they are.
CREATE OR REPLACE FUNCTION business.rebuild_marts(p_tenant_hk bytea) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_month timestamptz;
    v_events bigint := 0;
BEGIN
    PERFORM util.take_turn('load');
    DELETE FROM business.event_b e WHERE e.tenant_hk = p_tenant_hk;
    DELETE FROM business.visit_b v WHERE v.tenant_hk = p_tenant_hk AND NOT EXISTS (
        SELECT FROM business.site_session_w w WHERE w.site_session_hk = v.site_session_hk AND w.is_retired);
    DELETE FROM business.rollup_b r WHERE r.tenant_hk = p_tenant_hk AND r.day >= business.first_day(p_tenant_hk, 'events');
    PERFORM business.forget_hours(p_tenant_hk, '-infinity', 'infinity');
    DELETE FROM business.day_w w WHERE w.tenant_hk = p_tenant_hk;
    FOR v_month IN
        SELECT DISTINCT date_trunc('month', d.event_timestamp, 'UTC') FROM business.site_event_details_s d
        WHERE d.tenant_hk = p_tenant_hk ORDER BY 1
    LOOP
        PERFORM util.ensure_month(v_month, 'bytea');
        PERFORM business.empty_fresh_bridge();
        INSERT INTO pg_temp.fresh_b (
            tenant_hk, site_event_hk, site_session_hk, site_visitor_hk, site_page_hk, business_item_hk, item_name,
            event_timestamp, day, is_bot, event_type, event_category, event_action, event_label, event_value,
            event_currency, transaction_id, transaction_funnel_step, is_visit, raw_event_id, is_superseded)
        SELECT e.tenant_hk, e.site_event_hk, e.site_session_hk, NULL, e.site_page_hk, e.business_item_hk, e.item_name,
               e.event_timestamp, e.day, e.is_bot, e.event_type, e.event_category, e.event_action, e.event_label, e.event_value,
               e.event_currency, e.transaction_id, e.transaction_funnel_step, e.is_visit, e.raw_event_id, e.is_superseded
        FROM business.events_as_of(p_tenant_hk, v_month, date_trunc('month', v_month + interval '32 days', 'UTC'), 'infinity') e;
        v_events := v_events + (SELECT count(*) FROM pg_temp.fresh_b);
        PERFORM business.store_marts(util.current_load_date(), NULL, NULL);
    END LOOP;
    PERFORM business.close_visits(ARRAY(
        SELECT DISTINCT v.site_session_hk FROM business.visit_b v WHERE v.tenant_hk = p_tenant_hk AND NOT EXISTS (
            SELECT FROM business.site_session_w w WHERE w.site_session_hk = v.site_session_hk AND w.is_retired)));
    RETURN v_events;
END
$$;
