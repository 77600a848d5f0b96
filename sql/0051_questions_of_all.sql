-- One question over a million published rows in some ten milliseconds; former names are known wherever a source
-- is named.

-- Indexes ------------------------------------------------------------------------------------------------------

-- Catalogues that were published before; 'reber publish' makes these indexes too.
DO $$
DECLARE
    published record;
BEGIN
    FOR published IN
        SELECT to_regclass(format('catalogue.%I', name)) AS made FROM reber.catalogue
        WHERE to_regclass(format('catalogue.%I', name)) IS NOT NULL
    LOOP
        EXECUTE format('CREATE INDEX ON %s (probability DESC)', published.made);
        EXECUTE format('CREATE INDEX ON %s (total_flux)', published.made);
        EXECUTE format('CREATE INDEX ON %s (floor("dec"), ra)', published.made);
        EXECUTE format('ALTER TABLE %s ALTER total_flux SET STATISTICS 1000', published.made);
        EXECUTE format('ANALYZE %s', published.made);
    END LOOP;
EXCEPTION WHEN insufficient_privilege OR undefined_column THEN
    RAISE NOTICE 'catalogues that other roles own, or early versions published, get their new indexes when they are published again';
END;
$$;

-- One question over all ----------------------------------------------------------------------------------------

DROP FUNCTION reber.find_unchecked;

CREATE TYPE reber.found_source AS (
    catalogue text, survey text, name text, ra double precision, "dec" double precision,
    total_flux double precision, class text, probability real, distance double precision
);

-- What a question asks of a catalogue's row but its class and probability, in SQL: what is null is not asked.
CREATE FUNCTION reber.asked(
    centre_ra double precision, centre_dec double precision, radius double precision,
    min_flux double precision, max_flux double precision
) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    half double precision;
    condition text := 'true';
BEGIN
    IF min_flux IS NOT NULL THEN
        condition := condition || format(' AND total_flux >= %L', min_flux);
    END IF;
    IF max_flux IS NOT NULL THEN
        condition := condition || format(' AND total_flux <= %L', max_flux);
    END IF;
    IF radius IS NULL THEN
        RETURN condition;
    END IF;
    -- By zones of a degree (Gray, Nieto-Santisteban & Szalay 2006): of each the index has the part that is asked.
    condition := condition || format(
        ' AND floor("dec") = ANY (%L) AND "dec" BETWEEN %L AND %L AND reber.separation(ra, "dec", %L, %L) <= %L',
        ARRAY(SELECT generate_series(floor(centre_dec - radius)::integer, floor(centre_dec + radius)::integer)),
        centre_dec - radius, centre_dec + radius, centre_ra, centre_dec, radius);
    IF abs(centre_dec) + radius >= 89 THEN
        RETURN condition;
    END IF;
    half := degrees(asin(sind(radius) / cosd(centre_dec)));
    RETURN condition || CASE
        WHEN centre_ra < half
            THEN format(' AND (ra >= %L OR ra <= %L)', centre_ra - half + 360, centre_ra + half)
        WHEN centre_ra + half >= 360
            THEN format(' AND (ra >= %L OR ra <= %L)', centre_ra - half, centre_ra + half - 360)
        ELSE format(' AND ra BETWEEN %L AND %L', centre_ra - half, centre_ra + half)
    END;
END;
$$;

-- The question in SQL, of each published catalogue: its rows as reber.found_source has them, without a distance.
-- Of a catalogue of tags a tag's own probability is asked; those that do not know the tag are left out.
CREATE FUNCTION reber.questions(of_class text, min_probability real, asked text)
RETURNS TABLE (catalogue text, survey_id integer, probability text, question text)
LANGUAGE sql STABLE AS $$
    SELECT published.name, survey_id, quote_ident(coalesce(probability_column, 'probability')), format(
        'SELECT %L::text AS catalogue, %L::text AS survey, name, ra, "dec", total_flux, %s AS class,
            %I AS probability
        FROM catalogue.%I WHERE %s',
        published.name, survey.name,
        CASE WHEN probability_column IS NULL THEN 'class' ELSE quote_literal(of_class) || '::text' END,
        coalesce(probability_column, 'probability'), published.name,
        concat_ws(' AND ',
            CASE WHEN probability_column IS NULL THEN 'class = ' || quote_literal(of_class) END,
            coalesce(probability_column, 'probability') || ' >= '
                || quote_literal(greatest(min_probability, threshold)) || '::real',
            asked))
    FROM reber.catalogue AS published
    JOIN reber.survey USING (survey_id)
    LEFT JOIN reber.tag_catalogues(of_class) AS tagged
        ON of_class IS NOT NULL AND tagged.catalogue = published.name
    WHERE to_regclass(format('catalogue.%I', published.name)) IS NOT NULL
        AND (tagged.catalogue IS NULL OR probability_column IS NOT NULL)
