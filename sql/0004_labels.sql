-- Classes, and the labels that people give.

CREATE TABLE reber.class_scheme (
    class_scheme_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text    NOT NULL UNIQUE,
    description     text,
    reference       text
);

CREATE TABLE reber.class (
    class_scheme_id integer  NOT NULL REFERENCES reber.class_scheme,
    class_id        smallint NOT NULL CHECK (class_id >= 0),
    name            text     NOT NULL,
    description     text,
    PRIMARY KEY (class_scheme_id, class_id),
    UNIQUE (class_scheme_id, name)
);

INSERT INTO reber.class_scheme (name, description, reference) VALUES (
    'morphology-12',
    'Twelve classes by appearance alone, not by physics.',
    'Baron Perez et al. 2025, A&A 699, A302, arXiv:2503.19111'
);

INSERT INTO reber.class (class_scheme_id, class_id, name)
SELECT class_scheme_id, ordinality - 1, class
FROM reber.class_scheme,
    unnest(ARRAY[
        'artifact', 'amorphous', 'bright core', 'head-tail', 'single lobe', 'centre-bright',
        'c. p. ellipse', 'symmetric double', 'edge-bright', 'diffuse bent', 'structured bent',
        'circular diffuse'
    ]) WITH ORDINALITY AS listed (class, ordinality)
WHERE class_scheme.name = 'morphology-12';

-- The name of a class as part of a column's name: 'head-tail' becomes head_tail.
CREATE FUNCTION reber.column_name(class_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trim(BOTH '_' FROM regexp_replace(lower(class_name), '[^a-z0-9]+', '_', 'g'));

-- Append-only: a change of mind is a new row, a withdrawal a row without a class.
CREATE TABLE reber.label (
    label_id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey_id       integer     NOT NULL,
    source_id       bigint      NOT NULL,
    class_scheme_id integer     NOT NULL REFERENCES reber.class_scheme,
    class_id        smallint,
    annotator       text        NOT NULL CHECK (annotator <> ''),
    labelled_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    method          text        NOT NULL CHECK (method IN ('single', 'cluster', 'import')),
    confidence      real        NOT NULL DEFAULT 1 CHECK (confidence > 0 AND confidence <= 1),
    clustering_id   bigint,
    cluster         integer,
    run_id          bigint      REFERENCES reber.run,
    comment         text,
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source,
    FOREIGN KEY (class_scheme_id, class_id) REFERENCES reber.class,
    FOREIGN KEY (clustering_id, cluster) REFERENCES reber.cluster,
    CHECK ((method = 'cluster') = (clustering_id IS NOT NULL))
);

CREATE INDEX label_source ON reber.label (survey_id, source_id, class_scheme_id);

CREATE FUNCTION reber.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'reber.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING HINT = 'Insert a new row; a row without a class withdraws the annotator''s label.';
END;
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.label
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();

-- What each annotator says now.
CREATE VIEW reber.current_label AS
SELECT *
FROM (
    SELECT DISTINCT ON (survey_id, source_id, class_scheme_id, annotator) *
    FROM reber.label
    ORDER BY survey_id, source_id, class_scheme_id, annotator, label_id DESC
) AS latest
WHERE class_id IS NOT NULL;

-- What the annotators together say now: the class with the most confidence behind it.
CREATE VIEW reber.consensus AS
SELECT DISTINCT ON (survey_id, source_id, class_scheme_id)
    survey_id, source_id, class_scheme_id, class_id,
    votes,
    sum(votes) OVER whole AS all_votes,
    weight / sum(weight) OVER whole AS agreement,
    annotators, label_ids
FROM (
    SELECT
        survey_id, source_id, class_scheme_id, class_id,
        count(*) AS votes,
        sum(confidence) AS weight,
        array_agg(annotator ORDER BY label_id) AS annotators,
        array_agg(label_id ORDER BY label_id) AS label_ids
    FROM reber.current_label
    GROUP BY survey_id, source_id, class_scheme_id, class_id
) AS by_class
WINDOW whole AS (PARTITION BY survey_id, source_id, class_scheme_id)
ORDER BY survey_id, source_id, class_scheme_id, weight DESC, class_id;

COMMENT ON VIEW reber.consensus IS
    'One class a source and scheme; a tie goes to the class that the scheme lists first.';

CREATE VIEW reber.labelled_source AS
SELECT
    survey.name AS survey, source.name, class_scheme.name AS scheme, class.name AS class,
    consensus.agreement, consensus.annotators,
    consensus.survey_id, consensus.source_id, consensus.class_scheme_id, consensus.class_id
FROM reber.consensus
JOIN reber.survey USING (survey_id)
JOIN reber.source USING (survey_id, source_id)
JOIN reber.class_scheme USING (class_scheme_id)
JOIN reber.class USING (class_scheme_id, class_id);
