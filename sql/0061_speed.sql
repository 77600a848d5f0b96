-- What a large catalogue waits for less.

-- The designation follows from the position, whoever writes it; who loads a table before it is attached writes both:
-- a program computes designations in a third of the time of the generated column.
ALTER TABLE reber.source ALTER COLUMN designation DROP EXPRESSION;

CREATE FUNCTION reber.designate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.designation := reber.designation(NEW.ra, NEW."dec");
    RETURN NEW;
END;
$$;

CREATE TRIGGER designate BEFORE INSERT OR UPDATE OF ra, "dec", designation ON reber.source
FOR EACH ROW EXECUTE FUNCTION reber.designate();

-- Gives the names of a survey's sources the index by three letters each of pg_trgm, where the database has it: a part
-- of a name is found without going through all names.
CREATE FUNCTION reber.index_names(survey integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := format('source_%s', survey);
    letters text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm');
BEGIN
    IF letters IS NOT NULL AND to_regclass('reber_partition.' || part || '_letters') IS NULL
        AND reber.is_attached('reber.source', survey)
    THEN
        EXECUTE format(
            'CREATE INDEX %I ON reber_partition.%I USING gin (name %s.gin_trgm_ops)', part || '_letters', part,
            letters);
    END IF;
END;
$$;

COMMENT ON FUNCTION reber.index_names IS
    'Makes the index by which a part of a name is found, where the database has the extension pg_trgm.';

REVOKE EXECUTE ON FUNCTION reber.index_names FROM PUBLIC;

CREATE FUNCTION reber.grants_of_names() RETURNS void
LANGUAGE sql AS $$
    GRANT EXECUTE ON FUNCTION reber.index_names TO reber_pipeline;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
