-- Fills a migrated database with generated rows, to measure questions on: N sources of a survey, a
-- cutout (without pixels), a prediction and a place in a cluster for each, N / 10 labels of three
-- annotators and N / 10 embeddings, or as many as -v embeddings=… says.
--
--   psql -v n=1000000 -v survey=scale -v dimensions=64 -f rows.sql DATABASE
--
-- Positions lie evenly on the sky, and every tenth source is labelled, one label in twenty by a second
-- annotator too; the last thousandth of the sources has no image.
\set ON_ERROR_STOP on
\if :{?embeddings}
\else
SELECT :n / 10 AS embeddings \gset
\endif
\set QUIET on
SET synchronous_commit = off;
SET work_mem = '256MB';
SET client_min_messages = warning;
SELECT setseed(0.5) \g /dev/null

\set survey_name :survey
INSERT INTO reber.survey (name) VALUES (:'survey') RETURNING survey_id AS survey \gset
SELECT class_scheme_id AS scheme FROM reber.class_scheme WHERE name = 'morphology-12' \gset
CREATE TABLE survey.:"survey_name" (source_id bigint PRIMARY KEY);
INSERT INTO reber.run (stage, fingerprint, code_version, host, account)
VALUES ('ingest', 'scale', 'scale', 'scale', 'scale') RETURNING run_id AS ingest \gset
INSERT INTO reber.run_input (run_id, role, name, sha256)
VALUES
    (:ingest, 'catalogue', 'scale.fits', repeat('a', 64)),
    (:ingest, 'image', 'scale.mosaic.fits', repeat('b', 64));
INSERT INTO reber.run (stage, fingerprint, code_version, host, account)
VALUES ('embed', 'scale', 'scale', 'scale', 'scale') RETURNING run_id AS embed \gset
INSERT INTO reber.run (stage, fingerprint, code_version, host, account)
VALUES ('cluster', 'scale', 'scale', 'scale', 'scale') RETURNING run_id AS cluster \gset
INSERT INTO reber.run (stage, fingerprint, code_version, host, account)
VALUES ('classify', 'scale', 'scale', 'scale', 'scale') RETURNING run_id AS classify \gset
INSERT INTO reber.run_parent (run_id, parent_run_id, role)
VALUES (:classify, :ingest, 'cutouts'), (:cluster, :embed, 'embeddings');
INSERT INTO reber.model (run_id, kind, description, sha256)
VALUES (:embed, 'encoder', '{}', repeat('c', 64)) RETURNING model_id AS encoder \gset
INSERT INTO reber.model (run_id, kind, parent_model_id, description, sha256)
VALUES (:classify, 'classifier', :encoder, '{}', repeat('d', 64)) RETURNING model_id AS classifier \gset
INSERT INTO reber.model_class (model_id, ordinal, class_scheme_id, class_id, labels)
SELECT :classifier, class_id, class_scheme_id, class_id, 100 FROM reber.class
WHERE class_scheme_id = :scheme;

-- Sources: a spiral from pole to pole; fluxes as N(>S) ∝ 1/S from 1 mJy on, one in fifty unknown.
SELECT nextval('reber.source_id_seq') AS first \gset
SELECT setval('reber.source_id_seq', :first + :n) \g /dev/null
SELECT reber.open_partition('reber.source', :survey) AS part \gset
INSERT INTO :part (
    survey_id, source_id, name, designation, ra, dec, total_flux, peak_flux, rms, major_axis, run_id
)
SELECT :survey, :first + i, 'SIM' || reber.designation(ra, dec), reber.designation(ra, dec), ra, dec,
    flux, flux * 0.8, 1e-4, CASE WHEN random() < 0.98 THEN 5 * exp(random() + random()) END, :ingest
FROM generate_series(0, :n - 1) AS i
CROSS JOIN LATERAL (
    SELECT 222.49223594996215 * i - 360 * floor(222.49223594996215 * i / 360) AS ra, degrees(asin((2 * i + 1.0) / :n - 1)) AS dec,
        CASE WHEN random() < 0.98 THEN 1e-3 / (random() + 1e-6) END AS flux
) AS made (ra, dec, flux);
SELECT reber.finish_partition('reber.source', :survey) \g /dev/null
SELECT reber.index_names(:survey) \g /dev/null

SELECT reber.finish_partition('reber.image', :survey) FROM reber.open_partition('reber.image', :survey) \g /dev/null
INSERT INTO reber.image (survey_id, sha256, file) VALUES (:survey, decode(repeat('b', 64), 'hex'), 'scale.mosaic.fits');
SELECT reber.open_partition('reber.cutout', :survey) AS part \gset
INSERT INTO :part (
    survey_id, source_id, width, height, bitpix, pixel_scale, sha256, image_sha256, off_image,
    non_finite, run_id, source_extent
)
SELECT :survey, :first + i, 64, 64, -32, 1.5, sha256(int8send(i)), decode(repeat('b', 64), 'hex'), 0, 0,
    :ingest, 20
