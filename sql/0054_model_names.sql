-- Models can be called by a name: those that were imported are.

ALTER TABLE reber.model
    ADD COLUMN name text UNIQUE CHECK (name ~ '^[a-z][a-z0-9_]{0,50}$');

COMMENT ON COLUMN reber.model.name IS
    'What it is called beside its number; null of models that have no name.';
COMMENT ON COLUMN reber.model.parent_model_id IS
    'The model whose encoder the training began from; null where it began from random weights.';

-- The files of an imported model are entities of its provenance, as those of an ingest are.
CREATE OR REPLACE VIEW reber.prov_entity AS
SELECT DISTINCT ON (sha256)
    'sha256/' || sha256 AS id,
    name,
    'file' AS type,
    name AS location,
    NULL::timestamptz AS "generatedAtTime"
FROM reber.run_input
WHERE role IN ('catalogue', 'image', 'labels', 'truth', 'weights', 'views')
UNION ALL
SELECT
    'run/' || run_id || '/output',
    CASE stage
        WHEN 'ingest' THEN 'sources and cutouts'
        WHEN 'pretrain' THEN 'encoder'
        WHEN 'model import' THEN 'encoder'
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

CREATE OR REPLACE VIEW reber.prov_used AS
SELECT 'run/' || run_id AS activity, 'sha256/' || sha256 AS entity, role
FROM reber.run_input
WHERE role IN ('catalogue', 'image', 'labels', 'truth', 'weights', 'views')
UNION ALL
SELECT 'run/' || run_id, 'run/' || parent_run_id || '/output', role
FROM reber.run_parent;
