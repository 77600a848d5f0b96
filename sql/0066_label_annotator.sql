-- The index of 0063 holds what only those ask who are asked again. It fitted the look-up of a source's labels too, and
-- where the planner knew nothing of the table yet, as in the first import, it took that for each source in place of
-- label_current: an import of n labels went through n² of them.

DROP INDEX reber.label_annotator;
CREATE INDEX label_annotator ON reber.label (survey_id, class_scheme_id, annotator, label_id)
WHERE class_id IS NOT NULL AND method NOT IN ('merge', 'carry');
