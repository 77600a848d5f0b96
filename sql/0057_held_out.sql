-- What the folds that held labelled sources out say of them: the thresholds of the sets of classes and the audit
-- of the labels come from it.

ALTER TABLE reber.training_source ADD COLUMN held_out real[];

COMMENT ON COLUMN reber.training_source.held_out IS
    'Of a labelled source the probabilities by the fold that held it out, by the same views and with the same '
    'temperature as those of reber.prediction and in the order of reber.model_class.ordinal; null where no fold held '
    'it out, and of classifiers that were taught by versions which kept none.';
