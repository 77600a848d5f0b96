-- What has a former name, place or value is found by it, and nothing is told of sources that a release lacks.

-- Sources as catalogues name them -------------------------------------------------------------------------

-- The sources of a published catalogue's survey as they were called when it was published: those of the release that
-- was the newest then.
CREATE FUNCTION reber.published_source(published text)
RETURNS TABLE (survey_id integer, source_id bigint, name text, ra double precision, "dec" double precision)
LANGUAGE sql STABLE AS $$
    WITH published_as AS (
        SELECT catalogue.survey_id, (
            SELECT release_id FROM reber.release
            WHERE release.survey_id = catalogue.survey_id
                AND (known_since <= published_at OR follows IS NULL)
            ORDER BY release_id DESC
            LIMIT 1
        ) AS release_id
        FROM reber.catalogue
        WHERE catalogue.name = published
    )
    SELECT former.survey_id, former.source_id, former.name, former.ra, former."dec"
    FROM published_as
    JOIN reber.release_source AS former USING (release_id)
    UNION ALL
    SELECT source.survey_id, source.source_id, source.name, source.ra, source."dec"
    FROM published_as
    JOIN reber.source USING (survey_id)
    WHERE is_listed AND NOT EXISTS (
        SELECT FROM reber.release WHERE follows = published_as.release_id
    )
$$;

COMMENT ON FUNCTION reber.published_source IS
    'The sources of a catalogue''s survey by the names that they had when it was published, which a later data release may have given to others.';

-- The source of a survey that has a name, or had it in a former release and has another now.
CREATE FUNCTION reber.source_called(of_survey integer, called text) RETURNS bigint
LANGUAGE sql STABLE
RETURN coalesce(
    (SELECT source_id FROM reber.source WHERE survey_id = of_survey AND name = called),
    (
        SELECT source_id FROM reber.release_source
        WHERE survey_id = of_survey AND name = called
        ORDER BY release_id DESC
        LIMIT 1
    )
);

COMMENT ON FUNCTION reber.source_called IS
    'The key of the source that has the name now, or else had it in a former data release.';

-- A corrected catalogue of a release -------------------------------------------------------------------------

ALTER TABLE reber.source_superseded ADD COLUMN is_listed boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN reber.source_superseded.is_listed IS
    'False where the newest release lacked it until then.';

CREATE VIEW reber.change_by_release AS
SELECT change.*
FROM reber.release_change AS change
JOIN reber.release USING (release_id)
WHERE change.name IS NOT NULL OR NOT EXISTS (
    SELECT FROM reber.release_source AS back
    WHERE back.release_id = change.release_id AND back.source_id = change.source_id
) AND NOT EXISTS (
    SELECT FROM reber.source AS back
    WHERE back.survey_id = release.survey_id AND back.source_id = change.source_id AND back.is_listed
        AND NOT EXISTS (SELECT FROM reber.release AS later WHERE later.follows = change.release_id)
);

COMMENT ON VIEW reber.change_by_release IS
    'reber.release_change without the sources that a release was said to lack and that a corrected catalogue of it has.';

-- Taking back ------------------------------------------------------------------------------------------------

