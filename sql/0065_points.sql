-- Neighbours in a model's principal space, and a few cells of it to look for them in: what `reber embed` finds of the
-- embeddings behind its run, and makes anew where it is not there. Nothing rests on it but questions.

-- The space is that of the sources that the model embedded first, so that distances of all surveys go together.
CREATE TABLE reber.space (
    model_id      bigint           PRIMARY KEY REFERENCES reber.model ON DELETE CASCADE,
    made_of       bigint           NOT NULL,
    kept_variance double precision NOT NULL,
    mean          real[]           NOT NULL,
    axes          real[]           NOT NULL
);

COMMENT ON TABLE reber.space IS
    'The principal space of a model''s embeddings: one goes to unit length, less mean, along each of axes, to unit length.';
COMMENT ON COLUMN reber.space.made_of IS
    'How many embeddings of the model there were when it was found.';
COMMENT ON COLUMN reber.space.kept_variance IS
    'The part of their variance that lies along the axes.';
COMMENT ON COLUMN reber.space.mean IS
    'The mean of embeddings of unit length.';
COMMENT ON COLUMN reber.space.axes IS
    'One behind the other, each as long as mean, and divided by a power of the deviation along it.';

CREATE TABLE reber.point_set (
    model_id  bigint  NOT NULL REFERENCES reber.space ON DELETE CASCADE,
    survey_id integer NOT NULL REFERENCES reber.survey ON DELETE CASCADE,
    part      text,
    points    bigint  NOT NULL DEFAULT 0,
    stale     integer NOT NULL DEFAULT 1,
    PRIMARY KEY (model_id, survey_id)
);

COMMENT ON TABLE reber.point_set IS
    'The surveys whose embeddings have points.';
COMMENT ON COLUMN reber.point_set.part IS
    'The table of schema reber_partition in which they stand, in the order of cells; null until they are there. Points that are made anew have another one, so that who asks meanwhile has those before.';
COMMENT ON COLUMN reber.point_set.stale IS
    'How often embeddings were made since the making of these points began: where it is not 0, theirs are the next thing that reber embed makes.';

CREATE TABLE reber.cell (
    model_id  bigint  NOT NULL,
    survey_id integer NOT NULL,
    cell      integer NOT NULL,
    centre    real[]  NOT NULL,
    PRIMARY KEY (model_id, survey_id, cell),
    FOREIGN KEY (model_id, survey_id) REFERENCES reber.point_set ON DELETE CASCADE
);

COMMENT ON TABLE reber.cell IS
    'Where the points of a survey lie close together: each is in the cell whose centre, of unit length, is nearest.';

CREATE VIEW reber.without_points AS
SELECT embedding_count.model_id, embedding_count.survey_id, embeddings
FROM reber.embedding_count
LEFT JOIN reber.point_set USING (model_id, survey_id)
WHERE embeddings > 0 AND (part IS NULL OR stale > 0 OR points <> embeddings);

COMMENT ON VIEW reber.without_points IS
    'Surveys of whose embeddings by a model some have no points, with how many embeddings there are.';

-- Points ------------------------------------------------------------------------------------------------------

CREATE SEQUENCE reber.point_number;

