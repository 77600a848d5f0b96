-- Who may do what, and what nobody may change.
--
-- reber_reader     reads everything
-- reber_annotator  reads, and adds labels and decisions: the pages
-- reber_pipeline   reads, and adds what stages make: the commands
-- reber_owner      owns the tables: migrations
--
-- They belong to the whole server and log in nowhere: grant them to those who do. What annotators and
-- finished runs have written is also kept by triggers, which hold for owners and superusers too.

-- History ---------------------------------------------------------------------------------------------

CREATE FUNCTION reber.refuse_history() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'reber.% is kept: % is refused', TG_TABLE_NAME, TG_OP
        USING HINT = 'What was made stays as it was made; let a stage make it anew with --again.';
END;
$$;

CREATE FUNCTION reber.refuse_finished() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    finished bigint;
BEGIN
    SELECT run_id INTO finished FROM changed JOIN reber.run USING (run_id)
    WHERE status = 'finished' LIMIT 1;
    IF finished IS NOT NULL THEN
        RAISE EXCEPTION 'run % is finished: % of its rows in reber.% is refused', finished, TG_OP, TG_TABLE_NAME
            USING HINT = 'What was made stays as it was made; let a stage make it anew with --again.';
    END IF;
    RETURN NULL;
END;
$$;

-- A run that has finished stays as it is.
CREATE TRIGGER keep_finished BEFORE UPDATE OR DELETE ON reber.run
FOR EACH ROW WHEN (OLD.status = 'finished') EXECUTE FUNCTION reber.refuse_history();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON reber.run
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history();

DO $$
DECLARE
    kept text;
    change record;
BEGIN
    -- What a run read, saw and measured can be written again while it is at work, and no longer.
    FOREACH kept IN ARRAY ARRAY[
        'run_parent', 'run_input', 'rejected', 'training_curve', 'training_source', 'evaluation',
        'confusion', 'reliability', 'coverage', 'judged'
    ] LOOP
        FOR change IN
            SELECT * FROM (VALUES ('INSERT', 'NEW'), ('UPDATE', 'OLD'), ('DELETE', 'OLD')) AS each (kind, rows)
        LOOP
            EXECUTE format(
                'CREATE TRIGGER keep_finished_%1$s AFTER %1$s ON reber.%2$I '
                'REFERENCING %3$s TABLE AS changed '
                'FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_finished()',
                lower(change.kind), kept, change.rows);
        END LOOP;
        EXECUTE format(
            'CREATE TRIGGER keep_all BEFORE TRUNCATE ON reber.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history()', kept);
    END LOOP;
    -- What is written once and for all. Embeddings are made anew in the partition of their survey.
    FOREACH kept IN ARRAY ARRAY[
        'model', 'model_weights', 'model_class', 'clustering', 'cluster_member', 'prediction',
        'embedding', 'cutout_pixels', 'source_superseded', 'growth'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER keep_all BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history()', kept);
    END LOOP;
END;
$$;

-- Of an image, only whether it is current and how large its source is may change.
CREATE TRIGGER keep_all BEFORE DELETE OR TRUNCATE ON reber.cutout
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history();
CREATE TRIGGER keep_image BEFORE UPDATE OF
    cutout_id, source_id, run_id, survey_id, width, height, pixel_scale, off_image, non_finite, bitpix,
    sha256, image_sha256, wcs
ON reber.cutout
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history();

-- Partitions, for who does not own the tables ----------------------------------------------------------

-- The functions that make and attach partitions work with the rights of who owns the tables, so they take
-- no table but Reber's, and no settings but numbers.
CREATE FUNCTION reber.check_partition(whole regclass, settings text DEFAULT '') RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class
        WHERE oid = whole AND relkind = 'p'
            AND relnamespace IN ('reber'::regnamespace, 'reber_partition'::regnamespace)
    ) THEN
        RAISE EXCEPTION '% is not a partitioned table of Reber', whole
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF settings <> '' AND settings !~ '^[a-z_]+ = [0-9]+$' THEN
        RAISE EXCEPTION 'bad storage parameter: %', settings
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
END;
$$;

