-- A catalogue is published beside the one that it replaces, and takes its place in one short step:
-- who reads it meanwhile waits for some milliseconds at most.

COMMENT ON COLUMN reber.catalogue.sha256 IS
    'SHA-256 of what COPY (SELECT * FROM catalogue.NAME ORDER BY name COLLATE "C") TO STDOUT writes. Catalogues published before this migration have SHA-256 of the SHA-256 of their rows as text, one after another in order of name.';

-- What Reber says of the table of a catalogue, under the column '', and of its columns.
CREATE FUNCTION reber.catalogue_comments(of_catalogue text)
RETURNS TABLE (column_name text, comment text)
LANGUAGE sql STABLE AS $$
    SELECT '', format(
        '%s of survey %s with class probabilities of run %s.',
        CASE WHEN simulated THEN 'SIMULATED sources' ELSE 'Sources' END, survey.name,
        classification_run_id)
    FROM reber.catalogue
    JOIN reber.survey USING (survey_id)
    WHERE catalogue.name = of_catalogue
    UNION ALL
    SELECT name, concat(description, ' [' || unit || ']', ' (UCD ' || ucd || ')')
    FROM reber.catalogue_column
    WHERE catalogue = of_catalogue
$$;

-- What people said of them instead.
CREATE FUNCTION reber.own_comments(of_catalogue text)
RETURNS TABLE (column_name text, comment text)
LANGUAGE sql STABLE AS $$
    SELECT said.column_name, described.description
    FROM reber.catalogue_comments(of_catalogue) AS said
    JOIN pg_description AS described
        ON described.classoid = 'pg_class'::regclass
        AND described.objoid = to_regclass(format('catalogue.%I', of_catalogue))
        AND described.objsubid = coalesce((
            SELECT attnum FROM pg_attribute
            WHERE attrelid = described.objoid AND attname = said.column_name
        ), 0)
    WHERE (described.objsubid = 0) = (said.column_name = '')
        AND described.description <> said.comment
$$;

-- Puts a comment on a table, under the column '', or on a column that it has.
CREATE FUNCTION reber.comment_on(on_table regclass, column_name text, comment text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF column_name = '' THEN
        EXECUTE format('COMMENT ON TABLE %s IS %L', on_table, comment);
    ELSIF EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = on_table AND attname = column_name
    ) THEN
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', on_table, column_name, comment);
    END IF;
END;
$$;

-- The views that read a table themselves; those that read it through other views need no change.
CREATE FUNCTION reber.views_on(of_table regclass) RETURNS TABLE (view regclass)
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT rule.ev_class::regclass
    FROM pg_depend AS dependency
    JOIN pg_rewrite AS rule
        ON dependency.classid = 'pg_rewrite'::regclass
        AND dependency.objid = rule.oid
        AND rule.rulename = '_RETURN'
    JOIN pg_class AS relation
        ON rule.ev_class = relation.oid AND relation.relkind = 'v'
    WHERE dependency.refclassid = 'pg_class'::regclass AND dependency.refobjid = of_table
$$;

-- What keeps a table from being replaced by one with the columns given, in words. Views, grants,
-- comments and indexes are led over; all else that hangs on the table would be lost.
CREATE FUNCTION reber.obstacles(of_table regclass, columns text[]) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT
        CASE
            WHEN rule.ev_class = of_table OR rule.rulename <> '_RETURN'
                THEN pg_describe_object(dependency.classid, dependency.objid, dependency.objsubid)
            WHEN rule.oid IS NOT NULL THEN pg_describe_object('pg_class'::regclass, rule.ev_class, 0)
            ELSE pg_describe_object(dependency.classid, dependency.objid, dependency.objsubid)
        END
    FROM pg_depend AS dependency
    JOIN pg_class AS replaced ON replaced.oid = of_table
    LEFT JOIN pg_rewrite AS rule
        ON dependency.classid = 'pg_rewrite'::regclass AND dependency.objid = rule.oid
    LEFT JOIN pg_class AS dependent
        ON dependency.classid = 'pg_class'::regclass AND dependency.objid = dependent.oid
    LEFT JOIN pg_constraint AS held
        ON dependency.classid = 'pg_constraint'::regclass AND dependency.objid = held.oid
    WHERE (
            dependency.refclassid = 'pg_class'::regclass AND dependency.refobjid = of_table
            OR dependency.refclassid = 'pg_type'::regclass AND dependency.deptype = 'n'
            AND dependency.refobjid IN (
                replaced.reltype, (SELECT typarray FROM pg_type WHERE oid = replaced.reltype)
            )
        )
        AND dependency.deptype IN ('n', 'a')
        AND dependent.relkind IS DISTINCT FROM 'i'
        AND (held.oid IS NULL OR held.contype NOT IN ('p', 'u', 'n') OR held.conrelid <> of_table)
        AND (rule.oid IS NULL OR rule.ev_class NOT IN (SELECT view FROM reber.views_on(of_table)))
    UNION
    SELECT format(
        '%s, which reads column %s',
        pg_describe_object('pg_class'::regclass, coalesce(ev_class, objid), 0), attname)
    FROM pg_depend
    JOIN pg_attribute ON attrelid = of_table AND attnum = refobjsubid
    LEFT JOIN pg_rewrite ON classid = 'pg_rewrite'::regclass AND objid = pg_rewrite.oid
    LEFT JOIN pg_index ON classid = 'pg_class'::regclass AND objid = indexrelid
    WHERE refclassid = 'pg_class'::regclass AND refobjid = of_table AND attname <> ALL (columns)
        AND (ev_class IN (SELECT view FROM reber.views_on(of_table)) OR indrelid = of_table)
    UNION
    SELECT format(
        '%s, which belongs to %s', pg_describe_object('pg_class'::regclass, view, 0),
        pg_get_userbyid(relowner))
    FROM reber.views_on(of_table)
    JOIN pg_class ON pg_class.oid = view
    WHERE NOT pg_has_role(relowner, 'USAGE')
    UNION
    SELECT 'row level security'
    FROM pg_class
    WHERE oid = of_table AND relrowsecurity
    ORDER BY 1
