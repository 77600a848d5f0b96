-- One object on the sky is many catalogue entries: components, surveys, releases. Which of them are one object
-- follows from links, each with its evidence: those that a match found, and what people say. The links stay;
-- the objects are found anew by triggers whenever a link comes or goes.

DO $$
BEGIN
    IF EXISTS (SELECT FROM reber.physical_source) THEN
        RAISE EXCEPTION 'reber.physical_source has rows, which no version of Reber wrote'
            USING HINT = 'Keep them in a table of another schema, and delete them here.';
    END IF;
END;
$$;
DROP TABLE reber.source_identity;
DROP TABLE reber.physical_source;

-- Links ----------------------------------------------------------------------------------------------------

CREATE TABLE reber.source_match (
    run_id          bigint  PRIMARY KEY REFERENCES reber.run,
    survey_id       integer NOT NULL REFERENCES reber.survey,
    other_survey_id integer NOT NULL REFERENCES reber.survey,
    min_reliability real    NOT NULL CHECK (min_reliability BETWEEN 0 AND 1),
    CHECK (survey_id <> other_survey_id)
);

COMMENT ON TABLE reber.source_match IS
    'The runs that sought the sources of a survey in another one: of two surveys the newest counts.';
COMMENT ON COLUMN reber.source_match.min_reliability IS 'From which on a pair was taken for one object.';

