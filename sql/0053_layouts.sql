-- What is in the columns that hold pixels, vectors and weights, so that any client can read them, and how the
-- comments of published catalogues are read by a program.

COMMENT ON COLUMN reber.cutout_pixels.pixels IS
    'height × width values of the type that cutout.bitpix names (8: uint8, 16: int16, 32: int32, -32: float32, -64: '
    'float64), little-endian, not compressed; row by row from the bottom, as in FITS, so that value x + width * y is '
    'the pixel in column x and row y, both from 0. They are in the unit of the image (cutout.wcs, BUNIT), BSCALE and '
    'BZERO applied. NaN stands where the image has no value or does not reach. numpy: '
    'frombuffer(pixels, ''<f4'').reshape(height, width) for bitpix -32; width and height are in reber.cutout.';
COMMENT ON COLUMN reber.cutout.wcs IS
    'The celestial WCS keywords of the cutout by name, and BUNIT, BMAJ, BMIN and BPA; null where the image has no sky. '
    'astropy: WCS(fits.Header(wcs)).';
COMMENT ON COLUMN reber.cutout.width IS 'Columns of pixels: NAXIS1.';
COMMENT ON COLUMN reber.cutout.height IS 'Rows of pixels: NAXIS2.';
COMMENT ON COLUMN reber.cutout.pixel_scale IS 'Arcsec a pixel; null where the image does not tell it.';
COMMENT ON COLUMN reber.embedding.vector IS
    'The place of the cutout in the space of model_id: float32 values, as many for all cutouts of a model, '
    'not normalised. Sources are compared by the cosine of the angle between two.';
COMMENT ON COLUMN reber.model_weights.weights IS
    'A file in the safetensors layout, not compressed: 8 bytes of the header''s length (uint64, little-endian), a header '
    'in JSON that gives each tensor by its name a dtype, a shape and data_offsets, then the numbers: dtype F32 is '
    'float32, little-endian, the last axis running fastest. Kernels of convolutions are (output, input, row, column), '
    'matrices of linear layers (output, input).';
COMMENT ON COLUMN reber.checkpoint.state IS
    'A file in the safetensors layout, as reber.model_weights.weights: weights, state of the optimiser and statistics.';

COMMENT ON SCHEMA catalogue IS
    'Published value-added catalogues, a table each: what astronomers query. The comment on a column is its '
    'description, then its unit in square brackets and its UCD behind ''UCD'' in round ones, where it has them: '
    '''Right ascension, ICRS [deg] (UCD pos.eq.ra;meta.main)''; reber.read_comment takes it apart, and '
    'reber.catalogue_column has the parts.';

-- The comment on a column of a published catalogue in its parts.
CREATE FUNCTION reber.read_comment(comment text, OUT description text, OUT unit text, OUT ucd text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT part[1], part[2], part[3]
    FROM regexp_match(comment, '^(.*?)(?: \[([^][]+)\])?(?: \(UCD ([^()]+)\))?$') AS part
$$;

COMMENT ON FUNCTION reber.read_comment IS
    'Description, unit and UCD of the comment on a column of a published catalogue; unit and UCD are null where it has none.';
