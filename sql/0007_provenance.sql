-- Provenance in the terms of the IVOA Provenance Data Model 1.0: activities use entities and
-- generate entities, and agents are behind them. An entity is a file, or all that a run wrote.

-- The run and all runs it rests on, nearest first.
CREATE FUNCTION reber.lineage(of_run bigint)
RETURNS TABLE (run_id bigint, depth integer)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE ancestor (run_id, depth) AS (
        SELECT of_run, 0
        UNION
        SELECT run_parent.parent_run_id, ancestor.depth + 1
        FROM ancestor
        JOIN reber.run_parent USING (run_id)
    )
    SELECT run_id, max(depth) FROM ancestor GROUP BY run_id ORDER BY max(depth), run_id
$$;

CREATE VIEW reber.prov_activity AS
SELECT
    'run/' || run_id AS id,
    stage AS name,
    started_at AS "startTime",
    finished_at AS "endTime",
    parameters::text AS comment,
    code_version AS "activityDescription",
    status,
    run_id
FROM reber.run;

CREATE VIEW reber.prov_entity AS
SELECT DISTINCT ON (sha256)
    'sha256/' || sha256 AS id,
    name,
    'file' AS type,
    name AS location,
    NULL::timestamptz AS "generatedAtTime"
FROM reber.run_input
WHERE role IN ('catalogue', 'image', 'labels', 'truth')
UNION ALL
SELECT
    'run/' || run_id || '/output',
    CASE stage
        WHEN 'ingest' THEN 'sources and cutouts'
        WHEN 'pretrain' THEN 'encoder'
        WHEN 'embed' THEN 'embeddings'
        WHEN 'cluster' THEN 'clusters'
        WHEN 'label' THEN 'labels'
        WHEN 'finetune' THEN 'classifier'
        WHEN 'classify' THEN 'predictions'
        WHEN 'evaluate' THEN 'evaluation'
        WHEN 'publish' THEN 'catalogue'
        ELSE stage
    END,
    'rows',
    'schema reber, rows with run_id = ' || run_id,
    finished_at
FROM reber.run
WHERE status = 'finished';

CREATE VIEW reber.prov_used AS
SELECT 'run/' || run_id AS activity, 'sha256/' || sha256 AS entity, role
FROM reber.run_input
WHERE role IN ('catalogue', 'image', 'labels', 'truth')
UNION ALL
SELECT 'run/' || run_id, 'run/' || parent_run_id || '/output', role
FROM reber.run_parent;

CREATE VIEW reber.prov_was_generated_by AS
SELECT 'run/' || run_id || '/output' AS entity, 'run/' || run_id AS activity, stage AS role
FROM reber.run
WHERE status = 'finished';

CREATE VIEW reber.prov_was_derived_from AS
SELECT generated.entity AS "generatedEntity", used.entity AS "usedEntity"
FROM reber.prov_was_generated_by AS generated
JOIN reber.prov_used AS used USING (activity);

CREATE VIEW reber.prov_agent AS
SELECT DISTINCT account || '@' || host AS id, account AS name, 'Individual' AS type FROM reber.run
UNION
SELECT 'annotator/' || annotator, annotator, 'Individual' FROM reber.label;

CREATE VIEW reber.prov_was_associated_with AS
SELECT 'run/' || run_id AS activity, account || '@' || host AS agent, 'operator' AS role
FROM reber.run
UNION
SELECT 'run/' || run_id, 'annotator/' || annotator, 'annotator'
FROM reber.label
WHERE run_id IS NOT NULL;

-- From a published probability back to the image, the labels, the model and the code: one row a
-- step. `reber show lineage --source NAME` prints it.
CREATE FUNCTION reber.source_lineage(survey_name text, source_name text)
RETURNS TABLE (run_id bigint, stage text, role text, detail jsonb)
LANGUAGE sql STABLE AS $$
    WITH chosen AS (
        SELECT prediction.*
        FROM reber.prediction
        JOIN reber.source USING (survey_id, source_id)
        JOIN reber.survey USING (survey_id)
        WHERE survey.name = survey_name AND source.name = source_name
        ORDER BY prediction.run_id DESC
        LIMIT 1
    ), step AS (
        SELECT lineage.run_id, lineage.depth
        FROM chosen, reber.lineage(chosen.run_id)
    )
    SELECT
        run.run_id, run.stage,
        CASE step.depth WHEN 0 THEN 'prediction' ELSE coalesce(parent.role, run.stage) END,
        jsonb_build_object(
            'parameters', run.parameters, 'seed', run.seed, 'code_version', run.code_version,
            'host', run.host, 'account', run.account,
            'started_at', run.started_at, 'finished_at', run.finished_at
        )
    FROM step
    JOIN reber.run USING (run_id)
    LEFT JOIN LATERAL (
        SELECT string_agg(DISTINCT run_parent.role, ', ') AS role
        FROM reber.run_parent
        WHERE run_parent.parent_run_id = step.run_id
            AND run_parent.run_id IN (SELECT run_id FROM step)
    ) AS parent ON true
    ORDER BY run.run_id DESC
$$;
