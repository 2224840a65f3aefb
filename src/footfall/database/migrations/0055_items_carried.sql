-- What items come to is carried forward, as what pages come to is since version 52: what each visit did with an item is written down when the
-- visit is closed, and added to the item's sums.
CREATE TABLE business.item_visit_w (
    site_session_hk bytea NOT NULL,
    business_item_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    converted integer NOT NULL,
    last_met timestamptz,
    met_at timestamptz[],
    said bytea[],
    PRIMARY KEY (site_session_hk, business_item_hk)
);
COMMENT ON TABLE business.item_visit_w IS
    'What a visit did with an item and said of it, as of when it was closed last. Of items that are in item_w, all such visits; of others, those since version 55.';
COMMENT ON COLUMN business.item_visit_w.converted IS '1: the visit completed a transaction after it had met the item';
COMMENT ON COLUMN business.item_visit_w.met_at IS 'when people interacted with it, in order; NULL: bots did, or the visit only spoke of it; last_met: the last of them';
COMMENT ON COLUMN business.item_visit_w.said IS 'the events of the visit that are the last to say one of business.item_attributes()';
-- Usage: business.business_item_details_of: who met an item on one day; business.sum_items: all visits of an item
CREATE INDEX item_visit_w_met ON business.item_visit_w (business_item_hk, last_met);

CREATE TABLE business.item_w (
    business_item_hk bytea PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    visits bigint NOT NULL,
    interactions bigint NOT NULL,
    converted bigint NOT NULL,
    said bytea[]
) WITH (fillfactor = 50);
COMMENT ON TABLE business.item_w IS 'The sums of item_visit_w, of items that had a snapshot: what the next one is made of, however many visits there were.';
COMMENT ON COLUMN business.item_w.visits IS 'of people who interacted with it';
COMMENT ON COLUMN business.item_w.said IS 'the events of all visits that are the last to say one of business.item_attributes()';

CREATE TABLE business.item_day_w (
    business_item_hk bytea NOT NULL,
    day date NOT NULL,
    tenant_hk bytea NOT NULL,
    interactions bigint NOT NULL,
    PRIMARY KEY (business_item_hk, day)
) WITH (fillfactor = 50);
COMMENT ON TABLE business.item_day_w IS 'How many interactions each day of UTC had with an item in item_w.';
