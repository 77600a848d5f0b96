-- A survey's data releases: sources move, merge, split, come and go from one to the next, and what people and
-- models said of those that stayed stays with them. The newest release stands in reber.source and in the
-- survey's own table; a former one in reber.release_source, and its own catalogue as survey.first_dr1.

CREATE TABLE reber.release (
    release_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey_id    integer     NOT NULL REFERENCES reber.survey,
    name         text        NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    follows      bigint      UNIQUE REFERENCES reber.release,
    match_radius double precision CHECK (match_radius >= 0),
    run_id       bigint      NOT NULL REFERENCES reber.run,
    known_since  timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (survey_id, name),
    CHECK ((follows IS NULL) = (match_radius IS NULL))
);

CREATE INDEX release_run ON reber.release (run_id);

COMMENT ON TABLE reber.release IS 'Data releases of surveys, each with the one that it follows.';
COMMENT ON COLUMN reber.release.match_radius IS
    'How far from its place in the former release a source was looked for, arcsec.';
COMMENT ON COLUMN reber.release.run_id IS 'The ingest that brought it, or that named what was there before.';

ALTER TABLE reber.source ADD COLUMN is_listed boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN reber.source.is_listed IS
    'False once a release of the survey lacks it; it stays for what was said of it.';

CREATE TABLE reber.release_source (
    release_id  bigint  NOT NULL REFERENCES reber.release,
    source_id   bigint  NOT NULL,
    run_id      bigint  NOT NULL,
    survey_id   integer NOT NULL,
    name        text    NOT NULL,
    designation text    GENERATED ALWAYS AS (reber.designation(ra, "dec")) STORED,
    ra          double precision,
    "dec"       double precision,
    total_flux  double precision,
    peak_flux   double precision,
    rms         double precision,
    major_axis  double precision,
    PRIMARY KEY (release_id, source_id),
    UNIQUE (name, release_id)
) PARTITION BY LIST (release_id);

CREATE INDEX release_source_dec ON reber.release_source ("dec", ra);

COMMENT ON TABLE reber.release_source IS
    'The sources of former releases as they were when the next one came: ask reber.source_by_release.';

CREATE TABLE reber.release_change (
    release_id  bigint NOT NULL REFERENCES reber.release,
    source_id   bigint NOT NULL,
    kinds       text[] NOT NULL,
    former_name text,
    name        text,
    separation  double precision,
    PRIMARY KEY (release_id, source_id)
) PARTITION BY LIST (release_id);

COMMENT ON TABLE reber.release_change IS
    'How a release differs from the one that it follows, source by source; sources without a row are as they were.';
COMMENT ON COLUMN reber.release_change.kinds IS
    'moved, renamed, changed (other fluxes, sizes or columns), added or dropped; or why it is not clear what became of it: split, merged, crowded, elsewhere (the name is farther off than the radius). What is not clear is not matched.';
COMMENT ON COLUMN reber.release_change.former_name IS 'Null where it was not in the former release.';
COMMENT ON COLUMN reber.release_change.name IS 'Null where it is not in this one.';
COMMENT ON COLUMN reber.release_change.separation IS 'From its place in the former release, arcsec.';

-- What could be the same where it is not clear.
CREATE TABLE reber.release_candidate (
    release_id       bigint NOT NULL REFERENCES reber.release,
    former_source_id bigint NOT NULL,
    source_id        bigint NOT NULL,
    separation       double precision,
    PRIMARY KEY (release_id, former_source_id, source_id)
);

COMMENT ON TABLE reber.release_candidate IS
    'Pairs of a source of the former release and one of a release that could be the same, and were not matched since others could too.';

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['release_source', 'release_change', 'release_candidate'] LOOP
        EXECUTE format(
            'CREATE TRIGGER keep_all BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history()', kept);
    END LOOP;
END;
$$;
CREATE TRIGGER keep_all BEFORE DELETE OR TRUNCATE ON reber.release
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history();

CREATE VIEW reber.source_by_release AS
SELECT survey.name AS survey, release.name AS release, false AS is_newest, former.survey_id, former.source_id,
    former.name, former.designation, former.ra, former."dec", former.total_flux, former.peak_flux, former.rms,
    former.major_axis
FROM reber.release_source AS former
JOIN reber.release USING (release_id)
JOIN reber.survey ON survey.survey_id = release.survey_id
UNION ALL
SELECT survey.name, newest.name, true, source.survey_id, source.source_id, source.name, source.designation,
    source.ra, source."dec", source.total_flux, source.peak_flux, source.rms, source.major_axis
FROM reber.source
JOIN reber.survey USING (survey_id)
LEFT JOIN reber.release AS newest ON newest.survey_id = source.survey_id AND NOT EXISTS (
    SELECT FROM reber.release AS later WHERE later.follows = newest.release_id
)
WHERE source.is_listed;

COMMENT ON VIEW reber.source_by_release IS
    'The sources of all releases of all surveys; one object has one source_id in all releases in which it was found again.';

