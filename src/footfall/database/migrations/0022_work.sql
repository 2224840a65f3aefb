-- What only one may do at a time. Advisory locks are everybody's who may connect, a tenant's login included; rows of a table that it
-- cannot name are not.
CREATE TABLE util.work (work text PRIMARY KEY);
COMMENT ON TABLE util.work IS 'What only one may do at a time: who does it has its row locked.';
INSERT INTO util.work VALUES
    ('load'), ('sessions'), ('rollups'), ('retention'), ('site_visitor_details'), ('site_page_details'), ('business_item_details');
