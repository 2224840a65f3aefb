-- An event's identity, as the type that is compared fastest.
ALTER TABLE staging.event_identity ALTER COLUMN identity TYPE uuid USING encode(identity, 'hex')::uuid;
COMMENT ON COLUMN staging.event_identity.identity IS 'first 16 bytes of the SHA-256 of tenant and event id, as the type that is compared fastest';
DROP FUNCTION IF EXISTS staging.identity_of(text, text);

-- Whose visit it is, its context says.
DROP FUNCTION IF EXISTS business.visitor_of(bytea);
DROP FUNCTION IF EXISTS business.visitor_of(business.site_session_context_s, timestamptz);

-- What was stored before events of one time went by the order in which they were sent: those of a visit with such are put in it.
-- int8send(0) before an order of former times, 20 bytes long: as if they had been sent before all that are still to come.
UPDATE business.visit_b v
SET first_view_order = CASE WHEN octet_length(v.first_view_order) = 20 THEN int8send(0) ELSE '' END || v.first_view_order,
    last_view_order = CASE WHEN octet_length(v.last_view_order) = 20 THEN int8send(0) ELSE '' END || v.last_view_order
WHERE 20 IN (octet_length(v.first_view_order), octet_length(v.last_view_order));
CREATE TEMP TABLE tied ON COMMIT DROP AS
SELECT DISTINCT e.site_session_hk FROM business.event_b e
GROUP BY e.site_session_hk, e.event_timestamp HAVING count(*) > 1 AND bool_or(e.raw_event_id IS NULL);
UPDATE business.event_b e SET raw_event_id = d.raw_event_id
FROM business.site_event_details_s d
WHERE d.site_event_hk = e.site_event_hk AND e.site_session_hk IN (SELECT t.site_session_hk FROM tied t);
UPDATE business.visit_b v
SET first_view_order = s.orders[1], first_view_page_hk = s.pages[1], last_view_order = s.orders[s.n], last_view_page_hk = s.pages[s.n]
FROM (
    SELECT e.site_session_hk, e.day, count(*) AS n, array_agg(o.view_order ORDER BY e.event_timestamp, o.view_order) AS orders,
           array_agg(e.site_page_hk ORDER BY e.event_timestamp, o.view_order) AS pages
    FROM business.event_b e
    CROSS JOIN LATERAL (SELECT int8send(coalesce(e.raw_event_id, 0)) || e.site_event_hk AS view_order) o
    WHERE e.event_type = 'page_view' AND e.site_session_hk IN (SELECT t.site_session_hk FROM tied t)
    GROUP BY e.site_session_hk, e.day
) s
WHERE v.site_session_hk = s.site_session_hk AND v.day = s.day;
UPDATE business.visit_b v SET entry_page_hk = s.entry_page_hk, exit_page_hk = s.exit_page_hk
FROM (
    SELECT o.site_session_hk, o.day,
           first_value(o.first_view_page_hk) OVER (
               PARTITION BY o.site_session_hk ORDER BY o.first_view_timestamp IS NULL, o.day) AS entry_page_hk,
           first_value(o.last_view_page_hk) OVER (
               PARTITION BY o.site_session_hk ORDER BY o.last_view_timestamp IS NULL, o.day DESC) AS exit_page_hk
    FROM business.visit_b o JOIN tied t USING (site_session_hk)
) s
WHERE v.site_session_hk = s.site_session_hk AND v.day = s.day;
UPDATE business.day_w SET is_rolled_up = false;

-- Their details follow, as do those of visits with transactions: orders without a number and refunds count otherwise now.
UPDATE business.site_session_w w SET is_open = true
WHERE w.is_visit AND (
    w.root_session_hk IN (SELECT t.site_session_hk FROM tied t)
    OR w.root_session_hk IN (
        SELECT d.site_session_hk FROM business.site_session_details_s d WHERE d.load_end_date IS NULL AND d.transaction_attempted));
