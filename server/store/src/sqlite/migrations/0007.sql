-- Plans: stages that follow from each other, some of which make runs or plans.

-- stage: what made it, if it is a part of another plan. listed: 1 if it is none. secrets: their names, as JSON; sealed:
-- they themselves. root: the stage that goes through its stages. revision goes up with each turn.
CREATE TABLE plans (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    stage INTEGER,
    listed INTEGER NOT NULL,
    detached INTEGER NOT NULL,
    head TEXT NOT NULL,
    noted TEXT,
    secrets TEXT NOT NULL,
    sealed BLOB,
    status INTEGER NOT NULL,
    root INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    variables_bytes INTEGER NOT NULL,
    error TEXT,
    result TEXT,
    run_at INTEGER,
    delete_at INTEGER,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER
) STRICT;
CREATE INDEX plans_listed ON plans (account, listed, created_at);                              -- list of plans, purge
CREATE INDEX plans_status ON plans (account, listed, status, created_at);                      -- list of plans by status
CREATE INDEX plans_live ON plans (account) WHERE completed_at IS NULL;                         -- how many an account has
CREATE INDEX plans_stage ON plans (stage) WHERE stage IS NOT NULL;                             -- the plan of a stage
CREATE INDEX plans_due ON plans (run_at) WHERE run_at IS NOT NULL AND started_at IS NULL AND completed_at IS NULL; -- what has become due
CREATE INDEX plans_completed ON plans (completed_at) WHERE completed_at IS NOT NULL;           -- purge
CREATE INDEX plans_delete ON plans (delete_at) WHERE delete_at IS NOT NULL;                    -- purge

-- stage is what it is, as JSON; null where it is as the stage of the each that it is a part of. news: how much there is
-- that was not looked at yet.
CREATE TABLE stages (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    plan INTEGER NOT NULL,
    parent INTEGER,
    position INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    status INTEGER NOT NULL,
    stage TEXT,
    scope TEXT,
    name TEXT,
    var TEXT,
    concurrency INTEGER NOT NULL,
    total INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    over INTEGER NOT NULL,
    news INTEGER NOT NULL,
    error TEXT,
    started_at INTEGER,
    completed_at INTEGER
) STRICT;
CREATE INDEX stages_plan ON stages (plan);                                                     -- list of stages, purge
CREATE INDEX stages_part ON stages (parent, position) WHERE parent IS NOT NULL;                -- the part at a place
CREATE INDEX stages_news ON stages (plan) WHERE news > 0;                                      -- what is to go on

CREATE TABLE plan_variables (
    plan INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (plan, name)
) STRICT, WITHOUT ROWID;

-- As run_words, for plans.
CREATE VIRTUAL TABLE plan_words USING fts5(
    owner, words, tags, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

-- stage: the stage of a plan that made the run. held: the first of its jobs that waits for others of it.
ALTER TABLE runs ADD COLUMN stage INTEGER;
ALTER TABLE runs ADD COLUMN held INTEGER;
CREATE INDEX runs_stage ON runs (stage) WHERE stage IS NOT NULL;                               -- what became of a stage

-- What a job has for itself, where a plan made it.
ALTER TABLE job_arguments ADD COLUMN own BLOB;
ALTER TABLE job_arguments ADD COLUMN name TEXT;
ALTER TABLE job_arguments ADD COLUMN var TEXT;
