-- Neighbours by pgvector's graph (HNSW: Malkov & Yashunin 2020), where the server has it. Safe to run
-- again: it indexes the points that are there; those that come are indexed as they are made.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
        RAISE NOTICE 'pgvector is not installed on this server: neighbours are looked for in the nearest cells of points.';
        RETURN;
    END IF;
    BEGIN
        CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'pgvector needs an administrator: ask for CREATE EXTENSION vector in this database.';
        RETURN;
    END;
    PERFORM reber.index_neighbours(survey_id, model_id) FROM reber.embedding_count;
END;
$$;
