-- What pages and people ask is kept or indexed, so that it takes no longer of ten million sources.

-- Labels ----------------------------------------------------------------------------------------------

CREATE INDEX label_current
ON reber.label (survey_id, source_id, class_scheme_id, annotator, label_id DESC);
DROP INDEX reber.label_source;

-- As an anti-join the view can be asked from a source, by whatever names that.
CREATE OR REPLACE VIEW reber.current_label AS
SELECT
    label_id, survey_id, source_id, class_scheme_id, class_id, annotator, labelled_at, method,
    confidence, clustering_id, cluster, run_id, comment, action_id
FROM reber.label
WHERE class_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM reber.label AS later
    WHERE later.survey_id = label.survey_id AND later.source_id = label.source_id
        AND later.class_scheme_id = label.class_scheme_id AND later.annotator = label.annotator
        AND later.label_id > label.label_id
);

COMMENT ON VIEW reber.current_label IS 'What each annotator says now.';

-- The rows of reber.consensus, and of sources whose labels were all withdrawn; never written but by the
-- trigger on reber.label.
CREATE TABLE reber.agreed (
    survey_id       integer  NOT NULL,
    source_id       bigint   NOT NULL,
    class_scheme_id integer  NOT NULL,
    class_id        smallint,
    votes           integer,
    all_votes       integer,
    agreement       real,
    annotators      text[],
    label_ids       bigint[],
    PRIMARY KEY (survey_id, source_id, class_scheme_id)
);

CREATE INDEX agreed_class ON reber.agreed (survey_id, class_scheme_id, class_id, source_id)
WHERE class_id IS NOT NULL;
CREATE INDEX agreed_votes
ON reber.agreed (survey_id, class_scheme_id, all_votes DESC, source_id)
WHERE class_id IS NOT NULL;

COMMENT ON TABLE reber.agreed IS
    'What the annotators of a source agree on, kept as labels come in: ask reber.consensus.';

-- The consensus of one source: the class with the most confidence behind it; of a tie the class that
-- the scheme lists first.
CREATE FUNCTION reber.agree(survey integer, source bigint, scheme integer)
RETURNS TABLE (
    class_id smallint, votes integer, all_votes integer, agreement real, annotators text[],
    label_ids bigint[]
)
LANGUAGE sql STABLE AS $$
    SELECT
        class_id, votes, (sum(votes) OVER ())::integer, weight / sum(weight) OVER (), annotators,
        label_ids
    FROM (
        SELECT
            class_id, count(*)::integer AS votes, sum(confidence) AS weight,
            array_agg(annotator ORDER BY label_id) AS annotators,
            array_agg(label_id ORDER BY label_id) AS label_ids
        FROM reber.current_label
        WHERE survey_id = survey AND source_id = source AND class_scheme_id = scheme
        GROUP BY class_id
    ) AS by_class
    ORDER BY weight DESC, class_id
    LIMIT 1
$$;

CREATE OR REPLACE VIEW reber.consensus AS
SELECT
    survey_id, source_id, class_scheme_id, class_id, votes::bigint, all_votes::numeric, agreement,
    annotators, label_ids
FROM reber.agreed
WHERE class_id IS NOT NULL;

-- How many sources have which class, by annotator and by the annotators together, in the survey as a
-- whole and in each leaf of its clusterings. A count is the sum of its rows: who changes it adds rows
-- and never waits for another.
CREATE TABLE reber.label_count (
    survey_id       integer  NOT NULL,
    class_scheme_id integer  NOT NULL,
    clustering_id   bigint   NOT NULL,
    cluster         integer  NOT NULL,
    annotator       text     NOT NULL,
    class_id        smallint NOT NULL,
    sources         bigint   NOT NULL,
    acted           bigint   NOT NULL
);

CREATE INDEX label_count_key ON reber.label_count (
    survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
);

COMMENT ON TABLE reber.label_count IS
    'Labelled sources by class, kept as labels come in; the rows of a key add up.';
COMMENT ON COLUMN reber.label_count.clustering_id IS '0 for the survey as a whole.';
COMMENT ON COLUMN reber.label_count.cluster IS 'A leaf; -1 for the survey as a whole.';
COMMENT ON COLUMN reber.label_count.annotator IS 'Empty for the consensus of all.';
COMMENT ON COLUMN reber.label_count.acted IS 'Of the sources, those whose label came by an action on the pages.';

