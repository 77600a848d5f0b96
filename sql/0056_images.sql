-- An image file is a row: what its header says, and where it lies on the sky. A cutout points to the file that it was
-- taken from by that file's digest.

CREATE TABLE reber.image (
    survey_id    integer NOT NULL,
    sha256       bytea   NOT NULL CHECK (length(sha256) = 32),
    file         text,
    bytes        bigint  CHECK (bytes >= 0),
    width        integer CHECK (width > 0),
    height       integer CHECK (height > 0),
    pixel_scale  real    CHECK (pixel_scale > 0),
    unit         text,
    beam_major   real    CHECK (beam_major > 0),
    beam_minor   real    CHECK (beam_minor > 0),
    beam_angle   real,
    frequency_hz double precision CHECK (frequency_hz > 0),
    epoch        double precision,
    footprint    double precision[] CHECK (cardinality(footprint) = 8),
    wcs          jsonb,
    PRIMARY KEY (survey_id, sha256)
) PARTITION BY LIST (survey_id);

COMMENT ON TABLE reber.image IS
    'An image file that a survey''s cutouts were taken from. Of files that were ingested before this was kept only '
    'digest and name are known, until an ingest reads them again.';
COMMENT ON COLUMN reber.image.sha256 IS 'Digest of the file.';
COMMENT ON COLUMN reber.image.file IS 'Where the file was when it was first read.';
COMMENT ON COLUMN reber.image.width IS 'Columns of pixels; where those of the file are not square, of square ones.';
COMMENT ON COLUMN reber.image.pixel_scale IS 'Arcsec a pixel.';
COMMENT ON COLUMN reber.image.beam_major IS 'Major axis (FWHM) of the restoring beam, arcsec.';
COMMENT ON COLUMN reber.image.beam_angle IS 'Position angle of the beam, degrees east of north.';
COMMENT ON COLUMN reber.image.epoch IS
    'Julian year of the middle of the observation where the header says it (MJD-AVG, DATE-AVG), else of its beginning '
    '(MJD-OBS, DATE-OBS).';
COMMENT ON COLUMN reber.image.footprint IS
    'Right ascension and declination (ICRS, degrees) of the four corners in turn, from the first pixel along the first '
    'row; null where a corner lies off the sky.';
COMMENT ON COLUMN reber.image.wcs IS 'The celestial WCS keywords.';

-- The images of cutouts that are there.
DO $$
DECLARE
    survey integer;
BEGIN
    FOR survey IN SELECT DISTINCT survey_id FROM reber.cutout ORDER BY 1 LOOP
        EXECUTE format(
            'INSERT INTO %s (survey_id, sha256, file) '
            'SELECT $1, image_sha256, ( '
            '    SELECT min(name) FROM reber.run_input '
            '    WHERE run_input.sha256 = encode(image_sha256, ''hex'') AND role = ''image'' '
            ') FROM reber.cutout WHERE survey_id = $1 GROUP BY image_sha256',
            reber.make_partition('reber.image', survey))
        USING survey;
        PERFORM reber.index_partition('reber.image', survey);
        PERFORM reber.join_partition('reber.image', survey);
    END LOOP;
END;
$$;

CREATE INDEX cutout_image ON reber.cutout (survey_id, image_sha256);

ALTER TABLE reber.cutout ADD CONSTRAINT cutout_image_fkey
FOREIGN KEY (survey_id, image_sha256) REFERENCES reber.image;

-- What is known of an image stays.
CREATE TRIGGER keep_known BEFORE UPDATE ON reber.image
FOR EACH ROW WHEN (OLD.width IS NOT NULL) EXECUTE FUNCTION reber.refuse_history();
CREATE TRIGGER keep_all BEFORE DELETE OR TRUNCATE ON reber.image
FOR EACH STATEMENT EXECUTE FUNCTION reber.refuse_history();

CREATE FUNCTION reber.grants_of_images() RETURNS void
LANGUAGE sql AS $$
    GRANT INSERT, UPDATE ON reber.image TO reber_pipeline;
$$;

DO $$ BEGIN PERFORM reber.renew_rights(); END $$;
