-- What belongs to one survey, model, run or clustering is a partition of its own. It is loaded as a
-- plain table and attached when it is whole, so that loading pays for indexes and foreign keys once,
-- and dropping it takes no longer than dropping a table.
--
-- Partitions stand in schema reber_partition and are named by keys (prediction_17), so that no survey's
-- name can be that of another table. Always ask the tables in schema reber.

CREATE SCHEMA reber_partition;

COMMENT ON SCHEMA reber_partition IS
    'The partitions of tables in schema reber, one for each survey, model, run or clustering. Ask the whole tables.';

-- Tables to be divided move aside, with their indexes; their rows come back at the end.
ALTER TABLE reber.judged DROP CONSTRAINT judged_classification_run_id_survey_id_source_id_fkey;
DROP VIEW reber.source_without_image;
DROP VIEW reber.judgement;
DROP VIEW reber.cluster_purity;
ALTER TABLE reber.cutout ALTER COLUMN cutout_id DROP IDENTITY;
ALTER TABLE reber.cutout SET SCHEMA reber_partition;
ALTER TABLE reber.cutout_pixels SET SCHEMA reber_partition;
ALTER TABLE reber.training_source SET SCHEMA reber_partition;
ALTER TABLE reber.embedding SET SCHEMA reber_partition;
ALTER TABLE reber.cluster_member SET SCHEMA reber_partition;
ALTER TABLE reber.prediction SET SCHEMA reber_partition;

CREATE SEQUENCE reber.cutout_id_seq;

