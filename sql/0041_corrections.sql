-- What was made by mistake can be taken back, by who owns the tables alone, and never without a word of it.

-- The record ------------------------------------------------------------------------------------------

CREATE TABLE reber.correction (
    correction_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text        NOT NULL CHECK (kind IN ('undo', 'remove', 'rename')),
    subject       text        NOT NULL,
    reason        text,
    detail        jsonb       NOT NULL DEFAULT '{}',
    code_version  text        NOT NULL,
    host          text        NOT NULL,
    account       text        NOT NULL,
    login         text        NOT NULL DEFAULT session_user,
    made_at       timestamptz NOT NULL DEFAULT transaction_timestamp()
);

COMMENT ON TABLE reber.correction IS
    'What was taken back or renamed, by whom, when and why: it can only be added to.';
COMMENT ON COLUMN reber.correction.subject IS 'A survey, or a run and its stage.';
COMMENT ON COLUMN reber.correction.detail IS 'The runs as they stood in the ledger, or the former name.';
COMMENT ON COLUMN reber.correction.account IS 'The account on the machine; login is the role that signed in at the server.';

-- How much went of each table.
CREATE TABLE reber.correction_row (
    correction_id bigint NOT NULL REFERENCES reber.correction,
    of_table      text   NOT NULL,
    rows          bigint NOT NULL,
    PRIMARY KEY (correction_id, of_table)
);

COMMENT ON TABLE reber.correction_row IS
    'The rows that a correction removed by table; of large tables that were dropped whole, about as many.';

-- Labels of people that were taken back, by the names that they had.
CREATE TABLE reber.label_taken_back (
    correction_id bigint      NOT NULL REFERENCES reber.correction,
    label_id      bigint      NOT NULL,
    survey        text        NOT NULL,
    source        text        NOT NULL,
    scheme        text        NOT NULL,
    class         text,
    annotator     text        NOT NULL,
    labelled_at   timestamptz NOT NULL,
    method        text        NOT NULL,
    confidence    real        NOT NULL,
    comment       text,
    PRIMARY KEY (correction_id, label_id)
);

COMMENT ON TABLE reber.label_taken_back IS
    'What people had said of sources when those were taken back; without a class a withdrawal.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.label_taken_back
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.correction_row
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.correction
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();

-- Whether this transaction has written what it takes back.
CREATE FUNCTION reber.is_correcting() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM reber.correction WHERE made_at = transaction_timestamp() AND kind <> 'rename'
    )
$$;

-- What was kept from everybody can be deleted by a transaction that says so in reber.correction, which only
-- the owner can write; changed it cannot be.
CREATE OR REPLACE FUNCTION reber.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME NOT IN ('correction', 'correction_row', 'label_taken_back')
        AND reber.is_correcting()
    THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'reber.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING HINT = 'Insert a new row; a row without a class withdraws the annotator''s label.';
END;
$$;

CREATE OR REPLACE FUNCTION reber.refuse_history() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND reber.is_correcting() THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'reber.% is kept: % is refused', TG_TABLE_NAME, TG_OP
        USING HINT = 'What was made stays as it was made; let a stage make it anew with --again.';
END;
$$;

CREATE OR REPLACE FUNCTION reber.refuse_finished() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    finished bigint;
BEGIN
    SELECT run_id INTO finished FROM changed JOIN reber.run USING (run_id)
    WHERE status = 'finished' LIMIT 1;
    IF finished IS NOT NULL AND NOT (TG_OP = 'DELETE' AND reber.is_correcting()) THEN
        RAISE EXCEPTION 'run % is finished: % of its rows in reber.% is refused', finished, TG_OP, TG_TABLE_NAME
            USING HINT = 'What was made stays as it was made; let a stage make it anew with --again.';
    END IF;
    RETURN NULL;
END;
$$;

-- What an ingest found -----------------------------------------------------------------------------------

-- What an ingest changes in place, as it was before.
CREATE TABLE reber.ingestion (
    run_id        bigint  NOT NULL REFERENCES reber.run,
    survey_id     integer NOT NULL REFERENCES reber.survey,
    survey_before jsonb,
    survey_after  jsonb,
    columns       jsonb,
    types         jsonb,
    PRIMARY KEY (run_id, survey_id)
);

CREATE INDEX ingestion_survey ON reber.ingestion (survey_id, run_id);

