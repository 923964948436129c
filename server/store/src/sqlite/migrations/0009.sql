-- What is long and seldom read is kept apart from what each turn of a plan reads and writes: with it in the row, each
-- counter behind it would cost as much as it is long.

-- What a stage is, as JSON; none where it is as the stage of the each that it is a part of.
CREATE TABLE stage_definitions (stage INTEGER PRIMARY KEY, definition TEXT NOT NULL) STRICT;
INSERT INTO stage_definitions SELECT key, stage FROM stages WHERE stage IS NOT NULL;
ALTER TABLE stages DROP COLUMN stage;

-- What a dialect noted of a plan.
CREATE TABLE plan_notes (plan INTEGER PRIMARY KEY, noted TEXT NOT NULL) STRICT;
INSERT INTO plan_notes SELECT key, noted FROM plans WHERE noted IS NOT NULL;
ALTER TABLE plans DROP COLUMN noted;

-- How far a job's last attempt said that it is, in percent.
ALTER TABLE jobs ADD COLUMN progress INTEGER;
