-- The role of the labelling pages: it reads, and adds what people decide; nothing else.

-- Grants what the pages need to role reber_web; call it again after making the role by hand.
CREATE FUNCTION reber.grant_web_role() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    GRANT USAGE ON SCHEMA reber, catalogue TO reber_web;
    GRANT SELECT ON ALL TABLES IN SCHEMA reber, catalogue TO reber_web;
    ALTER DEFAULT PRIVILEGES IN SCHEMA reber GRANT SELECT ON TABLES TO reber_web;
    ALTER DEFAULT PRIVILEGES IN SCHEMA catalogue GRANT SELECT ON TABLES TO reber_web;
    GRANT INSERT ON
        reber.label, reber.labelling_action, reber.growth, reber.growth_decision
    TO reber_web;
    IF NOT pg_has_role(CURRENT_USER, 'reber_web', 'MEMBER') THEN
        GRANT reber_web TO CURRENT_USER;
    END IF;
END;
$$;

-- Roles belong to the whole server, where another database of it may have made this one, even now.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reber_web') THEN
        BEGIN
            CREATE ROLE reber_web NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    PERFORM reber.grant_web_role();
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'role reber_web was not made: ask an administrator for CREATE ROLE reber_web and '
        'SELECT reber.grant_web_role(); until then the pages work with the rights of their user';
END;
$$;
