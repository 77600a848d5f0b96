-- What is stored has a form: what was written yesterday is read tomorrow.

ALTER TABLE reber.run ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE reber.model ADD COLUMN form smallint NOT NULL DEFAULT 0;
ALTER TABLE reber.checkpoint ADD COLUMN form smallint NOT NULL DEFAULT 0;

COMMENT ON COLUMN reber.run.form IS
    'The form of parameters and metrics; 0 is that of versions that kept none.';
COMMENT ON COLUMN reber.model.form IS
    'The form of the description; 0 is that of versions that kept none.';
COMMENT ON COLUMN reber.checkpoint.form IS
    'The form of the state; 0 is that of versions that kept none.';

-- What runs of the same work have in common besides their parameters, which are compared as values:
-- an option that did not exist yet is as good as one that was left at its default.
CREATE FUNCTION reber.fingerprint(
    stage text, seed bigint, inputs text[], parents bigint[]
) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(concat_ws(
        E'\n', stage, coalesce(seed::text, ''),
        coalesce((
            SELECT string_agg(input, ',' ORDER BY input COLLATE "C") FROM unnest(inputs) AS input
        ), ''),
        coalesce((
            SELECT string_agg(DISTINCT parent::text, ',' ORDER BY parent::text)
            FROM unnest(parents) AS parent
        ), '')
    ), 'UTF8')), 'hex');
$$;

COMMENT ON FUNCTION reber.fingerprint IS
    'SHA-256 of stage, seed, inputs (role and digest) and parents of a run.';
COMMENT ON COLUMN reber.run.fingerprint IS
    'SHA-256 of stage, seed, inputs and parents: with the same parameters it is the same work.';

UPDATE reber.run
SET fingerprint = reber.fingerprint(
    stage, seed,
    ARRAY(
        SELECT role || ' ' || sha256 FROM reber.run_input WHERE run_input.run_id = run.run_id
    ),
    ARRAY(SELECT parent_run_id FROM reber.run_parent WHERE run_parent.run_id = run.run_id)
);
