-- One question over all published catalogues.

-- The view that Reber makes of them is made anew by itself, and keeps no table from being replaced.
CREATE OR REPLACE FUNCTION reber.views_on(of_table regclass) RETURNS TABLE (view regclass)
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT rule.ev_class::regclass
    FROM pg_depend AS dependency
    JOIN pg_rewrite AS rule
        ON dependency.classid = 'pg_rewrite'::regclass
        AND dependency.objid = rule.oid
        AND rule.rulename = '_RETURN'
    JOIN pg_class AS relation
        ON rule.ev_class = relation.oid AND relation.relkind = 'v'
    WHERE dependency.refclassid = 'pg_class'::regclass AND dependency.refobjid = of_table
        AND rule.ev_class IS DISTINCT FROM to_regclass('catalogue.everything')
$$;

ALTER FUNCTION reber.obstacles RENAME TO all_obstacles;

CREATE FUNCTION reber.obstacles(of_table regclass, columns text[]) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT obstacle FROM reber.all_obstacles(of_table, columns) AS obstacle
    WHERE to_regclass('catalogue.everything') IS NULL
        OR NOT starts_with(
            obstacle, pg_describe_object('pg_class'::regclass, to_regclass('catalogue.everything'), 0))
$$;

-- Makes catalogue.everything: all rows of the published catalogues, with the columns that all of them have in one
-- type. Where a view of somebody reads it, it keeps the columns that it has: they are null in catalogues that
-- lack them.
--
-- With 'false' it reads nothing and keeps its columns, so that a catalogue can be replaced or dropped; call it
-- again behind that, in the same transaction.
CREATE FUNCTION reber.make_everything(reading boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    standing regclass := to_regclass('catalogue.everything');
    names text[];
    types text[];
    shared_names text[] := ARRAY['catalogue', 'survey'];
    shared_types text[] := ARRAY['text', 'text'];
    found record;
    body text;
BEGIN
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

COMMENT ON FUNCTION reber.make_everything IS
    'Makes the view catalogue.everything anew: after a catalogue was published or dropped by hand.';

-- Sources of all published catalogues, by class, probability, place, flux, and what they look like; what is null
-- is not asked. Places are in degrees, fluxes in Jy. The most alike come first where a source is named, by the
-- newest model that has embedded it; else the most probable.
CREATE FUNCTION reber.find(
    of_class text DEFAULT NULL, min_probability real DEFAULT NULL,
    centre_ra double precision DEFAULT NULL, centre_dec double precision DEFAULT NULL,
    radius double precision DEFAULT NULL,
    min_flux double precision DEFAULT NULL, max_flux double precision DEFAULT NULL,
    like_survey text DEFAULT NULL, like_source text DEFAULT NULL,
    how_many integer DEFAULT 50
)
RETURNS TABLE (
    catalogue text, survey text, name text, ra double precision, "dec" double precision,
    total_flux double precision, class text, probability real, distance double precision
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    half double precision;
    west double precision;
    east double precision;
    vectors text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector');
    condition text := 'true';
    question text;
    query record;
    away text := 'reber.cosine_distance($9, embedding.vector)';
BEGIN
    IF to_regclass('catalogue.everything') IS NULL THEN
        RETURN;
    END IF;
    IF of_class IS NOT NULL THEN
        condition := condition || ' AND class = $1';
    END IF;
    IF min_probability IS NOT NULL THEN
        condition := condition || ' AND probability >= $2';
    END IF;
    -- By the index on declination: as quick as q3c for all but the largest catalogues, and planned in a tenth of
    -- the time.
    IF radius IS NOT NULL THEN
        condition := condition || ' AND "dec" BETWEEN $4 - $5 AND $4 + $5'
            ' AND reber.separation(ra, "dec", $3, $4) <= $5';
        IF abs(centre_dec) + radius < 89 THEN
            half := degrees(asin(sind(radius) / cosd(centre_dec)));
            west := centre_ra - half;
            east := centre_ra + half;
            condition := condition || CASE
                WHEN west < 0 THEN ' AND (ra >= $12 + 360 OR ra <= $13)'
                WHEN east >= 360 THEN ' AND (ra >= $12 OR ra <= $13 - 360)'
                ELSE ' AND ra BETWEEN $12 AND $13'
            END;
        END IF;
    END IF;
    IF min_flux IS NOT NULL THEN
        condition := condition || ' AND total_flux >= $6';
    END IF;
    IF max_flux IS NOT NULL THEN
        condition := condition || ' AND total_flux <= $7';
    END IF;
    question := format(
        'SELECT catalogue, survey, name, ra, "dec", total_flux, class, probability
        FROM catalogue.everything WHERE %s', condition);
    IF like_source IS NULL THEN
        RETURN QUERY EXECUTE format(
            'SELECT *, NULL::double precision FROM (%s) AS found ORDER BY probability DESC LIMIT $8', question)
        USING of_class, min_probability, centre_ra, centre_dec, radius, min_flux, max_flux, how_many,
            NULL::real[], NULL::bigint, NULL::bigint, west, east;
        RETURN;
    END IF;
    SELECT embedding.* INTO query
    FROM reber.source
    JOIN reber.survey AS of_survey USING (survey_id)
    JOIN reber.cutout USING (survey_id, source_id)
    JOIN reber.embedding USING (survey_id, cutout_id)
    WHERE of_survey.name = like_survey AND source.name = like_source AND cutout.is_current
    ORDER BY embedding.model_id DESC
    LIMIT 1;
    IF query IS NULL THEN
        RAISE EXCEPTION 'no model has embedded source % of survey %', like_source, like_survey
            USING ERRCODE = 'no_data_found', HINT = 'Make embeddings with reber embed.';
    END IF;
    IF vectors IS NOT NULL AND cardinality(query.vector) <= 2000 THEN
        away := format(
            'embedding.vector::%1$s.vector(%2$s) OPERATOR(%1$s.<=>) $9::%1$s.vector(%2$s)', vectors,
            cardinality(query.vector));
    END IF;
    -- A catalogue that is older than a release of its survey may call another source by the name: its place tells.
    RETURN QUERY EXECUTE format(
        'SELECT found.*, away.distance
        FROM (%s) AS found
        JOIN reber.survey AS of_survey ON of_survey.name = found.survey
        JOIN reber.source AS source ON source.name = found.name AND source.survey_id = of_survey.survey_id
            AND (source.ra, source."dec") IS NOT DISTINCT FROM (found.ra, found."dec")
        JOIN reber.cutout ON cutout.survey_id = source.survey_id AND cutout.source_id = source.source_id
            AND cutout.is_current AND cutout.cutout_id <> $11
        JOIN reber.embedding ON embedding.survey_id = cutout.survey_id
            AND embedding.cutout_id = cutout.cutout_id AND embedding.model_id = $10
        CROSS JOIN LATERAL (SELECT %s AS distance) AS away
        ORDER BY away.distance
        LIMIT $8', question, away)
    USING of_class, min_probability, centre_ra, centre_dec, radius, min_flux, max_flux, how_many,
        query.vector, query.model_id, query.cutout_id, west, east;
END;
$$;

COMMENT ON FUNCTION reber.find IS
    'Sources of all published catalogues by class, probability, place, flux and look-alike, in one question.';

-- Rights -----------------------------------------------------------------------------------------------------------

CREATE FUNCTION reber.grants_of_everything() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The function that makes the view works with the rights of the owner.
    IF EXISTS (
        SELECT FROM pg_class WHERE oid = to_regclass('catalogue.everything') AND relkind = 'v'
            AND relowner <> 'reber_owner'::regrole
    ) THEN
        ALTER VIEW catalogue.everything OWNER TO reber_owner;
    END IF;
END;
$$;

DO $$
BEGIN
    PERFORM reber.renew_rights();
    PERFORM reber.make_everything();
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'catalogue.everything was not made: ask an administrator for SELECT reber.make_everything()';
END;
$$;