-- Keeps reber.agreed and reber.label_count. It works with the rights of who made it, so that whoever may
-- add labels need not be able to write anything else.
CREATE FUNCTION reber.keep_labels() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    -- Whoever labels a source that another labels now waits here, and then sees what the other said.
    INSERT INTO reber.agreed (survey_id, source_id, class_scheme_id)
    SELECT DISTINCT survey_id, source_id, class_scheme_id FROM given
    ORDER BY survey_id, source_id, class_scheme_id
    ON CONFLICT (survey_id, source_id, class_scheme_id) DO UPDATE SET source_id = agreed.source_id;

    WITH said AS MATERIALIZED (
        SELECT survey_id, source_id, class_scheme_id, annotator, array_agg(label_id) AS own
        FROM given
        GROUP BY survey_id, source_id, class_scheme_id, annotator
    ), agreeing AS MATERIALIZED (
        SELECT source.*, now.*
        FROM (SELECT DISTINCT survey_id, source_id, class_scheme_id FROM said) AS source
        LEFT JOIN LATERAL reber.agree(survey_id, source_id, class_scheme_id) AS now ON true
    ), kept AS (
        UPDATE reber.agreed
        SET (class_id, votes, all_votes, agreement, annotators, label_ids) = (
            agreeing.class_id, agreeing.votes, agreeing.all_votes, agreeing.agreement,
            agreeing.annotators, agreeing.label_ids
        )
        FROM agreeing
        WHERE agreed.survey_id = agreeing.survey_id AND agreed.source_id = agreeing.source_id
            AND agreed.class_scheme_id = agreeing.class_scheme_id
    ), change AS (
        SELECT survey_id, source_id, class_scheme_id, '' AS annotator, class_id, 1 AS sources, 0 AS acted
        FROM agreeing
        UNION ALL
        SELECT survey_id, source_id, class_scheme_id, '', agreed.class_id, -1, 0
        FROM agreeing
        JOIN reber.agreed USING (survey_id, source_id, class_scheme_id)
        UNION ALL
        SELECT said.survey_id, said.source_id, said.class_scheme_id, said.annotator, label.class_id,
            side.sources, side.sources * (label.action_id IS NOT NULL)::integer
        FROM said
        CROSS JOIN (VALUES (1), (-1)) AS side (sources)
        CROSS JOIN LATERAL (
            SELECT class_id, action_id
            FROM reber.label
            WHERE label.survey_id = said.survey_id AND label.source_id = said.source_id
                AND label.class_scheme_id = said.class_scheme_id AND label.annotator = said.annotator
                AND (side.sources > 0 OR label_id <> ALL (said.own))
            ORDER BY label_id DESC
            LIMIT 1
        ) AS label
    ), counted AS (
        SELECT survey_id, class_scheme_id, 0::bigint AS clustering_id, -1 AS cluster, annotator,
            class_id, sum(sources) AS sources, sum(acted) AS acted
        FROM change
        WHERE class_id IS NOT NULL
        GROUP BY survey_id, class_scheme_id, annotator, class_id
        UNION ALL
        SELECT survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id,
            sum(sources), sum(acted)
        FROM change
        JOIN reber.clustering USING (survey_id)
        -- OFFSET keeps it a look-up by the key, whatever is known of the sizes of tables.
        CROSS JOIN LATERAL (
            SELECT cluster
            FROM reber.cluster_member AS member
            WHERE member.clustering_id = clustering.clustering_id
                AND member.survey_id = change.survey_id AND member.source_id = change.source_id
            OFFSET 0
        ) AS member
        WHERE class_id IS NOT NULL
        GROUP BY survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
    ), taken AS (
        DELETE FROM reber.label_count
        WHERE ctid = ANY (ARRAY(
            SELECT label_count.ctid
            FROM reber.label_count
            JOIN counted USING (
                survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
            )
            FOR UPDATE OF label_count SKIP LOCKED
        ))
        RETURNING *
    )
    INSERT INTO reber.label_count
    SELECT survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id, sum(sources),
        sum(acted)
    FROM (SELECT * FROM counted UNION ALL SELECT * FROM taken) AS part
    GROUP BY survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
    HAVING sum(sources) <> 0 OR sum(acted) <> 0;
    RETURN NULL;
END;
$$;

ALTER TABLE reber.cluster ADD COLUMN squares double precision NOT NULL DEFAULT 0;
COMMENT ON COLUMN reber.cluster.squares IS
    'Of a leaf the summed squares of its sources'' distances from the centroid.';

