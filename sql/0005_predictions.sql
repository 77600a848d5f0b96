-- Probabilities, how good they are, and the catalogues published from them.

-- The classes that a classifier can give, in the order of its probabilities.
CREATE TABLE reber.model_class (
    model_id        bigint   NOT NULL REFERENCES reber.model,
    ordinal         smallint NOT NULL,
    class_scheme_id integer  NOT NULL,
    class_id        smallint NOT NULL,
    labels          integer  NOT NULL,
    PRIMARY KEY (model_id, ordinal),
    UNIQUE (model_id, class_scheme_id, class_id),
    FOREIGN KEY (class_scheme_id, class_id) REFERENCES reber.class
);

COMMENT ON COLUMN reber.model_class.labels IS 'How many labelled sources taught the class.';

CREATE TABLE reber.prediction (
    run_id          bigint   NOT NULL REFERENCES reber.run,
    survey_id       integer  NOT NULL,
    source_id       bigint   NOT NULL,
    cutout_id       bigint   NOT NULL REFERENCES reber.cutout,
    model_id        bigint   NOT NULL REFERENCES reber.model,
    class_scheme_id integer  NOT NULL,
    class_id        smallint NOT NULL,
    probability     real     NOT NULL CHECK (probability BETWEEN 0 AND 1),
    probabilities   real[]   NOT NULL,
    PRIMARY KEY (run_id, survey_id, source_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source,
    FOREIGN KEY (class_scheme_id, class_id) REFERENCES reber.class
);

CREATE INDEX prediction_class ON reber.prediction (run_id, class_id, probability DESC);
CREATE INDEX prediction_source ON reber.prediction (survey_id, source_id);

COMMENT ON COLUMN reber.prediction.probabilities IS 'In the order of reber.model_class.ordinal; they sum to 1.';

CREATE TABLE reber.evaluation (
    run_id      bigint  NOT NULL REFERENCES reber.run,
    bound       text    NOT NULL,
    class       text    NOT NULL,
    support     integer NOT NULL,
    predicted   integer NOT NULL,
    correct     integer NOT NULL,
    precision   real,
    recall      real,
    f1          real,
    f1_lower    real,
    f1_upper    real,
    PRIMARY KEY (run_id, bound, class)
);

COMMENT ON TABLE reber.evaluation IS
    'Figures on sources whose labels the classifier never saw; class ''macro average'' is their mean.';
COMMENT ON COLUMN reber.evaluation.bound IS 'Which probabilities were counted: all, p <= 0.85, p >= 0.99.';
COMMENT ON COLUMN reber.evaluation.f1_lower IS 'Lower end of the 95% bootstrap interval.';

CREATE TABLE reber.confusion (
    run_id    bigint  NOT NULL REFERENCES reber.run,
    truth     text    NOT NULL,
    predicted text    NOT NULL,
    sources   integer NOT NULL,
    PRIMARY KEY (run_id, truth, predicted)
);

CREATE TABLE reber.catalogue (
    name                  text        PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    run_id                bigint      NOT NULL REFERENCES reber.run,
    classification_run_id bigint      NOT NULL REFERENCES reber.run,
    survey_id             integer     NOT NULL REFERENCES reber.survey,
    rows                  bigint      NOT NULL,
    sha256                text        NOT NULL,
    published_at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE reber.catalogue IS 'The tables in schema catalogue and the run that published each.';

-- The columns of published catalogues, with what FITS and VOTable need to know of them.
CREATE TABLE reber.catalogue_column (
    catalogue   text    NOT NULL REFERENCES reber.catalogue ON DELETE CASCADE,
    name        text    NOT NULL,
    ordinal     integer NOT NULL,
    unit        text,
    ucd         text,
    description text,
    PRIMARY KEY (catalogue, name)
);
