-- A source may have several classes of a scheme of tags.

ALTER TABLE reber.class_scheme ADD COLUMN is_tags boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reber.class_scheme.is_tags IS
    'Whether its classes are tags: each of them applies to a source or does not, whatever the others do.';

-- A label answers one question: which class a source has or, in a scheme of tags, whether one tag applies.
-- Of an annotator's answers to a question the newest counts.
ALTER TABLE reber.label
    ADD COLUMN tag    smallint NOT NULL DEFAULT -1,
    ADD COLUMN denies boolean  NOT NULL DEFAULT false,
    ADD CONSTRAINT label_tag CHECK (tag = -1 OR class_id IS NULL OR class_id = tag),
    ADD CONSTRAINT label_denies CHECK (NOT denies OR tag >= 0 AND class_id IS NOT NULL);

COMMENT ON COLUMN reber.label.tag IS
    'The class that the label is about, in a scheme of tags; -1 where the scheme has one class a source.';
COMMENT ON COLUMN reber.label.denies IS 'The annotator says that the tag does not apply.';

ALTER TABLE reber.label_taken_back ADD COLUMN tag text, ADD COLUMN denies boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reber.label_taken_back.tag IS 'The tag that the label was about, in a scheme of tags.';

DROP INDEX reber.label_current;
CREATE INDEX label_current
ON reber.label (survey_id, source_id, class_scheme_id, annotator, tag, label_id DESC);

CREATE OR REPLACE VIEW reber.current_label AS
SELECT
    label_id, survey_id, source_id, class_scheme_id, class_id, annotator, labelled_at, method,
    confidence, clustering_id, cluster, run_id, comment, action_id, tag, denies
FROM reber.label
WHERE class_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM reber.label AS later
    WHERE later.survey_id = label.survey_id AND later.source_id = label.source_id
        AND later.class_scheme_id = label.class_scheme_id AND later.annotator = label.annotator
        AND later.tag = label.tag AND later.label_id > label.label_id
);

COMMENT ON VIEW reber.current_label IS
    'What each annotator says now; where denies is true, that the tag does not apply.';

-- What annotators agree on --------------------------------------------------------------------------

ALTER TABLE reber.agreed
    ADD COLUMN tag    smallint NOT NULL DEFAULT -1,
    ADD COLUMN denies boolean,
    DROP CONSTRAINT agreed_pkey,
    ADD PRIMARY KEY (survey_id, source_id, class_scheme_id, tag);
UPDATE reber.agreed SET denies = false WHERE class_id IS NOT NULL;

COMMENT ON COLUMN reber.agreed.tag IS
    'The class that it is about, in a scheme of tags; -1 where the scheme has one class a source.';
COMMENT ON COLUMN reber.agreed.denies IS 'The annotators agree that the tag does not apply.';

-- The consensus on one question of a source: the class with the most confidence behind it; of a tie the
-- class that the scheme lists first. A tag applies where more than half of the confidence is for it.
DROP FUNCTION reber.agree(integer, bigint, integer);
CREATE FUNCTION reber.agree(survey integer, source bigint, scheme integer, of_tag smallint DEFAULT -1)
RETURNS TABLE (
    class_id smallint, votes integer, all_votes integer, agreement real, annotators text[],
    label_ids bigint[], denies boolean
)
LANGUAGE sql STABLE AS $$
    SELECT
        class_id, votes, (sum(votes) OVER ())::integer, weight / sum(weight) OVER (), annotators,
        label_ids, denies
    FROM (
        SELECT
            class_id, denies, count(*)::integer AS votes, sum(confidence) AS weight,
            array_agg(annotator ORDER BY label_id) AS annotators,
            array_agg(label_id ORDER BY label_id) AS label_ids
        FROM reber.current_label
        WHERE survey_id = survey AND source_id = source AND class_scheme_id = scheme AND tag = of_tag
        GROUP BY class_id, denies
    ) AS by_class
    ORDER BY weight DESC, denies DESC, class_id
    LIMIT 1
$$;

CREATE OR REPLACE VIEW reber.consensus AS
SELECT
    survey_id, source_id, class_scheme_id, class_id, votes::bigint, all_votes::numeric, agreement,
    annotators, label_ids
FROM reber.agreed
WHERE class_id IS NOT NULL AND NOT denies;