-- Lets role reber_pipeline load a table, or no longer. Embeddings may come later and be made anew.
CREATE FUNCTION reber.let_load(part regclass, may boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reber_pipeline') THEN
        RETURN;
    END IF;
    IF may THEN
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO reber_pipeline', part);
    ELSE
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM reber_pipeline', part);
    END IF;
END;
$$;

-- What makes a table and what attaches it stay as they are, for owners; others call these instead.
ALTER FUNCTION reber.open_partition RENAME TO make_partition;
ALTER FUNCTION reber.attach_partition RENAME TO join_partition;

CREATE FUNCTION reber.open_partition(
    whole regclass, key bigint, settings text DEFAULT 'fillfactor = 100'
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := reber.partition_name(whole, key);
    is_new boolean := to_regclass(part) IS NULL;
BEGIN
    PERFORM reber.check_partition(whole, settings);
    PERFORM reber.make_partition(whole, key, settings);
    IF is_new THEN
        PERFORM reber.let_load(part::regclass, true);
    END IF;
    RETURN part;
END;
$$;

ALTER FUNCTION reber.index_partition SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

CREATE FUNCTION reber.attach_partition(whole regclass, key bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM reber.check_partition(whole);
    PERFORM reber.join_partition(whole, key);
    PERFORM reber.let_load(reber.partition_name(whole, key)::regclass, whole IN (
        SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'reber.embedding'::regclass
    ));
END;
$$;

ALTER FUNCTION reber.open_embeddings SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION reber.count_clusters SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION reber.index_neighbours SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- Tells the planner of a table's rows: ANALYZE for those who do not own the table.
CREATE FUNCTION reber.tell_planner(of_table regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT relnamespace FROM pg_class WHERE oid = of_table)
        IN ('reber'::regnamespace, 'reber_partition'::regnamespace)
    THEN
        EXECUTE format('ANALYZE %s', of_table);
    END IF;
END;
$$;

-- Visits ----------------------------------------------------------------------------------------------

-- Who has signed in on the pages, so that a restart of the server asks nobody again. What stands here lets
-- nobody in: it is a digest of the visitor's cookie with the password of the pages.
CREATE TABLE reber.visit (
    sha256    bytea       PRIMARY KEY CHECK (length(sha256) = 32),
    annotator text        NOT NULL CHECK (annotator <> ''),
    ends      timestamptz NOT NULL
);

COMMENT ON COLUMN reber.visit.sha256 IS 'Of the password of the pages, a zero byte, and the cookie.';

-- Roles -----------------------------------------------------------------------------------------------

-- Makes a role of the server, where it is not there: another database may make it even now.
CREATE FUNCTION reber.add_role(role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END;
$$;

CREATE FUNCTION reber.add_member(role name, member name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(member, role, 'USAGE') THEN
        EXECUTE format('GRANT %I TO %I', role, member);
    END IF;
EXCEPTION WHEN unique_violation THEN
    NULL;
END;
$$;

-- Gives what Reber made to its owner: the tables of surveys and catalogues to the pipeline, which makes and
-- replaces them, all else to reber_owner. What other people made in these schemas stays theirs.
CREATE FUNCTION reber.give_to_owner() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text;
BEGIN
    -- All are found before any is changed: a table cannot be altered while it is read.
    FOREACH statement IN ARRAY ARRAY(
        SELECT format('ALTER SCHEMA %I OWNER TO reber_owner', nspname)
        FROM pg_namespace
        WHERE nspname IN ('reber', 'reber_partition', 'catalogue', 'survey')
            AND nspowner <> 'reber_owner'::regrole
        UNION ALL
        SELECT format(
            'ALTER %s %s OWNER TO reber_owner',
            CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_class.oid::regclass)
        FROM pg_class
        WHERE relnamespace IN ('reber'::regnamespace, 'reber_partition'::regnamespace)
            AND relkind IN ('r', 'p', 'v', 'S') AND relowner <> 'reber_owner'::regrole
            -- The sequence of an identity column goes with its table.
            AND NOT EXISTS (
                SELECT FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype IN ('a', 'i')
                    AND relkind = 'S'
            )
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO reber_owner', oid::regprocedure)
        FROM pg_proc
        WHERE pronamespace = 'reber'::regnamespace AND proowner <> 'reber_owner'::regrole
        UNION ALL
        SELECT format('ALTER TABLE %s OWNER TO reber_pipeline', pg_class.oid::regclass)
        FROM pg_class
        WHERE relkind = 'r' AND relowner <> 'reber_pipeline'::regrole AND (
            relnamespace = 'survey'::regnamespace AND relname IN (SELECT name FROM reber.survey)
            OR relnamespace = 'catalogue'::regnamespace AND relname IN (SELECT name FROM reber.catalogue)
        )
    )
    LOOP
        EXECUTE statement;
    END LOOP;
END;
$$;

-- Makes the roles and gives them their rights; call it again whenever something is new. Who calls it needs
-- CREATEROLE, where the roles are not there, and must own what it gives away.
CREATE FUNCTION reber.grant_roles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part regclass;
    definer regprocedure;
BEGIN
    PERFORM reber.add_role(role) FROM unnest(
        ARRAY['reber_owner', 'reber_reader', 'reber_annotator', 'reber_pipeline']::name[]) AS role;
    PERFORM
        reber.add_member('reber_reader', 'reber_annotator'),
        reber.add_member('reber_reader', 'reber_pipeline'),
        reber.add_member('reber_pipeline', 'reber_owner'),
        reber.add_member('reber_annotator', 'reber_owner'),
        reber.add_member('reber_owner', current_user),
        -- Who has owned the tables so far goes on with them.
        reber.add_member('reber_owner', pg_get_userbyid(nspowner))
    FROM pg_namespace WHERE nspname = 'reber';
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reber_web') THEN
        PERFORM reber.add_member('reber_annotator', 'reber_web');
    END IF;
    IF NOT has_database_privilege('reber_owner', current_database(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO reber_owner', current_database());
    END IF;
    PERFORM reber.give_to_owner();

    GRANT USAGE ON SCHEMA reber, reber_partition, catalogue, survey TO reber_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA reber, reber_partition, catalogue, survey TO reber_reader;
    ALTER DEFAULT PRIVILEGES IN SCHEMA reber, reber_partition, catalogue, survey
        GRANT SELECT ON TABLES TO reber_reader;
    ALTER DEFAULT PRIVILEGES FOR ROLE reber_owner, reber_pipeline
        IN SCHEMA reber, reber_partition, catalogue, survey
        GRANT SELECT ON TABLES TO reber_reader;

    GRANT INSERT ON reber.label, reber.labelling_action, reber.growth, reber.growth_decision
        TO reber_annotator;
    GRANT INSERT, UPDATE, DELETE ON reber.visit TO reber_annotator;

    GRANT CREATE ON SCHEMA catalogue, survey TO reber_pipeline;
    GRANT USAGE, UPDATE ON SEQUENCE reber.source_id_seq, reber.cutout_id_seq TO reber_pipeline;
    GRANT INSERT ON
        reber.class, reber.class_scheme, reber.cluster, reber.clustering, reber.cutout,
        reber.cutout_pixels, reber.label, reber.model, reber.model_class, reber.model_weights,
        reber.source, reber.source_superseded, reber.training_curve
        TO reber_pipeline;
    GRANT UPDATE (is_current, source_extent) ON reber.cutout TO reber_pipeline;
    GRANT UPDATE (name, ra, "dec", total_flux, peak_flux, rms, major_axis, run_id)
        ON reber.source TO reber_pipeline;
    -- What is written again while a run is at work: triggers keep it once the run has finished.
    GRANT INSERT, UPDATE, DELETE ON
        reber.catalogue, reber.catalogue_column, reber.checkpoint, reber.confusion, reber.coverage,
        reber.embedding_count, reber.evaluation, reber.judged, reber.rejected, reber.reliability,
        reber.run, reber.run_input, reber.run_parent, reber.source_count, reber.survey,
        reber.survey_column, reber.training_source
        TO reber_pipeline;
    FOR part IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'reber_partition'::regnamespace AND relkind = 'r' AND NOT relispartition
        UNION ALL
        SELECT relid FROM pg_partition_tree('reber.embedding') WHERE isleaf AND level = 2
    LOOP
        PERFORM reber.let_load(part, true);
    END LOOP;

    -- What works with the owner's rights is for the pipeline alone.
    FOR definer IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'reber'::regnamespace AND prosecdef AND prorettype <> 'trigger'::regtype
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', definer);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO reber_pipeline', definer);
    END LOOP;
END;
$$;

COMMENT ON FUNCTION reber.grant_roles IS
    'Makes the roles reber_reader, reber_annotator, reber_pipeline and reber_owner, with their rights.';

-- reber_web was the role of the pages. Those to whom it was granted are annotators now.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reber_web') THEN
        REVOKE ALL ON ALL TABLES IN SCHEMA reber, reber_partition, catalogue, survey FROM reber_web;
        REVOKE ALL ON SCHEMA reber, reber_partition, catalogue, survey FROM reber_web;
        ALTER DEFAULT PRIVILEGES IN SCHEMA reber, reber_partition, catalogue, survey
            REVOKE SELECT ON TABLES FROM reber_web;
    END IF;
    PERFORM reber.grant_roles();
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'the roles of Reber were not made: ask an administrator for SELECT reber.grant_roles() '
        'in this database; until then all works with the rights of the user';
END;
$$;

DROP FUNCTION reber.grant_web_role;
