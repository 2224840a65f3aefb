-- Questions: what a report is asked, checked and completed before anything is read. A question is a JSON object, the same over HTTP,
-- in SQL and on the command line; api.resolve makes the one that is answered (and echoed) out of the one that was sent.

-- Refuses a question. The code is stable; field names the key to blame, allowed what it may be.
CREATE OR REPLACE FUNCTION api.refuse(p_code text, p_field text, p_allowed text DEFAULT '') RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION '%', p_code USING ERRCODE = 'FF400', DETAIL = p_field, HINT = coalesce(p_allowed, '');
END
$$;

-- The metrics: each a formula over the figures of a group (see api.figures_sql), and when it can be had.
--   of_begun    over closed visits that began in the range: not for hours and minutes
--   of_visitor  counts visitors
CREATE OR REPLACE FUNCTION api.metrics()
RETURNS TABLE (metric text, formula text, of_begun boolean, of_visitor boolean)
LANGUAGE sql IMMUTABLE AS $$
    VALUES
    ('visitors',        'f.visitors',                                                        false, true),
    ('visits',          'f.visits',                                                          false, false),
    ('page_views',      'f.page_views',                                                      false, false),
    ('views_per_visit', 'coalesce(round(f.page_views / nullif(f.visits, 0), 2), 0)',         false, false),
    ('bounce_rate',     'coalesce(round(100 * f.bounces / nullif(f.begun, 0), 2), 0)',       true,  false),
    ('visit_duration',  'coalesce(round(f.duration_seconds / nullif(f.begun, 0), 2), 0)',    true,  false),
    ('events',          'f.events',                                                          false, false),
    ('conversions',     'f.conversions',                                                     false, false),
    ('conversion_rate', 'coalesce(round(100 * f.converted / nullif(f.visits, 0), 2), 0)',    false, false),
    ('revenue',         'trim_scale(f.revenue)',                                             false, false)
$$;

-- What each report may be asked beside tenantId; of `events`, what it may be asked about a figure.
CREATE OR REPLACE FUNCTION api.question_keys(p_report text, p_figure text DEFAULT NULL) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN CASE p_report WHEN 'realtime' THEN '{filter,includeBots}' ELSE '{dateFrom,dateTo,filter,includeBots,asOf}' END::text[] || CASE p_report
    WHEN 'overview' THEN '{compare}'
    WHEN 'timeseries' THEN '{interval,metrics}'
    WHEN 'breakdown' THEN '{dimension,metrics,sort,search,limit,cursor}'
    WHEN 'goals' THEN '{}'
    WHEN 'funnel' THEN '{steps,order,window,per,dimension,limit}'
    WHEN 'retention' THEN '{interval}'
    WHEN 'paths' THEN '{start,direction,of,depth,limit}'
    WHEN 'items' THEN '{limit,cursor}'
    WHEN 'events' THEN '{figure,limit,cursor}'::text[] || CASE p_figure
        WHEN 'funnel' THEN '{steps,order,window,per,dimension,value,step,dropped}'
        WHEN 'retention' THEN '{interval,cohort,period}'
        WHEN 'paths' THEN '{start,direction,of,top,level,source,target}'
        ELSE '{}'
    END::text[]
    WHEN 'properties' THEN '{limit}'
    WHEN 'sessions' THEN '{limit,cursor}'
    WHEN 'session' THEN '{session}'
    WHEN 'visitor' THEN '{visitor,limit,cursor}'
    WHEN 'realtime' THEN '{limit}'
END::text[];

