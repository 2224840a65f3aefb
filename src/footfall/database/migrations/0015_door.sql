-- The door knows which event types a tenant's events may have: the function gives another column.
DROP FUNCTION IF EXISTS auth.key_owner(bytea);

-- Only what may hold a secret is searched for it: the door says which events those are.
DROP FUNCTION IF EXISTS raw.land_tracking_events(text[], timestamptz[], text[], text[], text[], text[], inet[], boolean[], boolean[], text[]);
