-- Provenance: every derived row of Reber points to the run that made it.

CREATE SCHEMA IF NOT EXISTS reber;
CREATE SCHEMA IF NOT EXISTS catalogue;

COMMENT ON SCHEMA reber IS 'Reber: surveys, images, models, labels, predictions and their provenance.';
COMMENT ON SCHEMA catalogue IS 'Published value-added catalogues, a table each: what astronomers query.';

CREATE TABLE reber.run (
    run_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stage        text        NOT NULL,
    fingerprint  text        NOT NULL,
    parameters   jsonb       NOT NULL DEFAULT '{}',
    seed         bigint,
    code_version text        NOT NULL,
    host         text        NOT NULL,
    account      text        NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at  timestamptz,
    status       text        NOT NULL DEFAULT 'running'
        CHECK (status IN ('running', 'finished', 'failed')),
    progress     jsonb       NOT NULL DEFAULT '{}',
    metrics      jsonb       NOT NULL DEFAULT '{}',
    error        text,
    CHECK ((status = 'running') = (finished_at IS NULL)),
    CHECK ((status = 'failed') = (error IS NOT NULL))
);

CREATE INDEX run_fingerprint ON reber.run (fingerprint);
CREATE INDEX run_stage ON reber.run (stage, run_id);

COMMENT ON TABLE reber.run IS 'One execution of a stage: what it was asked, by which code, and how it ended.';
COMMENT ON COLUMN reber.run.fingerprint IS
    'SHA-256 of stage, parameters, seed and inputs: work with the same fingerprint is the same work.';
COMMENT ON COLUMN reber.run.parameters IS 'Every option that can change the result.';
COMMENT ON COLUMN reber.run.progress IS 'How far a running stage is: done, total, what.';

CREATE TABLE reber.run_parent (
    run_id        bigint NOT NULL REFERENCES reber.run,
    parent_run_id bigint NOT NULL REFERENCES reber.run,
    role          text   NOT NULL,
    PRIMARY KEY (run_id, parent_run_id, role),
    CHECK (parent_run_id < run_id)
);

CREATE INDEX run_parent_parent ON reber.run_parent (parent_run_id);

COMMENT ON TABLE reber.run_parent IS 'The earlier runs whose rows a run read, and as what.';

CREATE TABLE reber.run_input (
    run_id bigint NOT NULL REFERENCES reber.run,
    role   text   NOT NULL,
    name   text   NOT NULL,
    sha256 text   NOT NULL,
    rows   bigint,
    bytes  bigint,
    PRIMARY KEY (run_id, role, name)
);

CREATE INDEX run_input_sha256 ON reber.run_input (sha256);

COMMENT ON TABLE reber.run_input IS
    'What a run read, with content digests: files, and the row sets of earlier runs.';

CREATE TABLE reber.rejected (
    rejected_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id      bigint NOT NULL REFERENCES reber.run,
    file        text   NOT NULL,
    row_number  bigint,
    name        text,
    reason      text   NOT NULL,
    record      jsonb
);

CREATE INDEX rejected_run ON reber.rejected (run_id);

COMMENT ON TABLE reber.rejected IS 'Input that was set aside, with its reason: nothing is dropped silently.';
