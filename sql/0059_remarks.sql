-- A day's work on the pages: notes and flags on sources, questions with names, clusters that are handed out so that
-- no two people get the same, and a share of the labels that a second person gives blindly.

-- Remarks -------------------------------------------------------------------------------------------------------

-- Append-only, as labels are: of an annotator, a source and a kind the newest row counts.
CREATE TABLE reber.source_remark (
    remark_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey_id   integer     NOT NULL,
    source_id   bigint      NOT NULL,
    annotator   text        NOT NULL CHECK (annotator <> ''),
    kind        text        NOT NULL CHECK (kind IN ('note', 'artefact', 'blended', 'two sources')),
    stands      boolean     NOT NULL,
    note        text        CHECK (note <> '' AND length(note) <= 4000),
    remarked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source,
    CHECK ((note IS NOT NULL) = (kind = 'note' AND stands))
);

CREATE INDEX source_remark_source ON reber.source_remark (survey_id, source_id, annotator, kind, remark_id);
CREATE INDEX source_remark_kind ON reber.source_remark (survey_id, kind, source_id);

COMMENT ON TABLE reber.source_remark IS
    'What people say of a source beside its label: notes and flags. What counts is in reber.current_remark.';
COMMENT ON COLUMN reber.source_remark.kind IS 'A note, or the flag.';
COMMENT ON COLUMN reber.source_remark.stands IS 'False takes back what the annotator said before of this kind.';
COMMENT ON COLUMN reber.source_remark.note IS 'The words of a note; null of a flag, and of a note that is taken back.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.source_remark
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();

CREATE VIEW reber.current_remark AS
SELECT * FROM reber.source_remark AS said
WHERE stands AND NOT EXISTS (
    SELECT FROM reber.source_remark AS later
    WHERE later.survey_id = said.survey_id AND later.source_id = said.source_id
        AND later.annotator = said.annotator AND later.kind = said.kind AND later.remark_id > said.remark_id
);

COMMENT ON VIEW reber.current_remark IS 'Notes and flags of sources as they stand now, by annotator.';

-- Questions -----------------------------------------------------------------------------------------------------