$$;

-- One minus the cosine of the angle between a column of vectors and one vector, in SQL: by pgvector where the
-- server has it, else number by number, which is twenty times as quick as reber.cosine_distance.
CREATE FUNCTION reber.distance_to(vector real[], of_column text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT format(
            '(%1$s::%2$s.vector(%3$s) OPERATOR(%2$s.<=>) %4$L::real[]::%2$s.vector(%3$s))',
            of_column, extnamespace::regnamespace, cardinality(vector), vector)
        FROM pg_extension
        WHERE extname = 'vector' AND cardinality(vector) <= 2000
    ), (
        SELECT format(
            '(1 - (%s) / sqrt(%s))',
            string_agg(format('%L::float8 * %s[%s]', x / norm, of_column, place), ' + ' ORDER BY place),
            string_agg(format('%1$s[%2$s]::float8 * %1$s[%2$s]', of_column, place), ' + ' ORDER BY place))
        FROM unnest(vector::float8[]) WITH ORDINALITY AS component (x, place)
        CROSS JOIN (SELECT sqrt(sum(x * x)) AS norm FROM unnest(vector::float8[]) AS component (x)) AS whole
    ))
$$;

-- The newest embedding of a source that is called so now, or was in a former data release.
CREATE FUNCTION reber.embedding_of(survey_name text, source_name text)
RETURNS TABLE (model_id bigint, cutout_id bigint, vector real[])
LANGUAGE sql STABLE AS $$
    SELECT embedding.model_id, cutout_id, embedding.vector
    FROM reber.survey
    JOIN reber.cutout USING (survey_id)
    JOIN reber.embedding USING (survey_id, cutout_id)
    WHERE survey.name = survey_name AND is_current
        AND cutout.source_id = reber.source_called(survey_id, source_name)
    ORDER BY embedding.model_id DESC
    LIMIT 1
$$;

