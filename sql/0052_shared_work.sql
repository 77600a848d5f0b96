-- Work that any number of processes do together: a run's work in pieces that are claimed for a while, who claims
-- them, and commands that wait until somebody takes them.

-- A process that works on a run, or did.
CREATE TABLE reber.worker (
    worker_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id       bigint      NOT NULL REFERENCES reber.run ON DELETE CASCADE,
    host         text        NOT NULL,
    account      text        NOT NULL,
    process      integer     NOT NULL,
    code_version text        NOT NULL,
    began_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz,
    pieces       integer     NOT NULL DEFAULT 0,
    items        bigint      NOT NULL DEFAULT 0
);

CREATE INDEX worker_run ON reber.worker (run_id);

COMMENT ON TABLE reber.worker IS 'A process that works on the pieces of a run, or did: one row a process and run.';
COMMENT ON COLUMN reber.worker.seen_at IS 'When it last said that it lives.';
COMMENT ON COLUMN reber.worker.items IS 'Items of the pieces that it has finished.';

ALTER TABLE reber.run ADD COLUMN divided_at timestamptz;

COMMENT ON COLUMN reber.run.divided_at IS
    'Since when others may help: its work stands in reber.piece. Null while one process has it for itself.';

-- A part of a run's work, while the run goes on.
CREATE TABLE reber.piece (
    run_id     bigint  NOT NULL REFERENCES reber.run ON DELETE CASCADE,
    piece      integer NOT NULL,
    first_key  bigint  NOT NULL,
    last_key   bigint  NOT NULL,
    items      integer NOT NULL,
    claim      integer NOT NULL DEFAULT 0,
    worker_id  bigint  REFERENCES reber.worker ON DELETE SET NULL,
    lease_ends timestamptz,
    is_done    boolean NOT NULL DEFAULT false,
    result     bytea,
    PRIMARY KEY (run_id, piece),
    CHECK (first_key <= last_key)
) WITH (fillfactor = 70);

CREATE INDEX piece_open ON reber.piece (run_id, piece) WHERE NOT is_done;
CREATE INDEX piece_worker ON reber.piece (worker_id) WHERE NOT is_done;

COMMENT ON TABLE reber.piece IS
    'A part of a running run''s work. Whoever claims it has it until the lease ends; the rows that it makes, and '
    'that it is done, are one statement, which finds nothing to do once another has claimed it.';
COMMENT ON COLUMN reber.piece.first_key IS
    'The first of its keys: of sources, or places in the run''s list of images, or folds.';
COMMENT ON COLUMN reber.piece.claim IS 'How often it has been claimed.';
COMMENT ON COLUMN reber.piece.lease_ends IS 'Until when its worker has it, unless that says that it lives; null for nobody.';
COMMENT ON COLUMN reber.piece.result IS 'What came of it besides rows, for whoever ends the run.';

