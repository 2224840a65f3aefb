-- How long the personal context of sessions and visitors is kept; and a hold that keeps everything, for as long as the law wants it.
ALTER TABLE ref.retention DROP CONSTRAINT retention_layer_check;
ALTER TABLE ref.retention ADD CONSTRAINT retention_layer_check CHECK (layer IN ('raw', 'staging', 'context'));
COMMENT ON TABLE ref.retention IS 'For how many days something is kept in a layer: raw and staging after receipt, the personal context after the session. A tenant''s own row comes before the general one; without any, for ever.';
COMMENT ON TABLE raw.kept_since IS 'From when on something of a tenant is still in a layer: what is of before has been removed.';

CREATE TABLE ref.legal_hold (
    tenant_hk bytea PRIMARY KEY,
    reason varchar(500) NOT NULL,
    placed_by varchar(255) NOT NULL,
    placed_at timestamptz NOT NULL
);
COMMENT ON TABLE ref.legal_hold IS 'Tenants of whom retention removes nothing until the hold is lifted; the audit log tells who placed and lifted it.';
COMMENT ON COLUMN ref.legal_hold.reason IS 'why, in words: the number of a case, say; nothing of visitors';
COMMENT ON COLUMN ref.legal_hold.placed_by IS 'kind and name of who did, as the audit log has them';

-- Usage: business.remove_personal: what is personal, and kept no longer
CREATE INDEX site_session_context_s_personal ON business.site_session_context_s (tenant_hk, entry_timestamp)
WHERE user_id IS NOT NULL OR visitor_ip_hash IS NOT NULL OR user_agent IS NOT NULL OR screen_resolution IS NOT NULL OR viewport_size IS NOT NULL OR client_hints IS NOT NULL;
-- Usage: business.remove_personal: what is personal, and kept no longer
CREATE INDEX site_visitor_details_s_personal ON business.site_visitor_details_s (tenant_hk, last_visit_date)
WHERE visitor_ip_hash IS NOT NULL OR user_agent IS NOT NULL OR screen_resolution IS NOT NULL OR viewport_size IS NOT NULL;

DROP FUNCTION IF EXISTS util.keep_from(bytea, text, timestamptz);