CREATE TABLE reber.saved_question (
    question_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey_id   integer     NOT NULL REFERENCES reber.survey,
    name        text        NOT NULL CHECK (name <> '' AND length(name) <= 100),
    query       text        CHECK (length(query) <= 4000),
    annotator   text        NOT NULL CHECK (annotator <> ''),
    saved_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX saved_question_name ON reber.saved_question (survey_id, name, question_id);

COMMENT ON TABLE reber.saved_question IS
    'Questions for sources that people gave a name on the page Browse: of a name the newest row counts.';
COMMENT ON COLUMN reber.saved_question.query IS
    'The question as it stands in the address of the page; null takes the name back.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.saved_question
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();

-- Signal to noise is asked for, and ordered by, as flux and size are.
CREATE INDEX source_snr ON reber.source ((peak_flux / nullif(rms, 0)) DESC NULLS LAST, source_id);

-- Clusters that are handed out ----------------------------------------------------------------------------------

CREATE TABLE reber.cluster_lease (
    clustering_id   bigint      NOT NULL,
    cluster         integer     NOT NULL,
    class_scheme_id integer     NOT NULL REFERENCES reber.class_scheme,
    annotator       text        NOT NULL CHECK (annotator <> ''),
    lease_ends      timestamptz NOT NULL,
    PRIMARY KEY (clustering_id, class_scheme_id, cluster),
    FOREIGN KEY (clustering_id, cluster) REFERENCES reber.cluster
);

COMMENT ON TABLE reber.cluster_lease IS
    'Who has which cluster on the page before them. Until the lease ends, nobody else is given the cluster, what it '
    'is a part of, or a part of it.';

-- Who else has a cluster, a part of it, or what it is a part of; null for nobody.
CREATE FUNCTION reber.leased_to(of_clustering bigint, of_cluster integer, of_scheme integer, asking text)
RETURNS text
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above (cluster) AS (
        SELECT of_cluster
        UNION
        SELECT parent FROM reber.cluster JOIN above USING (cluster)
        WHERE clustering_id = of_clustering AND parent IS NOT NULL
    ), leased AS (
        SELECT cluster, annotator FROM reber.cluster_lease
        WHERE clustering_id = of_clustering AND class_scheme_id = of_scheme AND annotator <> asking
            AND lease_ends > clock_timestamp()
    ), upward (cluster, annotator) AS (
        SELECT cluster, annotator FROM leased
        UNION
        SELECT parent, annotator FROM reber.cluster JOIN upward USING (cluster)
        WHERE clustering_id = of_clustering AND parent IS NOT NULL
    )
    SELECT annotator FROM leased JOIN above USING (cluster)
    UNION ALL
    SELECT annotator FROM upward WHERE cluster = of_cluster
    LIMIT 1
$$;

-- Gives an annotator a cluster for some seconds, or tells who has it; null where it was given.
CREATE FUNCTION reber.lease_cluster(
    of_clustering bigint, of_cluster integer, of_scheme integer, asking text, seconds double precision
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    other text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('reber.cluster_lease'), of_clustering::integer);
    DELETE FROM reber.cluster_lease WHERE clustering_id = of_clustering AND lease_ends < clock_timestamp();
    other := reber.leased_to(of_clustering, of_cluster, of_scheme, asking);
    IF other IS NULL THEN
        DELETE FROM reber.cluster_lease
        WHERE clustering_id = of_clustering AND class_scheme_id = of_scheme AND annotator = asking
            AND cluster <> of_cluster;
        INSERT INTO reber.cluster_lease (clustering_id, cluster, class_scheme_id, annotator, lease_ends)
        VALUES (of_clustering, of_cluster, of_scheme, asking, clock_timestamp() + make_interval(secs => seconds))
        ON CONFLICT (clustering_id, class_scheme_id, cluster)
            DO UPDATE SET annotator = excluded.annotator, lease_ends = excluded.lease_ends;
    END IF;
    RETURN other;
END;
$$;

COMMENT ON FUNCTION reber.lease_cluster IS
    'Hands a cluster to an annotator for some seconds instead of the one before; where another has it, or a part of '
    'it, or what it is a part of, the answer is that one''s name and nothing changes.';

-- A second, blind label -----------------------------------------------------------------------------------------

CREATE TABLE reber.second_look (
    look_id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey_id       integer     NOT NULL REFERENCES reber.survey,
    class_scheme_id integer     NOT NULL REFERENCES reber.class_scheme,
    share           real        NOT NULL CHECK (share BETWEEN 0 AND 1),
    annotator       text        NOT NULL CHECK (annotator <> ''),
    set_at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX second_look_survey ON reber.second_look (survey_id, class_scheme_id, look_id);

COMMENT ON TABLE reber.second_look IS
    'Which share of the labelled sources of a survey a second annotator is to label without seeing what the first '
    'said: the newest row counts.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reber.second_look
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_change();

-- The lot of a source, 0 to 9999: those below 10,000 times a share are evenly over keys, whatever the share (the
-- multiplier is next to 10,000 times the golden section and has no factor in common with it).
CREATE FUNCTION reber.lot(source_id bigint) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT (source_id % 10000 * 6181 % 10000)::integer
$$;

CREATE INDEX agreed_lot ON reber.agreed (survey_id, class_scheme_id, reber.lot(source_id), source_id)
WHERE class_id IS NOT NULL;

-- How labels come about: also by a line on the map, and as the second, blind label of a source.
ALTER TABLE reber.label DROP CONSTRAINT label_method_check;
ALTER TABLE reber.label ADD CONSTRAINT label_method_check
    CHECK (method IN ('single', 'second', 'cluster', 'map', 'growth', 'import', 'merge', 'carry', 'again'));

ALTER TABLE reber.labelling_action DROP CONSTRAINT labelling_action_kind_check;
ALTER TABLE reber.labelling_action
    ADD COLUMN polygon integer[],
    ADD CONSTRAINT labelling_action_kind_check
        CHECK (kind IN ('accept', 'split', 'single', 'grow', 'map', 'undo')),
    ADD CONSTRAINT labelling_action_polygon CHECK ((kind = 'map') = (polygon IS NOT NULL));

COMMENT ON COLUMN reber.labelling_action.polygon IS
    'The line that was drawn on the map: x and y of its corners, -10,000 to 10,000 on the map. It was the layout of '
    'the clustering, or the plane of the principal components where that is null.';

-- What was asked for -------------------------------------------------------------------------------------------

-- Takes back a command that waits and that ask_for could have asked for, for those who may not write commands; false
-- where none of that number is there.
CREATE FUNCTION reber.ask_no_more(asked bigint, by text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE reber.queued_command SET ended_at = clock_timestamp(), error = 'taken back by ' || by
    WHERE command_id = asked AND ended_at IS NULL
        AND (lease_ends IS NULL OR lease_ends < clock_timestamp())
        AND command[1] IN ('pretrain', 'embed', 'cluster', 'finetune', 'classify', 'publish')
        AND EXISTS (SELECT FROM reber.survey WHERE command = ARRAY[command[1], '--survey', survey.name]);
    RETURN FOUND;
END;
$$;

COMMENT ON FUNCTION reber.ask_no_more IS
    'Takes back a stage that was asked for and that no worker has; it ends with who took it back.';

REVOKE EXECUTE ON FUNCTION reber.ask_no_more FROM PUBLIC;

CREATE FUNCTION reber.grants_of_remarks() RETURNS void
LANGUAGE sql AS $$
    GRANT INSERT ON reber.source_remark, reber.saved_question, reber.second_look TO reber_annotator, reber_pipeline;
    GRANT INSERT, UPDATE, DELETE ON reber.cluster_lease TO reber_annotator;
    GRANT EXECUTE ON FUNCTION reber.ask_no_more TO reber_annotator, reber_pipeline;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
