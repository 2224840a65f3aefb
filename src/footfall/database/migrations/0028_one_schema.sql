-- Some migrations were edited after they had run somewhere: this is what those stores lack. On all others it locks nothing.
DO $$
BEGIN
    IF to_regclass('auth.sign_in_expires') IS NULL THEN
        -- Usage: auth.open_sign_in, which forgets those that have expired
        CREATE INDEX sign_in_expires ON auth.sign_in (expires_at);
    END IF;
    IF to_regclass('business.event_b_act') IS NULL THEN
        -- Usage: business.rollup_of, reports of conversions and items: the few events that are conversions or about items
        CREATE INDEX event_b_act ON business.event_b (tenant_hk, event_type, event_action, site_event_hk)
            WHERE event_type <> 'page_view';
    END IF;
    IF (SELECT a.attnotnull FROM pg_attribute a
        WHERE a.attrelid = 'business.visit_b'::regclass AND a.attname = 'first_event_timestamp') THEN
        ALTER TABLE business.visit_b
            ALTER COLUMN first_event_timestamp DROP NOT NULL,
            ALTER COLUMN last_event_timestamp DROP NOT NULL;
        COMMENT ON COLUMN business.visit_b.events IS 'of humans; likewise page_views, first_event_timestamp and last_event_timestamp';
        -- visits of bots have times there: none is right
        TRUNCATE business.day_w;
    END IF;
    -- A store that is older than the marts has none. (Its size tells: an owner who is no superuser sees no tenant's rows.)
    IF pg_relation_size('business.day_w') = 0 AND EXISTS (SELECT FROM raw.load_batch) THEN
        INSERT INTO util.work VALUES ('missing_marts');
    END IF;
END
$$;
COMMENT ON TABLE util.work IS 'What only one may do at a time: who does it has its row locked. missing_marts: to be made once (business.make_missing_marts).';

-- Every definition is run once more: what older ones made, and none makes now, is dropped after it.
UPDATE util.definition SET checksum = '';