-- Sums up the leaves of a clustering that was just written, once and for all: their distances never
-- change, and their labels are kept by the trigger from then on. Labels that come in meanwhile wait.
CREATE FUNCTION reber.count_clusters(clustering bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reber.cluster SET squares = summed.squares
    FROM (
        SELECT cluster, sum(distance::double precision * distance) AS squares
        FROM reber.cluster_member
        WHERE clustering_id = clustering
        GROUP BY cluster
    ) AS summed
    WHERE cluster.clustering_id = clustering AND cluster.cluster = summed.cluster;
    LOCK TABLE reber.agreed IN SHARE MODE;
    INSERT INTO reber.label_count
    SELECT survey_id, class_scheme_id, clustering, member.cluster, annotator, class_id, count(*),
        count(action_id)
    FROM (
        SELECT survey_id, source_id, class_scheme_id, annotator, class_id, action_id
        FROM reber.current_label
        UNION ALL
        SELECT survey_id, source_id, class_scheme_id, '', class_id, NULL
        FROM reber.consensus
    ) AS label
    JOIN reber.cluster_member AS member USING (survey_id, source_id)
    WHERE member.clustering_id = clustering
    GROUP BY survey_id, class_scheme_id, member.cluster, annotator, class_id;
END;
$$;

INSERT INTO reber.agreed
SELECT labelled.*, now.*
FROM (SELECT DISTINCT survey_id, source_id, class_scheme_id FROM reber.label) AS labelled
LEFT JOIN LATERAL reber.agree(survey_id, source_id, class_scheme_id) AS now ON true;

INSERT INTO reber.label_count
SELECT survey_id, class_scheme_id, 0, -1, annotator, class_id, count(*), count(action_id)
FROM (
    SELECT survey_id, class_scheme_id, annotator, class_id, action_id FROM reber.current_label
    UNION ALL
    SELECT survey_id, class_scheme_id, '', class_id, NULL FROM reber.consensus
) AS label
GROUP BY survey_id, class_scheme_id, annotator, class_id;

SELECT reber.count_clusters(clustering_id) FROM reber.clustering;

CREATE TRIGGER keep_labels AFTER INSERT ON reber.label
REFERENCING NEW TABLE AS given
FOR EACH STATEMENT EXECUTE FUNCTION reber.keep_labels();

CREATE VIEW reber.cluster_purity AS
WITH RECURSIVE above (clustering_id, leaf, cluster) AS (
    SELECT DISTINCT clustering_id, cluster, cluster
    FROM reber.label_count
    WHERE clustering_id > 0 AND annotator = ''
    UNION ALL
    SELECT above.clustering_id, above.leaf, child.parent
    FROM above
    JOIN reber.cluster AS child USING (clustering_id, cluster)
    WHERE child.parent IS NOT NULL
), by_class AS (
    SELECT clustering_id, above.cluster, class_scheme_id, class_id, sum(sources)::bigint AS sources
    FROM above
    JOIN reber.label_count AS counted USING (clustering_id)
    WHERE counted.cluster = above.leaf AND annotator = ''
    GROUP BY clustering_id, above.cluster, class_scheme_id, class_id
    HAVING sum(sources) > 0
), counted AS (
    SELECT
        clustering_id, cluster, class_scheme_id,
        sum(sources)::integer AS labelled,
        (array_agg(class_id ORDER BY sources DESC, class_id))[1] AS class_id,
        max(sources)::integer AS sources,
        greatest(
            0, (ln(sum(sources)) - sum(sources * ln(sources)) / sum(sources)) / ln(2.0)
        )::double precision AS entropy
    FROM by_class
    GROUP BY clustering_id, cluster, class_scheme_id
)
SELECT
    counted.clustering_id, counted.cluster, counted.class_scheme_id,
    cluster.members, counted.labelled, counted.class_id, counted.sources,
    share.purity,
    (share.purity + share.doubt / 2 - share.half) / (1 + share.doubt) AS purity_lower,
    (share.purity + share.doubt / 2 + share.half) / (1 + share.doubt) AS purity_upper,
    counted.entropy
FROM counted
JOIN reber.cluster USING (clustering_id, cluster)
-- z² / n for 95%, less as fewer members are left to be labelled (finite-population correction).
CROSS JOIN LATERAL (
    SELECT
        counted.sources::double precision / counted.labelled AS purity,
        1.959963984540054 ^ 2 / counted.labelled
            * greatest(0, cluster.members - counted.labelled)
            / greatest(1, cluster.members - 1) AS doubt
) AS wilson
CROSS JOIN LATERAL (
    SELECT
        wilson.purity, wilson.doubt,
        sqrt(wilson.doubt * wilson.purity * (1 - wilson.purity) + wilson.doubt ^ 2 / 4) AS half
) AS share;

COMMENT ON VIEW reber.cluster_purity IS
    'A row for each cluster or union and scheme with a label in it; one class a source, by consensus.';
COMMENT ON COLUMN reber.cluster_purity.class_id IS
    'The class of most labelled members; of a tie the one that the scheme lists first.';
COMMENT ON COLUMN reber.cluster_purity.sources IS 'Labelled members of that class.';
COMMENT ON COLUMN reber.cluster_purity.purity IS 'Their share of the labelled members.';
COMMENT ON COLUMN reber.cluster_purity.purity_lower IS
    'Lower end of Wilson''s 95% interval for all members, as if the labelled ones were drawn by chance.';
COMMENT ON COLUMN reber.cluster_purity.entropy IS 'Of the labelled members'' classes, in bits.';

-- How fast annotators label: what stands of it is counted already.
CREATE OR REPLACE VIEW reber.labelling_rate AS
WITH decision AS (
    SELECT survey_id, annotator, decided_at, 1 AS decisions
    FROM reber.labelling_action
    WHERE kind <> 'grow'
    UNION ALL
    SELECT growth.survey_id, growth.annotator, growth_decision.decided_at, 1
    FROM reber.growth_decision
    JOIN reber.growth USING (growth_id)
    UNION ALL
    SELECT survey_id, annotator, decided_at, 0
    FROM reber.labelling_action
    WHERE kind = 'grow'
    UNION ALL
    SELECT survey_id, annotator, started_at, 0
    FROM reber.growth
), paced AS (
    SELECT survey_id, annotator, decisions,
        extract(epoch FROM decided_at - lag(decided_at) OVER (
            PARTITION BY survey_id, annotator ORDER BY decided_at
        )) AS seconds
    FROM decision
), work AS (
    SELECT survey_id, annotator,
        sum(decisions) AS decisions,
        coalesce(sum(seconds) FILTER (WHERE seconds < 300), 0) / 3600 AS hours
    FROM paced
    GROUP BY survey_id, annotator
)
SELECT work.survey_id, work.annotator, work.decisions,
    coalesce(labelled.sources, 0) AS sources,
    work.hours::double precision AS hours,
    (work.decisions / nullif(work.hours, 0))::double precision AS decisions_per_hour,
    (coalesce(labelled.sources, 0) / nullif(work.hours, 0))::double precision AS sources_per_hour
FROM work
LEFT JOIN (
    SELECT survey_id, annotator, sum(acted)::bigint AS sources
    FROM reber.label_count
    WHERE clustering_id = 0
    GROUP BY survey_id, annotator
) AS labelled USING (survey_id, annotator);

COMMENT ON VIEW reber.labelling_rate IS
    'How fast each annotator labels, from the times of the decisions; sources are those whose label of now came by one.';

-- Sizes -----------------------------------------------------------------------------------------------

-- How many sources and current images there are in each block of 4096 keys of sources. A count is the
-- sum of its rows: who changes it adds rows and never waits for another.
CREATE TABLE reber.source_count (
    survey_id integer NOT NULL,
    block     bigint  NOT NULL,
    sources   bigint  NOT NULL,
    images    bigint  NOT NULL
);

CREATE INDEX source_count_key ON reber.source_count (survey_id, block);

COMMENT ON TABLE reber.source_count IS
    'Sizes of surveys, kept as rows come and go by the tables in schema reber; the rows of a key add up.';
COMMENT ON COLUMN reber.source_count.block IS 'Keys of sources divided by 4096.';

-- Adds to the counts of a block, and joins the rows of it that nobody else has in hand.
CREATE FUNCTION reber.add_to_block(survey integer, of_block bigint, new_sources bigint, new_images bigint)
RETURNS void
LANGUAGE sql AS $$
    WITH taken AS (
        DELETE FROM reber.source_count
        WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM reber.source_count
            WHERE survey_id = survey AND block = of_block
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING sources, images
    )
    INSERT INTO reber.source_count
    SELECT survey, of_block, new_sources + coalesce(sum(sources), 0), new_images + coalesce(sum(images), 0)
    FROM taken
$$;

-- Keeps the counts of 'source' or 'image', which is the argument.
CREATE FUNCTION reber.keep_sources() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    changing text := (
        SELECT 'SELECT reber.add_to_block(survey_id, source_id >> 12, ' || CASE TG_ARGV[0]
            WHEN 'source' THEN '%1$s count(*), 0) FROM %2$s'
            ELSE '0, %1$s count(*)) FROM %2$s WHERE is_current'
        END || ' GROUP BY survey_id, source_id >> 12'
    );
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format(changing, '-', 'removed');
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format(changing, '', 'added');
    END IF;
    RETURN NULL;
END;
$$;

-- Counts a survey anew: for who loads sources or images into a partition itself, where no trigger of the
-- whole tables sees them.
CREATE FUNCTION reber.count_sources(survey integer) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM reber.source_count WHERE survey_id = survey;
    INSERT INTO reber.source_count
    SELECT survey, block, sum(sources), sum(images)
    FROM (
        SELECT source_id >> 12 AS block, count(*) AS sources, 0 AS images
        FROM reber.source WHERE survey_id = survey
        GROUP BY source_id >> 12
        UNION ALL
        SELECT source_id >> 12, 0, count(*)
        FROM reber.cutout WHERE survey_id = survey AND is_current
        GROUP BY source_id >> 12
    ) AS counted
    GROUP BY block;
$$;

SELECT reber.count_sources(survey_id) FROM reber.survey;

CREATE TRIGGER keep_added AFTER INSERT ON reber.source REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION reber.keep_sources('source');
CREATE TRIGGER keep_removed AFTER DELETE ON reber.source REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION reber.keep_sources('source');
CREATE TRIGGER keep_added AFTER INSERT ON reber.cutout REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION reber.keep_sources('image');
CREATE TRIGGER keep_changed AFTER UPDATE ON reber.cutout
REFERENCING OLD TABLE AS removed NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION reber.keep_sources('image');
CREATE TRIGGER keep_removed AFTER DELETE ON reber.cutout REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION reber.keep_sources('image');

-- Only the blocks that have fewer images than sources are looked through.
CREATE VIEW reber.source_without_image AS
SELECT survey.name AS survey, source.name, source.ra, source.dec, survey_id, source.source_id
FROM (
    SELECT survey_id, block FROM reber.source_count
    GROUP BY survey_id, block
    HAVING sum(sources) > sum(images)
) AS lacking
JOIN reber.survey USING (survey_id)
CROSS JOIN LATERAL (
    SELECT name, ra, dec, source_id
    FROM reber.source
    WHERE source.survey_id = lacking.survey_id
        AND source_id BETWEEN lacking.block * 4096 AND lacking.block * 4096 + 4095
        AND (
            SELECT cutout_id FROM reber.cutout
            WHERE cutout.survey_id = lacking.survey_id AND cutout.source_id = source.source_id
                AND is_current
        ) IS NULL
    OFFSET 0
) AS source;

COMMENT ON VIEW reber.source_without_image IS 'Catalogue entries that no ingested image covers.';

-- Embeddings are loaded into a table of their own and attached: who has done so counts them.
CREATE TABLE reber.embedding_count (
    survey_id  integer NOT NULL,
    model_id   bigint  NOT NULL,
    embeddings bigint  NOT NULL,
    PRIMARY KEY (survey_id, model_id)
);

COMMENT ON TABLE reber.embedding_count IS
    'How many embeddings a model has made of a survey, by reber.count_embeddings.';

CREATE FUNCTION reber.count_embeddings(survey integer, model bigint) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO reber.embedding_count
    SELECT survey, model, count(*) FROM reber.embedding WHERE survey_id = survey AND model_id = model
    ON CONFLICT (survey_id, model_id) DO UPDATE SET embeddings = excluded.embeddings
$$;

INSERT INTO reber.embedding_count
SELECT survey_id, model_id, count(*) FROM reber.embedding GROUP BY survey_id, model_id;

-- Orders and filters ----------------------------------------------------------------------------------

-- By name without the survey's too.
ALTER TABLE reber.source DROP CONSTRAINT source_survey_id_name_key;
ALTER TABLE reber.source ADD CONSTRAINT source_name_key UNIQUE (name, survey_id);

-- In each order that pages have, equals by their keys; what has no such figure comes last.
DROP INDEX reber.source_flux;
CREATE INDEX source_flux ON reber.source (total_flux DESC NULLS LAST, source_id);
CREATE INDEX source_size ON reber.source (major_axis DESC NULLS LAST, source_id);
CREATE INDEX source_run ON reber.source (run_id);

DROP INDEX reber.prediction_class;
CREATE INDEX prediction_class ON reber.prediction (class_id, probability DESC, source_id);

DROP INDEX reber.cluster_member_cluster;
CREATE INDEX cluster_member_cluster ON reber.cluster_member (cluster, distance, source_id);
CREATE INDEX cluster_member_outlier ON reber.cluster_member (outlier_score DESC, source_id);

-- Neighbours ------------------------------------------------------------------------------------------

-- Gives a model's embeddings of a survey the index of pgvector, where the server has it. It has room for
-- 2000 numbers a vector.
CREATE FUNCTION reber.index_neighbours(survey integer, model bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    part text := format('embedding_%s_%s', model, survey);
    vectors text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector');
    dimensions integer;
BEGIN
    IF vectors IS NULL OR to_regclass('reber_partition.' || part || '_hnsw') IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT cardinality(vector) FROM reber_partition.%I LIMIT 1', part) INTO dimensions;
    IF dimensions <= 2000 THEN
        EXECUTE format(
            'CREATE INDEX %I ON reber_partition.%I USING hnsw ((vector::%s.vector(%s)) %s.vector_cosine_ops)',
            part || '_hnsw', part, vectors, dimensions, vectors);
    END IF;
END;
$$;

-- The sources most like a given one, in the newest model that has embedded it, of all surveys that the
-- model has embedded; with a class only those that the newest classification gave it, with a position and
-- a radius in degrees only those in that circle.
--
-- Exact, by going through all embeddings; by the index of pgvector where there is one.
DROP FUNCTION reber.neighbours(text, text, integer);
CREATE FUNCTION reber.neighbours(
    survey_name text, source_name text, how_many integer DEFAULT 10, of_class text DEFAULT NULL,
    centre_ra double precision DEFAULT NULL, centre_dec double precision DEFAULT NULL,
    radius double precision DEFAULT NULL
)
RETURNS TABLE (survey text, name text, ra double precision, "dec" double precision, distance double precision)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    vectors text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector');
    query record;
    away text;
    parts text;
BEGIN
    SELECT embedding.* INTO query
    FROM reber.source
    JOIN reber.survey AS of_survey USING (survey_id)
    JOIN reber.cutout USING (survey_id, source_id)
    JOIN reber.embedding USING (survey_id, cutout_id)
    WHERE of_survey.name = survey_name AND source.name = source_name AND is_current
    ORDER BY embedding.model_id DESC
    LIMIT 1;
    IF query IS NULL THEN
        RETURN;
    END IF;
    away := 'reber.cosine_distance($1, other.vector)';
    IF vectors IS NOT NULL AND cardinality(query.vector) <= 2000 THEN
        away := format(
            'other.vector::%1$s.vector(%2$s) OPERATOR(%1$s.<=>) $1::%1$s.vector(%2$s)', vectors,
            cardinality(query.vector));
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
    USING query.vector, query.cutout_id, how_many, of_class, centre_ra, centre_dec, radius;
END;
$$;

-- The pages ask partitions themselves where that spares them a look at each row.
CREATE OR REPLACE FUNCTION reber.grant_web_role() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    GRANT USAGE ON SCHEMA reber, reber_partition, catalogue, survey TO reber_web;
    GRANT SELECT ON ALL TABLES IN SCHEMA reber, reber_partition, catalogue, survey TO reber_web;
    ALTER DEFAULT PRIVILEGES IN SCHEMA reber GRANT SELECT ON TABLES TO reber_web;
    ALTER DEFAULT PRIVILEGES IN SCHEMA reber_partition GRANT SELECT ON TABLES TO reber_web;
    ALTER DEFAULT PRIVILEGES IN SCHEMA catalogue GRANT SELECT ON TABLES TO reber_web;
    ALTER DEFAULT PRIVILEGES IN SCHEMA survey GRANT SELECT ON TABLES TO reber_web;
    GRANT INSERT ON
        reber.label, reber.labelling_action, reber.growth, reber.growth_decision
    TO reber_web;
    IF NOT pg_has_role(CURRENT_USER, 'reber_web', 'MEMBER') THEN
        GRANT reber_web TO CURRENT_USER;
    END IF;
END;
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reber_web') THEN
        PERFORM reber.grant_web_role();
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'role reber_web gets no rights to the new tables: ask an administrator for '
        'SELECT reber.grant_web_role()';
END;
$$;
