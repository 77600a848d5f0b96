-- What people say of a source can be carried to what is one object with it, as labels that say where they came from.

ALTER TABLE reber.label DROP CONSTRAINT label_method_check;
ALTER TABLE reber.label ADD CONSTRAINT label_method_check
    CHECK (method IN ('single', 'cluster', 'growth', 'import', 'merge', 'carry'));

ALTER TABLE reber.label
    ADD COLUMN carried_from bigint,
    ADD CONSTRAINT label_carried CHECK ((method = 'carry') = (carried_from IS NOT NULL));

COMMENT ON COLUMN reber.label.carried_from IS
    'The label of a source of another survey that was carried here, since both are one object.';
