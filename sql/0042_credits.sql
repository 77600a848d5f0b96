-- Who made surveys and catalogues, and how they may be used: what a release says of them.

ALTER TABLE reber.survey
    ADD COLUMN authors    text,
    ADD COLUMN licence    text,
    ADD COLUMN copyright  text,
    ADD COLUMN facility   text,
    ADD COLUMN instrument text,
    ADD COLUMN epoch      double precision CHECK (epoch BETWEEN 1800 AND 2200);

COMMENT ON COLUMN reber.survey.reference IS 'The publication to cite: a DOI, a bibcode or an address.';
COMMENT ON COLUMN reber.survey.authors IS 'Who made it, divided by semicolons.';
COMMENT ON COLUMN reber.survey.licence IS 'Under which licence it may be used, such as CC-BY-4.0.';
COMMENT ON COLUMN reber.survey.copyright IS 'The statement that has to go with its data.';
COMMENT ON COLUMN reber.survey.epoch IS 'Mean epoch of the observations, Julian year.';

ALTER TABLE reber.catalogue
    ADD COLUMN title     text,
    ADD COLUMN authors   text,
    ADD COLUMN reference text,
    ADD COLUMN licence   text,
    ADD COLUMN copyright text;

COMMENT ON COLUMN reber.catalogue.title IS
    'What is not said of the catalogue, here and in the columns after it, is as it is with its survey.';
