-- Sky index by q3c (Koposov & Bartunov 2006), where the server has it. Safe to run again.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'q3c') THEN
        RAISE NOTICE 'q3c is not installed on this server: cone searches work, without its index.';
        RETURN;
    END IF;
    BEGIN
        CREATE EXTENSION IF NOT EXISTS q3c SCHEMA public;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'q3c needs a superuser: ask for CREATE EXTENSION q3c in this database.';
        RETURN;
    END;
    CREATE INDEX IF NOT EXISTS source_q3c ON reber.source (public.q3c_ang2ipix(ra, dec));
END;
$$;