CREATE TABLE reber.source_link (
    run_id           bigint           NOT NULL REFERENCES reber.run,
    source_id        bigint           NOT NULL,
    other_source_id  bigint           NOT NULL,
    likelihood_ratio double precision NOT NULL CHECK (likelihood_ratio >= 0),
    survey_id        integer          NOT NULL,
    other_survey_id  integer          NOT NULL,
    separation       real             NOT NULL,
    sigma            real             NOT NULL,
    reliability      real             NOT NULL CHECK (reliability BETWEEN 0 AND 1),
    is_same          boolean          NOT NULL,
    PRIMARY KEY (survey_id, source_id, other_source_id, run_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source,
    FOREIGN KEY (other_survey_id, other_source_id) REFERENCES reber.source
) PARTITION BY LIST (run_id);

CREATE INDEX source_link_other ON reber.source_link (other_survey_id, other_source_id);

COMMENT ON TABLE reber.source_link IS
    'Pairs of sources of two surveys that a match found near each other, with what speaks for one object; those with a reliability below 0.01 are not kept.';
COMMENT ON COLUMN reber.source_link.separation IS 'Arcsec.';
COMMENT ON COLUMN reber.source_link.sigma IS
    'Error of the separation in each coordinate, arcsec: the positional errors of both, added in quadrature.';
COMMENT ON COLUMN reber.source_link.likelihood_ratio IS
    'How much more often a counterpart lies there than an unrelated source (Sutherland & Saunders 1992, MNRAS 259, 413).';
COMMENT ON COLUMN reber.source_link.reliability IS
    'Probability that this one is the counterpart, of all that come into question and none.';
COMMENT ON COLUMN reber.source_link.is_same IS 'Whether the run took them for one object.';

-- Append-only, as labels are: of a pair the newest row counts, whoever wrote it.
CREATE TABLE reber.source_join (
    join_id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey_id       integer     NOT NULL,
    source_id       bigint      NOT NULL,
    other_survey_id integer     NOT NULL,
    other_source_id bigint      NOT NULL,
    is_same         boolean,
    annotator       text        NOT NULL CHECK (annotator <> ''),
    joined_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    method          text        NOT NULL CHECK (method IN ('single', 'import')),
    run_id          bigint      REFERENCES reber.run,
    comment         text,
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source,
    FOREIGN KEY (other_survey_id, other_source_id) REFERENCES reber.source,
    CHECK ((survey_id, source_id) < (other_survey_id, other_source_id))
);

CREATE INDEX source_join_pair
ON reber.source_join (survey_id, source_id, other_survey_id, other_source_id, join_id);
CREATE INDEX source_join_other ON reber.source_join (other_survey_id, other_source_id);

COMMENT ON TABLE reber.source_join IS
    'What people say of pairs of sources. Each pair stands one way round: the lower keys come first.';
COMMENT ON COLUMN reber.source_join.is_same IS
    'True: they are one object. False: they are two, whatever a match says. Null takes back what was said.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.source_join
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['source_match', 'source_link'] LOOP
        EXECUTE format(
            'CREATE TRIGGER keep_all BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history()', kept);
    END LOOP;
END;
$$;

CREATE VIEW reber.current_match AS
SELECT * FROM reber.source_match AS match
WHERE NOT EXISTS (
    SELECT FROM reber.source_match AS later
    WHERE later.run_id > match.run_id AND (
        later.survey_id = match.survey_id AND later.other_survey_id = match.other_survey_id
        OR later.survey_id = match.other_survey_id AND later.other_survey_id = match.survey_id
    )
);

COMMENT ON VIEW reber.current_match IS 'The newest match of each two surveys.';

CREATE VIEW reber.current_join AS
SELECT * FROM reber.source_join AS said
WHERE is_same IS NOT NULL AND NOT EXISTS (
    SELECT FROM reber.source_join AS later
    WHERE later.survey_id = said.survey_id AND later.source_id = said.source_id
        AND later.other_survey_id = said.other_survey_id AND later.other_source_id = said.other_source_id
        AND later.join_id > said.join_id
);

COMMENT ON VIEW reber.current_join IS 'What people say of pairs of sources now.';

-- A match never links two of one survey, so the lower survey is the one of the lower keys.
CREATE VIEW reber.identity_link AS
SELECT link.survey_id, source_id, link.other_survey_id, other_source_id, separation, sigma, likelihood_ratio,
    reliability, run_id, NULL::text AS annotator, NULL::timestamptz AS joined_at
FROM reber.source_link AS link
JOIN reber.current_match USING (run_id)
WHERE is_same AND NOT EXISTS (
    SELECT FROM reber.current_join AS said
    WHERE said.survey_id = least(link.survey_id, link.other_survey_id)
        AND said.other_survey_id = greatest(link.survey_id, link.other_survey_id)
        AND said.source_id
            = CASE WHEN link.survey_id < link.other_survey_id THEN link.source_id ELSE link.other_source_id END
        AND said.other_source_id
            = CASE WHEN link.survey_id < link.other_survey_id THEN link.other_source_id ELSE link.source_id END
        AND NOT said.is_same
)
UNION ALL
SELECT survey_id, source_id, other_survey_id, other_source_id, NULL, NULL, NULL, NULL, run_id, annotator,
    joined_at
FROM reber.current_join
WHERE is_same;

COMMENT ON VIEW reber.identity_link IS
    'The links that make one object of sources now, each with its evidence: what a run measured, or who says so.';

-- Objects ----------------------------------------------------------------------------------------------------

CREATE SEQUENCE reber.physical_source_id_seq;

CREATE TABLE reber.physical_source (
    physical_source_id bigint PRIMARY KEY DEFAULT nextval('reber.physical_source_id_seq'),
    ra                 double precision,
    "dec"              double precision
);

CREATE TABLE reber.source_identity (
    physical_source_id bigint  NOT NULL REFERENCES reber.physical_source,
    source_id          bigint  NOT NULL,
    survey_id          integer NOT NULL,
    separation         real,
    PRIMARY KEY (survey_id, source_id)
);

CREATE INDEX source_identity_physical ON reber.source_identity (physical_source_id);

COMMENT ON TABLE reber.physical_source IS
    'Objects that are several sources: what is linked by reber.identity_link, over however many links. Never written but by triggers.';
COMMENT ON COLUMN reber.physical_source.ra IS
    'ICRS, degrees: the place of the source of the survey without a beam, or else of the finest.';
COMMENT ON TABLE reber.source_identity IS 'Which object a source is, where it is one with others.';
COMMENT ON COLUMN reber.source_identity.separation IS 'From the physical source''s position, arcsec.';

-- Finds anew which objects the sources of the temporary table 'touched' are, and those that were one with them.
-- An object keeps its number while one of its sources does.
CREATE FUNCTION reber.find_objects() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    -- Whoever else links sources now waits here.
    LOCK TABLE reber.physical_source IN SHARE ROW EXCLUSIVE MODE;
    DROP TABLE IF EXISTS pg_temp.member, pg_temp.edge, pg_temp.object;
    CREATE TEMPORARY TABLE member ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY source_id, survey_id) AS node, survey_id, source_id, former
    FROM (
        SELECT touched.survey_id, touched.source_id, physical_source_id AS former
        FROM pg_temp.touched
        LEFT JOIN reber.source_identity USING (survey_id, source_id)
        UNION
        SELECT other.survey_id, other.source_id, physical_source_id
        FROM pg_temp.touched
        JOIN reber.source_identity AS own USING (survey_id, source_id)
        JOIN reber.source_identity AS other USING (physical_source_id)
    ) AS found;
    ALTER TABLE pg_temp.member ADD COLUMN first bigint;
    UPDATE pg_temp.member SET first = node;
    CREATE UNIQUE INDEX ON pg_temp.member (node);
    CREATE UNIQUE INDEX ON pg_temp.member (survey_id, source_id);
    ANALYZE pg_temp.member;

    CREATE TEMPORARY TABLE edge (node bigint, neighbour bigint) ON COMMIT DROP;
    IF (SELECT count(*) FROM pg_temp.member) > 10000 THEN
        INSERT INTO pg_temp.edge
        SELECT one.node, other.node
        FROM pg_temp.member AS one
        JOIN reber.identity_link AS link USING (survey_id, source_id)
        JOIN pg_temp.member AS other
            ON other.survey_id = link.other_survey_id AND other.source_id = link.other_source_id;
    ELSE
        -- Of few, each is looked up: a join would read all links.
        INSERT INTO pg_temp.edge
        SELECT one.node, other.node
        FROM pg_temp.member AS one
        CROSS JOIN LATERAL (
            SELECT other_survey_id, other_source_id FROM reber.identity_link AS link
            WHERE link.survey_id = one.survey_id AND link.source_id = one.source_id
            OFFSET 0
        ) AS link
        JOIN pg_temp.member AS other
            ON other.survey_id = link.other_survey_id AND other.source_id = link.other_source_id;
    END IF;
    INSERT INTO pg_temp.edge SELECT neighbour, node FROM pg_temp.edge;
    CREATE INDEX ON pg_temp.edge (node);
    ANALYZE pg_temp.edge;

    -- Each source takes the lowest number among its neighbours, until none changes any more.
    LOOP
        UPDATE pg_temp.member SET first = near.first
        FROM (
            SELECT edge.node, min(neighbour.first) AS first
            FROM pg_temp.edge
            JOIN pg_temp.member AS neighbour ON neighbour.node = edge.neighbour
            GROUP BY edge.node
        ) AS near
        WHERE member.node = near.node AND near.first < member.first;
        EXIT WHEN NOT FOUND;
    END LOOP;

    CREATE TEMPORARY TABLE object ON COMMIT DROP AS
    SELECT place.first, coalesce(kept.former, nextval('reber.physical_source_id_seq')) AS physical_source_id,
        ra, "dec"
    FROM (
        SELECT DISTINCT ON (member.first) member.first, source.ra, source."dec"
        FROM pg_temp.member
        JOIN reber.source USING (survey_id, source_id)
        JOIN reber.survey USING (survey_id)
        WHERE member.node IN (SELECT edge.node FROM pg_temp.edge)
        ORDER BY member.first, source.ra IS NULL, beam_major NULLS FIRST, source_id
    ) AS place
    LEFT JOIN (
        SELECT owner.first, min(owner.former) AS former
        FROM (
            SELECT DISTINCT ON (former) former, first FROM pg_temp.member
            WHERE former IS NOT NULL AND node IN (SELECT edge.node FROM pg_temp.edge)
            ORDER BY former, first
        ) AS owner
        GROUP BY owner.first
    ) AS kept ON kept.first = place.first;
    CREATE UNIQUE INDEX ON pg_temp.object (first);
    ANALYZE pg_temp.object;

    DELETE FROM reber.source_identity AS identity USING pg_temp.member
    WHERE identity.survey_id = member.survey_id AND identity.source_id = member.source_id;
    DELETE FROM reber.physical_source
    WHERE physical_source_id IN (SELECT former FROM pg_temp.member);
    INSERT INTO reber.physical_source SELECT physical_source_id, ra, "dec" FROM pg_temp.object;
    INSERT INTO reber.source_identity (physical_source_id, source_id, survey_id, separation)
    SELECT object.physical_source_id, source_id, survey_id,
        3600 * reber.separation(object.ra, object."dec", source.ra, source."dec")
    FROM pg_temp.member
    JOIN pg_temp.object USING (first)
    JOIN reber.source USING (survey_id, source_id);
    DROP TABLE pg_temp.member, pg_temp.edge, pg_temp.object;
