-- What a server says of an order or an event stands above what anybody says of it under a public key.
ALTER TABLE staging.event_identity
    ADD COLUMN trusted_timestamp timestamptz,
    ADD COLUMN is_contested boolean NOT NULL DEFAULT false,
    -- who sent what is there already is not known any more: it stays what it is. (A default writes no row anew.)
    ADD COLUMN is_of_before boolean NOT NULL DEFAULT true;
ALTER TABLE staging.event_identity ALTER COLUMN is_of_before SET DEFAULT false;
COMMENT ON COLUMN staging.event_identity.trusted_timestamp IS 'when it was, by the first trusted sender that said so; NULL: none did';
COMMENT ON COLUMN staging.event_identity.is_contested IS 'somebody had sent another event under this id before the trusted sender did: the trusted one is an event of its own';
COMMENT ON COLUMN staging.event_identity.is_of_before IS 'from when it was not noted who was trusted: it is not contested';

ALTER TABLE staging.site_events_staging ADD COLUMN restates_hk bytea;
COMMENT ON COLUMN staging.site_events_staging.restates_hk IS 'of a trusted event: the one that somebody had sent under its id before';

CREATE TABLE business.superseded_w (
    tenant_hk bytea NOT NULL,
    -- Usage: business.events_as_of, business.visit_events: whether an event was superseded
    site_event_hk bytea PRIMARY KEY,
    load_date timestamptz NOT NULL
);
COMMENT ON TABLE business.superseded_w IS 'Events of public keys whose order, or id, is known from a trusted sender: they are no conversions. By the load that found it.';
ALTER TABLE business.event_b ADD COLUMN is_superseded boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN business.event_b.is_superseded IS 'a trusted sender says it otherwise: no conversion (superseded_w)';

-- What a site's own events may look like.
ALTER TABLE auth.tenant_details_s
    ADD COLUMN allowed_hosts text[] NOT NULL DEFAULT '{}',
    ADD COLUMN largest_value numeric NOT NULL DEFAULT 1000000000 CHECK (largest_value > 0);
COMMENT ON COLUMN auth.tenant_details_s.allowed_hosts IS 'hosts, with those under them, whose pages may send with a public key; none: all may';
COMMENT ON COLUMN auth.tenant_details_s.largest_value IS 'the largest value that an event of a public key may have, either way from zero';

-- They have got more to know, or to tell.
DROP FUNCTION IF EXISTS business.conversion_of(bytea, text, text, text, timestamptz, numeric, text);
DROP FUNCTION IF EXISTS business.events_as_of(bytea, timestamptz, timestamptz, timestamptz);
DROP FUNCTION IF EXISTS business.visitor_events(bytea);
DROP FUNCTION IF EXISTS auth.describe_tenant(text, text, text, text, text);
DROP FUNCTION IF EXISTS business.change_tenant(text, text, text, text, text);
