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

-- What visitors allow: as it was sent, each time.
ALTER TABLE staging.site_events_staging ADD COLUMN consent jsonb;
CREATE TABLE business.site_session_consent_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    site_event_hk bytea NOT NULL,
    stated_at timestamptz NOT NULL,
    consent_state varchar(10) NOT NULL,
    purposes jsonb,
    text_version varchar(100),
    consented_at timestamptz NOT NULL,
    raw_event_id bigint NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, site_event_hk)
);
COMMENT ON TABLE business.site_session_consent_s IS '+ What the visitor allowed, or withdrew, each time that it was sent: the proof of consent.';
COMMENT ON COLUMN business.site_session_consent_s.site_event_hk IS 'the event that said so';
COMMENT ON COLUMN business.site_session_consent_s.stated_at IS 'when that was';
COMMENT ON COLUMN business.site_session_consent_s.consent_state IS 'granted or denied';
COMMENT ON COLUMN business.site_session_consent_s.purposes IS 'what for, in the site''s words: a list of texts';
COMMENT ON COLUMN business.site_session_consent_s.text_version IS 'of the text that was put to the visitor';
COMMENT ON COLUMN business.site_session_consent_s.consented_at IS 'when the visitor said so; where nothing else was sent: stated_at';
COMMENT ON COLUMN business.site_session_consent_s.raw_event_id IS 'of two at one time the later one holds';
-- Usage: business.remove_grain: what an event stated
CREATE INDEX ON business.site_session_consent_s (site_event_hk);
ALTER TABLE business.visit_b ADD COLUMN consent varchar(10);
COMMENT ON COLUMN business.visit_b.consent IS 'granted or denied, as was said last in the visit; NULL: nothing was';
-- These give other columns.
DROP FUNCTION IF EXISTS business.visit_context(bytea, timestamptz);
DROP FUNCTION IF EXISTS business.events_as_of(bytea, timestamptz, timestamptz, timestamptz);

-- What is personal is described.
COMMENT ON COLUMN business.site_visitor_details_s.screen_resolution IS 'width x height';
COMMENT ON COLUMN business.site_visitor_details_s.viewport_size IS 'width x height';
COMMENT ON COLUMN business.site_session_details_s.referrer_url IS 'where the visitor came from';
COMMENT ON TABLE staging.site_events_staging IS 'Each raw event as it was understood: its keys, what it says in one spelling, what is wrong with it.';
COMMENT ON TABLE auth.membership IS 'Who has which role in a tenant.';
COMMENT ON TABLE auth.site IS 'Sites of a tenant, with their hosts.';
COMMENT ON TABLE auth.tenant_details_s IS 'What a tenant is called and counted by, over time.';
