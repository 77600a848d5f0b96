-- What people do on the labelling pages: their decisions, with the labels that follow from them.

-- A class grown page by page over candidates ranked by similarity. Where it stands follows from its
-- decisions alone, so that a closed browser loses nothing.
CREATE TABLE reber.growth (
    growth_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey_id       integer     NOT NULL REFERENCES reber.survey,
    class_scheme_id integer     NOT NULL,
    class_id        smallint    NOT NULL,
    annotator       text        NOT NULL CHECK (annotator <> ''),
    model_id        bigint      NOT NULL REFERENCES reber.model,
    clustering_id   bigint,
    cluster         integer,
    page_size       integer     NOT NULL CHECK (page_size > 0),
    seeds           bigint[]    NOT NULL,
    ranking         bigint[]    NOT NULL,
    started_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (class_scheme_id, class_id) REFERENCES reber.class,
    FOREIGN KEY (clustering_id, cluster) REFERENCES reber.cluster
);

COMMENT ON COLUMN reber.growth.seeds IS 'The sources that candidates were compared with.';
COMMENT ON COLUMN reber.growth.ranking IS 'The candidates, the most alike first.';

CREATE TABLE reber.growth_decision (
    growth_id  bigint      NOT NULL REFERENCES reber.growth,
    step       integer     NOT NULL CHECK (step > 0),
    page       integer     NOT NULL CHECK (page >= 0),
    answer     text        NOT NULL CHECK (answer IN ('match', 'mismatch', 'undo')),
    rejected   bigint[]    NOT NULL DEFAULT '{}',
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (growth_id, step)
);

COMMENT ON COLUMN reber.growth_decision.rejected IS 'Sources of the page that were taken out before it matched.';

CREATE TABLE reber.labelling_action (
    action_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey_id       integer     NOT NULL REFERENCES reber.survey,
    class_scheme_id integer     NOT NULL REFERENCES reber.class_scheme,
    annotator       text        NOT NULL CHECK (annotator <> ''),
    kind            text        NOT NULL CHECK (kind IN ('accept', 'split', 'single', 'grow', 'undo')),
    class_id        smallint,
    clustering_id   bigint,
    cluster         integer,
    growth_id       bigint      REFERENCES reber.growth,
    undoes          bigint      UNIQUE REFERENCES reber.labelling_action,
    shown           integer     NOT NULL CHECK (shown >= 0),
    decided_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (class_scheme_id, class_id) REFERENCES reber.class,
    FOREIGN KEY (clustering_id, cluster) REFERENCES reber.cluster,
    CHECK ((kind = 'undo') = (undoes IS NOT NULL)),
    CHECK ((kind = 'grow') <= (growth_id IS NOT NULL))
);

CREATE INDEX labelling_action_annotator ON reber.labelling_action (survey_id, annotator, action_id);

COMMENT ON TABLE reber.labelling_action IS 'One decision of a person; its labels point to it.';
COMMENT ON COLUMN reber.labelling_action.shown IS 'Sources that were on the page.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.labelling_action
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.growth_decision
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();

ALTER TABLE reber.label ADD COLUMN action_id bigint REFERENCES reber.labelling_action;
ALTER TABLE reber.label DROP CONSTRAINT label_method_check;
ALTER TABLE reber.label ADD CONSTRAINT label_method_check
    CHECK (method IN ('single', 'cluster', 'growth', 'import'));

CREATE INDEX label_action ON reber.label (action_id) WHERE action_id IS NOT NULL;

-- Decisions as they followed each other; a pause of more than five minutes is no work.
CREATE VIEW reber.labelling_rate AS
WITH decision AS (
    SELECT survey_id, annotator, decided_at, 1 AS decisions
    FROM reber.labelling_action
    WHERE kind <> 'grow'
    UNION ALL
    SELECT growth.survey_id, growth.annotator, growth_decision.decided_at, 1
    FROM reber.growth_decision
    JOIN reber.growth USING (growth_id)
    UNION ALL
    SELECT survey_id, annotator, decided_at, 0
    FROM reber.labelling_action
    WHERE kind = 'grow'
    UNION ALL
    SELECT survey_id, annotator, started_at, 0
    FROM reber.growth
), paced AS (
    SELECT survey_id, annotator, decisions,
        extract(epoch FROM decided_at - lag(decided_at) OVER (
            PARTITION BY survey_id, annotator ORDER BY decided_at
        )) AS seconds
    FROM decision
), work AS (
    SELECT survey_id, annotator,
        sum(decisions) AS decisions,
        coalesce(sum(seconds) FILTER (WHERE seconds < 300), 0) / 3600 AS hours
    FROM paced
    GROUP BY survey_id, annotator
)
SELECT work.survey_id, work.annotator, work.decisions,
    coalesce(labelled.sources, 0) AS sources,
    work.hours::double precision AS hours,
    (work.decisions / nullif(work.hours, 0))::double precision AS decisions_per_hour,
    (coalesce(labelled.sources, 0) / nullif(work.hours, 0))::double precision AS sources_per_hour
FROM work
LEFT JOIN (
    SELECT label.survey_id, label.annotator, count(DISTINCT source_id) AS sources
    FROM reber.label
    JOIN reber.labelling_action AS action USING (action_id)
    WHERE label.class_id IS NOT NULL AND action.kind <> 'undo'
        AND NOT EXISTS (
            SELECT FROM reber.labelling_action AS undo WHERE undo.undoes = action.action_id
        )
    GROUP BY label.survey_id, label.annotator
) AS labelled USING (survey_id, annotator);

COMMENT ON VIEW reber.labelling_rate IS
    'How fast each annotator labels, from the times of the decisions alone.';
