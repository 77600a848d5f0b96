-- Two catalogues that are the first ones and are published at once made the view of all twice, and one of them failed:
-- where no view stands, none can be locked. Who makes it takes a lock of its name now, before it looks at what stands.

CREATE OR REPLACE FUNCTION reber.make_everything(reading boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    standing regclass;
    names text[];
    types text[];
    shared_names text[] := ARRAY['catalogue', 'survey'];
    shared_types text[] := ARRAY['text', 'text'];
    found record;
    body text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('catalogue.everything'));
    standing := to_regclass('catalogue.everything');
    -- A table of the name, published by an earlier version, stays what it is.
    IF EXISTS (SELECT FROM pg_class WHERE oid = standing AND relkind <> 'v')
        OR standing IS NULL AND NOT reading
    THEN
        RETURN;
    END IF;
    FOR found IN
        SELECT attname AS name, format_type(atttypid, atttypmod) AS type
        FROM reber.catalogue AS published
        JOIN pg_attribute ON attrelid = to_regclass(format('catalogue.%I', published.name))
            AND attnum > 0 AND NOT attisdropped
        WHERE attname NOT IN ('catalogue', 'survey')
        GROUP BY attname, format_type(atttypid, atttypmod)
        HAVING count(*) = (
            SELECT count(*) FROM reber.catalogue
            WHERE to_regclass(format('catalogue.%I', catalogue.name)) IS NOT NULL
        )
        ORDER BY (array_agg(attnum ORDER BY published.name))[1]
    LOOP
        shared_names := shared_names || found.name::text;
        shared_types := shared_types || found.type;
    END LOOP;
    SELECT array_agg(attname::text ORDER BY attnum), array_agg(format_type(atttypid, atttypmod) ORDER BY attnum)
    INTO names, types
    FROM pg_attribute WHERE attrelid = standing AND attnum > 0 AND NOT attisdropped;
    IF reading AND (names, types) IS DISTINCT FROM (shared_names, shared_types) THEN
        BEGIN
            IF standing IS NOT NULL THEN
                DROP VIEW catalogue.everything;
            END IF;
            names := NULL;
            types := NULL;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            NULL;
        END;
        IF names IS NULL THEN
            names := shared_names;
            types := shared_types;
        ELSE
            FOR i IN 1 .. cardinality(shared_names) LOOP
                IF shared_names[i] <> ALL (names) THEN
                    names := names || shared_names[i];
                    types := types || shared_types[i];
                END IF;
            END LOOP;
        END IF;
    END IF;
    SELECT string_agg(
        format('SELECT %s FROM catalogue.%I', (
            SELECT string_agg(
                format('%s AS %I', CASE
                    WHEN column_name = 'catalogue' THEN format('%L::text', published.name)
                    WHEN column_name = 'survey' THEN format('%L::text', survey.name)
                    WHEN attname IS NOT NULL THEN quote_ident(attname)
                    ELSE 'NULL::' || type
                END, column_name), ', ' ORDER BY place)
            FROM unnest(names, types) WITH ORDINALITY AS wanted (column_name, type, place)
            LEFT JOIN pg_attribute ON attrelid = to_regclass(format('catalogue.%I', published.name))
                AND attnum > 0 AND attname = column_name AND format_type(atttypid, atttypmod) = type
        ), published.name), ' UNION ALL ' ORDER BY published.name)
    INTO body
    FROM reber.catalogue AS published
    JOIN reber.survey USING (survey_id)
    WHERE reading AND to_regclass(format('catalogue.%I', published.name)) IS NOT NULL;
    IF body IS NULL THEN
        IF standing IS NULL OR to_regclass('catalogue.everything') IS NULL THEN
            RETURN;
        END IF;
        SELECT format('SELECT %s WHERE false', string_agg(format('NULL::%s AS %I', type, column_name), ', ' ORDER BY place))
        INTO body
        FROM unnest(names, types) WITH ORDINALITY AS wanted (column_name, type, place);
    END IF;
    EXECUTE 'CREATE OR REPLACE VIEW catalogue.everything AS ' || body;
    COMMENT ON VIEW catalogue.everything IS
        'All published catalogues: the columns that they share, and which catalogue and survey a row is of.';
END;
$$;
