-- Tables that were never attached go when nobody goes on with them.

-- Removes the loaded table of a key, where it is not part of the whole.
CREATE FUNCTION reber.drop_unattached(whole regclass, key bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM reber.check_partition(whole);
    IF NOT reber.is_attached(whole, key) THEN
        EXECUTE format('DROP TABLE IF EXISTS %s', reber.partition_name(whole, key));
    END IF;
END;
$$;

COMMENT ON FUNCTION reber.drop_unattached IS
    'Removes what a stopped run loaded and nobody goes on with.';

REVOKE EXECUTE ON FUNCTION reber.drop_unattached FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reber_pipeline') THEN
        GRANT EXECUTE ON FUNCTION reber.drop_unattached TO reber_pipeline;
    END IF;
END;
$$;
