-- The words of a scheme change: classes are described, get keys and colours, are renamed and merged.

ALTER TABLE reber.class
    ADD COLUMN shortcut    text CHECK (shortcut ~ '^[0-9a-z]$'),
    ADD COLUMN colour      text CHECK (colour ~ '^#[0-9a-f]{6}$'),
    ADD COLUMN merged_into smallint CHECK (merged_into <> class_id),
    ADD COLUMN former_names text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT class_shortcut UNIQUE (class_scheme_id, shortcut),
    ADD CONSTRAINT class_merged FOREIGN KEY (class_scheme_id, merged_into) REFERENCES reber.class;

COMMENT ON COLUMN reber.class.shortcut IS 'The key that chooses it on the pages; without one its place in the scheme.';
COMMENT ON COLUMN reber.class.colour IS 'Its colour on the pages, as #rrggbb; without one that of its place.';
COMMENT ON COLUMN reber.class.former_names IS 'What it was called before: tables of labels that say so mean it.';
COMMENT ON COLUMN reber.class.merged_into IS
    'The class that its labels were given to: it is not offered any more. Models that were taught it keep it.';

-- Labels stay as they were given: a merger is a newer label of each annotator, of a method of its own.
ALTER TABLE reber.label DROP CONSTRAINT label_method_check;
ALTER TABLE reber.label ADD CONSTRAINT label_method_check
    CHECK (method IN ('single', 'cluster', 'growth', 'import', 'merge'));

ALTER TABLE reber.correction DROP CONSTRAINT correction_kind_check;
ALTER TABLE reber.correction ADD CONSTRAINT correction_kind_check
    CHECK (kind IN ('undo', 'remove', 'rename', 'rename class', 'merge classes'));

-- Gives what annotators say now of some classes of a scheme to another class of it; gives how many labels.
CREATE FUNCTION reber.merge_classes(scheme integer, classes smallint[], target smallint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    INSERT INTO reber.label (
        survey_id, source_id, class_scheme_id, class_id, annotator, method, confidence, comment
    )
    SELECT
        survey_id, source_id, class_scheme_id, target, annotator, 'merge', confidence,
        'was ' || class.name
    FROM reber.current_label
    JOIN reber.class USING (class_scheme_id, class_id)
    WHERE class_scheme_id = scheme AND class_id = ANY (classes)
    ORDER BY label_id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    -- Classes that went into one of these before go with it.
    UPDATE reber.class SET merged_into = target, shortcut = NULL
    WHERE class_scheme_id = scheme AND (class_id = ANY (classes) OR merged_into = ANY (classes));
    RETURN moved;
END;
$$;

COMMENT ON FUNCTION reber.merge_classes IS
    'Writes, for each label that counts now and is of one of the classes, a newer one of the target.';