COMMENT ON VIEW reber.consensus IS
    'The class that the annotators agree on or, in a scheme of tags, a row for each tag that applies.';

CREATE OR REPLACE FUNCTION reber.keep_labels() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    wrong record;
BEGIN
    SELECT class_scheme.name, is_tags INTO wrong
    FROM given
    JOIN reber.class_scheme USING (class_scheme_id)
    WHERE (tag >= 0) <> is_tags
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'scheme % has %', wrong.name,
            CASE WHEN wrong.is_tags THEN 'tags: a label says which one it is about'
                ELSE 'one class a source: a label is not about a tag' END
            USING ERRCODE = 'check_violation';
    END IF;

    -- Whoever labels a source that another labels now waits here, and then sees what the other said.
    INSERT INTO reber.agreed (survey_id, source_id, class_scheme_id, tag)
    SELECT DISTINCT survey_id, source_id, class_scheme_id, tag FROM given
    ORDER BY survey_id, source_id, class_scheme_id, tag
    ON CONFLICT (survey_id, source_id, class_scheme_id, tag) DO UPDATE SET source_id = agreed.source_id;

    WITH said AS MATERIALIZED (
        SELECT survey_id, source_id, class_scheme_id, tag, annotator, array_agg(label_id) AS own
        FROM given
        GROUP BY survey_id, source_id, class_scheme_id, tag, annotator
    ), agreeing AS MATERIALIZED (
        SELECT source.*, now.*
        FROM (SELECT DISTINCT survey_id, source_id, class_scheme_id, tag FROM said) AS source
        LEFT JOIN LATERAL reber.agree(survey_id, source_id, class_scheme_id, tag) AS now ON true
    ), kept AS (
        UPDATE reber.agreed
        SET (class_id, votes, all_votes, agreement, annotators, label_ids, denies) = (
            agreeing.class_id, agreeing.votes, agreeing.all_votes, agreeing.agreement,
            agreeing.annotators, agreeing.label_ids, agreeing.denies
        )
        FROM agreeing
        WHERE agreed.survey_id = agreeing.survey_id AND agreed.source_id = agreeing.source_id
            AND agreed.class_scheme_id = agreeing.class_scheme_id AND agreed.tag = agreeing.tag
    ), change AS (
        SELECT survey_id, source_id, class_scheme_id, tag, '' AS annotator, class_id, denies,
            1 AS sources, 0 AS acted
        FROM agreeing
        UNION ALL
        SELECT survey_id, source_id, class_scheme_id, tag, '', agreed.class_id, agreed.denies, -1, 0
        FROM agreeing
        JOIN reber.agreed USING (survey_id, source_id, class_scheme_id, tag)
        UNION ALL
        SELECT said.survey_id, said.source_id, said.class_scheme_id, said.tag, said.annotator,
            label.class_id, label.denies, side.sources,
            side.sources * (label.action_id IS NOT NULL)::integer
        FROM said
        CROSS JOIN (VALUES (1), (-1)) AS side (sources)
        CROSS JOIN LATERAL (
            SELECT class_id, denies, action_id
            FROM reber.label
            WHERE label.survey_id = said.survey_id AND label.source_id = said.source_id
                AND label.class_scheme_id = said.class_scheme_id AND label.annotator = said.annotator
                AND label.tag = said.tag
                AND (side.sources > 0 OR label_id <> ALL (said.own))
            ORDER BY label_id DESC
            LIMIT 1
        ) AS label
    ), counted AS (
        SELECT survey_id, class_scheme_id, 0::bigint AS clustering_id, -1 AS cluster, annotator,
            class_id, sum(sources) AS sources, sum(acted) AS acted
        FROM change
        WHERE class_id IS NOT NULL AND NOT denies
        GROUP BY survey_id, class_scheme_id, annotator, class_id
        UNION ALL
        SELECT survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id,
            sum(sources), sum(acted)
        FROM change
        JOIN reber.clustering USING (survey_id)
        -- OFFSET keeps it a look-up by the key, whatever is known of the sizes of tables.
        CROSS JOIN LATERAL (
            SELECT cluster
            FROM reber.cluster_member AS member
            WHERE member.clustering_id = clustering.clustering_id
                AND member.survey_id = change.survey_id AND member.source_id = change.source_id
            OFFSET 0
        ) AS member
        -- The labels of a leaf are shown as parts of a whole, which tags are not.
        WHERE class_id IS NOT NULL AND tag = -1
        GROUP BY survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
    ), taken AS (
        DELETE FROM reber.label_count
        WHERE ctid = ANY (ARRAY(
            SELECT label_count.ctid
            FROM reber.label_count
            JOIN counted USING (
                survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
            )
            FOR UPDATE OF label_count SKIP LOCKED
        ))
        RETURNING *
    )
    INSERT INTO reber.label_count
    SELECT survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id, sum(sources),
        sum(acted)
    FROM (SELECT * FROM counted UNION ALL SELECT * FROM taken) AS part
    GROUP BY survey_id, class_scheme_id, clustering_id, cluster, annotator, class_id
    HAVING sum(sources) <> 0 OR sum(acted) <> 0;
    RETURN NULL;
