-- What a report of an evaluation shows besides its scores: how far probabilities can be trusted, what
-- is left at each of them, and source by source what was judged by which truth.

CREATE TABLE reber.reliability (
    run_id         bigint   NOT NULL REFERENCES reber.run,
    bin            smallint NOT NULL,
    low            double precision NOT NULL,
    high           double precision NOT NULL,
    sources        integer  NOT NULL,
    correct        integer  NOT NULL,
    confidence     double precision,
    accuracy       double precision,
    accuracy_lower double precision,
    accuracy_upper double precision,
    PRIMARY KEY (run_id, bin),
    CHECK (low < high),
    CHECK (correct <= sources)
);

COMMENT ON TABLE reber.reliability IS
    'Bins of the predicted class''s probability, above low and up to high, and how often it was right.';
COMMENT ON COLUMN reber.reliability.confidence IS 'The mean probability of the predicted class.';
COMMENT ON COLUMN reber.reliability.accuracy_lower IS 'Lower end of the 95% score interval (Wilson 1927).';

CREATE TABLE reber.coverage (
    run_id    bigint  NOT NULL REFERENCES reber.run,
    threshold real    NOT NULL,
    sources   integer NOT NULL,
    accuracy  double precision NOT NULL,
    macro_f1  double precision NOT NULL,
    PRIMARY KEY (run_id, threshold)
);

COMMENT ON TABLE reber.coverage IS
    'Scores of the judged sources whose predicted class has at least the probability of the threshold.';

CREATE TABLE reber.judged (
    run_id                bigint   NOT NULL REFERENCES reber.run,
    classification_run_id bigint   NOT NULL,
    survey_id             integer  NOT NULL,
    source_id             bigint   NOT NULL,
    class_scheme_id       integer  NOT NULL,
    class_id              smallint NOT NULL,
    PRIMARY KEY (run_id, survey_id, source_id),
    FOREIGN KEY (classification_run_id, survey_id, source_id) REFERENCES reber.prediction,
    FOREIGN KEY (class_scheme_id, class_id) REFERENCES reber.class
);

CREATE INDEX judged_prediction ON reber.judged (classification_run_id, survey_id, source_id);

COMMENT ON TABLE reber.judged IS 'The sources that an evaluation judged.';
COMMENT ON COLUMN reber.judged.class_id IS 'What the source truly is, by the run''s table of truth or the labels.';

CREATE VIEW reber.judgement AS
SELECT
    judged.run_id,
    judged.survey_id,
    judged.source_id,
    source.name,
    source.ra,
    source.dec,
    prediction.cutout_id,
    predicted.name AS predicted,
    prediction.probability,
    truth.name AS truth,
    prediction.class_id = judged.class_id AS is_right
FROM reber.judged
JOIN reber.source USING (survey_id, source_id)
JOIN reber.prediction ON prediction.run_id = judged.classification_run_id
    AND prediction.survey_id = judged.survey_id AND prediction.source_id = judged.source_id
JOIN reber.class AS predicted ON predicted.class_scheme_id = prediction.class_scheme_id
    AND predicted.class_id = prediction.class_id
JOIN reber.class AS truth ON truth.class_scheme_id = judged.class_scheme_id
    AND truth.class_id = judged.class_id;

COMMENT ON VIEW reber.judgement IS 'What evaluations judged, source by source: predicted class beside the true one.';