END;
$$;

-- What a match linked that came or goes, and what the former ones of its surveys linked.
CREATE FUNCTION reber.find_matched_objects() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.touched;
    CREATE TEMPORARY TABLE touched ON COMMIT DROP AS
    WITH link AS (
        SELECT link.*
        FROM changed
        JOIN reber.source_link AS link USING (run_id)
        WHERE is_same
        UNION ALL
        SELECT link.*
        FROM changed
        JOIN reber.source_match AS former
            ON least(former.survey_id, former.other_survey_id)
                    = least(changed.survey_id, changed.other_survey_id)
                AND greatest(former.survey_id, former.other_survey_id)
                    = greatest(changed.survey_id, changed.other_survey_id)
                AND former.run_id <> changed.run_id
        JOIN reber.source_link AS link ON link.run_id = former.run_id
        WHERE is_same
    )
    SELECT survey_id, source_id FROM link
    UNION
    SELECT other_survey_id, other_source_id FROM link;
    ANALYZE pg_temp.touched;
    PERFORM reber.find_objects();
    DROP TABLE pg_temp.touched;
    RETURN NULL;
END;
$$;

CREATE FUNCTION reber.find_joined_objects() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.touched;
    CREATE TEMPORARY TABLE touched ON COMMIT DROP AS
    SELECT survey_id, source_id FROM changed
    UNION
    SELECT other_survey_id, other_source_id FROM changed;
    ANALYZE pg_temp.touched;
    PERFORM reber.find_objects();
    DROP TABLE pg_temp.touched;
    RETURN NULL;
