-- One tenant becomes part of another: what its sites sent is the other's from now on, and is loaded once more under that one's settings.

-- What a tenant's site is called as another's: as it was, or behind the name of its tenant where the other has such a site.
CREATE OR REPLACE FUNCTION business.merged_site(p_tenant_hk bytea, p_into_hk bytea, p_site text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM auth.site s WHERE s.tenant_hk = p_into_hk AND s.site = p_site)
                THEN left(t.tenant_bk || ' ' || p_site, 100) ELSE p_site END
    FROM auth.tenant_h t WHERE t.tenant_hk = p_tenant_hk
$$;

-- Gives what a tenant has besides events to another: keys, sites, and what the other has not under that name of goals, funnels, event types and
-- conversion rules. Hosts that either allows are allowed; where one allows all, all are. Can be repeated.
CREATE OR REPLACE FUNCTION business.merge_settings(p_tenant_hk bytea, p_into_hk bytea) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_details auth.tenant_details_s;
    v_from auth.tenant_details_s;
BEGIN
    SELECT d.* INTO v_from FROM auth.tenant_details_s d WHERE d.tenant_hk = p_tenant_hk AND d.load_end_date IS NULL;
    SELECT d.* INTO v_details FROM auth.tenant_details_s d WHERE d.tenant_hk = p_into_hk AND d.load_end_date IS NULL FOR UPDATE;
    v_details.allowed_hosts := CASE WHEN cardinality(v_details.allowed_hosts) > 0 AND cardinality(v_from.allowed_hosts) > 0
        THEN auth.usable_hosts(v_details.allowed_hosts || v_from.allowed_hosts) ELSE '{}' END;
    v_details.own_hosts := auth.usable_hosts(v_details.own_hosts || v_from.own_hosts);
    v_details.page_query_keys := ARRAY(SELECT DISTINCT k FROM unnest(v_details.page_query_keys || v_from.page_query_keys) k ORDER BY k);
    PERFORM auth.replace_details(v_details);

    UPDATE auth.access_key k SET site = business.merged_site(p_tenant_hk, p_into_hk, k.site), tenant_hk = p_into_hk WHERE k.tenant_hk = p_tenant_hk;
    UPDATE auth.site s SET site = business.merged_site(p_tenant_hk, p_into_hk, s.site), tenant_hk = p_into_hk WHERE s.tenant_hk = p_tenant_hk;
    UPDATE ref.event_type t SET tenant_hk = p_into_hk
    WHERE t.tenant_hk = p_tenant_hk AND NOT EXISTS (SELECT FROM ref.event_type o WHERE o.tenant_hk = p_into_hk AND o.event_type = t.event_type);
    UPDATE ref.goal g SET tenant_hk = p_into_hk
    WHERE g.tenant_hk = p_tenant_hk AND NOT EXISTS (SELECT FROM ref.goal o WHERE o.tenant_hk = p_into_hk AND o.goal = g.goal);
    UPDATE ref.funnel f SET tenant_hk = p_into_hk
    WHERE f.tenant_hk = p_tenant_hk AND NOT EXISTS (SELECT FROM ref.funnel o WHERE o.tenant_hk = p_into_hk AND o.funnel = f.funnel);
    UPDATE ref.conversion_rule r SET tenant_hk = p_into_hk
    WHERE r.tenant_hk = p_tenant_hk AND NOT EXISTS (
        SELECT FROM ref.conversion_rule o
        WHERE o.tenant_hk = p_into_hk AND o.event_type = r.event_type AND o.event_action = r.event_action);
END
$$;

-- Why not all that a tenant was sent can be another's; NULL: it can. raw_gone: some of it was received in a time of which raw of either has gone, be it
-- by retention or into files: it could not be loaded, or nothing would ever remove it, or all of the month goes as if files had it. events_gone: events
-- of either have gone from the vault: they would come back, or be refused and their figures be lost.
CREATE OR REPLACE FUNCTION business.lost_by_merge(p_tenant_hk bytea, p_into_hk bytea) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (
            SELECT FROM raw.ingest_batch b
            WHERE b.tenant_hk = p_tenant_hk AND b.received_from < greatest(util.kept_since(p_tenant_hk, 'raw'), util.kept_since(p_into_hk, 'raw')))
        THEN 'raw_gone'
        WHEN util.kept_since(p_tenant_hk, 'events') > '-infinity' OR EXISTS (
            SELECT FROM business.rollup_b r WHERE r.tenant_hk = p_tenant_hk AND r.day < business.first_day(p_into_hk, 'events'))
        THEN 'events_gone'
    END
$$;

-- Makes what a tenant was sent another's: raw events of some of its batches, of p_most events or one batch. They wait to be loaded, behind what is of today; what
-- staging had of them goes. Imports go along with the last of them. Returns how many events; 0: there are no more. For a transaction of its own; a batch that is being
-- loaded is waited for. Raises what business.lost_by_merge says: until the turn of loads came, some may have left for files.
CREATE OR REPLACE FUNCTION business.merge_batches(p_tenant_hk bytea, p_into_hk bytea, p_most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_batch_ids bigint[];
    v_events bigint;
    v_into text := (SELECT t.tenant_bk FROM auth.tenant_h t WHERE t.tenant_hk = p_into_hk);
BEGIN
    PERFORM util.take_turn('load');
    SELECT array_agg(b.batch_id) FILTER (WHERE b.events_before < p_most) INTO v_batch_ids
    FROM (SELECT b.batch_id, sum(b.event_count) OVER (ORDER BY b.batch_id) - b.event_count AS events_before
          FROM (SELECT b.batch_id, b.event_count FROM raw.ingest_batch b WHERE b.tenant_hk = p_tenant_hk ORDER BY b.batch_id LIMIT p_most FOR UPDATE) b) b;
    IF v_batch_ids IS NULL THEN
        UPDATE raw.import i SET tenant_hk = p_into_hk WHERE i.tenant_hk = p_tenant_hk;
        RETURN 0;
    END IF;
    IF business.lost_by_merge(p_tenant_hk, p_into_hk) IS NOT NULL THEN
        RAISE EXCEPTION '%', business.lost_by_merge(p_tenant_hk, p_into_hk) USING ERRCODE = 'FF409';
    END IF;

    DELETE FROM staging.site_events_staging s USING raw.ingest_batch b
    WHERE b.batch_id = ANY (v_batch_ids) AND s.batch_id = b.batch_id AND s.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
      AND s.received_timestamp BETWEEN b.received_from AND b.received_to;
    UPDATE raw.left_out o SET tenant_hk = p_into_hk WHERE o.batch_id = ANY (v_batch_ids);
    UPDATE raw.site_tracking_events_r r SET tenant_hk = p_into_hk, tenant_id = v_into
    FROM raw.ingest_batch b
    WHERE b.batch_id = ANY (v_batch_ids) AND r.batch_id = b.batch_id AND r.raw_event_id BETWEEN b.first_raw_event_id AND b.last_raw_event_id
      AND r.received_timestamp BETWEEN b.received_from AND b.received_to;
    GET DIAGNOSTICS v_events = ROW_COUNT;
    UPDATE raw.ingest_batch b
    SET tenant_hk = p_into_hk, processing_status = 'PENDING', retry_count = 0, error_message = NULL, next_attempt_at = '-infinity',
        load_date = NULL, former_load_dates = '{}', loaded_count = NULL, duplicate_count = NULL, invalid_count = NULL
    WHERE b.batch_id = ANY (v_batch_ids);
    RETURN v_events;
END
$$;
