-- Embeds all sources of rows.sql by one encoder: 64 numbers each, around a hundred centres.
\set ON_ERROR_STOP on
SET synchronous_commit = off;
SET work_mem = '256MB';
SELECT setseed(0.5) \g /dev/null
INSERT INTO reber.run (stage, fingerprint, code_version, host, account)
VALUES ('embed', 'find', 'find', 'find', 'find') RETURNING run_id AS embed \gset
INSERT INTO reber.model (run_id, kind, description, sha256)
VALUES (:embed, 'encoder', '{}', repeat('c', 64)) RETURNING model_id AS encoder \gset
CREATE TEMPORARY TABLE centre AS
SELECT leaf, array_agg((random() - 0.5)::real) AS vector
FROM generate_series(0, 99) AS leaf, generate_series(1, 64)
GROUP BY leaf;


SELECT format(
    'INSERT INTO %s (model_id, cutout_id, survey_id, source_id, vector, run_id)
    SELECT %s, cutout_id, survey_id, source_id, ARRAY(
        SELECT (x + 0.5 * (random() + random() + random() - 1.5))::real
        FROM unnest(centre.vector) AS x
        WHERE cutout_id IS NOT NULL
    ), %s
    FROM reber.cutout
    JOIN centre ON leaf = source_id %% 100
    WHERE survey_id = %s',
    reber.open_embeddings(:encoder, survey_id), :encoder, :embed, survey_id)
FROM reber.survey \gexec
SELECT reber.finish_partition(reber.partition_name('reber.embedding', :encoder)::regclass, survey_id)
FROM reber.survey \g /dev/null
SELECT reber.count_embeddings(survey_id, :encoder) FROM reber.survey \g /dev/null
UPDATE reber.run SET status = 'finished', finished_at = clock_timestamp() WHERE run_id = :embed;
