-- Parts of names by pg_trgm's index, where the server has it. Safe to run again: it indexes what was ingested before.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        RAISE NOTICE 'pg_trgm is not installed on this server: parts of names are found by going through all names.';
        RETURN;
    END IF;
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'pg_trgm needs an administrator: ask for CREATE EXTENSION pg_trgm in this database.';
        RETURN;
    END;
    PERFORM reber.index_names(survey_id) FROM reber.survey;
END;
$$;
