-- Surveys, their sources, and the images of those sources.

CREATE TABLE reber.survey (
    survey_id       integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text        NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    title           text,
    frequency_hz    double precision CHECK (frequency_hz > 0),
    beam_major      real CHECK (beam_major > 0),
    beam_minor      real CHECK (beam_minor > 0),
    beam_angle      real,
    pixel_scale     real CHECK (pixel_scale > 0),
    reference       text,
    simulated       boolean     NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON COLUMN reber.survey.beam_major IS 'FWHM of the restoring beam, arcsec.';
COMMENT ON COLUMN reber.survey.beam_angle IS 'Position angle of the beam, degrees east of north.';
COMMENT ON COLUMN reber.survey.pixel_scale IS 'Arcsec a pixel.';
COMMENT ON COLUMN reber.survey.simulated IS 'True where the sky is made up: shown wherever the survey is.';

CREATE TABLE reber.survey_column (
    survey_id   integer NOT NULL REFERENCES reber.survey,
    name        text    NOT NULL,
    ordinal     integer NOT NULL,
    datatype    text    NOT NULL,
    unit        text,
    ucd         text,
    description text,
    mapped_to   text,
    run_id      bigint  NOT NULL REFERENCES reber.run,
    PRIMARY KEY (survey_id, name)
);

COMMENT ON TABLE reber.survey_column IS
    'The columns of the survey''s own catalogue, whose values stand in source.attributes.';
COMMENT ON COLUMN reber.survey_column.mapped_to IS 'The column of reber.source that was filled from it.';

CREATE SEQUENCE reber.source_id_seq;

CREATE TABLE reber.source (
    survey_id   integer NOT NULL REFERENCES reber.survey,
    source_id   bigint  NOT NULL DEFAULT nextval('reber.source_id_seq'),
    name        text    NOT NULL,
    designation text,
    ra          double precision CHECK (ra >= 0 AND ra < 360),
    dec         double precision CHECK (dec BETWEEN -90 AND 90),
    total_flux  double precision,
    peak_flux   double precision,
    rms         double precision,
    major_axis  double precision,
    attributes  jsonb   NOT NULL DEFAULT '{}',
    run_id      bigint  NOT NULL REFERENCES reber.run,
    PRIMARY KEY (survey_id, source_id),
    UNIQUE (survey_id, name),
    CHECK ((ra IS NULL) = (dec IS NULL))
) PARTITION BY LIST (survey_id);

CREATE INDEX source_dec ON reber.source (dec, ra);
CREATE INDEX source_flux ON reber.source (survey_id, total_flux);

COMMENT ON COLUMN reber.source.name IS 'Identifier within the survey.';
COMMENT ON COLUMN reber.source.designation IS 'IAU-style designation, Jhhmmss.ss+ddmmss.s.';
COMMENT ON COLUMN reber.source.ra IS 'Right ascension, ICRS, degrees; null in collections without positions.';
COMMENT ON COLUMN reber.source.dec IS 'Declination, ICRS, degrees.';
COMMENT ON COLUMN reber.source.total_flux IS 'Integrated flux density, Jy.';
COMMENT ON COLUMN reber.source.peak_flux IS 'Peak brightness, Jy/beam.';
COMMENT ON COLUMN reber.source.rms IS 'Local noise, Jy/beam.';
COMMENT ON COLUMN reber.source.major_axis IS 'Largest angular size or fitted major axis, arcsec.';
COMMENT ON COLUMN reber.source.attributes IS 'Every other column of the survey''s catalogue, in its own unit.';

-- What a changed catalogue replaced: the rows as they were.
CREATE TABLE reber.source_superseded (
    LIKE reber.source,
    superseded_by bigint NOT NULL REFERENCES reber.run,
    PRIMARY KEY (survey_id, source_id, superseded_by)
);

-- Makes the survey, and the partition that holds its sources. An existing survey is left as it is.
CREATE FUNCTION reber.add_survey(survey_name text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    id integer;
BEGIN
    INSERT INTO reber.survey (name) VALUES (survey_name)
    ON CONFLICT (name) DO NOTHING
    RETURNING survey_id INTO id;
    IF id IS NULL THEN
        SELECT survey_id INTO id FROM reber.survey WHERE name = survey_name;
    ELSE
        EXECUTE format(
            'CREATE TABLE reber.%I PARTITION OF reber.source FOR VALUES IN (%s)',
            'source_' || survey_name, id);
    END IF;
    RETURN id;
END;
$$;

-- One physical source may be many catalogue entries: components, surveys, releases.
CREATE TABLE reber.physical_source (
    physical_source_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ra                 double precision NOT NULL,
    dec                double precision NOT NULL,
    run_id             bigint NOT NULL REFERENCES reber.run
);

CREATE TABLE reber.source_identity (
    physical_source_id bigint  NOT NULL REFERENCES reber.physical_source,
    survey_id          integer NOT NULL,
    source_id          bigint  NOT NULL,
    separation         real    NOT NULL,
    run_id             bigint  NOT NULL REFERENCES reber.run,
    PRIMARY KEY (physical_source_id, survey_id, source_id),
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source
);

CREATE INDEX source_identity_source ON reber.source_identity (survey_id, source_id);

COMMENT ON COLUMN reber.source_identity.separation IS 'From the physical source''s position, arcsec.';

CREATE TABLE reber.cutout (
    cutout_id      bigint  GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    survey_id      integer NOT NULL,
    source_id      bigint  NOT NULL,
    width          integer NOT NULL CHECK (width > 0),
    height         integer NOT NULL CHECK (height > 0),
    bitpix         smallint NOT NULL CHECK (bitpix IN (8, 16, 32, -32, -64)),
    pixel_scale    real CHECK (pixel_scale > 0),
    wcs            jsonb,
    sha256         text    NOT NULL,
    image_sha256   text    NOT NULL,
    off_image      real    NOT NULL CHECK (off_image BETWEEN 0 AND 1),
    non_finite     real    NOT NULL CHECK (non_finite BETWEEN 0 AND 1),
    at_edge        boolean NOT NULL GENERATED ALWAYS AS (off_image > 0) STORED,
    is_current     boolean NOT NULL DEFAULT true,
    run_id         bigint  NOT NULL REFERENCES reber.run,
    FOREIGN KEY (survey_id, source_id) REFERENCES reber.source
);

CREATE UNIQUE INDEX cutout_current ON reber.cutout (survey_id, source_id) WHERE is_current;
CREATE INDEX cutout_source ON reber.cutout (survey_id, source_id);
CREATE INDEX cutout_image ON reber.cutout (image_sha256);

COMMENT ON TABLE reber.cutout IS 'The image of a source; its pixels are in reber.cutout_pixels.';
COMMENT ON COLUMN reber.cutout.bitpix IS 'Type of the pixels as FITS names it: 8, 16, 32, -32, -64.';
COMMENT ON COLUMN reber.cutout.wcs IS 'The celestial WCS keywords of the cutout, and BUNIT, BMAJ, BMIN, BPA.';
COMMENT ON COLUMN reber.cutout.sha256 IS 'Digest of the stored pixels.';
COMMENT ON COLUMN reber.cutout.image_sha256 IS 'Digest of the image file the cutout was taken from.';
COMMENT ON COLUMN reber.cutout.off_image IS 'Share of the pixels beyond the edge of the image, stored as NaN.';
COMMENT ON COLUMN reber.cutout.non_finite IS 'Share of the pixels that are NaN or infinite, padding included.';
COMMENT ON COLUMN reber.cutout.is_current IS 'False once a changed image has replaced it.';

-- Blobs live apart, so that no list query ever touches them. Radio noise does not compress:
-- EXTERNAL skips the attempt (measured by tools/bench storage).
CREATE TABLE reber.cutout_pixels (
    cutout_id bigint PRIMARY KEY REFERENCES reber.cutout,
    pixels    bytea  NOT NULL
);

ALTER TABLE reber.cutout_pixels ALTER COLUMN pixels SET STORAGE EXTERNAL;

COMMENT ON COLUMN reber.cutout_pixels.pixels IS
    'Little-endian, row by row from the bottom as in FITS, width × height values of the type bitpix.';

CREATE VIEW reber.source_without_image AS
SELECT survey.name AS survey, source.name, source.ra, source.dec, source.survey_id, source.source_id
FROM reber.source
JOIN reber.survey USING (survey_id)
WHERE NOT EXISTS (
    SELECT FROM reber.cutout
    WHERE cutout.survey_id = source.survey_id
        AND cutout.source_id = source.source_id
        AND cutout.is_current
);

COMMENT ON VIEW reber.source_without_image IS 'Catalogue entries that no ingested image covers.';