FROM generate_series(0, :n / 1000 * 999 - 1) AS i;
SELECT reber.finish_partition('reber.cutout', :survey), reber.count_sources(:survey) \g /dev/null

-- Predictions: a few classes are common, and most probabilities are high.
SELECT reber.open_partition('reber.prediction', :classify) AS part \gset
INSERT INTO :part (
    run_id, survey_id, source_id, cutout_id, model_id, class_scheme_id, class_id, probability,
    probabilities, unlikeness
)
SELECT :classify, survey_id, source_id, cutout_id, :classifier, :scheme, best, p,
    array_fill(((1 - p) / 11)::real, ARRAY[best]) || p::real || array_fill(((1 - p) / 11)::real, ARRAY[11 - best]),
    random()
FROM (
    SELECT survey_id, source_id, cutout_id, floor(12 * power(random(), 2))::integer AS best,
        1 - 0.9 * power(random(), 3) AS p
    FROM reber.cutout WHERE survey_id = :survey
) AS chosen;
SELECT reber.finish_partition('reber.prediction', :classify) \g /dev/null
UPDATE reber.run SET status = 'finished', finished_at = clock_timestamp()
WHERE run_id IN (:ingest, :embed, :cluster, :classify);

-- A hundred clusters, joined two by two; sources fall into them by turns.
INSERT INTO reber.clustering (run_id, model_id, survey_id)
VALUES (:cluster, :encoder, :survey) RETURNING clustering_id AS clustering \gset
CREATE TEMPORARY TABLE centre AS
SELECT leaf, array_agg((random() - 0.5)::real) AS vector
FROM generate_series(0, 99) AS leaf, generate_series(1, :dimensions)
GROUP BY leaf;
WITH RECURSIVE node AS (
    SELECT leaf AS cluster, 0::real AS height, :n / 1000 * 999 / 100 AS members, vector,
        (:first + leaf)::bigint AS medoid
    FROM centre
    UNION ALL
    SELECT 100 + cluster / 2, 0::real, members, NULL, NULL FROM node WHERE cluster < 198
)
INSERT INTO reber.cluster (clustering_id, cluster, parent, height, members, centroid, medoid_source_id)
SELECT :clustering, cluster, CASE WHEN cluster < 198 THEN 100 + cluster / 2 END,
    CASE WHEN cluster < 100 THEN 0 ELSE cluster / 100.0 END, sum(members), coalesce(max(vector), '{}'),
    max(medoid)
FROM node
GROUP BY cluster;
SELECT reber.open_partition('reber.cluster_member', :clustering) AS part \gset
INSERT INTO :part (
    clustering_id, cluster, survey_id, source_id, distance, outlier_score, is_boundary
)
SELECT :clustering, i % 100, :survey, :first + i, sqrt(-2 * ln(1 - random())), random() + random(), false
FROM generate_series(0, :n / 1000 * 999 - 1) AS i;
SELECT reber.finish_partition('reber.cluster_member', :clustering),
    reber.count_clusters(:clustering) \g /dev/null

INSERT INTO reber.label (
    survey_id, source_id, class_scheme_id, class_id, annotator, method, confidence
)
SELECT :survey, :first + i * 10 % :n, :scheme, floor(12 * power(random(), 2)), annotator, 'import', 1
FROM generate_series(0, :n / 10 - 1) AS i
CROSS JOIN LATERAL (
    SELECT 'annotator ' || i % 3
    UNION ALL
    SELECT 'annotator ' || (i + 1) % 3 WHERE i % 20 = 0
) AS said (annotator);

-- Embeddings: the sources of a cluster lie around its centre.
SELECT reber.open_embeddings(:encoder, :survey) AS part \gset
INSERT INTO :part (model_id, cutout_id, survey_id, source_id, vector, run_id)
SELECT :encoder, cutout_id, survey_id, source_id,
    ARRAY(
        SELECT (x + 0.5 * (random() + random() + random() - 1.5))::real
        FROM unnest(centre.vector) AS x
        WHERE cutout_id IS NOT NULL
    ),
    :embed
FROM reber.cutout
JOIN centre ON leaf = (source_id - :first) % 100
WHERE survey_id = :survey AND source_id < :first + :embeddings;
SELECT reber.finish_partition(reber.partition_name('reber.embedding', :encoder)::regclass, :survey),
    reber.count_embeddings(:survey, :encoder) \g /dev/null

VACUUM (ANALYZE) reber.source, reber.cutout, reber.prediction, reber.cluster_member, reber.label,
    reber.embedding, reber.cluster, reber.run, reber.agreed, reber.label_count, reber.source_count;
