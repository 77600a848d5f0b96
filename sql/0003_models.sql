-- Models, the space they learn, and its clusters.

CREATE TABLE reber.model (
    model_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id          bigint NOT NULL REFERENCES reber.run UNIQUE,
    kind            text   NOT NULL CHECK (kind IN ('encoder', 'classifier')),
    parent_model_id bigint REFERENCES reber.model,
    description     jsonb  NOT NULL,
    sha256          text   NOT NULL,
    CHECK (parent_model_id < model_id)
);

COMMENT ON COLUMN reber.model.parent_model_id IS 'The pre-trained encoder that a classifier began from.';
COMMENT ON COLUMN reber.model.description IS 'Architecture, pre-processing, and for a classifier its calibration.';
COMMENT ON COLUMN reber.model.sha256 IS 'Digest of the weights.';

CREATE TABLE reber.model_weights (
    model_id bigint PRIMARY KEY REFERENCES reber.model,
    weights  bytea  NOT NULL
);

ALTER TABLE reber.model_weights ALTER COLUMN weights SET STORAGE EXTERNAL;

COMMENT ON COLUMN reber.model_weights.weights IS 'In the safetensors layout.';

-- The newest state of a training that has not finished, so that a killed one goes on.
CREATE TABLE reber.checkpoint (
    run_id   bigint      PRIMARY KEY REFERENCES reber.run,
    step     bigint      NOT NULL,
    state    bytea       NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

ALTER TABLE reber.checkpoint ALTER COLUMN state SET STORAGE EXTERNAL;

-- The loss as it went, a row a step or epoch.
CREATE TABLE reber.training_curve (
    run_id bigint  NOT NULL REFERENCES reber.run,
    series text    NOT NULL,
    step   bigint  NOT NULL,
    value  double precision NOT NULL,
    PRIMARY KEY (run_id, series, step)
);

-- What a training run saw, image by image: evaluation must not use it again.
CREATE TABLE reber.training_source (
    run_id    bigint   NOT NULL REFERENCES reber.run,
    survey_id integer  NOT NULL,
    source_id bigint   NOT NULL,
    cutout_id bigint   NOT NULL REFERENCES reber.cutout,
    class_id  smallint,
    fold      smallint,
    label_ids bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (run_id, survey_id, source_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source
);

COMMENT ON COLUMN reber.training_source.class_id IS 'The label that was learned; null in pre-training.';
COMMENT ON COLUMN reber.training_source.label_ids IS 'The labels that the class came from.';

CREATE TABLE reber.embedding (
    model_id  bigint  NOT NULL REFERENCES reber.model,
    cutout_id bigint  NOT NULL REFERENCES reber.cutout,
    survey_id integer NOT NULL,
    source_id bigint  NOT NULL,
    vector    real[]  NOT NULL,
    run_id    bigint  NOT NULL REFERENCES reber.run,
    PRIMARY KEY (model_id, cutout_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source
);

CREATE INDEX embedding_source ON reber.embedding (survey_id, source_id);

CREATE TABLE reber.clustering (
    clustering_id bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id        bigint  NOT NULL REFERENCES reber.run UNIQUE,
    model_id      bigint  NOT NULL REFERENCES reber.model,
    survey_id     integer NOT NULL REFERENCES reber.survey
);

CREATE TABLE reber.cluster (
    clustering_id bigint  NOT NULL REFERENCES reber.clustering,
    cluster       integer NOT NULL,
    parent        integer,
    height        real,
    members       integer NOT NULL CHECK (members >= 0),
    centroid      real[]  NOT NULL,
    medoid_source_id bigint,
    PRIMARY KEY (clustering_id, cluster),
    FOREIGN KEY (clustering_id, parent) REFERENCES reber.cluster DEFERRABLE INITIALLY DEFERRED
);

COMMENT ON TABLE reber.cluster IS 'Leaves are the k-means clusters; inner nodes join the most alike of them.';
COMMENT ON COLUMN reber.cluster.height IS 'How unlike the two halves of an inner node are; 0 for a leaf.';
COMMENT ON COLUMN reber.cluster.members IS 'Sources in the cluster and all below it.';

CREATE TABLE reber.cluster_member (
    clustering_id bigint   NOT NULL,
    cluster       integer  NOT NULL,
    survey_id     integer  NOT NULL,
    source_id     bigint   NOT NULL,
    distance      real     NOT NULL,
    outlier_score real     NOT NULL,
    is_boundary   boolean  NOT NULL DEFAULT false,
    PRIMARY KEY (clustering_id, survey_id, source_id),
    FOREIGN KEY (clustering_id, cluster) REFERENCES reber.cluster,
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source
);

CREATE INDEX cluster_member_cluster ON reber.cluster_member (clustering_id, cluster, distance);

COMMENT ON COLUMN reber.cluster_member.distance IS 'From the centroid, in the clustered space.';
COMMENT ON COLUMN reber.cluster_member.outlier_score IS 'Larger is less like anything else.';
COMMENT ON COLUMN reber.cluster_member.is_boundary IS 'Among the examples nearest to another cluster.';
