-- Outside of a transaction, statement by statement:
-- the visits of a day are found by the hour in which they began on it
DROP INDEX CONCURRENTLY IF EXISTS business.visit_b_hour;
-- Usage: business.count_figures, reports by properties of visits, api.report_sessions: a tenant's visits of a day, or those of it that began in an hour
CREATE INDEX CONCURRENTLY visit_b_hour ON business.visit_b (tenant_hk, day, first_event_timestamp);
DROP INDEX CONCURRENTLY IF EXISTS business.visit_b_day;
