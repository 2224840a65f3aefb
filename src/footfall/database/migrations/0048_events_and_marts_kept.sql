-- How long the events of visits are kept, and the visits and figures of days.
ALTER TABLE ref.retention DROP CONSTRAINT retention_layer_check;
ALTER TABLE ref.retention ADD CONSTRAINT retention_layer_check CHECK (layer IN ('raw', 'staging', 'context', 'events', 'marts'));
COMMENT ON TABLE ref.retention IS 'For how many days something is kept in a layer: raw and staging after receipt, the personal context after the session, events and marts in whole months after they happened. A tenant''s own row comes before the general one; without any, for ever.';

ALTER TABLE business.site_session_w ADD COLUMN is_retired boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN business.site_session_w.is_retired IS 'retention has removed the events of its visit: what was computed of them stays, and is not computed again';
