-- Rules are data, and what a tenant's own rules make of visits and pages is kept apart from what was sent.

CREATE TABLE ref.rule_set (
    tenant_hk bytea NOT NULL,
    version integer NOT NULL,
    rules jsonb NOT NULL,
    digest varchar(64) NOT NULL,
    lists varchar(64),
    lists_from timestamptz,
    made_by varchar(255) NOT NULL,
    made_at timestamptz NOT NULL,
    reason varchar(500) NOT NULL,
    reverts integer,
    in_force_from timestamptz NOT NULL,
    in_force_until timestamptz,
    receipt jsonb,
    -- Usage: business.site_session_judgement_of: the rules in force
    PRIMARY KEY (tenant_hk, version)
);
-- Usage: one set is in force
CREATE UNIQUE INDEX rule_set_in_force ON ref.rule_set (tenant_hk) WHERE in_force_until IS NULL;
COMMENT ON TABLE ref.rule_set IS 'Each tenant''s own rules, version by version; they lie over the general ones, which come with Footfall: of those, under the empty key, digest and time. Nothing is changed but the end of its time.';
COMMENT ON COLUMN ref.rule_set.rules IS 'footfall.judgement.rules.RuleSet; of a set taken back those of before, none: {}';
COMMENT ON COLUMN ref.rule_set.digest IS 'SHA-256 of the rules, keys in order';
COMMENT ON COLUMN ref.rule_set.lists IS 'digest of the general rules by which agents and referrers of visits are judged that were loaded before; empty: as they were judged when they were loaded';
COMMENT ON COLUMN ref.rule_set.lists_from IS 'what was loaded before this load date is judged by those';
COMMENT ON COLUMN ref.rule_set.reverts IS 'the version that this one takes back';
COMMENT ON COLUMN ref.rule_set.in_force_from IS 'loads from this load date on judge by it';
COMMENT ON COLUMN ref.rule_set.receipt IS 'what became of stored visits and pages; empty: they are being judged, or that was interrupted';

CREATE TABLE ref.rule_match (
    tenant_hk bytea NOT NULL,
    version integer NOT NULL,
    input varchar(10) NOT NULL,
    input_hash bytea NOT NULL,
    rule varchar(100) NOT NULL,
    traffic_class varchar(10),
    bot_kind varchar(20),
    bot_name varchar(50),
    browser_name varchar(50),
    browser_version varchar(20),
    operating_system varchar(50),
    operating_system_version varchar(20),
    source varchar(100),
    channel varchar(20),
    channel_name varchar(30),
    page_category varchar(50),
    page_type varchar(50),
    -- Usage: business.site_session_judgement_of, business.site_page_judgement_of: what the rules say of an input
    PRIMARY KEY (tenant_hk, version, input, input_hash)
);
COMMENT ON TABLE ref.rule_match IS 'Each distinct input that a rule of a tenant''s own says something of, looked at once (footfall.judgement.rules); what none says anything of is not here.';
COMMENT ON COLUMN ref.rule_match.input IS 'agent, landing (an address), referrer (a host), campaign, page; by the general lists: device (an agent and its hints), origin (a referrer)';
COMMENT ON COLUMN ref.rule_match.input_hash IS 'SHA-256 of the input; of a campaign staging.campaign_key, of a device staging.agent_key, of a page its key';
COMMENT ON COLUMN ref.rule_match.rule IS 'the rule''s name, else its pattern; lists: the general ones';

CREATE TABLE business.site_session_judgement_s (
    site_session_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    traffic_class varchar(10) NOT NULL,
    traffic_rule varchar(100),
    bot_kind varchar(20),
    bot_name varchar(50),
    source varchar(100),
    channel varchar(20),
    channel_name varchar(30),
    device_type varchar(20),
    browser_name varchar(50),
    browser_version varchar(20),
    operating_system varchar(50),
    operating_system_version varchar(20),
    country varchar(2),
    rule_set integer NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_session_hk, load_date)
);
COMMENT ON TABLE business.site_session_judgement_s IS '+ What a tenant''s own rules make of a visit, where that is, or was once, something else than it was first taken for.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_session_judgement_s_current ON business.site_session_judgement_s (site_session_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_session_judgement_s.traffic_class IS 'human, bot, or internal: the tenant''s own people';
COMMENT ON COLUMN business.site_session_judgement_s.traffic_rule IS 'the rule that says so of all its events; empty: each is what its agent says';
COMMENT ON COLUMN business.site_session_judgement_s.bot_kind IS 'as in the context; own: by the tenant''s rules; internal: its own people';
COMMENT ON COLUMN business.site_session_judgement_s.bot_name IS 'what the bot, or the rule, is called';
COMMENT ON COLUMN business.site_session_judgement_s.channel IS 'the group of its channel';
COMMENT ON COLUMN business.site_session_judgement_s.channel_name IS 'its channel, one of the 19 of channels.csv';
COMMENT ON COLUMN business.site_session_judgement_s.country IS 'of its time zone';
COMMENT ON COLUMN business.site_session_judgement_s.rule_set IS 'the version of ref.rule_set under which it came to be so';

CREATE TABLE business.site_page_judgement_s (
    site_page_hk bytea NOT NULL,
    tenant_hk bytea NOT NULL,
    load_date timestamptz NOT NULL,
    load_end_date timestamptz,
    hash_diff bytea NOT NULL,
    page_category varchar(50),
    page_type varchar(50),
    rule_set integer NOT NULL,
    record_source varchar(100) NOT NULL,
    PRIMARY KEY (site_page_hk, load_date)
);
COMMENT ON TABLE business.site_page_judgement_s IS '+ What a tenant''s own rules make of a page, where that is, or was once, something else than its path says.';
-- Usage: exactly one current row for each key, and the way to it
CREATE UNIQUE INDEX site_page_judgement_s_current ON business.site_page_judgement_s (site_page_hk) WHERE load_end_date IS NULL;
COMMENT ON COLUMN business.site_page_judgement_s.rule_set IS 'the version of ref.rule_set under which it came to be so';
