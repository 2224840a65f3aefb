-- Where visits come from is judged by kept lists, once per distinct host and campaign; channels are one table of rules.
CREATE TABLE ref.origin (
    host varchar(300) NOT NULL,
    path varchar(300) NOT NULL,
    name varchar(300) NOT NULL,
    site varchar(300) NOT NULL,
    source varchar(300) NOT NULL,
    kind varchar(20),
    -- Usage: staging.validate_and_enrich: what is known of a referrer's host and path, and of a page's host
    PRIMARY KEY (host, path)
);
COMMENT ON TABLE ref.origin IS 'Each distinct host of pages and referrers, judged once (footfall.judgement.origins); also what stands under some paths of it.';
COMMENT ON COLUMN ref.origin.host IS 'as addresses write it, in lower case; of an app: android-app://<package>';
COMMENT ON COLUMN ref.origin.path IS 'what the path begins with; empty: any';
COMMENT ON COLUMN ref.origin.name IS 'the host in one spelling, without www';
COMMENT ON COLUMN ref.origin.site IS 'the name that somebody registered: hosts of one site do not refer to each other';
COMMENT ON COLUMN ref.origin.source IS 'whom a visit comes from: one name, however it is written';
COMMENT ON COLUMN ref.origin.kind IS 'search, social, video, shopping, email, ai, ads, affiliate, sms, push, payment, sign-in; NULL: not known';

CREATE TABLE ref.campaign (
    campaign_hash bytea PRIMARY KEY,
    source varchar(100),
    kind varchar(20),
    medium varchar(30) NOT NULL,
    is_campaign boolean NOT NULL
);
COMMENT ON TABLE ref.campaign IS 'Each distinct campaign, judged once; keyed by staging.campaign_key, so that its words are not kept here.';
COMMENT ON COLUMN ref.campaign.medium IS 'what utm_medium comes to, by the words of media.csv; empty: nothing that is known';
COMMENT ON COLUMN ref.campaign.is_campaign IS 'whether any of the words means something';

CREATE TABLE ref.parameter (
    parameter varchar(50) PRIMARY KEY,
    rank integer NOT NULL,
    means varchar(20) NOT NULL,
    source varchar(100),
    kind varchar(20),
    click_id varchar(20)
);
COMMENT ON TABLE ref.parameter IS 'Keys of queries that say where a visit comes from, from judgement/lists/parameters.csv.';

CREATE TABLE ref.channel (
    medium varchar(30) NOT NULL,
    kind varchar(20) NOT NULL,
    click_id varchar(20) NOT NULL,
    channel varchar(30) NOT NULL,
    channel_group varchar(20) NOT NULL,
    -- Usage: staging.validate_and_enrich: a visit's channel
    PRIMARY KEY (medium, kind, click_id)
);
COMMENT ON TABLE ref.channel IS 'The rules of judgement/lists/channels.csv, laid out for every medium, kind of source and way of a click id.';

ALTER TABLE staging.site_events_staging ADD COLUMN channel_name varchar(30), ADD COLUMN utm_id varchar(100), ADD COLUMN click_id varchar(50);
ALTER TABLE business.site_session_context_s ADD COLUMN channel_name varchar(30), ADD COLUMN utm_id varchar(100), ADD COLUMN click_id varchar(50);
COMMENT ON COLUMN business.site_session_context_s.channel IS 'the group of its channel: search, social, paid, email, ai, referral, direct';
COMMENT ON COLUMN business.site_session_context_s.channel_name IS 'its channel, one of the 19 of channels.csv; empty: judged before there were so many';
COMMENT ON COLUMN business.site_session_context_s.utm_id IS 'number of the campaign, as the campaign says';
COMMENT ON COLUMN business.site_session_context_s.click_id IS 'which parameter an advertiser''s network added: gclid, msclkid; never its value';
ALTER TABLE business.visit_b ADD COLUMN channel_name varchar(30), ADD COLUMN utm_id varchar(100);
-- a view has the columns that its table had
CREATE OR REPLACE VIEW business.site_session_context_current_v WITH (security_invoker = true) AS
SELECT * FROM business.site_session_context_s WHERE load_end_date IS NULL;
-- These give other columns.
DROP FUNCTION IF EXISTS business.visit_context(bytea, timestamptz);
DROP FUNCTION IF EXISTS business.events_as_of(bytea, timestamptz, timestamptz, timestamptz);

-- What was rolled up by channel was so by its group. Of those visits nothing finer is known: by channel they are what the groups are called now.
UPDATE business.rollup_b SET dimension = 'channel_group' WHERE dimension = 'channel';
INSERT INTO business.rollup_b (
    tenant_hk, dimension, day, value, previous_day, events, page_views, interactions, visits, visitors, begun, bounces, duration_seconds,
    conversions, converted, revenue, latest_name, refunds, views_without_visit)
SELECT r.tenant_hk, 'channel', r.day,
       CASE r.value WHEN 'search' THEN 'Organic Search' WHEN 'social' THEN 'Organic Social' WHEN 'paid' THEN 'Paid Other'
            WHEN 'ai' THEN 'AI' ELSE initcap(r.value) END,
       r.previous_day, r.events, r.page_views, r.interactions, r.visits, r.visitors, r.begun, r.bounces, r.duration_seconds,
       r.conversions, r.converted, r.revenue, r.latest_name, r.refunds, r.views_without_visit
FROM business.rollup_b r WHERE r.dimension = 'channel_group';

-- Hosts that send no visits to a tenant: its own, and others.
ALTER TABLE auth.tenant_details_s ADD COLUMN own_hosts text[] NOT NULL DEFAULT '{}', ADD COLUMN ignored_referrers text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN auth.tenant_details_s.own_hosts IS 'further hosts, with those under them, that are the tenant''s: a referrer of them is none';
COMMENT ON COLUMN auth.tenant_details_s.ignored_referrers IS 'hosts, with those under them, that never begin a visit: besides the payment and sign-in providers that are known';
DROP FUNCTION IF EXISTS auth.describe_tenant(text, text, text, text, text, text[], numeric, boolean, boolean);
DROP FUNCTION IF EXISTS business.change_tenant(text, text, text, text, text, text[], numeric, boolean, boolean);