-- Makes a table for the points of a survey's embeddings; gives its name, to which _draft is added until it is ordered.
-- They stand in no partitioned table: they are made anew as a whole, and nothing refers to them.
CREATE FUNCTION reber.open_points(model bigint, survey integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := format('point_%s_%s_%s', model, survey, nextval('reber.point_number'));
    draft text := format('reber_partition.%s_draft', part);
BEGIN
    EXECUTE format(
        'CREATE UNLOGGED TABLE %s (source_id bigint NOT NULL, cutout_id bigint NOT NULL, cell integer NOT NULL, '
        'vector real[] NOT NULL)', draft);
    PERFORM reber.let_load(draft::regclass, true);
    RETURN part;
END;
$$;

-- Puts what was loaded in the order of cells, and indexes it.
CREATE FUNCTION reber.order_points(part text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE reber_partition.%I AS SELECT * FROM reber_partition.%I ORDER BY cell, cutout_id',
        part, part || '_draft');
    EXECUTE format('DROP TABLE reber_partition.%I', part || '_draft');
    EXECUTE format('CREATE INDEX ON reber_partition.%I (cell)', part);
    EXECUTE format('ALTER TABLE reber_partition.%I ADD PRIMARY KEY (source_id, cutout_id)', part);
    EXECUTE format('ANALYZE reber_partition.%I', part);
    PERFORM reber.index_vectors(format('reber_partition.%I', part)::regclass);
END;
$$;

-- Removes what was loaded for points of a survey and is not, or no longer, those of its point set.
CREATE FUNCTION reber.drop_points(model bigint, survey integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    former text;
BEGIN
    FOR former IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'reber_partition'::regnamespace AND relkind = 'r'
            AND relname ~ format('^point_%s_%s_[0-9]+(_draft)?$', model, survey)
            AND NOT EXISTS (SELECT FROM reber.point_set WHERE part = relname)
    LOOP
        EXECUTE format('DROP TABLE reber_partition.%I', former);
    END LOOP;
    -- Nobody asks those of embeddings any more.
    FOR former IN
        SELECT indexrelid::regclass FROM pg_index
        JOIN pg_class ON pg_class.oid = indexrelid
        JOIN pg_am ON pg_am.oid = relam
        WHERE indrelid = to_regclass(format('reber_partition.embedding_%s_%s', model, survey)) AND amname = 'hnsw'
    LOOP
        EXECUTE format('DROP INDEX %s', former);
    END LOOP;
END;
$$;

-- Gives a table of vectors the index of pgvector, where the server has it. It has room for 2000 numbers a vector.
CREATE FUNCTION reber.index_vectors(of_table regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    vectors text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector');
    dimensions integer;
BEGIN
    IF vectors IS NULL OR EXISTS (
        SELECT FROM pg_index
        JOIN pg_class ON pg_class.oid = indexrelid
        JOIN pg_am ON pg_am.oid = relam
        WHERE indrelid = of_table AND amname = 'hnsw'
    ) THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT cardinality(vector) FROM %s LIMIT 1', of_table) INTO dimensions;
    IF dimensions <= 2000 THEN
        EXECUTE format(
            'CREATE INDEX ON %s USING hnsw ((vector::%2$s.vector(%3$s)) %2$s.vector_cosine_ops)',
            of_table, vectors, dimensions);
    END IF;
END;
$$;

-- Of points alone: embeddings without any are gone through until db migrate or embed has made theirs.
CREATE OR REPLACE FUNCTION reber.index_neighbours(survey integer, model bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM reber.index_vectors(format('reber_partition.%I', part)::regclass)
    FROM reber.point_set
    WHERE model_id = model AND survey_id = survey AND part IS NOT NULL;
END;
$$;

-- Questions ---------------------------------------------------------------------------------------------------

-- One minus the cosine of the angle between a column of vectors and one vector, in SQL, number by number; 1 where the one
-- has no length, null where another has none.
CREATE FUNCTION reber.computed_distance_to(vector real[], of_column text, are_units boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT format(
        CASE
            WHEN max(norm) = 0 THEN '1::float8'
            WHEN are_units THEN '(1 - (%s))'
            ELSE '(1 - (%s) / nullif(sqrt(%s), 0))'
        END,
        string_agg(format('%L::float8 * %s[%s]', x / nullif(norm, 0), of_column, place), ' + ' ORDER BY place),
        string_agg(format('%1$s[%2$s]::float8 * %1$s[%2$s]', of_column, place), ' + ' ORDER BY place))
    FROM unnest(vector::float8[]) WITH ORDINALITY AS component (x, place)
    CROSS JOIN (SELECT sqrt(sum(x * x)) AS norm FROM unnest(vector::float8[]) AS component (x)) AS whole
$$;

-- As 0051 has it; of vectors that have unit length, less is computed.
DROP FUNCTION reber.distance_to;
CREATE FUNCTION reber.distance_to(vector real[], of_column text, are_units boolean DEFAULT false) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT format(
            '(%1$s::%2$s.vector(%3$s) OPERATOR(%2$s.<=>) %4$L::real[]::%2$s.vector(%3$s))',
            of_column, extnamespace::regnamespace, cardinality(vector), vector)
        FROM pg_extension
        WHERE extname = 'vector' AND cardinality(vector) <= 2000
    ), reber.computed_distance_to(vector, of_column, are_units))
$$;

-- The tables, of schema reber_partition, of a model's points ('point') or embeddings ('embedding') of each survey that
-- has any.
CREATE FUNCTION reber.vectors_of(model bigint, of_what text) RETURNS TABLE (survey_id integer, part text)
LANGUAGE sql STABLE AS $$
    SELECT survey_id, part FROM reber.point_set
    WHERE of_what = 'point' AND model_id = model AND part IS NOT NULL
    UNION ALL
    SELECT survey_id, relname FROM reber.embedding_count
    JOIN pg_class ON relname = format('embedding_%s_%s', model_id, survey_id)
        AND relnamespace = 'reber_partition'::regnamespace AND relispartition
    WHERE of_what = 'embedding' AND model_id = model
$$;

-- The newest embedding of a source that is called so now, or was in a former data release: its point, where it has one
-- (of_what is 'point'), else itself ('embedding').
DROP FUNCTION reber.embedding_of;
CREATE FUNCTION reber.embedding_of(survey_name text, source_name text)
RETURNS TABLE (model_id bigint, cutout_id bigint, vector real[], of_what text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    own record;
    point real[];
BEGIN
    SELECT embedding.model_id, cutout.cutout_id, cutout.source_id, embedding.vector, point_set.part INTO own
    FROM reber.survey
    JOIN reber.cutout USING (survey_id)
    JOIN reber.embedding USING (survey_id, cutout_id)
    LEFT JOIN reber.point_set ON point_set.model_id = embedding.model_id
        AND point_set.survey_id = survey.survey_id
    WHERE survey.name = survey_name AND is_current
        AND cutout.source_id = reber.source_called(survey.survey_id, source_name)
    ORDER BY embedding.model_id DESC
    LIMIT 1;
    IF own IS NULL THEN
        RETURN;
    END IF;
    IF own.part IS NOT NULL THEN
        EXECUTE format(
            'SELECT vector FROM reber_partition.%I WHERE source_id = $1 AND cutout_id = $2', own.part)
        INTO point USING own.source_id, own.cutout_id;
    END IF;
    RETURN QUERY SELECT
        own.model_id, own.cutout_id, coalesce(point, own.vector),
        CASE WHEN point IS NULL THEN 'embedding' ELSE 'point' END;
END;
$$;

-- The cells of a survey whose centres are nearest to a point: twelve, or as many as hold 8,000 points, times the effort.
CREATE FUNCTION reber.nearest_cells(model bigint, survey integer, point real[], effort bigint) RETURNS integer[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found integer[];
BEGIN
    EXECUTE format(
        'SELECT array_agg(cell) FROM (
            SELECT cell FROM reber.cell WHERE model_id = $1 AND survey_id = $2 ORDER BY %s
            LIMIT (
                SELECT $3 * greatest(12, 8000 * count(*) / greatest(1, max(points)))
                FROM reber.cell JOIN reber.point_set USING (model_id, survey_id)
                WHERE model_id = $1 AND survey_id = $2
            )
        ) AS near', reber.computed_distance_to(point, 'centre', true))
    INTO found USING model, survey, effort;
    RETURN found;
END;
$$;

-- The sources most like a given one, as reber.neighbours gives them; with of_survey those of one survey alone.
--
-- Without pgvector only the points in the nearest cells of each survey are compared: of fewer than 8,000 all are, and of a
-- million the twelve cells of a thousand that hold nearly all of the ten most alike. Where a filter leaves few of them, it
-- is asked of eight times as many; of a circle all are compared.
CREATE FUNCTION reber.most_alike(
    survey_name text, source_name text, how_many integer DEFAULT 10, of_class text DEFAULT NULL,
    centre_ra double precision DEFAULT NULL, centre_dec double precision DEFAULT NULL,
    radius double precision DEFAULT NULL, of_survey text DEFAULT NULL
)
RETURNS TABLE (survey text, name text, ra double precision, "dec" double precision, distance double precision)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    query record;
    away text;
    -- Of each survey.
    question text := '(
        SELECT %1$s AS survey_id, source_id, %2$s AS distance
        FROM reber_partition.%3$I AS other
        WHERE %4$s AND ($7 IS NULL OR (
            SELECT reber.separation($5, $6, source.ra, source.dec) <= $7 FROM reber.source
            WHERE source.survey_id = %1$s AND source.source_id = other.source_id
        ))
        ORDER BY distance LIMIT $3)';
    filter text := 'other.cutout_id <> $2 AND (
            SELECT is_current FROM reber.cutout
            WHERE cutout.survey_id = %1$s AND cutout.cutout_id = other.cutout_id
        ) AND ($4 IS NULL OR $4 = (
            SELECT class.name
            FROM reber.prediction
            JOIN reber.class USING (class_scheme_id, class_id)
            WHERE prediction.survey_id = %1$s AND prediction.source_id = other.source_id
            ORDER BY prediction.run_id DESC LIMIT 1
        ))';
    wanted bigint := coalesce(how_many, 2147483647);
    effort bigint := 1 + wanted / 100;
    cells bigint;
    parts text;
    surveys integer[];
    sources bigint[];
    distances double precision[];
BEGIN
    SELECT * INTO query FROM reber.embedding_of(survey_name, source_name);
    IF query.model_id IS NULL THEN
        RETURN;
    END IF;
    away := reber.distance_to(query.vector, 'other.vector', query.of_what = 'point');
    IF strpos(away, 'OPERATOR') > 0 THEN
        -- What a filter leaves out is made up for by going on.
        PERFORM set_config('hnsw.iterative_scan', 'strict_order', true);
        PERFORM set_config('hnsw.ef_search', least(1000, greatest(400, 4 * wanted))::text, true);
    ELSIF query.of_what = 'point' AND radius IS NOT NULL THEN
        question := '(
            SELECT %1$s AS survey_id, other.source_id, %2$s AS distance
            FROM reber.source
            JOIN reber_partition.%3$I AS other USING (source_id)
            WHERE survey_id = %1$s AND %6$s AND %4$s
            ORDER BY distance LIMIT $3)';
    ELSIF query.of_what = 'point' THEN
        -- The nearest of many come first, so that the filter is asked of few.
        question := '(
            SELECT %1$s AS survey_id, source_id, distance
            FROM (
                SELECT source_id, cutout_id, %2$s AS distance
                FROM reber_partition.%3$I AS other
                WHERE cell = ANY (reber.nearest_cells(%5$s, %1$s, %7$L, $8))
                ORDER BY distance
                OFFSET 0
            ) AS other
            WHERE %4$s
            LIMIT $3)';
        SELECT max(cell) + 1 INTO cells FROM reber.cell WHERE model_id = query.model_id;
        wanted := CASE WHEN of_class IS NULL THEN wanted ELSE 4 * wanted END;
    END IF;
    SELECT string_agg(
        format(
            question, survey_id, away, part, format(filter, survey_id), query.model_id,
            reber.asked(centre_ra, centre_dec, radius, NULL, NULL), query.vector),
        ' UNION ALL ')
    INTO parts
    FROM reber.vectors_of(query.model_id, query.of_what)
    JOIN reber.survey AS embedded USING (survey_id)
    WHERE embedded.name = coalesce(of_survey, embedded.name);
    IF parts IS NULL OR of_class IS NOT NULL AND NOT EXISTS (SELECT FROM reber.class WHERE class.name = of_class) THEN
        RETURN;
    END IF;
    LOOP
        EXECUTE format(
            'SELECT array_agg(survey_id), array_agg(source_id), array_agg(distance)
            FROM (SELECT * FROM (%s) AS each ORDER BY distance, source_id LIMIT $3) AS near', parts)
        INTO surveys, sources, distances
        USING NULL::real[], query.cutout_id, wanted, of_class, centre_ra, centre_dec, radius, effort;
        EXIT WHEN cells IS NULL OR 12 * effort >= cells OR cardinality(sources) >= wanted;
        effort := 8 * effort;
    END LOOP;
    RETURN QUERY
    SELECT embedded.name, source.name, source.ra, source."dec", near.distance
    FROM unnest(surveys, sources, distances) AS near (survey_id, source_id, distance)
    JOIN reber.source USING (survey_id, source_id)
    JOIN reber.survey AS embedded USING (survey_id)
    ORDER BY near.distance, near.source_id
    LIMIT how_many;
END;
$$;

-- As 0051 has it, in the principal space: surveys of which no points are there yet are left out.
CREATE OR REPLACE FUNCTION reber.neighbours(
    survey_name text, source_name text, how_many integer DEFAULT 10, of_class text DEFAULT NULL,
    centre_ra double precision DEFAULT NULL, centre_dec double precision DEFAULT NULL,
    radius double precision DEFAULT NULL
)
RETURNS TABLE (survey text, name text, ra double precision, "dec" double precision, distance double precision)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT * FROM reber.most_alike(
        survey_name, source_name, how_many, of_class, centre_ra, centre_dec, radius);
END;
$$;

-- As 0051 has it, in the principal space: what is asked, the most like a source first.
--
-- The distance of each row that is asked is computed, where there are few or embeddings have no points; of many rows the
-- index of pgvector, or without it the nearest cells, are asked for the most alike that are among them.
CREATE OR REPLACE FUNCTION reber.find_like(
    like_survey text, like_source text, of_class text, min_probability real, asked text, how_many integer
) RETURNS SETOF reber.found_source
LANGUAGE plpgsql STABLE AS $$
DECLARE
    few CONSTANT integer := 4000;
    one record;
    away text;
    by_vectors boolean;
    by_cells boolean;
    filter CONSTANT text := 'other.cutout_id <> %4$s AND (
                SELECT is_current FROM reber.cutout
                WHERE cutout.survey_id = %5$s AND cutout.cutout_id = other.cutout_id
            ) AND (
                SELECT true FROM reber.source
                JOIN (%6$s) AS found ON source.name = found.name
                    AND (source.ra, source."dec") IS NOT DISTINCT FROM (found.ra, found."dec")
                WHERE source.survey_id = %5$s AND source.source_id = other.source_id
            )';
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
    away := reber.distance_to(one.vector, 'other.vector', one.of_what = 'point');
    by_vectors := strpos(away, 'OPERATOR') > 0;
    by_cells := one.of_what = 'point' AND NOT by_vectors;
    -- A catalogue that is older than a release of its survey may call another source by the name: its place tells.
    SELECT
        string_agg(format(
            'SELECT found.*, %s AS distance
            FROM (%s) AS found
            JOIN reber.source ON source.survey_id = %s AND source.name = found.name
                AND (source.ra, source."dec") IS NOT DISTINCT FROM (found.ra, found."dec")
            JOIN reber.cutout ON cutout.survey_id = %3$s AND cutout.source_id = source.source_id
                AND cutout.is_current AND cutout.cutout_id <> %s
            JOIN reber_partition.%I AS other ON other.source_id = source.source_id
                AND other.cutout_id = cutout.cutout_id',
            away, question, survey_id, one.cutout_id, part), ' UNION ALL '),
        string_agg(format(
            CASE
                WHEN by_cells THEN
                    '(SELECT %1$L::text AS catalogue, %5$s AS survey_id, source_id, distance
                    FROM (
                        SELECT source_id, cutout_id, %2$s AS distance
                        FROM reber_partition.%3$I AS other
                        WHERE cell = ANY (reber.nearest_cells(%7$s, %5$s, %8$L, %9$s))
                        ORDER BY distance
                        OFFSET 0
                    ) AS other
                    WHERE ' || filter || ' LIMIT %10$s)'
                ELSE
                    '(SELECT %1$L::text AS catalogue, %5$s AS survey_id, other.source_id, %2$s AS distance
                    FROM reber_partition.%3$I AS other
                    WHERE ' || filter || ' ORDER BY distance)'
            END,
            catalogue, away, part, one.cutout_id, survey_id, question, one.model_id, one.vector, 1 + how_many / 50,
            how_many), ' UNION ALL '),
        string_agg(question, ' UNION ALL ')
    INTO each, by_index, rows_asked
    FROM reber.questions(of_class, min_probability, asked)
    JOIN reber.vectors_of(one.model_id, one.of_what) USING (survey_id);
    IF each IS NULL THEN
        RETURN;
    END IF;
    IF by_cells OR by_vectors THEN
        EXECUTE format('SELECT count(*) FROM (%s LIMIT %s) AS found', rows_asked, few + 1) INTO candidates;
    END IF;
    IF candidates > few THEN
        -- What a filter leaves out is made up for by going on.
        PERFORM set_config('hnsw.iterative_scan', 'strict_order', true);
        PERFORM set_config('hnsw.ef_search', least(1000, greatest(100, 2 * how_many))::text, true);
        IF by_vectors THEN
            PERFORM set_config('enable_sort', 'off', true);
        END IF;
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

-- Rights ------------------------------------------------------------------------------------------------------

CREATE FUNCTION reber.grants_of_points() RETURNS void
LANGUAGE sql AS $$
    GRANT INSERT, UPDATE, DELETE ON reber.space, reber.point_set, reber.cell TO reber_pipeline;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
