-- Claim: nothing is stored under an id of somebody who was erased
-- Hint: a restored backup brought them back, or rows written by hand: `footfall person again` erases whom tombstones name
SELECT 'erasure ' || t.erasure_id || ': ' || f.place
FROM auth.erasure_secret k
CROSS JOIN LATERAL (
    SELECT 'raw event ' || r.raw_event_id AS place, i.kind, i.id
    FROM raw.site_tracking_events_r r CROSS JOIN LATERAL raw.ids_of(r) i
    WHERE r.tenant_hk = k.tenant_hk AND {{since r.received_timestamp}}
    UNION ALL
    SELECT 'staged event ' || s.raw_event_id, i.kind, i.id
    FROM staging.site_events_staging s
    CROSS JOIN LATERAL (VALUES ('session', s.session_id), ('visitor', s.visitor_id), ('user', s.user_id)) AS i(kind, id)
    WHERE s.tenant_hk = k.tenant_hk AND {{since s.received_timestamp}} AND i.id IS NOT NULL
    UNION ALL
    SELECT 'business.site_session_h', 'session', h.site_session_bk FROM business.site_session_h h
    WHERE h.tenant_hk = k.tenant_hk AND {{since h.load_date}}
    UNION ALL
    SELECT 'business.site_visitor_h', 'visitor', h.site_visitor_bk FROM business.site_visitor_h h
    WHERE h.tenant_hk = k.tenant_hk AND {{since h.load_date}}
    UNION ALL
    SELECT 'business.site_session_context_s', 'user', c.user_id FROM business.site_session_context_s c
    WHERE c.tenant_hk = k.tenant_hk AND {{since c.load_date}} AND c.user_id IS NOT NULL
) f
JOIN auth.tombstone t ON t.tenant_hk = k.tenant_hk AND t.mark = auth.erasure_mark(k.secret, f.kind, f.id)
WHERE {{tenant k}}
