-- A piece of a run's work that is a training of its own has a checkpoint of its own.

ALTER TABLE reber.checkpoint ADD COLUMN piece integer NOT NULL DEFAULT -1;
ALTER TABLE reber.checkpoint DROP CONSTRAINT checkpoint_pkey;
ALTER TABLE reber.checkpoint ADD PRIMARY KEY (run_id, piece);

COMMENT ON COLUMN reber.checkpoint.piece IS
    'The piece of the run''s work whose training it is of; -1 where the whole run is one training.';
