-- Who is asked again is asked about what is oldest; an audit speaks of classes as they are now, and of a label again
-- whose answer was undone.

CREATE INDEX label_annotator ON reber.label (survey_id, class_scheme_id, annotator, label_id)
WHERE class_id IS NOT NULL;

-- What was merged since is one class: its probability is the sum of what the folds gave its parts.
CREATE OR REPLACE VIEW reber.contradicted_label AS
SELECT
    run_id, model_id, taught.survey_id, taught.source_id, own.class_scheme_id, fold, taught.label_ids, agreed.class_id,
    said.own AS probability, said.class_id AS said_class_id, said.probability AS said_probability,
    (ln(greatest(said.probability, 1e-6)) - ln(greatest(said.own, 1e-6)))::real AS doubt
FROM reber.training_source AS taught
JOIN reber.model USING (run_id)
JOIN reber.model_class AS own USING (model_id, class_id)
JOIN reber.class AS own_class USING (class_scheme_id, class_id)
JOIN reber.agreed ON agreed.survey_id = taught.survey_id AND agreed.source_id = taught.source_id
    AND agreed.class_scheme_id = own.class_scheme_id
    AND agreed.class_id = coalesce(own_class.merged_into, own_class.class_id)
CROSS JOIN LATERAL (
    SELECT class_id, probability, coalesce(max(probability) FILTER (WHERE class_id = agreed.class_id) OVER (), 0) AS own
    FROM (
        SELECT coalesce(merged_into, class.class_id) AS class_id, sum(given.probability) AS probability,
            min(place) AS place
        FROM unnest(held_out) WITH ORDINALITY AS given (probability, place)
        JOIN reber.model_class ON model_class.model_id = model.model_id AND ordinal = place - 1
        JOIN reber.class USING (class_scheme_id, class_id)
        GROUP BY 1
    ) AS now
    ORDER BY probability DESC, place
    LIMIT 1
) AS said
WHERE said.class_id <> agreed.class_id
    -- What anybody says since is an answer, whichever class wins, unless it was undone.
    AND NOT EXISTS (
        SELECT FROM reber.label AS since
        JOIN reber.run ON run.run_id = taught.run_id
        LEFT JOIN reber.labelling_action AS action USING (action_id)
        WHERE (since.survey_id, since.source_id, since.class_scheme_id)
                = (taught.survey_id, taught.source_id, own.class_scheme_id)
            AND since.labelled_at > run.started_at AND since.method <> 'merge'
            AND since.label_id <> ALL (taught.label_ids)
            AND action.undoes IS NULL
            AND NOT EXISTS (
                SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = since.action_id
            )
    );