END;
$$;

COMMENT ON TABLE reber.label_count IS
    'Labelled sources by class, or by tag that applies, kept as labels come in; the rows of a key add up. '
    'Tags are not counted by leaf.';

-- Sums up the leaves of a clustering that was just written, once and for all: their distances never
-- change, and their labels are kept by the trigger from then on. Labels that come in meanwhile wait.
CREATE OR REPLACE FUNCTION reber.count_clusters(clustering bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE reber.cluster SET squares = summed.squares
    FROM (
        SELECT cluster, sum(distance::double precision * distance) AS squares
        FROM reber.cluster_member
        WHERE clustering_id = clustering
        GROUP BY cluster
    ) AS summed
    WHERE cluster.clustering_id = clustering AND cluster.cluster = summed.cluster;
    LOCK TABLE reber.agreed IN SHARE MODE;
    INSERT INTO reber.label_count
    SELECT survey_id, class_scheme_id, clustering, member.cluster, annotator, class_id, count(*),
        count(action_id)
    FROM (
        SELECT survey_id, source_id, class_scheme_id, annotator, class_id, action_id
        FROM reber.current_label
        WHERE tag = -1
        UNION ALL
        SELECT survey_id, source_id, class_scheme_id, '', class_id, NULL
        FROM reber.agreed
        WHERE class_id IS NOT NULL AND tag = -1
    ) AS label
    JOIN reber.cluster_member AS member USING (survey_id, source_id)
    WHERE member.clustering_id = clustering
    GROUP BY survey_id, class_scheme_id, member.cluster, annotator, class_id;
END;
$$;

-- Gives what annotators say now of some classes of a scheme to another class of it; gives how many labels.
-- Where they are tags, the other applies where one of them does, and they are withdrawn.
CREATE OR REPLACE FUNCTION reber.merge_classes(scheme integer, classes smallint[], target smallint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    INSERT INTO reber.label (
        survey_id, source_id, class_scheme_id, class_id, annotator, method, confidence, comment, tag, denies
    )
    SELECT
        survey_id, source_id, class_scheme_id, target, annotator, 'merge', max(confidence),
        'was ' || string_agg(class.name, ', ' ORDER BY label_id), max(CASE WHEN is_tags THEN target ELSE -1 END),
        bool_and(denies)
    FROM reber.current_label
    JOIN reber.class USING (class_scheme_id, class_id)
    JOIN reber.class_scheme USING (class_scheme_id)
    WHERE class_scheme_id = scheme AND (class_id = ANY (classes) OR is_tags AND class_id = target)
    GROUP BY survey_id, source_id, class_scheme_id, annotator
    HAVING bool_or(class_id <> target)
    ORDER BY min(label_id);
    GET DIAGNOSTICS moved = ROW_COUNT;
    INSERT INTO reber.label (survey_id, source_id, class_scheme_id, annotator, method, comment, tag)
    SELECT survey_id, source_id, class_scheme_id, annotator, 'merge', 'goes on in ' || (
        SELECT name FROM reber.class WHERE class.class_scheme_id = scheme AND class.class_id = target
    ), tag
    FROM reber.current_label
    WHERE class_scheme_id = scheme AND tag = ANY (classes)
    ORDER BY label_id;
    -- Classes that went into one of these before go with it.
    UPDATE reber.class SET merged_into = target, shortcut = NULL
    WHERE class_scheme_id = scheme AND (class_id = ANY (classes) OR merged_into = ANY (classes));
    RETURN moved;
END;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
