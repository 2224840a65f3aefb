-- What pages come to is carried forward: what each visit saw of a page is written down when the visit is closed, and added to the page's sums.
CREATE TABLE business.page_visit_w (
    site_session_hk bytea NOT NULL,
    site_page_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    site_visitor_hk bytea,
    views integer NOT NULL,
    timed integer NOT NULL,
    entries integer NOT NULL,
    bounces integer NOT NULL,
    converted integer NOT NULL,
    seconds numeric NOT NULL,
    page_titles text[],
    PRIMARY KEY (site_session_hk, site_page_hk)
);
COMMENT ON TABLE business.page_visit_w IS
    'What a visit saw of a page, as of when it was closed last: of people''s visits. Of pages that are in page_w, all such visits; of others, those since version 52.';
COMMENT ON COLUMN business.page_visit_w.timed IS 'views of which it is known for how long; seconds: for how long they were, in all';
COMMENT ON COLUMN business.page_visit_w.entries IS '1: the visit entered here; bounces: and left at once';
COMMENT ON COLUMN business.page_visit_w.converted IS '1: the visit completed a transaction after it had come here';
COMMENT ON COLUMN business.page_visit_w.page_titles IS 'of each view that had one';
-- Usage: business.count_pages: whether somebody has seen a page in another visit; business.sum_pages: all visits of a page
CREATE INDEX page_visit_w_visitor ON business.page_visit_w (site_page_hk, site_visitor_hk);

CREATE TABLE business.page_w (
    site_page_hk bytea PRIMARY KEY,
    tenant_hk bytea NOT NULL,
    visits bigint NOT NULL,
    visitors bigint NOT NULL,
    views bigint NOT NULL,
    timed bigint NOT NULL,
    entries bigint NOT NULL,
    bounces bigint NOT NULL,
    converted bigint NOT NULL,
    seconds numeric NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE business.page_w IS 'The sums of page_visit_w, of pages that had a snapshot: what the next one is made of, however many visits there were.';

CREATE TABLE business.page_title_w (
    site_page_hk bytea NOT NULL,
    page_title text COLLATE "C" NOT NULL,
    tenant_hk bytea NOT NULL,
    views bigint NOT NULL,
    PRIMARY KEY (site_page_hk, page_title)
) WITH (fillfactor = 50);
COMMENT ON TABLE business.page_title_w IS 'How many views each title of a page in page_w had.';
-- Usage: business.site_page_details_of: the most frequent title of a page
CREATE INDEX page_title_w_most ON business.page_title_w (site_page_hk, views DESC, page_title);