END;
$$;

CREATE TRIGGER find_objects_of_new AFTER INSERT ON reber.source_match
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reber.find_matched_objects();
CREATE TRIGGER find_objects_of_gone AFTER DELETE ON reber.source_match
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reber.find_matched_objects();
CREATE TRIGGER find_objects_of_new AFTER INSERT ON reber.source_join
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reber.find_joined_objects();
CREATE TRIGGER find_objects_of_gone AFTER DELETE ON reber.source_join
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION reber.find_joined_objects();

-- All sources that are one object with a source, itself among them; of each the best link that holds it.
CREATE FUNCTION reber.same_source(of_survey text, of_source text)
RETURNS TABLE (
    survey text, name text, ra double precision, "dec" double precision, total_flux double precision,
    separation double precision, reliability real, run_id bigint, annotator text, physical_source_id bigint
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    own record;
BEGIN
    SELECT source.*, identity.physical_source_id INTO own
    FROM reber.source
    JOIN reber.survey USING (survey_id)
    LEFT JOIN reber.source_identity AS identity USING (survey_id, source_id)
    WHERE survey.name = of_survey AND source.name = of_source;
    IF own IS NULL THEN
        RAISE EXCEPTION 'survey % has no source %', of_survey, of_source USING ERRCODE = 'no_data_found';
    END IF;
    RETURN QUERY
    SELECT survey.name, source.name, source.ra, source."dec", source.total_flux,
        3600 * reber.separation(own.ra, own."dec", source.ra, source."dec"), best.reliability, best.run_id,
        best.annotator, own.physical_source_id
    FROM (
        SELECT own.survey_id AS survey_id, own.source_id AS source_id
        UNION
        SELECT member.survey_id, member.source_id FROM reber.source_identity AS member
        WHERE member.physical_source_id = own.physical_source_id
    ) AS member
    JOIN reber.source ON source.survey_id = member.survey_id AND source.source_id = member.source_id
    JOIN reber.survey ON survey.survey_id = member.survey_id
    LEFT JOIN LATERAL (
        SELECT link.reliability, link.run_id, link.annotator FROM (
            SELECT * FROM reber.identity_link AS link
            WHERE link.survey_id = member.survey_id AND link.source_id = member.source_id
            UNION ALL
            SELECT * FROM reber.identity_link AS link
            WHERE link.other_survey_id = member.survey_id AND link.other_source_id = member.source_id
        ) AS link
        ORDER BY link.reliability DESC NULLS FIRST
        LIMIT 1
    ) AS best ON true
    WHERE source.is_listed OR source.source_id = own.source_id
    ORDER BY source.source_id <> own.source_id, survey.name, source.name;
END;
$$;

COMMENT ON FUNCTION reber.same_source IS
    'The sources of all surveys that are one object with a source: places in degrees, separation from it in arcsec. Without reliability a person joined it.';

-- Taking back ---------------------------------------------------------------------------------------------------

ALTER FUNCTION reber.surveys_of RENAME TO surveys_of_own_rows;

CREATE FUNCTION reber.surveys_of(of_run bigint) RETURNS TABLE (survey_id integer)
LANGUAGE sql STABLE AS $$
    SELECT survey_id FROM reber.surveys_of_own_rows(of_run)
    UNION
    SELECT unnest(ARRAY[survey_id, other_survey_id]) FROM reber.source_match WHERE run_id = of_run
    UNION
    SELECT unnest(ARRAY[survey_id, other_survey_id]) FROM reber.source_join WHERE run_id = of_run
$$;

COMMENT ON FUNCTION reber.surveys_of IS 'The surveys for which a run has written rows that stand.';

-- Rights -------------------------------------------------------------------------------------------------------

CREATE FUNCTION reber.grants_of_identities() RETURNS void
LANGUAGE sql AS $$
    GRANT INSERT ON reber.source_match TO reber_pipeline;
    GRANT INSERT ON reber.source_join TO reber_annotator, reber_pipeline;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
