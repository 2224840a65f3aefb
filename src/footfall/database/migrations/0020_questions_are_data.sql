-- Questions are asked in Python now: what put their SQL together as text is gone.
DROP FUNCTION IF EXISTS
    api.run, api.beside_sql, api.events_sql, api.visits_sql, api.conversion_condition, api.conversions_sql,
    api.bucket_sql, api.figures_sql, api.metrics_sql, api.refuse, api.metrics, api.question_keys,
    api.word_of, api.words_of, api.number_of, api.truth_of, api.key_of, api.dimension_of,
    api.require_dimension, api.filter_sql, api.is_one_of_sql, api.contains_patterns, api.keys_named, api.keys_like,
    api.resolve, api.steps_of, api.answer, api.report_overview, api.report_timeseries, api.report_breakdown,
    api.report_goals, api.report_funnel, api.report_retention, api.report_paths, api.report_items, api.report_engagement,
    api.report_vitals, api.report_events, api.report_properties, api.report_sessions, api.report_session, api.report_visitor,
    api.report_realtime, api.breakdown, api.engagement, api.counted_sql, api.events, api.funnel,
    api.funnel_reached_sql, api.funnel_events_sql, api.funnel_steps_sql, api.save_funnel, api.goals,
    api.items, api.overview, api.range_before, api.overview_of_range, api.paths_following_sql, api.paths,
    api.paths_events_sql, api.properties, api.realtime, api.retention, api.retention_events_sql, api.session,
    api.sessions, api.sessions_of, api.timeseries, api.visitor, api.vitals_known, api.vitals;

-- Its rows are rendered from the declared dimensions, and have fewer columns.
DROP FUNCTION IF EXISTS business.dimensions();
