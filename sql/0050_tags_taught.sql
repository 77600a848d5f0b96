-- Classifiers of tags, and the shares of votes that can be taught.

ALTER TABLE reber.model_class ADD COLUMN threshold real CHECK (threshold BETWEEN 0 AND 1);
COMMENT ON COLUMN reber.model_class.threshold IS
    'Of a tag the probability from which it is said to apply: that of the greatest F1 on the folds held out.';
COMMENT ON COLUMN reber.prediction.probabilities IS
    'In the order of reber.model_class.ordinal; they sum to 1, but for tags, of which each has its own.';
COMMENT ON COLUMN reber.prediction.class_id IS 'The most probable class, or tag.';

CREATE VIEW reber.vote AS
SELECT
    survey_id, source_id, class_scheme_id, class_id, votes, (sum(all_votes) OVER question)::bigint AS all_votes,
    (weight / sum(all_weight) OVER question)::real AS share, label_ids
FROM (
    SELECT
        survey_id, source_id, class_scheme_id, tag, class_id,
        count(*) FILTER (WHERE NOT denies) AS votes, count(*) AS all_votes,
        coalesce(sum(confidence) FILTER (WHERE NOT denies), 0) AS weight, sum(confidence) AS all_weight,
        array_agg(label_id ORDER BY label_id) AS label_ids
    FROM reber.current_label
    GROUP BY survey_id, source_id, class_scheme_id, tag, class_id
) AS by_class
WINDOW question AS (PARTITION BY survey_id, source_id, class_scheme_id, tag);

COMMENT ON VIEW reber.vote IS
    'How many annotators give a source a class, or say that a tag applies, of how many that answer.';
COMMENT ON COLUMN reber.vote.share IS 'Their part of the confidence of all who answer.';

-- The tags that a classifier says apply, by their names, with ; between them.
CREATE FUNCTION reber.tags_of(of_model bigint, probabilities real[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg(class.name, ';' ORDER BY ordinal), '')
    FROM reber.model_class
    JOIN reber.class USING (class_scheme_id, class_id)
    WHERE model_id = of_model AND probabilities[ordinal + 1] >= coalesce(threshold, 0.5)
$$;

-- The published catalogues of tags, with the column and the threshold of one of them; where the catalogue
-- does not know the tag, they are null.
CREATE FUNCTION reber.tag_catalogues(of_tag text)
RETURNS TABLE (catalogue text, survey text, probability_column text, threshold real)
LANGUAGE sql STABLE AS $$
    SELECT published.name, survey.name, shown.name, coalesce(taught.threshold, 0.5)
    FROM reber.catalogue AS published
    JOIN reber.survey USING (survey_id)
    CROSS JOIN LATERAL (
        SELECT model_id, class_scheme_id FROM reber.prediction
        WHERE prediction.run_id = published.classification_run_id
        LIMIT 1
    ) AS made
    JOIN reber.class_scheme USING (class_scheme_id)
    LEFT JOIN (
        SELECT model_id, class.name, threshold
        FROM reber.model_class
        JOIN reber.class USING (class_scheme_id, class_id)
    ) AS taught ON taught.model_id = made.model_id AND taught.name = of_tag
    LEFT JOIN reber.catalogue_column AS shown ON shown.catalogue = published.name
        AND taught.name IS NOT NULL AND shown.name = 'p_' || reber.column_name(of_tag)
    WHERE is_tags
$$;

-- As 0045 has it, and of a catalogue of tags it asks the tag's own probability.
DO $$
DECLARE
    body text := pg_get_functiondef('reber.find_unchecked'::regproc);
    before text;
BEGIN
    FOREACH before IN ARRAY ARRAY[
        'condition text := ''true'';', 'IF of_class IS NOT NULL THEN',
        'condition := condition || '' AND class = $1'';', 'IF min_probability IS NOT NULL THEN',
        'IF like_source IS NULL THEN'
    ] LOOP
        IF strpos(body, before) = 0 THEN
            RAISE EXCEPTION 'reber.find_unchecked is not as 0045 made reber.find: %', before;
        END IF;
    END LOOP;
    body := replace(body, 'condition text := ''true'';', 'condition text := ''true'';
    verdict text := '''';
    tagged record;');
    body := replace(body, 'condition := condition || '' AND class = $1'';', 'verdict := '' AND class = $1'';
        FOR tagged IN SELECT * FROM reber.tag_catalogues(of_class) LOOP
            verdict := verdict || format('' AND catalogue <> %L'', tagged.catalogue);
        END LOOP;');
    body := replace(body, 'condition := condition || '' AND probability >= $2'';',
        'verdict := verdict || '' AND probability >= $2'';');
    body := replace(body, 'FROM catalogue.everything WHERE %s'', condition);',
        'FROM catalogue.everything WHERE %s'', condition || verdict);
    IF of_class IS NOT NULL THEN
        FOR tagged IN SELECT * FROM reber.tag_catalogues(of_class) WHERE probability_column IS NOT NULL LOOP
            question := question || format(
                '' UNION ALL SELECT %L, %L, name, ra, "dec", total_flux, $1, %I FROM catalogue.%I
                WHERE %I >= greatest(%L::real, $2) AND %s'', tagged.catalogue, tagged.survey,
                tagged.probability_column, tagged.catalogue, tagged.probability_column, tagged.threshold,
                condition);
        END LOOP;
    END IF;');
    EXECUTE body;
END;
$$;

COMMENT ON FUNCTION reber.find IS
    'Sources of all published catalogues by class, probability, place, flux and look-alike, in one question. '
    'A tag is found where it applies, with its own probability.';

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
