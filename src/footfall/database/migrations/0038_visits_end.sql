-- Which event a view is: page views that carry one id of a view are one, whatever ids and times of their own.
ALTER TABLE staging.event_identity ADD COLUMN stands_for text;
COMMENT ON COLUMN staging.event_identity.stands_for IS 'of a page_view_id: the name of the event that was the first under it; NULL for what an event id or a payload is known by';
