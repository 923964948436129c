-- Functions from source: runtimes, and versions that are being built.

-- building: 1 for the version that builds now. A runtime of which none does was removed.
CREATE TABLE runtimes (
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    component BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    building INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (name, number),
    UNIQUE (name, component)
) STRICT, WITHOUT ROWID;

-- What was uploaded as a component is ready. runtime, build and build_logs are of versions from source.
ALTER TABLE versions ADD COLUMN state INTEGER NOT NULL DEFAULT 1;
ALTER TABLE versions ADD COLUMN script BLOB;
ALTER TABLE versions ADD COLUMN runtime TEXT;
ALTER TABLE versions ADD COLUMN build BLOB;
ALTER TABLE versions ADD COLUMN build_logs TEXT;
CREATE INDEX versions_source ON versions (sha256) WHERE runtime IS NOT NULL;                   -- what was built before
