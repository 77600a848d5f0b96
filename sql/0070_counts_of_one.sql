-- Counts of one survey are planned for that survey: a function in plain SQL is planned for any, and locks the tables of
-- all of them with their indexes, of which a server with the usual settings has no room for a thousand surveys.

CREATE OR REPLACE FUNCTION reber.count_sources(survey integer) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    DELETE FROM reber.source_count WHERE survey_id = survey;
    INSERT INTO reber.source_count
    SELECT survey, block, sum(sources), sum(images)
    FROM (
        SELECT source_id >> 12 AS block, count(*) AS sources, 0 AS images
        FROM reber.source WHERE survey_id = survey AND is_listed
        GROUP BY source_id >> 12
        UNION ALL
        SELECT source_id >> 12, 0, count(*)
        FROM reber.cutout WHERE survey_id = survey AND is_current
        GROUP BY source_id >> 12
    ) AS counted
    GROUP BY block;
END;
$$;

CREATE OR REPLACE FUNCTION reber.count_embeddings(survey integer, model bigint) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    INSERT INTO reber.embedding_count
    SELECT survey, model, count(*) FROM reber.embedding WHERE survey_id = survey AND model_id = model
    ON CONFLICT (survey_id, model_id) DO UPDATE SET embeddings = excluded.embeddings;
END;
$$;
