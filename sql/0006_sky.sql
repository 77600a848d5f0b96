-- The sphere, for servers with or without q3c (sql/optional/q3c.sql adds its index).

-- Angle between two positions in degrees (Vincenty 1975: exact at all separations).
CREATE FUNCTION reber.separation(
    ra1 double precision, dec1 double precision, ra2 double precision, dec2 double precision
) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN degrees(atan2(
    sqrt(
        power(cosd(dec2) * sind(ra2 - ra1), 2)
        + power(cosd(dec1) * sind(dec2) - sind(dec1) * cosd(dec2) * cosd(ra2 - ra1), 2)
    ),
    sind(dec1) * sind(dec2) + cosd(dec1) * cosd(dec2) * cosd(ra2 - ra1)
));

-- IAU-style designation of a position: Jhhmmss.ss+ddmmss.s, truncated as the IAU asks.
CREATE FUNCTION reber.designation(right_ascension double precision, declination double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN (
    SELECT format(
        'J%s%s%s.%s%s%s%s%s.%s',
        lpad((t / 360000)::text, 2, '0'),
        lpad((t / 6000 % 60)::text, 2, '0'),
        lpad((t / 100 % 60)::text, 2, '0'),
        lpad((t % 100)::text, 2, '0'),
        CASE WHEN declination < 0 THEN '-' ELSE '+' END,
        lpad((d / 36000)::text, 2, '0'),
        lpad((d / 600 % 60)::text, 2, '0'),
        lpad((d / 10 % 60)::text, 2, '0'),
        d % 10
    )
    FROM (
        SELECT
            floor(round((right_ascension * 24000)::numeric, 6))::bigint AS t,
            floor(round((abs(declination) * 36000)::numeric, 6))::bigint AS d
    ) AS units
);

-- One minus the cosine of the angle between two embeddings: 0 alike, 2 opposite.
CREATE FUNCTION reber.cosine_distance(a real[], b real[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN (
    SELECT 1 - sum(x::double precision * y) / sqrt(sum(x::double precision * x) * sum(y::double precision * y))
    FROM unnest(a, b) AS pair (x, y)
);

-- The sources most like a given one, in the newest model that has embedded it: exact, without any
-- extension.
CREATE FUNCTION reber.neighbours(survey_name text, source_name text, how_many integer DEFAULT 10)
RETURNS TABLE (survey text, name text, ra double precision, "dec" double precision, distance double precision)
LANGUAGE sql STABLE AS $$
    WITH query AS (
        SELECT embedding.*
        FROM reber.embedding
        JOIN reber.cutout USING (cutout_id)
        JOIN reber.source ON (source.survey_id, source.source_id) = (embedding.survey_id, embedding.source_id)
        JOIN reber.survey ON survey.survey_id = source.survey_id
        WHERE survey.name = survey_name AND source.name = source_name AND cutout.is_current
        ORDER BY embedding.model_id DESC
        LIMIT 1
    )
    SELECT survey.name, source.name, source.ra, source.dec, near.distance
    FROM (
        SELECT other.survey_id, other.source_id, reber.cosine_distance(query.vector, other.vector) AS distance
        FROM query
        JOIN reber.embedding AS other USING (model_id)
        JOIN reber.cutout ON cutout.cutout_id = other.cutout_id AND cutout.is_current
        WHERE other.cutout_id <> query.cutout_id
        ORDER BY distance
        LIMIT how_many
    ) AS near
    JOIN reber.source USING (survey_id, source_id)
    JOIN reber.survey USING (survey_id)
    ORDER BY near.distance
$$;
