-- The digest of a published catalogue is that of a list of digests, one of each block of its rows: any number of
-- processes find them at once.

ALTER TABLE reber.catalogue ADD COLUMN block_rows integer CHECK (block_rows > 0);

COMMENT ON COLUMN reber.catalogue.block_rows IS
    'Rows of each block that sha256 is made of (the last may have fewer); null where it is made of all rows at once.';

COMMENT ON COLUMN reber.catalogue.sha256 IS
    'Digest of what COPY (SELECT * FROM catalogue.NAME ORDER BY name COLLATE "C") TO STDOUT writes: that is cut in blocks of block_rows lines, and this is SHA-256 of the SHA-256 of each, in hexadecimal, a line each. Of a psql that writes it: | split -l 65536 --filter=sha256sum | cut -d'' '' -f1 | sha256sum. Where block_rows is null it is SHA-256 of all of it; catalogues published before migration 0037 have SHA-256 of the SHA-256 of their rows as text, one after another in order of name.';