COMMENT ON TABLE reber.ingestion IS
    'Which survey a run ingested into, and what it found there: for whoever takes it back.';
COMMENT ON COLUMN reber.ingestion.survey_before IS
    'The row of reber.survey before; null for runs of versions that did not keep it.';
COMMENT ON COLUMN reber.ingestion.columns IS 'The rows of reber.survey_column before.';
COMMENT ON COLUMN reber.ingestion.types IS 'The columns of the survey''s own table before, with their types.';

INSERT INTO reber.ingestion (run_id, survey_id)
SELECT DISTINCT run_id, survey_id FROM reber.source
UNION
SELECT DISTINCT run_id, survey_id FROM reber.cutout
UNION
SELECT DISTINCT run_id, survey_id FROM reber.source_superseded
JOIN reber.run USING (run_id)
JOIN reber.survey USING (survey_id)
UNION
SELECT DISTINCT superseded_by, survey_id FROM reber.source_superseded
JOIN reber.survey USING (survey_id);

-- Where the rows of a run stand. They were written one after another, so that an index of ranges does.
CREATE INDEX cutout_run ON reber.cutout USING brin (run_id);
CREATE INDEX embedding_run ON reber.embedding USING brin (run_id);
CREATE INDEX prediction_model ON reber.prediction USING brin (model_id);
CREATE INDEX label_run ON reber.label USING brin (run_id);
CREATE INDEX source_superseded_run ON reber.source_superseded (superseded_by);

-- Removing ------------------------------------------------------------------------------------------------

