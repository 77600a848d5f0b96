-- How large a source is on its image, so that views fit it.

ALTER TABLE reber.cutout ADD COLUMN source_extent real CHECK (source_extent > 0);

COMMENT ON COLUMN reber.cutout.source_extent IS
    'Diameter in pixels of the circle about the middle that holds the source, by its pixels or else by '
    'its catalogue, the larger of the two; null where nothing rises above the noise, and for images '
    'that were ingested before this was measured.';