-- A word out of a list. Refuses others by name.
CREATE OR REPLACE FUNCTION api.word_of(p_request jsonb, p_field text, p_allowed text[], p_default text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_word text := coalesce(nullif(p_request ->> p_field, ''), p_default);
BEGIN
    IF v_word IS NOT NULL AND v_word <> ALL (p_allowed) THEN
        PERFORM api.refuse('value_unknown', p_field, array_to_string(p_allowed, ', '));
    END IF;
    RETURN v_word;
END
$$;

-- A list of words out of a list, sent as an array or as one text with commas. Refuses others by name.
CREATE OR REPLACE FUNCTION api.words_of(p_request jsonb, p_field text, p_allowed text[], p_default text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_words text[];
BEGIN
    CASE jsonb_typeof(p_request -> p_field)
        WHEN 'array' THEN v_words := ARRAY(SELECT jsonb_array_elements_text(p_request -> p_field));
        WHEN 'string' THEN v_words := string_to_array(nullif(p_request ->> p_field, ''), ',');
        ELSE v_words := NULL;
    END CASE;
    v_words := coalesce(nullif(v_words, '{}'), p_default);
    IF NOT v_words <@ p_allowed OR array_position(v_words, NULL) IS NOT NULL
       OR p_request -> p_field IS NOT NULL AND jsonb_typeof(p_request -> p_field) NOT IN ('array', 'string', 'null') THEN
        PERFORM api.refuse('value_unknown', p_field, array_to_string(p_allowed, ', '));
    END IF;
    RETURN v_words;
END
$$;

-- A whole number between two bounds, as a number or as digits. Refuses others by name.
CREATE OR REPLACE FUNCTION api.number_of(p_request jsonb, p_field text, p_least integer, p_most integer, p_default integer)
RETURNS integer
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_text text := coalesce(nullif(p_request ->> p_field, ''), p_default::text);
BEGIN
    IF v_text ~ '^[0-9]{1,9}$' THEN
        IF v_text::integer BETWEEN p_least AND p_most THEN
            RETURN v_text::integer;
        END IF;
    END IF;
    PERFORM api.refuse('number_out_of_range', p_field, p_least || ' to ' || p_most);
END
$$;

-- true or false, as JSON or as text.
CREATE OR REPLACE FUNCTION api.truth_of(p_request jsonb, p_field text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN api.word_of(p_request, p_field, '{true,false}', 'false')::boolean;

-- A hash key in hex, as reports write those of sessions and visitors. Refuses what is none.
CREATE OR REPLACE FUNCTION api.key_of(p_request jsonb, p_field text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF coalesce(p_request ->> p_field, '') !~ '^[0-9a-f]{40}$' THEN
        PERFORM api.refuse('key_invalid', p_field, '40 hexadecimal digits, as reports write them');
    END IF;
    RETURN p_request ->> p_field;
END
$$;

-- The dimension that a name stands for: one of business.dimensions(), or property:<key of custom_properties>. No row for others.
CREATE OR REPLACE FUNCTION api.dimension_of(p_name text)
RETURNS TABLE (dimension text, grain text, expression text, needs text, kind text, is_rolled boolean)
LANGUAGE sql IMMUTABLE AS $$
    SELECT d.dimension, d.grain, d.expression, d.needs, d.kind, d.is_rolled
    FROM business.dimensions() d WHERE d.dimension = p_name AND d.dimension <> 'all'
    UNION ALL
    SELECT p_name, 'event', format('d.custom_properties ->> %L', substr(p_name, 10)), 'd', 'text', false
    WHERE p_name LIKE 'property:_%' AND length(p_name) <= 200
$$;

-- Refuses a dimension that there is not.
CREATE OR REPLACE FUNCTION api.require_dimension(p_name text, p_field text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_name IS NULL OR NOT EXISTS (SELECT FROM api.dimension_of(p_name)) THEN
        PERFORM api.refuse('dimension_unknown', p_field, (
            SELECT string_agg(d.dimension, ', ') || ', property:<key>' FROM business.dimensions() d WHERE d.dimension <> 'all'));
    END IF;
    RETURN p_name;
END
$$;

-- The filter language, as SQL over the aliases of api.events_sql, with the tenant as $1; needs tells which aliases, is_of_visits
-- whether it looks at properties of visits alone. `;` is and, `,` is or and binds closer:
--     source==google;page=~/blog,page==/
-- Operators: == is, != is not, =~ contains (in any case), !~ contains not; `|` between values means any of them. A value that is
-- empty stands for "unknown". A backslash takes the meaning from ; , | and itself. A page is written host/path, or /path on any
-- host; an item type:id, or id; goal==<name> stands for that goal's filter. NULL in, true out.
-- Refuses filter_invalid, dimension_unknown, goal_unknown under p_field.
CREATE OR REPLACE FUNCTION api.filter_sql(
    p_tenant_hk bytea, p_filter text, p_field text, OUT condition text, OUT needs text, OUT is_of_visits boolean
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_or text;
    v_term text;
    v_part text[];
    v_dimension record;
    v_values text[];
    v_one text;
    v_null text;
    v_knows boolean;
    v_ands text[] := '{}';
    v_ors text[];
    v_nested record;
    v_goal text;
BEGIN
    needs := '';
    condition := 'true';
    is_of_visits := true;
    IF nullif(p_filter, '') IS NULL THEN
        RETURN;
    ELSIF length(p_filter) > 2000 THEN
        PERFORM api.refuse('filter_invalid', p_field, 'at most 2000 characters');
    ELSIF p_filter ~ '[\x01-\x06]' THEN
        PERFORM api.refuse('filter_invalid', p_field, 'no control characters');
    END IF;
    -- what a backslash protects becomes a control character, so that all else can be split plainly
    p_filter := replace(replace(replace(replace(p_filter, '\\', E'\x01'), '\;', E'\x02'), '\,', E'\x03'), '\|', E'\x04');
    FOREACH v_or IN ARRAY string_to_array(p_filter, ';') LOOP
        v_ors := '{}';
        FOREACH v_term IN ARRAY string_to_array(v_or, ',') LOOP
            v_part := regexp_match(v_term, '^\s*(property:[^=!~]+|[a-z_]+)(==|!=|=~|!~)(.*)$');
            IF v_part IS NULL THEN
                PERFORM api.refuse('filter_invalid', p_field, 'dimension==value, != , =~ or !~; joined by ; (and) or , (or)');
            END IF;
            v_values := ARRAY(
                SELECT replace(replace(replace(replace(u, E'\x01', '\'), E'\x02', ';'), E'\x03', ','), E'\x04', '|')
                FROM unnest(string_to_array(v_part[3], '|')) u);
            v_values := CASE WHEN cardinality(v_values) = 0 THEN '{""}' ELSE v_values END;
            IF v_part[1] = 'goal' THEN
                SELECT g.filter INTO v_goal FROM ref.goal g
                WHERE g.tenant_hk = p_tenant_hk AND g.goal = v_values[1];
                IF v_goal IS NULL OR v_part[2] <> '==' THEN
                    PERFORM api.refuse('goal_unknown', p_field, (
                        SELECT string_agg(g.goal, ', ' ORDER BY g.goal) FROM ref.goal g WHERE g.tenant_hk = p_tenant_hk));
                END IF;
                v_nested := api.filter_sql(p_tenant_hk, v_goal, p_field);
                needs := needs || v_nested.needs;
                is_of_visits := is_of_visits AND v_nested.is_of_visits;
                v_ors := v_ors || ('(' || v_nested.condition || ')');
                CONTINUE;
            END IF;
            PERFORM api.require_dimension(v_part[1], p_field);
            SELECT * INTO v_dimension FROM api.dimension_of(v_part[1]);
            needs := needs || v_dimension.needs;
            is_of_visits := is_of_visits AND v_dimension.grain = 'visit';
            v_one := format('(%s)', v_dimension.expression);
            v_knows := v_values <> '{""}';
            -- an empty value among others: or not known
            v_null := CASE WHEN '' = ANY (v_values) THEN v_one || ' IS NULL' END;
            v_values := array_remove(v_values, '');
            v_one := CASE
                WHEN NOT v_knows THEN v_null
                WHEN v_dimension.kind = 'text' AND v_part[2] IN ('==', '!=') THEN format('%s = ANY (%L)', v_one, v_values)
                WHEN v_dimension.kind = 'text' THEN format('%s ILIKE ANY (%L)', v_one, api.contains_patterns(v_values))
                WHEN v_part[2] IN ('==', '!=')
                THEN api.is_one_of_sql(v_one, 'keys_named', p_tenant_hk, v_dimension.kind, v_values)
                ELSE api.is_one_of_sql(v_one, 'keys_like', p_tenant_hk, v_dimension.kind, api.contains_patterns(v_values))
            END;
            v_one := CASE WHEN v_knows AND v_null IS NOT NULL THEN format('(%s OR %s)', v_one, v_null) ELSE v_one END;
            v_ors := v_ors || CASE WHEN left(v_part[2], 1) = '!' THEN format('(%s) IS NOT TRUE', v_one) ELSE v_one END;
        END LOOP;
        IF cardinality(v_ors) = 0 THEN
            PERFORM api.refuse('filter_invalid', p_field, 'a condition on each side of ; and ,');
        END IF;
        v_ands := v_ands || ('(' || array_to_string(v_ors, ' OR ') || ')');
    END LOOP;
    condition := array_to_string(v_ands, ' AND ');
END
$$;

-- Whether a key is one of those that api.keys_named or api.keys_like finds: constants when they are few, which are compared faster.
CREATE OR REPLACE FUNCTION api.is_one_of_sql(p_key text, p_function text, p_tenant_hk bytea, p_kind text, p_values text[])
RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_keys bytea[];
BEGIN
    EXECUTE format('SELECT coalesce(array_agg(k.hash_key), ''{}'') FROM (SELECT * FROM api.%I($1, $2, $3) LIMIT 1001) k', p_function)
    INTO v_keys USING p_tenant_hk, p_kind, p_values;
    RETURN CASE WHEN cardinality(v_keys) <= 1000 THEN format('%s = ANY (%L::bytea[])', p_key, v_keys)
                ELSE format('%s IN (SELECT k.hash_key FROM api.%I($1, %L, %L) k)', p_key, p_function, p_kind, p_values) END;
END
$$;

-- Patterns that find texts which contain these.
CREATE OR REPLACE FUNCTION api.contains_patterns(p_values text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY(SELECT '%' || regexp_replace(u, '([\\%_])', '\\\1', 'g') || '%' FROM unnest(p_values) u);

-- Pages (kind page) or items (kind item) of a tenant by name: host/path or /path, type:id or id.
CREATE OR REPLACE FUNCTION api.keys_named(p_tenant_hk bytea, p_kind text, p_names text[]) RETURNS TABLE (hash_key bytea)
LANGUAGE sql STABLE AS $$
    SELECT p.site_page_hk FROM business.site_page_h p
    WHERE p_kind = 'page' AND p.tenant_hk = p_tenant_hk
      AND (p.site_page_bk = ANY (p_names) OR substr(p.site_page_bk, strpos(p.site_page_bk, '/')) = ANY (p_names))
    UNION ALL
    SELECT i.business_item_hk FROM business.business_item_h i
    WHERE p_kind = 'item' AND i.tenant_hk = p_tenant_hk
      AND (i.business_item_bk = ANY (p_names) OR substr(i.business_item_bk, strpos(i.business_item_bk, ':') + 1) = ANY (p_names))
$$;

-- The same by patterns.
CREATE OR REPLACE FUNCTION api.keys_like(p_tenant_hk bytea, p_kind text, p_patterns text[]) RETURNS TABLE (hash_key bytea)
LANGUAGE sql STABLE AS $$
    SELECT p.site_page_hk FROM business.site_page_h p
    WHERE p_kind = 'page' AND p.tenant_hk = p_tenant_hk AND p.site_page_bk ILIKE ANY (p_patterns)
    UNION ALL
    SELECT i.business_item_hk FROM business.business_item_h i
    WHERE p_kind = 'item' AND i.tenant_hk = p_tenant_hk AND i.business_item_bk ILIKE ANY (p_patterns)
$$;

-- The question that is answered: the one sent, checked, with every default filled in. Refuses what it cannot mean, by field: codes
-- key_unknown, date_invalid, range_inverted, range_too_long, value_unknown, number_out_of_range, moment_invalid, key_invalid,
-- dimension_unknown, metric_unavailable, steps_invalid, and those of api.filter_sql.
CREATE OR REPLACE FUNCTION api.resolve(p_report text, p_request jsonb, p_tenant auth.tenant_v) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_figure text := CASE p_report WHEN 'events' THEN api.word_of(p_request, 'figure',
        '{events,page_views,visits,visitors,conversions,revenue,funnel,retention,paths}', 'events') END;
    v_keys text[] := api.question_keys(p_report, v_figure);
    -- whoever asks for the events behind another report's figure says what that report was asked
    v_about text := coalesce(v_figure, p_report);
    v_unknown text;
    v_today date := (util.current_load_date() AT TIME ZONE p_tenant.time_zone)::date;
    v_to date := api.day_of(p_request, 'dateTo', v_today);
    v_from date := api.day_of(p_request, 'dateFrom', least(v_today, v_to) - 29);
    v_all_metrics text[] := ARRAY(SELECT m.metric FROM api.metrics() m);
    v_query jsonb;
    v_interval text;
    v_metrics text[];
    v_as_of timestamptz;
    v_moment text := nullif(p_request ->> 'asOf', '');
BEGIN
    SELECT k INTO v_unknown FROM jsonb_object_keys(p_request) k
    WHERE k <> ALL (v_keys || '{tenantId,tenant_id}'::text[]) ORDER BY k LIMIT 1;
    IF v_unknown IS NOT NULL THEN
        PERFORM api.refuse('key_unknown', v_unknown, array_to_string(v_keys, ', '));
    ELSIF v_from > v_to THEN
        PERFORM api.refuse('range_inverted', 'dateFrom');
    ELSIF v_to - v_from > 3660 THEN
        PERFORM api.refuse('range_too_long', 'dateFrom', 'at most 3660 days');
    END IF;
    IF v_moment IS NOT NULL THEN
        v_as_of := util.moment_of(v_moment);
        IF v_as_of IS NULL THEN
            PERFORM api.refuse('moment_invalid', 'asOf', 'ISO 8601, e.g. 2026-11-23T12:00:00Z');
        END IF;
    END IF;
    PERFORM api.filter_sql(p_tenant.tenant_hk, p_request ->> 'filter', 'filter');
    v_query := jsonb_build_object('report', p_report, 'filter', coalesce(p_request ->> 'filter', ''),
                                  'includeBots', api.truth_of(p_request, 'includeBots'))
        || CASE WHEN 'dateFrom' = ANY (v_keys)
                THEN jsonb_build_object('dateFrom', v_from, 'dateTo', v_to, 'asOf', v_as_of) ELSE '{}' END;

    IF 'interval' = ANY (v_keys) THEN
        v_interval := api.word_of(p_request, 'interval',
            CASE v_about WHEN 'retention' THEN '{day,week,month}' ELSE '{minute,hour,day,week,month}' END::text[],
            CASE WHEN v_about = 'retention' THEN 'week' WHEN v_to = v_from THEN 'hour' ELSE 'day' END);
        IF v_to - v_from >= (CASE v_interval WHEN 'minute' THEN 2 WHEN 'hour' THEN 92 ELSE 3661 END) THEN
            PERFORM api.refuse('range_too_long', 'interval', 'minute: at most 2 days; hour: at most 92 days');
        ELSIF v_about = 'retention' AND (v_to - v_from) / (CASE v_interval WHEN 'day' THEN 1 WHEN 'week' THEN 7 ELSE 28 END) > 60 THEN
            PERFORM api.refuse('range_too_long', 'interval', 'at most 60 periods');
        END IF;
        v_query := v_query || jsonb_build_object('interval', v_interval);
    END IF;
    IF 'dimension' = ANY (v_keys) THEN
        IF p_report = 'breakdown' OR nullif(p_request ->> 'dimension', '') IS NOT NULL THEN
            v_query := v_query || jsonb_build_object('dimension', api.require_dimension(p_request ->> 'dimension', 'dimension'));
        END IF;
    END IF;
    IF 'metrics' = ANY (v_keys) THEN
        v_metrics := api.words_of(p_request, 'metrics', v_all_metrics, CASE
            WHEN p_report = 'timeseries' THEN '{visitors,visits,page_views}'
            WHEN p_request ->> 'dimension' = 'page' THEN '{page_views,visits}'
            WHEN (SELECT d.grain FROM api.dimension_of(p_request ->> 'dimension') d) = 'visit' THEN '{visitors,visits,page_views}'
            ELSE '{events,page_views,visits}' END::text[]);
        IF v_interval IN ('minute', 'hour') AND EXISTS (
            SELECT FROM api.metrics() m WHERE m.metric = ANY (v_metrics) AND m.of_begun) THEN
            PERFORM api.refuse('metric_unavailable', 'metrics', 'bounce_rate and visit_duration: by day, week or month');
        END IF;
        v_query := v_query || jsonb_build_object('metrics', to_jsonb(v_metrics));
    END IF;
    IF 'sort' = ANY (v_keys) THEN
        v_query := v_query || jsonb_build_object(
            'sort', api.word_of(p_request, 'sort', v_metrics || ARRAY(SELECT '-' || m FROM unnest(v_metrics) m), '-' || v_metrics[1]),
            'search', coalesce(p_request ->> 'search', ''));
    END IF;
    IF 'limit' = ANY (v_keys) THEN
        v_query := v_query || jsonb_build_object('limit', api.number_of(p_request, 'limit', 1, 1000,
            CASE WHEN p_report IN ('sessions', 'visitor', 'events', 'properties') THEN 50 WHEN p_report = 'realtime' THEN 20 ELSE 10 END));
    END IF;
    IF 'cursor' = ANY (v_keys) THEN
        v_query := v_query || jsonb_build_object('cursor', api.number_of(p_request, 'cursor', 0, 100000000, 0));
    END IF;
    IF 'compare' = ANY (v_keys) THEN
        v_query := v_query || jsonb_build_object('compare', to_jsonb(
            api.words_of(p_request, 'compare', '{previous_period,previous_year,none}', '{none}')));
    END IF;
    CASE v_about
        WHEN 'funnel' THEN
            v_query := v_query || jsonb_build_object(
                'steps', api.steps_of(p_tenant.tenant_hk, p_request), 'order', api.word_of(p_request, 'order', '{loose,strict}', 'loose'),
                'window', api.number_of(p_request, 'window', 1, 525600, 43200),
                'per', api.word_of(p_request, 'per', '{visit,visitor}', 'visit'));
        WHEN 'paths' THEN
            PERFORM api.filter_sql(p_tenant.tenant_hk, p_request ->> 'start', 'start');
            v_query := v_query || jsonb_build_object(
                'start', coalesce(p_request ->> 'start', ''), 'of', api.word_of(p_request, 'of', '{pages,events}', 'pages'),
                'direction', api.word_of(p_request, 'direction', '{next,previous}', 'next'));
        WHEN 'session' THEN v_query := v_query || jsonb_build_object('session', api.key_of(p_request, 'session'));
        WHEN 'visitor' THEN v_query := v_query || jsonb_build_object('visitor', api.key_of(p_request, 'visitor'));
        ELSE NULL;
    END CASE;
    IF p_report = 'paths' THEN
        v_query := v_query || jsonb_build_object('depth', api.number_of(p_request, 'depth', 1, 10, 3));
    ELSIF p_report = 'events' THEN
        v_query := v_query || jsonb_build_object('figure', v_figure) || CASE v_figure
            WHEN 'funnel' THEN jsonb_build_object(
                'step', api.number_of(p_request, 'step', 1, jsonb_array_length(v_query -> 'steps'), 1),
                'dropped', api.truth_of(p_request, 'dropped'), 'value', coalesce(p_request ->> 'value', ''))
            WHEN 'retention' THEN jsonb_build_object(
                'cohort', api.day_of(p_request, 'cohort', v_from), 'period', api.number_of(p_request, 'period', 0, 3660, 0))
            WHEN 'paths' THEN jsonb_build_object(
                'top', api.number_of(p_request, 'top', 1, 1000, 10), 'level', api.number_of(p_request, 'level', 0, 9, 0),
                'source', coalesce(p_request ->> 'source', ''), 'target', coalesce(p_request ->> 'target', ''))
            ELSE '{}'
        END;
    END IF;
    RETURN v_query;
END
$$;

-- The steps of a funnel: 2 to 10 filters.
CREATE OR REPLACE FUNCTION api.steps_of(p_tenant_hk bytea, p_request jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_steps jsonb := p_request -> 'steps';
    v_step jsonb;
BEGIN
    IF jsonb_typeof(v_steps) IS DISTINCT FROM 'array' OR jsonb_array_length(v_steps) NOT BETWEEN 2 AND 10 THEN
        PERFORM api.refuse('steps_invalid', 'steps', '2 to 10 filters');
    END IF;
    FOR v_step IN SELECT jsonb_array_elements(v_steps) LOOP
        IF jsonb_typeof(v_step) <> 'string' OR v_step = '""' THEN
            PERFORM api.refuse('steps_invalid', 'steps', '2 to 10 filters');
        END IF;
        PERFORM api.filter_sql(p_tenant_hk, v_step #>> '{}', 'steps');
    END LOOP;
    RETURN v_steps;
END
$$;
