-- Two connections load a survey's first catalogue at once: what one of them has locked, the other does not wait for.

-- Empties the table of a key, where it is not part of the whole. In the transaction that loads the table it saves the
-- WAL of what is loaded, as if the table were made in it; that would lock the whole until its end.
CREATE FUNCTION reber.empty_partition(whole regclass, key bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM reber.check_partition(whole);
    IF reber.is_attached(whole, key) THEN
        RAISE EXCEPTION '% is a part of %', reber.partition_name(whole, key), whole
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    EXECUTE format('TRUNCATE %s', reber.partition_name(whole, key));
END;
$$;

COMMENT ON FUNCTION reber.empty_partition IS
    'Empties a table that is about to be loaded, where it is not part of the whole.';

REVOKE EXECUTE ON FUNCTION reber.empty_partition FROM PUBLIC;

CREATE FUNCTION reber.grants_of_loading() RETURNS void
LANGUAGE sql AS $$
    GRANT EXECUTE ON FUNCTION reber.empty_partition TO reber_pipeline;
$$;

-- Gives a loaded table what it lacks of the whole's indexes and unique constraints. Constraints come last: they alone
-- keep others from making indexes of the same table meanwhile.
CREATE OR REPLACE FUNCTION reber.index_partition(whole regclass, key bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := reber.partition_name(whole, key);
    definition text;
BEGIN
    FOR definition IN
        SELECT format('CREATE %sINDEX ON %s %s', CASE WHEN indisunique THEN 'UNIQUE ' END, part, form)
        FROM pg_index
        CROSS JOIN substring(pg_get_indexdef(indexrelid) FROM ' (USING .*)$') AS form
        WHERE indrelid = whole
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
            AND form NOT IN (
                SELECT substring(pg_get_indexdef(indexrelid) FROM ' (USING .*)$') FROM pg_index
                WHERE indrelid = part::regclass
            )
        UNION ALL
        SELECT format('ALTER TABLE %s ADD %s', part, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE conrelid = whole AND contype = 'u' AND pg_get_constraintdef(oid) NOT IN (
            SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = part::regclass
        )
    LOOP
        EXECUTE definition;
    END LOOP;
    EXECUTE format('ANALYZE %s', part);
END;
$$;

-- As before, but for a table that is still being loaded too.
CREATE OR REPLACE FUNCTION reber.index_names(survey integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := format('source_%s', survey);
    letters text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm');
BEGIN
    IF letters IS NOT NULL AND to_regclass('reber_partition.' || part || '_letters') IS NULL
        AND to_regclass('reber_partition.' || part) IS NOT NULL
    THEN
        EXECUTE format(
            'CREATE INDEX %I ON reber_partition.%I USING gin (name %s.gin_trgm_ops)', part || '_letters', part,
            letters);
    END IF;
END;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
