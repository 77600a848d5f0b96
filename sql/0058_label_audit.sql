-- Labels that the folds contradict which held their sources out, and labels that annotators give when they are
-- asked again.

CREATE VIEW reber.contradicted_label AS
SELECT
    run_id, model_id, survey_id, source_id, own.class_scheme_id, fold, taught.label_ids, taught.class_id,
    held_out[own.ordinal + 1] AS probability, said.class_id AS said_class_id,
    said.probability AS said_probability,
    (ln(greatest(said.probability, 1e-6)) - ln(greatest(held_out[own.ordinal + 1], 1e-6)))::real AS doubt
FROM reber.training_source AS taught
JOIN reber.model USING (run_id)
JOIN reber.model_class AS own USING (model_id, class_id)
JOIN reber.class AS own_class USING (class_scheme_id, class_id)
JOIN reber.agreed USING (survey_id, source_id, class_scheme_id, class_id)
CROSS JOIN LATERAL (
    SELECT model_class.class_id, given.probability
    FROM unnest(held_out) WITH ORDINALITY AS given (probability, place)
    JOIN reber.model_class ON model_class.model_id = model.model_id AND ordinal = place - 1
    ORDER BY given.probability DESC, place
    LIMIT 1
) AS said
JOIN reber.class AS said_class ON said_class.class_scheme_id = own.class_scheme_id
    AND said_class.class_id = said.class_id
WHERE coalesce(said_class.merged_into, said.class_id) <> coalesce(own_class.merged_into, taught.class_id)
    -- What anybody says since is an answer, whichever class wins.
    AND NOT EXISTS (
        SELECT FROM reber.label AS since
        JOIN reber.run ON run.run_id = taught.run_id
        WHERE (since.survey_id, since.source_id, since.class_scheme_id)
                = (taught.survey_id, taught.source_id, own.class_scheme_id)
            AND since.labelled_at > run.started_at AND since.method <> 'merge'
            AND since.label_id <> ALL (taught.label_ids)
    );

COMMENT ON VIEW reber.contradicted_label IS
    'Classes of sources that are said to be another by the fold of a training which held them out, as long as nobody '
    'has labelled the source again.';
COMMENT ON COLUMN reber.contradicted_label.doubt IS
    'The natural logarithm of how much more probable the other class is: most doubtful first is by it, falling.';

ALTER TABLE reber.label DROP CONSTRAINT label_method_check;
ALTER TABLE reber.label ADD CONSTRAINT label_method_check
    CHECK (method IN ('single', 'cluster', 'growth', 'import', 'merge', 'carry', 'again'));

CREATE INDEX label_asked_again ON reber.label (survey_id, class_scheme_id, annotator, source_id)
WHERE method = 'again';

-- What an annotator says when asked again without being told, beside what the annotator said before.
CREATE VIEW reber.label_again AS
SELECT
    again.survey_id, again.source_id, again.class_scheme_id, again.annotator, before.class_id,
    again.class_id AS class_id_again, before.label_id, again.label_id AS label_id_again
FROM reber.label AS again
CROSS JOIN LATERAL (
    SELECT label_id, class_id FROM reber.label AS earlier
    WHERE (earlier.survey_id, earlier.source_id, earlier.class_scheme_id, earlier.annotator)
            = (again.survey_id, again.source_id, again.class_scheme_id, again.annotator)
        AND earlier.label_id < again.label_id
    ORDER BY label_id DESC
    LIMIT 1
) AS before
WHERE again.method = 'again' AND again.class_id IS NOT NULL AND before.class_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = again.action_id
    );

COMMENT ON VIEW reber.label_again IS
    'Labels of sources that an annotator was asked about again, blind, beside what the annotator had said before; '
    'what was undone is not among them.';
