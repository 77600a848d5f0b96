-- A survey's own catalogue is a table with its own columns, by their names and with their types:
-- survey.first for survey first. What was kept of it in source.attributes moves there.

CREATE SCHEMA survey;

COMMENT ON SCHEMA survey IS
    'The catalogues of surveys as they came, a table each, by source_id of reber.source; reber.survey_column says what each column is.';

ALTER TABLE reber.survey_column ADD COLUMN stored_as text;
ALTER TABLE reber.survey_column ADD UNIQUE (survey_id, stored_as);

COMMENT ON TABLE reber.survey_column IS
    'The columns of the survey''s own catalogue, whose values stand in its table in schema survey.';
COMMENT ON COLUMN reber.survey_column.stored_as IS
    'Its name there: in lower case, so that SQL needs no quotes for it.';

-- A name for a column of a survey's table: in lower case, of at most 63 bytes, and of no other column.
CREATE FUNCTION reber.free_column(of_survey integer, column_name text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    short text := lower(column_name);
    free text;
    number integer := 1;
BEGIN
    WHILE octet_length(short) > 63 LOOP
        short := left(short, -1);
    END LOOP;
    free := short;
    WHILE free IN ('', 'source_id') OR EXISTS (
        SELECT FROM reber.survey_column WHERE survey_id = of_survey AND stored_as = free
    ) LOOP
        number := number + 1;
        WHILE octet_length(short) > 59 LOOP
            short := left(short, -1);
        END LOOP;
        free := short || '_' || number;
    END LOOP;
    RETURN free;
END;
$$;

-- Keys for new sources, so many in a row; gives the first.
CREATE FUNCTION reber.reserve_sources(how_many bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    first bigint;
BEGIN
    PERFORM pg_advisory_lock(hashtext('reber.source_id_seq'));
    first := nextval('reber.source_id_seq');
    PERFORM setval('reber.source_id_seq', first + greatest(how_many, 1) - 1);
    PERFORM pg_advisory_unlock(hashtext('reber.source_id_seq'));
    RETURN first;
END;
$$;

-- A row of a survey's table as an object by the names that its catalogue has, nulls left out.
CREATE FUNCTION reber.catalogue_record(of_survey integer, own jsonb) RETURNS jsonb
LANGUAGE sql STABLE
RETURN (
    SELECT coalesce(jsonb_object_agg(survey_column.name, cell.value), '{}')
    FROM jsonb_each(own) AS cell
    JOIN reber.survey_column ON survey_id = of_survey AND stored_as = cell.key
    WHERE cell.value <> 'null'
);

-- The type that all values of an attribute have: that of its column, where none would suffer by it.
CREATE FUNCTION survey.fitting_type(of_survey integer, attribute text, datatype text) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT CASE
        WHEN bool_and(kind = 'boolean') THEN 'boolean'
        WHEN bool_and(kind = 'array') THEN 'double precision[]'
        WHEN NOT bool_and(kind = 'number') THEN 'text'
        WHEN bool_and(value ~ '^-?[0-9]{1,18}$') AND datatype LIKE '%int%' THEN
            CASE
                WHEN datatype IN ('uint8', 'int16') AND max(abs(number)) < 32768 THEN 'smallint'
                WHEN datatype = 'int32' AND max(abs(number)) < 2147483648 THEN 'integer'
                ELSE 'bigint'
            END
        WHEN datatype = 'float' AND bool_and(number::real::text::numeric = number) THEN 'real'
        WHEN bool_and(kind = 'number') THEN 'double precision'
        ELSE CASE datatype
            WHEN 'boolean' THEN 'boolean' WHEN 'uint8' THEN 'smallint' WHEN 'int16' THEN 'smallint'
            WHEN 'int32' THEN 'integer' WHEN 'int64' THEN 'bigint' WHEN 'float' THEN 'real'
            WHEN 'double' THEN 'double precision' ELSE 'text'
        END
    END
    FROM (
        SELECT attributes ->> attribute AS value, jsonb_typeof(attributes -> attribute) AS kind,
            CASE jsonb_typeof(attributes -> attribute)
                WHEN 'number' THEN (attributes ->> attribute)::numeric
            END AS number
        FROM reber.source
        WHERE survey_id = of_survey AND attributes -> attribute <> 'null'
    ) AS cell
);

DO $$
DECLARE
    of_survey record;
    own record;
    definitions text;
    names text;
    cells text;
BEGIN
    FOR of_survey IN SELECT * FROM reber.survey LOOP
        -- Attributes that no column tells of, as of sources that came as images.
        INSERT INTO reber.survey_column (survey_id, name, ordinal, datatype, run_id)
        SELECT of_survey.survey_id, key, 10000 + row_number() OVER (ORDER BY key), 'string', run_id
        FROM (
            SELECT key, min(source.run_id) AS run_id
            FROM reber.source, jsonb_object_keys(attributes) AS key
            WHERE survey_id = of_survey.survey_id
            GROUP BY key
        ) AS attribute
        ON CONFLICT (survey_id, name) DO NOTHING;
        definitions := 'source_id bigint PRIMARY KEY';
        names := 'source_id';
        cells := 'source_id';
        FOR own IN
            SELECT name, datatype FROM reber.survey_column
            WHERE survey_id = of_survey.survey_id ORDER BY ordinal, name
        LOOP
            UPDATE reber.survey_column
            SET stored_as = reber.free_column(of_survey.survey_id, own.name)
            WHERE survey_id = of_survey.survey_id AND name = own.name;
            definitions := definitions || (
                SELECT format(
                    ', %I %s', stored_as,
                    survey.fitting_type(of_survey.survey_id, own.name, own.datatype))
                FROM reber.survey_column
                WHERE survey_id = of_survey.survey_id AND name = own.name
            );
            names := names || (
                SELECT format(', %I', stored_as) FROM reber.survey_column
                WHERE survey_id = of_survey.survey_id AND name = own.name
            );
            cells := cells || CASE survey.fitting_type(of_survey.survey_id, own.name, own.datatype)
                WHEN 'double precision[]' THEN format(
                    ', (SELECT array_agg(coalesce(element::double precision, ''NaN'') ORDER BY place) '
                    'FROM jsonb_array_elements_text(nullif(attributes -> %L, ''null'')) '
                    'WITH ORDINALITY AS each (element, place))', own.name)
                ELSE format(
                    ', (attributes ->> %L)::%s', own.name,
                    survey.fitting_type(of_survey.survey_id, own.name, own.datatype))
            END;
        END LOOP;
        EXECUTE format('CREATE TABLE survey.%I (%s)', of_survey.name, definitions);
        EXECUTE format(
            'INSERT INTO survey.%I (%s) SELECT %s FROM reber.source WHERE survey_id = %s '
            'ORDER BY source_id', of_survey.name, names, cells, of_survey.survey_id);
        EXECUTE format('ANALYZE survey.%I', of_survey.name);
    END LOOP;
END;
$$;

DROP FUNCTION survey.fitting_type;

ALTER TABLE reber.survey_column ALTER COLUMN stored_as SET NOT NULL;

-- The designation follows from the position, whoever writes it.
ALTER TABLE reber.source
    DROP COLUMN attributes,
    DROP COLUMN designation,
    ADD COLUMN designation text GENERATED ALWAYS AS (reber.designation(ra, dec)) STORED;

COMMENT ON COLUMN reber.source.designation IS 'IAU-style designation, Jhhmmss.ss+ddmmss.s.';
COMMENT ON COLUMN reber.source_superseded.attributes IS
    'The row of the survey''s own catalogue, by its own names.';
