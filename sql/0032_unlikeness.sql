-- How unlike anything labelled a source looks, beside the probabilities of the classes.

ALTER TABLE reber.prediction
    ADD COLUMN unlikeness real CHECK (unlikeness BETWEEN 0 AND 1);

COMMENT ON COLUMN reber.prediction.unlikeness IS
    'Part of the labelled sources, each held out, that lie nearer to what was labelled: 0.99 is farther than 99% of them. Null by classifiers that do not know.';

COMMENT ON COLUMN reber.model.parent_model_id IS
    'The encoder that a classifier began from, or the classifier whose encoder it began from.';
