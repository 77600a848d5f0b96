-- How pure each cluster is, as far as the labels in it tell.

CREATE VIEW reber.cluster_purity AS
SELECT
    clustering.clustering_id, counted.cluster, counted.class_scheme_id,
    cluster.members, counted.labelled, counted.class_id, counted.sources,
    share.purity,
    (share.purity + share.doubt / 2 - share.half) / (1 + share.doubt) AS purity_lower,
    (share.purity + share.doubt / 2 + share.half) / (1 + share.doubt) AS purity_upper,
    counted.entropy
FROM reber.clustering
CROSS JOIN LATERAL (
    WITH RECURSIVE label AS MATERIALIZED (
        SELECT source_id, class_scheme_id, class_id FROM reber.consensus
        WHERE consensus.survey_id = clustering.survey_id
    ), by_leaf AS (
        SELECT member.cluster AS leaf, class_scheme_id, class_id, count(*) AS sources
        FROM label
        JOIN reber.cluster_member AS member ON member.source_id = label.source_id
        WHERE member.clustering_id = clustering.clustering_id
            AND member.survey_id = clustering.survey_id
        GROUP BY member.cluster, class_scheme_id, class_id
    ), above (leaf, cluster) AS (
        SELECT DISTINCT leaf, leaf FROM by_leaf
        UNION ALL
        SELECT above.leaf, child.parent
        FROM above
        JOIN reber.cluster AS child ON child.cluster = above.cluster
        WHERE child.clustering_id = clustering.clustering_id AND child.parent IS NOT NULL
    ), by_class AS (
        SELECT above.cluster, class_scheme_id, class_id, sum(sources) AS sources
        FROM by_leaf
        JOIN above USING (leaf)
        GROUP BY above.cluster, class_scheme_id, class_id
    )
    SELECT
        by_class.cluster, class_scheme_id,
        sum(sources)::integer AS labelled,
        (array_agg(class_id ORDER BY sources DESC, class_id))[1] AS class_id,
        max(sources)::integer AS sources,
        greatest(
            0, (ln(sum(sources)) - sum(sources * ln(sources)) / sum(sources)) / ln(2.0)
        )::double precision AS entropy
    FROM by_class
    GROUP BY by_class.cluster, class_scheme_id
) AS counted
JOIN reber.cluster ON cluster.clustering_id = clustering.clustering_id
    AND cluster.cluster = counted.cluster
-- z² / n for 95%, less as fewer members are left to be labelled (finite-population correction).
CROSS JOIN LATERAL (
    SELECT
        counted.sources::double precision / counted.labelled AS purity,
        1.959963984540054 ^ 2 / counted.labelled
            * greatest(0, cluster.members - counted.labelled)
            / greatest(1, cluster.members - 1) AS doubt
) AS wilson
CROSS JOIN LATERAL (
    SELECT
        wilson.purity, wilson.doubt,
        sqrt(wilson.doubt * wilson.purity * (1 - wilson.purity) + wilson.doubt ^ 2 / 4) AS half
) AS share;

COMMENT ON VIEW reber.cluster_purity IS
    'A row for each cluster or union and scheme with a label in it; one class a source, by consensus.';
COMMENT ON COLUMN reber.cluster_purity.class_id IS
    'The class of most labelled members; of a tie the one that the scheme lists first.';
COMMENT ON COLUMN reber.cluster_purity.sources IS 'Labelled members of that class.';
COMMENT ON COLUMN reber.cluster_purity.purity IS 'Their share of the labelled members.';
COMMENT ON COLUMN reber.cluster_purity.purity_lower IS
    'Lower end of Wilson''s 95% interval for all members, as if the labelled ones were drawn by chance.';
COMMENT ON COLUMN reber.cluster_purity.entropy IS 'Of the labelled members'' classes, in bits.';