CREATE OR REPLACE FUNCTION reber.find(
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
LANGUAGE plpgsql STABLE SET random_page_cost = 1.1 AS $$
DECLARE
    wrong text := CASE
        WHEN NOT min_probability BETWEEN 0 AND 1 THEN 'min_probability is a number from 0 to 1'
        WHEN num_nulls(centre_ra, centre_dec, radius) NOT IN (0, 3)
            THEN 'centre_ra, centre_dec and radius go together'
        WHEN NOT (centre_ra >= 0 AND centre_ra < 360) THEN 'centre_ra is from 0 to 360 degrees'
        WHEN NOT centre_dec BETWEEN -90 AND 90 THEN 'centre_dec is from -90 to 90 degrees'
        WHEN NOT radius BETWEEN 0 AND 180 THEN 'radius is from 0 to 180 degrees'
        WHEN min_flux = 'NaN' OR max_flux = 'NaN' OR min_flux > max_flux
            THEN 'min_flux and max_flux are fluxes in Jy, the smaller one first'
        WHEN num_nulls(like_survey, like_source) = 1 THEN 'like_survey and like_source go together'
        WHEN how_many IS NULL OR how_many < 0 THEN 'how_many is a number of rows'
    END;
    asked text := reber.asked(centre_ra, centre_dec, radius, min_flux, max_flux);
    parts text;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'reber.find: %', wrong USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF of_class IS NOT NULL AND NOT EXISTS (SELECT FROM reber.class WHERE class.name = of_class) THEN
        RAISE EXCEPTION 'reber.find: there is no class %', of_class
            USING ERRCODE = 'invalid_parameter_value', HINT = format(
                'Classes are %s.', (SELECT string_agg(DISTINCT class.name, ', ') FROM reber.class));
    END IF;
    IF like_source IS NOT NULL THEN
        RETURN QUERY SELECT * FROM reber.find_like(
            like_survey, like_source, of_class, min_probability, asked, how_many);
        RETURN;
    END IF;
    SELECT string_agg(
        format('(%s ORDER BY %s DESC LIMIT %s)', part.question, part.probability, how_many), ' UNION ALL ')
    INTO parts
    FROM reber.questions(of_class, min_probability, asked) AS part;
    IF parts IS NOT NULL THEN
        RETURN QUERY EXECUTE format(
            'SELECT *, NULL::float8 FROM (%s) AS found ORDER BY probability DESC LIMIT %s', parts, how_many);
    END IF;
END;
$$;

-- What is asked, the most like a source first.
--
-- The distance of each row that is asked is computed, where there are few or the server has no pgvector; of many
-- rows its index is asked for the most alike that are among them.
CREATE FUNCTION reber.find_like(
    like_survey text, like_source text, of_class text, min_probability real, asked text, how_many integer
) RETURNS SETOF reber.found_source
LANGUAGE plpgsql STABLE AS $$
DECLARE
    few CONSTANT integer := 4000;
    one record;
    each text;
    by_index text;
    rows_asked text;
    candidates bigint;
    near reber.found_source[];
    sorts CONSTANT text := current_setting('enable_sort');
BEGIN
    IF NOT EXISTS (
        SELECT FROM reber.survey
        WHERE survey.name = like_survey AND reber.source_called(survey_id, like_source) IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'reber.find: survey % has no source %', like_survey, like_source
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO one FROM reber.embedding_of(like_survey, like_source);
    IF one.model_id IS NULL THEN
        RAISE EXCEPTION 'no model has embedded source % of survey %', like_source, like_survey
            USING ERRCODE = 'no_data_found', HINT = 'Make embeddings with reber embed.';
    END IF;
    -- A catalogue that is older than a release of its survey may call another source by the name: its place tells.
    SELECT
        string_agg(format(
            'SELECT found.*, %s AS distance
            FROM (%s) AS found
            JOIN reber.source ON source.survey_id = %s AND source.name = found.name
                AND (source.ra, source."dec") IS NOT DISTINCT FROM (found.ra, found."dec")
            JOIN reber.cutout ON cutout.survey_id = %3$s AND cutout.source_id = source.source_id
                AND cutout.is_current AND cutout.cutout_id <> %s
            JOIN reber.embedding AS other ON other.model_id = %s AND other.survey_id = %3$s
                AND other.cutout_id = cutout.cutout_id',
            away, question, survey_id, one.cutout_id, one.model_id), ' UNION ALL '),
        string_agg(format(
            '(SELECT %L::text AS catalogue, other.survey_id, other.source_id, %s AS distance
            FROM reber_partition.%I AS other
            WHERE other.cutout_id <> %s AND (
                SELECT is_current FROM reber.cutout
                WHERE cutout.survey_id = %s AND cutout.cutout_id = other.cutout_id
            ) AND (
                SELECT true FROM reber.source
                JOIN (%s) AS found ON source.name = found.name
                    AND (source.ra, source."dec") IS NOT DISTINCT FROM (found.ra, found."dec")
                WHERE source.survey_id = %5$s AND source.source_id = other.source_id
            )
            ORDER BY distance)',
            catalogue, away, format('embedding_%s_%s', one.model_id, survey_id), one.cutout_id, survey_id,
            question), ' UNION ALL '),
        string_agg(question, ' UNION ALL ')
    INTO each, by_index, rows_asked
    FROM reber.questions(of_class, min_probability, asked)
    JOIN reber.embedding_count USING (survey_id)
    CROSS JOIN reber.distance_to(one.vector, 'other.vector') AS away
    WHERE embedding_count.model_id = one.model_id;
    IF each IS NULL THEN
        RETURN;
    END IF;
    IF strpos(by_index, 'OPERATOR') > 0 THEN
        EXECUTE format('SELECT count(*) FROM (%s LIMIT %s) AS found', rows_asked, few + 1) INTO candidates;
    END IF;
    IF candidates > few THEN
        -- What a filter leaves out is made up for by going on.
        PERFORM set_config('hnsw.iterative_scan', 'strict_order', true);
        PERFORM set_config('hnsw.ef_search', least(1000, greatest(100, 2 * how_many))::text, true);
        PERFORM set_config('enable_sort', 'off', true);
        EXECUTE format(
            'SELECT array_agg((found.*, near.distance)::reber.found_source ORDER BY near.distance)
            FROM (SELECT * FROM (%s) AS each ORDER BY distance LIMIT %s) AS near
            JOIN reber.source USING (survey_id, source_id)
            CROSS JOIN LATERAL (
                -- Each is looked up: a join would read whole catalogues.
                SELECT * FROM (%s) AS found WHERE found.catalogue = near.catalogue AND found.name = source.name
                OFFSET 0
            ) AS found', by_index, how_many, rows_asked)
        INTO near;
        PERFORM set_config('enable_sort', sorts, true);
        -- Where the index gave up, all are looked at.
        IF cardinality(near) = how_many THEN
            RETURN QUERY SELECT * FROM unnest(near);
            RETURN;
        END IF;
    END IF;
    RETURN QUERY EXECUTE format('SELECT * FROM (%s) AS found ORDER BY distance LIMIT %s', each, how_many);
END;
$$;

COMMENT ON FUNCTION reber.find_like IS 'What reber.find does where the most like a source are asked.';

-- Former names -------------------------------------------------------------------------------------------------

-- As 0046 has it, by a former name too.
CREATE OR REPLACE FUNCTION reber.same_source(of_survey text, of_source text)
RETURNS TABLE (
    survey text, name text, ra double precision, "dec" double precision, total_flux double precision,
    separation double precision, reliability real, run_id bigint, annotator text, physical_source_id bigint
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    own record;
BEGIN
    SELECT source.*, identity.physical_source_id INTO own
    FROM reber.source
    JOIN reber.survey USING (survey_id)
    LEFT JOIN reber.source_identity AS identity USING (survey_id, source_id)
    WHERE survey.name = of_survey AND source_id = reber.source_called(survey_id, of_source);
    IF own IS NULL THEN
        RAISE EXCEPTION 'survey % has no source %', of_survey, of_source USING ERRCODE = 'no_data_found';
    END IF;
    RETURN QUERY
    SELECT survey.name, source.name, source.ra, source."dec", source.total_flux,
        3600 * reber.separation(own.ra, own."dec", source.ra, source."dec"), best.reliability, best.run_id,
        best.annotator, own.physical_source_id
    FROM (
        SELECT own.survey_id AS survey_id, own.source_id AS source_id
        UNION
        SELECT member.survey_id, member.source_id FROM reber.source_identity AS member
        WHERE member.physical_source_id = own.physical_source_id
    ) AS member
    JOIN reber.source ON source.survey_id = member.survey_id AND source.source_id = member.source_id
    JOIN reber.survey ON survey.survey_id = member.survey_id
    LEFT JOIN LATERAL (
        SELECT link.reliability, link.run_id, link.annotator FROM (
            SELECT * FROM reber.identity_link AS link
            WHERE link.survey_id = member.survey_id AND link.source_id = member.source_id
            UNION ALL
            SELECT * FROM reber.identity_link AS link
            WHERE link.other_survey_id = member.survey_id AND link.other_source_id = member.source_id
        ) AS link
        ORDER BY link.reliability DESC NULLS FIRST
        LIMIT 1
    ) AS best ON true
    WHERE source.is_listed OR source.source_id = own.source_id
    ORDER BY source.source_id <> own.source_id, survey.name, source.name;
END;
$$;

-- As 0038 has it, by a former name too.
CREATE OR REPLACE FUNCTION reber.neighbours(
    survey_name text, source_name text, how_many integer DEFAULT 10, of_class text DEFAULT NULL,
    centre_ra double precision DEFAULT NULL, centre_dec double precision DEFAULT NULL,
    radius double precision DEFAULT NULL
)
RETURNS TABLE (survey text, name text, ra double precision, "dec" double precision, distance double precision)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    query record;
    away text;
    parts text;
BEGIN
    SELECT * INTO query FROM reber.embedding_of(survey_name, source_name);
    IF query.model_id IS NULL THEN
        RETURN;
    END IF;
    away := reber.distance_to(query.vector, 'other.vector');
    IF strpos(away, 'OPERATOR') > 0 THEN
        -- What a filter leaves out is made up for by going on.
        PERFORM set_config('hnsw.iterative_scan', 'strict_order', true);
        PERFORM set_config('hnsw.ef_search', least(1000, greatest(400, 4 * how_many))::text, true);
    END IF;
    SELECT string_agg(
        format(
            '(SELECT other.survey_id, other.source_id, %1$s AS distance
            FROM reber_partition.%2$I AS other
            WHERE other.cutout_id <> $2 AND (
                SELECT is_current FROM reber.cutout
                WHERE cutout.survey_id = other.survey_id AND cutout.cutout_id = other.cutout_id
            ) AND ($4 IS NULL OR $4 = (
                SELECT class.name
                FROM reber.prediction
                JOIN reber.class USING (class_scheme_id, class_id)
                WHERE prediction.survey_id = other.survey_id AND prediction.source_id = other.source_id
                ORDER BY prediction.run_id DESC LIMIT 1
            )) AND ($7 IS NULL OR (
                SELECT reber.separation($5, $6, source.ra, source.dec) <= $7 FROM reber.source
                WHERE source.survey_id = other.survey_id AND source.source_id = other.source_id
            ))
            ORDER BY %1$s LIMIT $3)',
            away, format('embedding_%s_%s', model_id, survey_id)),
        ' UNION ALL ')
    INTO parts
    FROM reber.embedding_count
    WHERE model_id = query.model_id;
    RETURN QUERY EXECUTE format(
        'SELECT survey.name, source.name, source.ra, source.dec, near.distance
        FROM (SELECT * FROM (%s) AS each ORDER BY distance LIMIT $3) AS near
        JOIN reber.source USING (survey_id, source_id)
        JOIN reber.survey USING (survey_id)
        ORDER BY near.distance, near.source_id', parts)
    USING NULL::real[], query.cutout_id, how_many, of_class, centre_ra, centre_dec, radius;
END;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
