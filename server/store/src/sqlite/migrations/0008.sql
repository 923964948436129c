-- Webhooks: who is told of what, of all of an account, or of one plan.

-- style: in whose words. sealed: headers and secret. headers: their names, as JSON. events: as bits. The counts are of
-- deliveries: those that wait, were made, were given up and are kept, were not kept.
CREATE TABLE webhooks (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    plan INTEGER,
    url TEXT NOT NULL,
    events INTEGER NOT NULL,
    headers TEXT NOT NULL,
    condition TEXT,
    description TEXT,
    style INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    disabled_at INTEGER,
    disabled_why TEXT,
    waiting INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    delivered_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_account ON webhooks (account) WHERE plan IS NULL;                        -- list of webhooks, who is told
CREATE INDEX webhooks_plan ON webhooks (plan) WHERE plan IS NOT NULL;                          -- the same of a plan

-- What is to be told: subject is the id of a run, job, plan or stage. due_at is null for what was given up. What has been
-- delivered is not kept.
CREATE TABLE deliveries (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    webhook INTEGER NOT NULL,
    account INTEGER NOT NULL,
    event INTEGER NOT NULL,
    subject BLOB NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER,
    last TEXT
) STRICT;
CREATE INDEX deliveries_due ON deliveries (account, due_at) WHERE due_at IS NOT NULL;          -- what is to be told
CREATE INDEX deliveries_webhook ON deliveries (webhook, status, at);                           -- list of deliveries
CREATE INDEX deliveries_dead ON deliveries (at) WHERE status = 1;                              -- purge

-- hooked: events, as bits, of which somebody wants to be told.
ALTER TABLE runs ADD COLUMN hooked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE plans ADD COLUMN hooked INTEGER NOT NULL DEFAULT 0;

-- sealed: the plan that a schedule submits, where it is a plan; planned is then its head and the names of its secrets.
ALTER TABLE schedules ADD COLUMN sealed BLOB;
ALTER TABLE plans ADD COLUMN schedule BLOB;
CREATE INDEX plans_schedule ON plans (schedule) WHERE schedule IS NOT NULL;                    -- delete a schedule

-- Jobs of an account: by bid, then by priority, then by age.
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (account, bid DESC, priority DESC, key) WHERE status IN (0, 2) AND due_at IS NULL; -- claim
CREATE INDEX jobs_bid ON jobs (account, bid DESC, key) WHERE status IN (0, 2) AND due_at IS NULL AND bid IS NOT NULL; -- what workers take
