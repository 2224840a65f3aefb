-- {{Thing}}s, carried forward: what is the same for all that is carried (business/carried.py), rendered for each. pages.sql says how it goes, and why.

-- Writes down what these visits, which are over, did with {{thing}}s, in the place of what was known of p_members: the visits and their half hours,
-- of which some may have been visits of their own. Marks the {{thing}}s as due (p_load_date; NULL: who calls does so). Returns what was taken
-- back (-1) and what was added (1), for the sums. For a transaction whose turn of sessions it is. Without visits: takes p_members out.
--
-- Reads what visit_{{thing}}s does, and {{thing}}_visit_w by its key.
CREATE OR REPLACE FUNCTION business.replace_{{thing}}_visits(p_visits bytea[], p_members bytea[], p_load_date timestamptz)
RETURNS TABLE (sign integer, met business.{{thing}}_visit_w)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH before AS MATERIALIZED (
        SELECT w.*
        FROM (SELECT DISTINCT m.site_session_hk FROM unnest(p_members) AS m(site_session_hk)) m
        CROSS JOIN LATERAL (SELECT w.* FROM business.{{thing}}_visit_w w WHERE w.site_session_hk = m.site_session_hk OFFSET 0) w
    ), seen AS MATERIALIZED (
        SELECT s.is_counted, s.met FROM business.visit_{{thing}}s(p_visits) s
    ), now AS MATERIALIZED (
        SELECT (s.met).* FROM seen s WHERE s.is_counted
    ), due AS (
        INSERT INTO business.refresh_w (satellite, hash_key, load_date, tenant_hk)
        SELECT '{{satellite}}', o.hash_key, p_load_date, o.tenant_hk
        FROM (SELECT (s.met).{{key}} AS hash_key, (s.met).tenant_hk FROM seen s UNION SELECT b.{{key}}, b.tenant_hk FROM before b) o
        WHERE p_load_date IS NOT NULL
        ON CONFLICT DO NOTHING
    ), taken AS MATERIALIZED (
        SELECT b.* FROM before b EXCEPT SELECT n.* FROM now n
    ), added AS MATERIALIZED (
        SELECT n.* FROM now n EXCEPT SELECT b.* FROM before b
    ), gone AS (
        DELETE FROM business.{{thing}}_visit_w w USING taken t
        WHERE w.site_session_hk = t.site_session_hk AND w.{{key}} = t.{{key}}
        RETURNING 1
    ), stored AS (
        INSERT INTO business.{{thing}}_visit_w
        SELECT a.* FROM added a
        -- a row that says something else now lies where the one that said it before is gone
        WHERE (SELECT count(*) FROM gone) >= 0
        ORDER BY a.site_session_hk, a.{{key}}
    )
    SELECT -1, ROW(t.*)::business.{{thing}}_visit_w FROM taken t
    UNION ALL
    SELECT 1, ROW(a.*)::business.{{thing}}_visit_w FROM added a;
END
$$;

-- The visits that met these {{thing}}s and are over: those with details, and events of nobody. By the index of {{link}}: all that ever did.
-- p_open: also those that are not over.
CREATE OR REPLACE FUNCTION business.visits_of_{{thing}}s(p_{{thing}}s bytea[], p_open boolean) RETURNS SETOF bytea
LANGUAGE sql STABLE AS $$
    SELECT v.site_session_hk
    FROM (
        SELECT DISTINCT v.site_session_hk
        FROM business.{{link}} l
        CROSS JOIN LATERAL business.visit_of(l.site_event_hk) AS v(site_session_hk)
        WHERE l.{{key}} = ANY (p_{{thing}}s)
    ) v
    WHERE p_open
       OR EXISTS (SELECT FROM business.site_session_details_s d
                  WHERE d.site_session_hk = v.site_session_hk AND d.load_end_date IS NULL AND d.total_events > 0)
       OR EXISTS (SELECT FROM business.site_session_w w
                  WHERE w.site_session_hk = v.site_session_hk AND NOT w.is_visit AND NOT w.is_open)
$$;

-- Sums up, of these {{thing}}s, those that have no sums yet: those that are new, and once each that was there before version {{since}}. p_open: with
-- visits that are not over, as snapshots counted until then. In the turn of sessions: what is over stays so meanwhile.
CREATE OR REPLACE FUNCTION business.sum_{{thing}}s(p_{{thing}}s bytea[], p_open boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_{{thing}}s constant bytea[] := ARRAY(
        SELECT n.{{key}} FROM unnest(p_{{thing}}s) AS n({{key}})
        WHERE NOT EXISTS (SELECT FROM business.{{thing}}_w w WHERE w.{{key}} = n.{{key}}));
BEGIN
    IF cardinality(v_{{thing}}s) = 0 THEN
        RETURN;
    END IF;
    INSERT INTO business.{{thing}}_visit_w
    SELECT (s.met).* FROM business.visit_{{thing}}s(ARRAY(SELECT business.visits_of_{{thing}}s(v_{{thing}}s, p_open)), v_{{thing}}s) s
    WHERE s.is_counted
    ORDER BY (s.met).site_session_hk, (s.met).{{key}}
    ON CONFLICT DO NOTHING;
    INSERT INTO business.{{thing}}_w SELECT s.* FROM business.{{thing}}_sums(v_{{thing}}s) s ORDER BY s.{{key}};
    INSERT INTO business.{{thing}}_{{by}}_w SELECT s.* FROM business.{{by}}_sums(v_{{thing}}s) s ORDER BY s.{{key}};
END
$$;

-- Forgets what is carried of these {{thing}}s: at their next snapshot they are summed up anew.
CREATE OR REPLACE FUNCTION business.forget_{{thing}}s(p_{{thing}}s bytea[]) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM business.{{thing}}_w w WHERE w.{{key}} = ANY (p_{{thing}}s);
    DELETE FROM business.{{thing}}_{{by}}_w w WHERE w.{{key}} = ANY (p_{{thing}}s);
    DELETE FROM business.{{thing}}_visit_w w WHERE w.{{key}} = ANY (p_{{thing}}s);
$$;