-- Places on the sky in cells of about a size, so that those near each other are found by equal numbers. ------

-- How many cells there are around the sky in a zone of declination, counted from the south pole.
CREATE FUNCTION reber.cells_around(zone double precision, size double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(1, floor(360 * cosd(least(90, abs((zone + 0.5) * size - 90))) / size));

-- The cell of a position; size in degrees.
CREATE FUNCTION reber.sky_cell(ra double precision, "dec" double precision, size double precision) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(("dec" + 90) / size)::bigint * 2097152
    + floor(ra / 360 * reber.cells_around(floor(("dec" + 90) / size), size))::bigint;

-- The cells that a circle reaches; its radius and their size in degrees.
CREATE FUNCTION reber.sky_cells(
    ra double precision, "dec" double precision, radius double precision, size double precision
) RETURNS SETOF bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT zone * 2097152 + ((place % around) + around) % around
    FROM (
        -- How far the circle reaches in right ascension: all around where it holds a pole.
        SELECT CASE WHEN abs($2) + $3 >= 89.9999 THEN 180
            ELSE degrees(asin(least(1, sind($3) / cosd($2)))) + 1e-9 END AS half
    ) AS width
    CROSS JOIN generate_series(
        floor(greatest($2 - $3 + 90, 0) / $4)::bigint, floor(least($2 + $3 + 90, 180) / $4)::bigint
    ) AS zone
    CROSS JOIN LATERAL (SELECT reber.cells_around(zone, $4)::bigint AS around) AS zones
    CROSS JOIN LATERAL generate_series(
        floor(($1 - half) / 360 * around)::bigint,
        least(
            floor(($1 + half) / 360 * around)::bigint, floor(($1 - half) / 360 * around)::bigint + around - 1)
    ) AS place
$$;

-- Sizes: of sources that are in the newest release. ----------------------------------------------------------

CREATE OR REPLACE FUNCTION reber.count_sources(survey integer) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM reber.source_count WHERE survey_id = survey;
    INSERT INTO reber.source_count
    SELECT survey, block, sum(sources), sum(images)
    FROM (
        SELECT source_id >> 12 AS block, count(*) AS sources, 0 AS images
        FROM reber.source WHERE survey_id = survey AND is_listed
        GROUP BY source_id >> 12
        UNION ALL
        SELECT source_id >> 12, 0, count(*)
        FROM reber.cutout WHERE survey_id = survey AND is_current
        GROUP BY source_id >> 12
    ) AS counted
    GROUP BY block;
$$;

CREATE OR REPLACE VIEW reber.source_without_image AS
SELECT survey.name AS survey, source.name, source.ra, source.dec, survey_id, source.source_id
FROM (
    SELECT survey_id, block FROM reber.source_count
    GROUP BY survey_id, block
    HAVING sum(sources) > sum(images)
) AS lacking
JOIN reber.survey USING (survey_id)
CROSS JOIN LATERAL (
    SELECT name, ra, dec, source_id
    FROM reber.source
    WHERE source.survey_id = lacking.survey_id AND is_listed
        AND source_id BETWEEN lacking.block * 4096 AND lacking.block * 4096 + 4095
        AND (
            SELECT cutout_id FROM reber.cutout
            WHERE cutout.survey_id = lacking.survey_id AND cutout.source_id = source.source_id
                AND is_current
        ) IS NULL
    OFFSET 0
) AS source;

-- Taking a release back ----------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION reber.sources_of(of_run bigint) RETURNS TABLE (survey_id integer, source_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT survey_id, source_id FROM reber.source
    WHERE run_id = of_run AND NOT EXISTS (
        SELECT FROM reber.source_superseded AS former
        WHERE former.survey_id = source.survey_id AND former.source_id = source.source_id
            AND superseded_by = of_run
    ) AND NOT EXISTS (
        SELECT FROM reber.release
        JOIN reber.release_source AS former ON former.release_id = release.follows
        WHERE release.run_id = of_run AND release.survey_id = source.survey_id
            AND former.source_id = source.source_id
    )
$$;

-- Rights ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION reber.grants_of_releases() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    former text;
BEGIN
    GRANT UPDATE (is_listed) ON reber.source TO reber_pipeline;
    GRANT INSERT ON reber.release, reber.release_candidate TO reber_pipeline;
    GRANT UPDATE (name) ON reber.release TO reber_pipeline;
    -- The survey's own tables of former releases belong to the pipeline, as the newest do.
    FOR former IN
        SELECT format('%I.%I', 'survey', survey.name || '_' || release.name)
        FROM reber.release
        JOIN reber.survey USING (survey_id)
        JOIN pg_class ON relnamespace = 'survey'::regnamespace
            AND relname = survey.name || '_' || release.name
            AND relowner <> 'reber_pipeline'::regrole
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO reber_pipeline', former);
    END LOOP;
END;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