CREATE TABLE reber.cutout (
    cutout_id     bigint   NOT NULL DEFAULT nextval('reber.cutout_id_seq'),
    source_id     bigint   NOT NULL,
    run_id        bigint   NOT NULL REFERENCES reber.run,
    survey_id     integer  NOT NULL,
    width         integer  NOT NULL CHECK (width > 0),
    height        integer  NOT NULL CHECK (height > 0),
    pixel_scale   real     CHECK (pixel_scale > 0),
    source_extent real     CHECK (source_extent > 0),
    off_image     real     NOT NULL CHECK (off_image BETWEEN 0 AND 1),
    non_finite    real     NOT NULL CHECK (non_finite BETWEEN 0 AND 1),
    bitpix        smallint NOT NULL CHECK (bitpix IN (8, 16, 32, -32, -64)),
    at_edge       boolean  NOT NULL GENERATED ALWAYS AS (off_image > 0) STORED,
    is_current    boolean  NOT NULL DEFAULT true,
    sha256        bytea    NOT NULL CHECK (length(sha256) = 32),
    image_sha256  bytea    NOT NULL CHECK (length(image_sha256) = 32),
    wcs           jsonb,
    PRIMARY KEY (survey_id, cutout_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source
) PARTITION BY LIST (survey_id);

CREATE UNIQUE INDEX cutout_current ON reber.cutout (survey_id, source_id) WHERE is_current;
CREATE INDEX cutout_former ON reber.cutout (survey_id, source_id) WHERE NOT is_current;

COMMENT ON TABLE reber.cutout IS 'The image of a source; its pixels are in reber.cutout_pixels.';
COMMENT ON COLUMN reber.cutout.source_extent IS
    'Diameter in pixels of the circle about the middle that holds the source, by its pixels or else by '
    'its catalogue, the larger of the two; null where nothing rises above the noise, and for images '
    'that were ingested before this was measured.';
COMMENT ON COLUMN reber.cutout.bitpix IS 'Type of the pixels as FITS names it: 8, 16, 32, -32, -64.';
COMMENT ON COLUMN reber.cutout.wcs IS 'The celestial WCS keywords of the cutout, and BUNIT, BMAJ, BMIN, BPA.';
COMMENT ON COLUMN reber.cutout.sha256 IS 'Digest of the stored pixels.';
COMMENT ON COLUMN reber.cutout.image_sha256 IS 'Digest of the image file the cutout was taken from.';
COMMENT ON COLUMN reber.cutout.off_image IS 'Share of the pixels beyond the edge of the image, stored as NaN.';
COMMENT ON COLUMN reber.cutout.non_finite IS 'Share of the pixels that are NaN or infinite, padding included.';
COMMENT ON COLUMN reber.cutout.is_current IS 'False once a changed image has replaced it.';

-- Blobs live apart, so that no list query ever touches them. Radio noise does not compress:
-- EXTERNAL skips the attempt (measured by tools/bench storage).
CREATE TABLE reber.cutout_pixels (
    cutout_id bigint  NOT NULL,
    survey_id integer NOT NULL,
    pixels    bytea   NOT NULL,
    PRIMARY KEY (survey_id, cutout_id),
    FOREIGN KEY (survey_id, cutout_id) REFERENCES reber.cutout
) PARTITION BY LIST (survey_id);

ALTER TABLE reber.cutout_pixels ALTER COLUMN pixels SET STORAGE EXTERNAL;

COMMENT ON COLUMN reber.cutout_pixels.pixels IS
    'Little-endian, row by row from the bottom as in FITS, width × height values of the type bitpix.';

-- What a training run saw, image by image: evaluation must not use it again.
CREATE TABLE reber.training_source (
    run_id    bigint   NOT NULL REFERENCES reber.run,
    source_id bigint   NOT NULL,
    cutout_id bigint   NOT NULL,
    survey_id integer  NOT NULL,
    class_id  smallint,
    fold      smallint,
    label_ids bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (survey_id, source_id, run_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source,
    FOREIGN KEY (survey_id, cutout_id) REFERENCES reber.cutout
) PARTITION BY LIST (run_id);

CREATE INDEX training_source_cutout ON reber.training_source (survey_id, cutout_id);

COMMENT ON COLUMN reber.training_source.class_id IS 'The label that was learned; null in pre-training.';
COMMENT ON COLUMN reber.training_source.label_ids IS 'The labels that the class came from.';

-- Each model's partition is itself divided by survey. Vectors do not compress either.
CREATE TABLE reber.embedding (
    model_id  bigint  NOT NULL REFERENCES reber.model,
    source_id bigint  NOT NULL,
    cutout_id bigint  NOT NULL,
    run_id    bigint  NOT NULL REFERENCES reber.run,
    survey_id integer NOT NULL,
    vector    real[]  NOT NULL,
    PRIMARY KEY (survey_id, cutout_id, model_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source,
    FOREIGN KEY (survey_id, cutout_id) REFERENCES reber.cutout
) PARTITION BY LIST (model_id);

ALTER TABLE reber.embedding ALTER COLUMN vector SET STORAGE EXTERNAL;
CREATE INDEX embedding_source ON reber.embedding (survey_id, source_id);

CREATE TABLE reber.cluster_member (
    clustering_id bigint  NOT NULL,
    source_id     bigint  NOT NULL,
    survey_id     integer NOT NULL,
    cluster       integer NOT NULL,
    distance      real    NOT NULL,
    outlier_score real    NOT NULL,
    is_boundary   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (survey_id, source_id, clustering_id),
    FOREIGN KEY (clustering_id, cluster) REFERENCES reber.cluster,
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source
) PARTITION BY LIST (clustering_id);

CREATE INDEX cluster_member_cluster ON reber.cluster_member (clustering_id, cluster, distance);

COMMENT ON COLUMN reber.cluster_member.distance IS 'From the centroid, in the clustered space.';
COMMENT ON COLUMN reber.cluster_member.outlier_score IS 'Larger is less like anything else.';
COMMENT ON COLUMN reber.cluster_member.is_boundary IS 'Among the examples nearest to another cluster.';

CREATE TABLE reber.prediction (
    run_id          bigint   NOT NULL REFERENCES reber.run,
    source_id       bigint   NOT NULL,
    cutout_id       bigint   NOT NULL,
    model_id        bigint   NOT NULL REFERENCES reber.model,
    survey_id       integer  NOT NULL,
    class_scheme_id integer  NOT NULL,
    probability     real     NOT NULL CHECK (probability BETWEEN 0 AND 1),
    unlikeness      real     CHECK (unlikeness BETWEEN 0 AND 1),
    class_id        smallint NOT NULL,
    probabilities   real[]   NOT NULL,
    PRIMARY KEY (survey_id, source_id, run_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source,
    FOREIGN KEY (survey_id, cutout_id) REFERENCES reber.cutout,
    FOREIGN KEY (class_scheme_id, class_id) REFERENCES reber.class
) PARTITION BY LIST (run_id);

CREATE INDEX prediction_class ON reber.prediction (run_id, class_id, probability DESC);
CREATE INDEX prediction_cutout ON reber.prediction (survey_id, cutout_id);

COMMENT ON COLUMN reber.prediction.probabilities IS 'In the order of reber.model_class.ordinal; they sum to 1.';
COMMENT ON COLUMN reber.prediction.unlikeness IS
    'Part of the labelled sources, each held out, that lie nearer to what was labelled: 0.99 is farther than 99% of them. Null by classifiers that do not know.';

-- Where the rows of a key stand: a name such as reber_partition.prediction_17.
CREATE FUNCTION reber.partition_name(whole regclass, key bigint) RETURNS text
LANGUAGE sql STABLE
RETURN (SELECT format('reber_partition.%I', relname || '_' || key) FROM pg_class WHERE oid = whole);

COMMENT ON FUNCTION reber.partition_name IS
    'The name of the table that holds the rows of one key of a partitioned table, attached or not.';

-- Whether a partition stands, and its rows can be asked for through the whole table.
CREATE FUNCTION reber.is_attached(whole regclass, key bigint) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM pg_inherits
    WHERE inhparent = whole AND inhrelid = to_regclass(reber.partition_name(whole, key))
);

-- The condition on the rows of a key.
CREATE FUNCTION reber.partition_condition(whole regclass, key bigint) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT format('%I = %s', attname, key)
    FROM pg_partitioned_table
    JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
    WHERE partrelid = whole
);

-- Makes the plain table for the rows of a key, where it is not there; gives its name. It has the
-- primary key, so that nothing is loaded twice; the rest comes when it is attached. Settings are
-- storage parameters such as fillfactor = 90.
CREATE FUNCTION reber.open_partition(
    whole regclass, key bigint, settings text DEFAULT 'fillfactor = 100'
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    part text := reber.partition_name(whole, key);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext(part));
    IF to_regclass(part) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE '
            'INCLUDING CONSTRAINTS, CHECK (%s)) WITH (%s)',
            part, whole, reber.partition_condition(whole, key), settings);
        EXECUTE format(
            'ALTER TABLE %s ADD %s', part, (
                SELECT pg_get_constraintdef(oid) FROM pg_constraint
                WHERE conrelid = whole AND contype = 'p'
            ));
    END IF;
    RETURN part;
END;
$$;

-- Gives a loaded table what it lacks of the whole's indexes and unique constraints.
CREATE FUNCTION reber.index_partition(whole regclass, key bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    part text := reber.partition_name(whole, key);
    definition text;
BEGIN
    FOR definition IN
        SELECT format('ALTER TABLE %s ADD %s', part, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE conrelid = whole AND contype = 'u' AND pg_get_constraintdef(oid) NOT IN (
            SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = part::regclass
        )
        UNION ALL
        SELECT format('CREATE %sINDEX ON %s %s', CASE WHEN indisunique THEN 'UNIQUE ' END, part, form)
        FROM pg_index
        CROSS JOIN substring(pg_get_indexdef(indexrelid) FROM ' (USING .*)$') AS form
        WHERE indrelid = whole
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
            AND form NOT IN (
                SELECT substring(pg_get_indexdef(indexrelid) FROM ' (USING .*)$') FROM pg_index
                WHERE indrelid = part::regclass
            )
    LOOP
        EXECUTE definition;
    END LOOP;
    EXECUTE format('ANALYZE %s', part);
END;
$$;

-- Keeps others from writing to the tables that a partitioned table refers to, or that refer to it, for
-- the rest of the transaction; those that read go on. Always in the order in which stages write, with
-- the ledger of runs at the end, so that nobody waits for each other for ever.
CREATE FUNCTION reber.lock_around(whole regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    neighbour regclass;
BEGIN
    FOR neighbour IN
        SELECT other FROM (
            SELECT confrelid AS other FROM pg_constraint WHERE contype = 'f' AND conrelid = whole
            UNION
            SELECT conrelid FROM pg_constraint WHERE contype = 'f' AND confrelid = whole
        ) AS around
        WHERE NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = other)
        ORDER BY
            other = 'reber.run'::regclass, other <> 'reber.source'::regclass,
            other <> 'reber.cutout'::regclass, other::text
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', neighbour);
    END LOOP;
END;
$$;

-- Makes a loaded table a partition, with the whole's foreign keys, which are checked: from now on the
-- whole has its rows. Its indexes should be there already, since writers wait meanwhile.
CREATE FUNCTION reber.attach_partition(whole regclass, key bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('reber_partition'));
    IF NOT reber.is_attached(whole, key) THEN
        PERFORM reber.lock_around(whole);
        EXECUTE format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES IN (%s)',
            whole, reber.partition_name(whole, key), key);
    END IF;
END;
$$;

-- Makes a partition all at once: for one that begins empty or is small.
CREATE FUNCTION reber.finish_partition(whole regclass, key bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT reber.is_attached(whole, key) THEN
        PERFORM reber.index_partition(whole, key);
        PERFORM reber.attach_partition(whole, key);
    END IF;
END;
$$;

-- Makes the table for a model's embeddings of a survey, where it is not there, in that of the model, which
-- is itself divided by survey; gives its name. Vectors of up to 2,000 numbers stand in the rows
-- themselves: reading them needs no second table.
CREATE FUNCTION reber.open_embeddings(model_id bigint, survey_id integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    of_model text := reber.partition_name('reber.embedding', model_id);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('reber_partition'));
    IF to_regclass(of_model) IS NULL THEN
        PERFORM reber.lock_around('reber.embedding');
        EXECUTE format(
            'CREATE TABLE %s PARTITION OF reber.embedding FOR VALUES IN (%s) '
            'PARTITION BY LIST (survey_id)', of_model, model_id);
    END IF;
    RETURN reber.open_partition(of_model::regclass, survey_id, 'toast_tuple_target = 8160');
END;
$$;

-- A survey's sources get their partition when they come.
DROP FUNCTION reber.add_survey;

DO $$
DECLARE
    survey record;
BEGIN
    FOR survey IN SELECT survey_id, 'source_' || name AS former FROM reber.survey LOOP
        EXECUTE format('ALTER TABLE reber.%I SET SCHEMA reber_partition', survey.former);
        EXECUTE format(
            'ALTER TABLE reber_partition.%I RENAME TO %I', survey.former, 'source_' || survey.survey_id);
    END LOOP;
END;
$$;

-- Brings the rows of a table that moved aside into partitions of the whole.
CREATE FUNCTION reber_partition.bring_back(whole text, key text, columns text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    former text := format('reber_partition.%I', whole);
    divided regclass := format('reber.%I', whole);
    value bigint;
BEGIN
    FOR value IN EXECUTE format('SELECT DISTINCT %I FROM %s ORDER BY 1', key, former) LOOP
        EXECUTE format(
            'INSERT INTO %s (%s) SELECT %s FROM %s WHERE %I = %s',
            reber.open_partition(divided, value), columns, columns, former, key, value);
        PERFORM reber.finish_partition(divided, value);
    END LOOP;
    EXECUTE format('DROP TABLE %s', former);
END;
$$;

ALTER TABLE reber_partition.cutout_pixels DROP CONSTRAINT cutout_pixels_cutout_id_fkey;
ALTER TABLE reber_partition.training_source DROP CONSTRAINT training_source_cutout_id_fkey;
ALTER TABLE reber_partition.embedding DROP CONSTRAINT embedding_cutout_id_fkey;
ALTER TABLE reber_partition.prediction DROP CONSTRAINT prediction_cutout_id_fkey;

SELECT setval('reber.cutout_id_seq', max(cutout_id)) FROM reber_partition.cutout;
ALTER TABLE reber_partition.cutout
    ALTER COLUMN sha256 TYPE bytea USING decode(sha256, 'hex'),
    ALTER COLUMN image_sha256 TYPE bytea USING decode(image_sha256, 'hex');
ALTER TABLE reber_partition.cutout_pixels ADD COLUMN survey_id integer;
UPDATE reber_partition.cutout_pixels SET survey_id = cutout.survey_id
FROM reber_partition.cutout WHERE cutout.cutout_id = cutout_pixels.cutout_id;

SELECT
    reber_partition.bring_back(
        'cutout', 'survey_id',
        'cutout_id, source_id, run_id, survey_id, width, height, pixel_scale, source_extent, '
        'off_image, non_finite, bitpix, is_current, sha256, image_sha256, wcs'),
    reber_partition.bring_back('cutout_pixels', 'survey_id', 'cutout_id, survey_id, pixels'),
    reber_partition.bring_back(
        'training_source', 'run_id',
        'run_id, source_id, cutout_id, survey_id, class_id, fold, label_ids'),
    reber_partition.bring_back(
        'cluster_member', 'clustering_id',
        'clustering_id, source_id, survey_id, cluster, distance, outlier_score, is_boundary'),
    reber_partition.bring_back(
        'prediction', 'run_id',
        'run_id, source_id, cutout_id, model_id, survey_id, class_scheme_id, probability, '
        'unlikeness, class_id, probabilities');

DROP FUNCTION reber_partition.bring_back;

ALTER TABLE reber.judged
    ADD FOREIGN KEY (survey_id, source_id, classification_run_id)
    REFERENCES reber.prediction (survey_id, source_id, run_id);

DO $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT DISTINCT model_id, survey_id FROM reber_partition.embedding ORDER BY 1, 2 LOOP
        EXECUTE format(
            'INSERT INTO %s (model_id, source_id, cutout_id, run_id, survey_id, vector) '
            'SELECT model_id, source_id, cutout_id, run_id, survey_id, vector '
            'FROM reber_partition.embedding WHERE model_id = %s AND survey_id = %s',
            reber.open_embeddings(part.model_id, part.survey_id), part.model_id, part.survey_id);
        PERFORM reber.finish_partition(
            reber.partition_name('reber.embedding', part.model_id)::regclass, part.survey_id);
    END LOOP;
END;
$$;

DROP TABLE reber_partition.embedding;

-- The view once more, as it was: it asks the whole tables. The two others, and the rights of the labelling
-- pages to all that is new, come with 0038, in their new form.
CREATE VIEW reber.judgement AS
SELECT
    judged.run_id,
    judged.survey_id,
    judged.source_id,
    source.name,
    source.ra,
    source.dec,
    prediction.cutout_id,
    predicted.name AS predicted,
    prediction.probability,
    truth.name AS truth,
    prediction.class_id = judged.class_id AS is_right
FROM reber.judged
JOIN reber.source USING (survey_id, source_id)
JOIN reber.prediction ON prediction.run_id = judged.classification_run_id
    AND prediction.survey_id = judged.survey_id AND prediction.source_id = judged.source_id
JOIN reber.class AS predicted ON predicted.class_scheme_id = prediction.class_scheme_id
    AND predicted.class_id = prediction.class_id
JOIN reber.class AS truth ON truth.class_scheme_id = judged.class_scheme_id
    AND truth.class_id = judged.class_id;

COMMENT ON VIEW reber.judgement IS 'What evaluations judged, source by source: predicted class beside the true one.';