-- Ends a piece for the worker that has it, and counts it as the worker's; false, with nothing changed, where the lease
-- has ended.
CREATE FUNCTION reber.end_piece(
    of_run bigint, of_piece integer, by_worker bigint, by_claim integer, what_came bytea DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    done integer;
BEGIN
    UPDATE reber.piece SET is_done = true, lease_ends = NULL, result = what_came
    WHERE run_id = of_run AND piece = of_piece AND worker_id = by_worker AND claim = by_claim AND NOT is_done
        AND lease_ends > clock_timestamp()
    RETURNING items INTO done;
    UPDATE reber.worker SET pieces = pieces + 1, items = items + done
    WHERE worker_id = by_worker AND done IS NOT NULL;
    RETURN done IS NOT NULL;
END;
$$;

-- Makes cutouts that wait in tables of the session their sources' current ones: those that were current stay, for
-- runs that learned from them.
CREATE FUNCTION reber.replace_cutouts(of_survey integer, waiting regclass, waiting_pixels regclass)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    added bigint;
    names text;
BEGIN
    -- Two who bring images of the same sources would wait for each other, or both be current.
    PERFORM pg_advisory_xact_lock(hashtext('reber.cutout'), of_survey);
    EXECUTE format(
        'UPDATE reber.cutout SET is_current = false
        WHERE survey_id = $1 AND is_current AND source_id IN (SELECT source_id FROM %s)', waiting)
    USING of_survey;
    SELECT string_agg(quote_ident(attname), ', ') INTO names
    FROM pg_attribute
    WHERE attrelid = waiting AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('INSERT INTO reber.cutout (%1$s) SELECT %1$s FROM %2$s ORDER BY cutout_id', names, waiting);
    GET DIAGNOSTICS added = ROW_COUNT;
    EXECUTE format(
        'INSERT INTO reber.cutout_pixels (cutout_id, survey_id, pixels)
        SELECT cutout_id, survey_id, pixels FROM %s ORDER BY cutout_id', waiting_pixels);
    RETURN added;
END;
$$;

-- Ends a piece and takes in its cutouts; the answer is null, and nothing happens, where its lease has ended. It is one
-- statement, so that a process that is frozen holds no half of it.
CREATE FUNCTION reber.end_cutouts(
    of_run bigint, of_piece integer, by_worker bigint, by_claim integer, of_survey integer, what_came bytea,
    waiting regclass, waiting_pixels regclass
) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT reber.end_piece(of_run, of_piece, by_worker, by_claim, what_came) THEN
        RETURN NULL;
    END IF;
    RETURN reber.replace_cutouts(of_survey, waiting, waiting_pixels);
END;
$$;

-- Whether a process is at work on a run: the lock is that of its connection.
CREATE FUNCTION reber.is_held(run_id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND granted
            AND objid = (is_held.run_id & 4294967295)::oid
            AND classid = (hashtext('reber.run')::bigint & 4294967295)::oid
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
$$;

-- A command that waits for a worker to do it.
CREATE TABLE reber.queued_command (
    command_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command    text[]      NOT NULL CHECK (cardinality(command) > 0),
    asked_by   text        NOT NULL DEFAULT session_user,
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    claim      integer     NOT NULL DEFAULT 0,
    host       text,
    process    integer,
    began_at   timestamptz,
    lease_ends timestamptz,
    ended_at   timestamptz,
    error      text,
    CHECK (error IS NULL OR ended_at IS NOT NULL)
);

CREATE INDEX queued_command_open ON reber.queued_command (command_id) WHERE ended_at IS NULL;

COMMENT ON TABLE reber.queued_command IS 'A command of reber that was asked for and that a worker takes (reber worker).';
COMMENT ON COLUMN reber.queued_command.command IS 'The words behind reber: {classify,--survey,first}.';
COMMENT ON COLUMN reber.queued_command.lease_ends IS 'Until when the worker has it that began it, unless that says that it lives.';

-- Asks for a command; one that waits or goes on already is that one.
CREATE FUNCTION reber.queue_command(words text[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    asked bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('reber.queued_command'));
    SELECT command_id INTO asked FROM reber.queued_command WHERE ended_at IS NULL AND command = words;
    IF asked IS NULL THEN
        INSERT INTO reber.queued_command (command) VALUES (words) RETURNING command_id INTO asked;
    END IF;
    RETURN asked;
END;
$$;

-- Asks for a stage of a survey, for those who may not write commands: only what these words name.
CREATE FUNCTION reber.ask_for(stage text, survey text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF stage NOT IN ('pretrain', 'embed', 'cluster', 'finetune', 'classify', 'publish') THEN
        RAISE EXCEPTION 'no stage that can be asked for: %', stage USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM reber.survey WHERE name = ask_for.survey) THEN
        RAISE EXCEPTION 'no survey ''%''', survey USING ERRCODE = 'no_data_found';
    END IF;
    RETURN reber.queue_command(ARRAY[stage, '--survey', survey]);
END;
$$;

COMMENT ON FUNCTION reber.ask_for IS
    'Puts a stage of a survey where a worker takes it; one that waits or goes on already is that one.';

CREATE FUNCTION reber.grants_of_shared_work() RETURNS void
LANGUAGE sql AS $$
    GRANT INSERT, UPDATE, DELETE ON reber.worker, reber.piece, reber.queued_command TO reber_pipeline;
    GRANT EXECUTE ON FUNCTION reber.ask_for TO reber_annotator, reber_pipeline;
$$;

REVOKE EXECUTE ON FUNCTION reber.ask_for FROM PUBLIC;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
