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

-- Models: what functions compute with. A name means its current version.
CREATE TABLE models (
    key INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    -- What was found in its file, as JSON.
    found TEXT NOT NULL,
    batch_axis INTEGER,
    batch_rows INTEGER,
    shared INTEGER NOT NULL,
    current INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account, name, number)
) STRICT;
CREATE INDEX models_shared ON models (name) WHERE shared = 1;

-- What inference took of each device, as JSON; none where there was no inference.
ALTER TABLE attempts ADD COLUMN devices TEXT;
