-- The keys of a question may depend on the figure that it asks about: the function has another signature.
DROP FUNCTION IF EXISTS api.question_keys(text);
