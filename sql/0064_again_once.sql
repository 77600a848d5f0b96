-- What an annotator says when asked again counts once a source: a sheet that was corrected and imported twice is one
-- answer. It stands beside what the annotator said unasked, and classes that were merged since are one.

CREATE OR REPLACE VIEW reber.label_again AS
SELECT
    again.survey_id, again.source_id, again.class_scheme_id, again.annotator,
    coalesce(class_before.merged_into, before.class_id) AS class_id,
    coalesce(class_again.merged_into, again.class_id) AS class_id_again,
    before.label_id, again.label_id AS label_id_again
FROM reber.label AS again
CROSS JOIN LATERAL (
    SELECT earlier.label_id, earlier.class_id
    FROM reber.label AS earlier
    LEFT JOIN reber.labelling_action AS action USING (action_id)
    WHERE (earlier.survey_id, earlier.source_id, earlier.class_scheme_id, earlier.annotator)
            = (again.survey_id, again.source_id, again.class_scheme_id, again.annotator)
        AND earlier.label_id < again.label_id AND earlier.method NOT IN ('again', 'merge')
        -- An undo says once more what was said before, be that an answer.
        AND action.undoes IS NULL
        AND NOT EXISTS (
            SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = earlier.action_id
        )
    ORDER BY earlier.label_id DESC
    LIMIT 1
) AS before
JOIN reber.class AS class_before
    ON class_before.class_scheme_id = again.class_scheme_id AND class_before.class_id = before.class_id
JOIN reber.class AS class_again
    ON class_again.class_scheme_id = again.class_scheme_id AND class_again.class_id = again.class_id
WHERE again.method = 'again'
    AND NOT EXISTS (
        SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = again.action_id
    )
    AND NOT EXISTS (
        SELECT FROM reber.label AS newer
        WHERE (newer.survey_id, newer.source_id, newer.class_scheme_id, newer.annotator)
                = (again.survey_id, again.source_id, again.class_scheme_id, again.annotator)
            AND newer.method = 'again' AND newer.label_id > again.label_id
            AND NOT EXISTS (
                SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = newer.action_id
            )
    );

COMMENT ON VIEW reber.label_again IS
    'The newest labels of sources that an annotator was asked about again, blind, beside what the annotator had said '
    'before; what was undone is not among them, and merged classes are one.';