-- The sources that stand because of some runs alone, whichever of them wrote their values last.
CREATE FUNCTION reber.sources_of(of_runs bigint[]) RETURNS TABLE (survey_id integer, source_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT survey_id, source_id FROM reber.source
    WHERE run_id = ANY (of_runs) AND NOT EXISTS (
        SELECT FROM reber.source_superseded AS former
        WHERE former.survey_id = source.survey_id AND former.source_id = source.source_id
            AND former.run_id <> ALL (of_runs)
    ) AND NOT EXISTS (
        SELECT FROM reber.release_source AS former
        WHERE former.survey_id = source.survey_id AND former.source_id = source.source_id
            AND former.run_id <> ALL (of_runs)
    )
$$;

-- Counts the labels of a survey anew: of the sources that its newest data release has. It works with the rights of
-- who made it, as what counts new labels does.
CREATE FUNCTION reber.count_labels(survey integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Nobody labels meanwhile.
    LOCK TABLE reber.agreed IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM reber.label_count WHERE survey_id = survey;
    INSERT INTO reber.label_count
    WITH said AS MATERIALIZED (
        SELECT source_id, class_scheme_id, tag, annotator, class_id, action_id
        FROM (
            SELECT survey_id, source_id, class_scheme_id, tag, annotator, class_id, action_id
            FROM reber.current_label WHERE NOT denies
            UNION ALL
            SELECT survey_id, source_id, class_scheme_id, tag, '', class_id, NULL
            FROM reber.agreed WHERE class_id IS NOT NULL AND NOT denies
        ) AS label
        JOIN reber.source USING (survey_id, source_id)
        WHERE survey_id = survey AND source.is_listed
    )
    SELECT survey, class_scheme_id, 0, -1, annotator, class_id, count(*), count(action_id)
    FROM said
    GROUP BY class_scheme_id, annotator, class_id
    UNION ALL
    SELECT survey, class_scheme_id, member.clustering_id, member.cluster, annotator, class_id, count(*),
        count(action_id)
    FROM said
    JOIN reber.cluster_member AS member ON member.survey_id = survey AND member.source_id = said.source_id
    WHERE tag = -1
    GROUP BY class_scheme_id, member.clustering_id, member.cluster, annotator, class_id;
END;
$$;

COMMENT ON FUNCTION reber.count_labels IS
    'Counts the labels of a survey anew: of the sources that its newest data release has.';

-- Counts the labels of a survey anew, and what annotators agree on, where labels have gone.
CREATE OR REPLACE FUNCTION reber.recount_labels(survey integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE reber.agreed IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM reber.agreed
    WHERE survey_id = survey AND NOT EXISTS (
        SELECT FROM reber.label
        WHERE label.survey_id = survey AND label.source_id = agreed.source_id
            AND label.class_scheme_id = agreed.class_scheme_id AND label.tag = agreed.tag
    );
    UPDATE reber.agreed
    SET (class_id, votes, all_votes, agreement, annotators, label_ids, denies) = (
        now.class_id, now.votes, now.all_votes, now.agreement, now.annotators, now.label_ids, now.denies
    )
    FROM reber.agreed AS former
    LEFT JOIN LATERAL reber.agree(
        former.survey_id, former.source_id, former.class_scheme_id, former.tag
    ) AS now ON true
    WHERE former.survey_id = survey AND agreed.survey_id = former.survey_id
        AND agreed.source_id = former.source_id AND agreed.class_scheme_id = former.class_scheme_id
        AND agreed.tag = former.tag AND agreed.label_ids IS DISTINCT FROM now.label_ids;
    PERFORM reber.count_labels(survey);
END;
$$;

-- Surveys of which a release has come already.
DO $$ BEGIN
    PERFORM reber.count_labels(survey_id) FROM reber.release WHERE follows IS NOT NULL GROUP BY survey_id;
END $$;

-- One question over all: nothing odd is taken in silence ----------------------------------------------------------

ALTER FUNCTION reber.find RENAME TO find_unchecked;
COMMENT ON FUNCTION reber.find_unchecked IS 'What reber.find does when its arguments make sense.';

CREATE FUNCTION reber.find(
    of_class text DEFAULT NULL, min_probability real DEFAULT NULL,
    centre_ra double precision DEFAULT NULL, centre_dec double precision DEFAULT NULL,
    radius double precision DEFAULT NULL,
    min_flux double precision DEFAULT NULL, max_flux double precision DEFAULT NULL,
    like_survey text DEFAULT NULL, like_source text DEFAULT NULL,
    how_many integer DEFAULT 50
)
RETURNS TABLE (
    catalogue text, survey text, name text, ra double precision, "dec" double precision,
    total_flux double precision, class text, probability real, distance double precision
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    wrong text := CASE
        WHEN NOT min_probability BETWEEN 0 AND 1 THEN 'min_probability is a number from 0 to 1'
        WHEN num_nulls(centre_ra, centre_dec, radius) NOT IN (0, 3)
            THEN 'centre_ra, centre_dec and radius go together'
        WHEN NOT (centre_ra >= 0 AND centre_ra < 360) THEN 'centre_ra is from 0 to 360 degrees'
        WHEN NOT centre_dec BETWEEN -90 AND 90 THEN 'centre_dec is from -90 to 90 degrees'
        WHEN NOT radius BETWEEN 0 AND 180 THEN 'radius is from 0 to 180 degrees'
        WHEN min_flux = 'NaN' OR max_flux = 'NaN' OR min_flux > max_flux
            THEN 'min_flux and max_flux are fluxes in Jy, the smaller one first'
        WHEN num_nulls(like_survey, like_source) = 1 THEN 'like_survey and like_source go together'
        WHEN how_many IS NULL OR how_many < 0 THEN 'how_many is a number of rows'
    END;
    known text;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'reber.find: %', wrong USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF of_class IS NOT NULL AND NOT EXISTS (SELECT FROM reber.class WHERE class.name = of_class) THEN
        SELECT string_agg(DISTINCT class.name, ', ') INTO known FROM reber.class;
        RAISE EXCEPTION 'reber.find: there is no class %', of_class
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Classes are ' || known || '.';
    END IF;
    IF like_source IS NOT NULL AND NOT EXISTS (
        SELECT FROM reber.source JOIN reber.survey AS of_survey USING (survey_id)
        WHERE of_survey.name = like_survey AND source.name = like_source
    ) THEN
        RAISE EXCEPTION 'reber.find: survey % has no source %', like_survey, like_source
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY SELECT * FROM reber.find_unchecked(
        of_class, min_probability, centre_ra, centre_dec, radius, min_flux, max_flux, like_survey, like_source,
        how_many);
END;
$$;

COMMENT ON FUNCTION reber.find IS
    'Sources of all published catalogues by class, probability, place, flux and look-alike, in one question.';

-- Rights -------------------------------------------------------------------------------------------------------

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