-- Removes the rows of a key from a partitioned table, however many they are, by dropping the table that
-- holds them. Its owner alone can.
CREATE FUNCTION reber.drop_partition(whole regclass, key bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    part text := reber.partition_name(whole, key);
BEGIN
    PERFORM reber.check_partition(whole);
    IF reber.is_attached(whole, key) THEN
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', whole, part);
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS %s', part);
END;
$$;

-- The sources that stand because of a run alone.
CREATE FUNCTION reber.sources_of(of_run bigint) RETURNS TABLE (survey_id integer, source_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT survey_id, source_id FROM reber.source
    WHERE run_id = of_run AND NOT EXISTS (
        SELECT FROM reber.source_superseded AS former
        WHERE former.survey_id = source.survey_id AND former.source_id = source.source_id
            AND superseded_by = of_run
    )
$$;

-- Counts the labels of a survey anew, and what annotators agree on, where labels have gone.
CREATE FUNCTION reber.recount_labels(survey integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE reber.agreed IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM reber.agreed
    WHERE survey_id = survey AND NOT EXISTS (
        SELECT FROM reber.label
        WHERE label.survey_id = survey AND label.source_id = agreed.source_id
            AND label.class_scheme_id = agreed.class_scheme_id
    );
    UPDATE reber.agreed
    SET (class_id, votes, all_votes, agreement, annotators, label_ids) = (
        now.class_id, now.votes, now.all_votes, now.agreement, now.annotators, now.label_ids
    )
    FROM reber.agreed AS former
    LEFT JOIN LATERAL reber.agree(former.survey_id, former.source_id, former.class_scheme_id) AS now ON true
    WHERE former.survey_id = survey AND agreed.survey_id = former.survey_id
        AND agreed.source_id = former.source_id AND agreed.class_scheme_id = former.class_scheme_id
        AND agreed.label_ids IS DISTINCT FROM now.label_ids;

    DELETE FROM reber.label_count WHERE survey_id = survey;
    INSERT INTO reber.label_count
    WITH said AS MATERIALIZED (
        SELECT source_id, class_scheme_id, annotator, class_id, action_id
        FROM reber.current_label WHERE survey_id = survey
        UNION ALL
        SELECT source_id, class_scheme_id, '', class_id, NULL
        FROM reber.consensus WHERE survey_id = survey
    )
    SELECT survey, class_scheme_id, 0, -1, annotator, class_id, count(*), count(action_id)
    FROM said
    GROUP BY class_scheme_id, annotator, class_id
    UNION ALL
    SELECT survey, class_scheme_id, member.clustering_id, member.cluster, annotator, class_id, count(*),
        count(action_id)
    FROM said
    JOIN reber.cluster_member AS member ON member.survey_id = survey AND member.source_id = said.source_id
    GROUP BY class_scheme_id, member.clustering_id, member.cluster, annotator, class_id;
END;
$$;

-- What runs have written for, whatever their stage.
CREATE FUNCTION reber.surveys_of(of_run bigint) RETURNS TABLE (survey_id integer)
LANGUAGE sql STABLE AS $$
    SELECT survey_id FROM reber.survey
    WHERE EXISTS (SELECT FROM reber.ingestion AS i WHERE i.run_id = of_run AND i.survey_id = survey.survey_id)
        OR EXISTS (SELECT FROM reber.training_source AS t WHERE t.run_id = of_run AND t.survey_id = survey.survey_id)
        OR EXISTS (SELECT FROM reber.prediction AS p WHERE p.run_id = of_run AND p.survey_id = survey.survey_id)
        OR EXISTS (SELECT FROM reber.embedding AS e WHERE e.run_id = of_run AND e.survey_id = survey.survey_id)
        OR EXISTS (SELECT FROM reber.clustering AS c WHERE c.run_id = of_run AND c.survey_id = survey.survey_id)
        OR EXISTS (SELECT FROM reber.judged AS j WHERE j.run_id = of_run AND j.survey_id = survey.survey_id)
        OR EXISTS (SELECT FROM reber.label AS l WHERE l.run_id = of_run AND l.survey_id = survey.survey_id)
        OR EXISTS (SELECT FROM reber.catalogue AS c WHERE c.run_id = of_run AND c.survey_id = survey.survey_id)
$$;

COMMENT ON FUNCTION reber.surveys_of IS 'The surveys for which a run has written rows that stand.';

-- The later runs that rest on a run: those that read its rows, and those that changed what it wrote, or
-- published it.
CREATE FUNCTION reber.resting_on(on_run bigint) RETURNS TABLE (run_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT run_id FROM reber.run_parent WHERE parent_run_id = on_run
    UNION
    SELECT later.run_id
    FROM reber.ingestion AS own
    JOIN reber.ingestion AS later USING (survey_id)
    JOIN reber.run_input AS own_input ON own_input.run_id = own.run_id AND own_input.role = 'catalogue'
    JOIN reber.run_input AS later_input ON later_input.run_id = later.run_id AND later_input.role = 'catalogue'
    WHERE own.run_id = on_run AND later.run_id > on_run
    UNION
    SELECT catalogue.run_id
    FROM reber.ingestion
    JOIN reber.catalogue USING (survey_id)
    WHERE ingestion.run_id = on_run AND catalogue.run_id > on_run
    UNION
    SELECT run_id FROM reber.catalogue WHERE classification_run_id = on_run
    UNION
    SELECT run_id FROM reber.judged WHERE classification_run_id = on_run
$$;

COMMENT ON FUNCTION reber.resting_on IS
    'The runs that cannot stay when a run is taken back, but for those that rest on them in turn.';

-- Rights --------------------------------------------------------------------------------------------------

-- What was given by 0039, and what came since: each migration that brings tables adds a function
-- reber.grants_of_… for their rights.
ALTER FUNCTION reber.grant_roles RENAME TO grant_first_roles;

CREATE FUNCTION reber.grant_roles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    further regprocedure;
BEGIN
    PERFORM reber.grant_first_roles();
    FOR further IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'reber'::regnamespace AND starts_with(proname, 'grants_of_')
        ORDER BY proname
    LOOP
        EXECUTE format('SELECT %s', further);
    END LOOP;
END;
$$;

COMMENT ON FUNCTION reber.grant_roles IS
    'Makes the roles reber_reader, reber_annotator, reber_pipeline and reber_owner, with their rights.';
COMMENT ON FUNCTION reber.grant_first_roles IS 'What reber.grant_roles begins with.';

-- Gives what a migration brought its rights, where there are roles and the user may.
CREATE FUNCTION reber.renew_rights() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reber_owner') THEN
        PERFORM reber.grant_roles();
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'what is new has no rights yet: ask an administrator for SELECT reber.grant_roles()';
END;
$$;

CREATE FUNCTION reber.grants_of_corrections() RETURNS void
LANGUAGE sql AS $$
    GRANT INSERT, UPDATE (survey_after) ON reber.ingestion TO reber_pipeline;
    -- With no survey in it, an ingest that came to nothing leaves nothing.
    GRANT DELETE ON reber.ingestion TO reber_pipeline;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