$$;

-- What makes the indexes that one table has and another lacks, for the other.
CREATE FUNCTION reber.missing_indexes(on_table regclass, like_table regclass) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    WITH form (relation, is_unique, text) AS (
        SELECT
            indrelid, indisunique,
            split_part(
                pg_get_indexdef(indexrelid),
                format(' ON %I.%I USING ', relnamespace::regnamespace::text, relname), 2)
        FROM pg_index
        JOIN pg_class ON pg_class.oid = indrelid
        WHERE indrelid IN (on_table, like_table)
    )
    SELECT format(
        'CREATE %sINDEX ON %s USING %s', CASE WHEN is_unique THEN 'UNIQUE ' END, on_table, text)
    FROM form
    WHERE relation = like_table AND text NOT IN (SELECT text FROM form WHERE relation = on_table)
$$;

-- Gives one table the owner and the grants of another, those on columns too.
CREATE FUNCTION reber.take_over_grants(replaced regclass, replacing regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER TABLE %s OWNER TO %I', replacing, pg_get_userbyid(old.relowner))
        FROM pg_class AS old
        JOIN pg_class AS new ON new.oid = replacing AND new.relowner <> old.relowner
        WHERE old.oid = replaced
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN
        SELECT format('REVOKE ALL ON %s FROM %s', replacing, reber.grantee(grantee))
        FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner)))
        WHERE oid = replacing
        UNION
        SELECT format(
            'GRANT %s ON %s TO %s%s', string_agg(privilege_type, ', '), replacing,
            reber.grantee(grantee), CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner)))
        WHERE oid = replaced
        GROUP BY grantee, is_grantable
        UNION
        SELECT format(
            'GRANT %s (%I) ON %s TO %s%s', privilege_type, old.attname, replacing,
            reber.grantee(grantee), CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM pg_attribute AS old
        JOIN pg_attribute AS new
            ON new.attrelid = replacing AND new.attname = old.attname AND new.attnum > 0,
            aclexplode(old.attacl)
        WHERE old.attrelid = replaced
        ORDER BY 1 DESC
    LOOP
        EXECUTE statement;
    END LOOP;
END;
$$;

-- A role as GRANT names it; 0 is everybody.
CREATE FUNCTION reber.grantee(role oid) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END
$$;

-- Puts a table in the place of another, which gets another name: owner, grants and views are led over.
--
-- All that readers could wait for is locked in the order in which they lock it themselves, views before
-- tables. Call it in a transaction of its own with a short lock_timeout, and again where that ends it.
CREATE FUNCTION reber.replace_table(replaced regclass, replacing regclass, aside name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
DECLARE
    kept name;
    statement text;
    views text[];
BEGIN
    SELECT relname INTO STRICT kept FROM pg_class WHERE oid = replaced;
    -- There is no LOCK of a view alone; to say again whose it is locks it.
    FOR statement IN
        SELECT format('ALTER VIEW %s OWNER TO %I', view, pg_get_userbyid(relowner))
        FROM reber.views_on(replaced)
        JOIN pg_class ON oid = view
        ORDER BY view
    LOOP
        EXECUTE statement;
    END LOOP;
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', replaced);
    SELECT array_agg(format(
        'CREATE OR REPLACE VIEW %s%s AS %s', view,
        ' WITH (' || array_to_string(reloptions, ', ') || ')', pg_get_viewdef(view)))
    INTO views
    FROM reber.views_on(replaced)
    JOIN pg_class ON oid = view;
    PERFORM reber.take_over_grants(replaced, replacing);
    EXECUTE format('ALTER TABLE %s RENAME TO %I', replaced, aside);
    EXECUTE format('ALTER TABLE %s RENAME TO %I', replacing, kept);
    FOREACH statement IN ARRAY coalesce(views, '{}') LOOP
        EXECUTE statement;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION reber.replace_table IS
    'Puts a table in the place of another, with its owner, grants and views.';
