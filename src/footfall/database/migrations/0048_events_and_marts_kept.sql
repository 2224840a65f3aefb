-- How long the events of visits are kept, and the visits and figures of days.
ALTER TABLE ref.retention DROP CONSTRAINT retention_layer_check;
ALTER TABLE ref.retention ADD CONSTRAINT retention_layer_check CHECK (layer IN ('raw', 'staging', 'context', 'events', 'marts'));
COMMENT ON TABLE ref.retention IS 'For how many days something is kept in a layer: raw and staging after receipt, the personal context after the session, events and marts in whole months after they happened. A tenant''s own row comes before the general one; without any, for ever.';

CREATE TABLE business.retired_order_w (
    tenant_hk bytea NOT NULL,
    order_hash bytea NOT NULL,
    day date NOT NULL,
    -- Usage: business.rollup_until: whether an order was counted on an earlier day
    PRIMARY KEY (tenant_hk, order_hash, day)
);
COMMENT ON TABLE business.retired_order_w IS 'Orders whose events retention has removed, and the days on which they were counted: told again later, they do not count again.';
COMMENT ON COLUMN business.retired_order_w.order_hash IS 'util.hash_binary(business.conversion_identity)';

ALTER TABLE business.site_session_w ADD COLUMN is_retired boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN business.site_session_w.is_retired IS 'retention has removed the events of its visit: what was computed of them stays, and is not computed again';
