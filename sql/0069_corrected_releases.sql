-- A catalogue that corrects a release lists the sources that it adds: who ingests may write them.
CREATE FUNCTION reber.grants_of_corrected_releases() RETURNS void
LANGUAGE sql AS $$
    GRANT INSERT ON reber.release_change TO reber_pipeline;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
