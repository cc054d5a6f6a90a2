-- Times are microseconds since 1970 (INTEGER sorts, is small and loses nothing that clients send);
-- datetime(at / 1000000, 'unixepoch') shows them, and the readable_* views do so already.
-- Labels and other structures are JSON: labels ->> 'alertname' works in every query.

-- In the order of arrival, so that new ones stand together on few pages; by fingerprint each would touch a page of its own.
CREATE TABLE alerts (
    id            INTEGER PRIMARY KEY,
    fingerprint   INTEGER NOT NULL UNIQUE, -- 64 bits, signed: printf('%016x', fingerprint) is what the API shows
    labels        TEXT NOT NULL,
    annotations   TEXT NOT NULL,
    starts_at     INTEGER NOT NULL,
    ends_at       INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    generator_url TEXT NOT NULL,
    timeout       INTEGER NOT NULL,
    source        TEXT NOT NULL,
    overlays      TEXT NOT NULL,
    pushed        INTEGER NOT NULL -- whether Alertmanagers were told that it fires
) STRICT;

CREATE TABLE silences (
    id          TEXT PRIMARY KEY,
    matchers    TEXT NOT NULL,
    starts_at   INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    comment     TEXT NOT NULL,
    annotations TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT remembers the highest id that ever was: an id is never used twice.
CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver        TEXT NOT NULL,
    kind            TEXT NOT NULL, -- webhook, slack, ...
    integration     INTEGER NOT NULL, -- its place among those of its kind
    group_key       TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    reason          TEXT NOT NULL,
    at              INTEGER NOT NULL,
    since           INTEGER NOT NULL,
    group_labels    TEXT NOT NULL,
    alerts          TEXT NOT NULL,
    handle          TEXT,
    held_back       INTEGER NOT NULL,
    route_labels    TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_at         INTEGER,
    UNIQUE (receiver, kind, integration, group_key)
) STRICT;

CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY,
    notice      INTEGER NOT NULL,
    receiver    TEXT NOT NULL,
    provider    TEXT NOT NULL,
    integration INTEGER NOT NULL,
    group_key   TEXT NOT NULL,
    at          INTEGER NOT NULL,
    seconds     REAL NOT NULL,
    attempt     INTEGER NOT NULL,
    result      TEXT NOT NULL, -- delivered, retry, dead
    reason      TEXT,
    status      INTEGER,
    detail      TEXT,
    next_at     INTEGER,
    handle      TEXT
) STRICT;
CREATE INDEX deliveries_by_time ON deliveries (at);

CREATE TABLE notified (
    receiver    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    integration INTEGER NOT NULL,
    group_key   TEXT NOT NULL,
    at          INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    firing      TEXT NOT NULL,
    resolved    TEXT NOT NULL,
    owed        TEXT NOT NULL,
    handle      TEXT,
    PRIMARY KEY (receiver, kind, integration, group_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE checks (
    name     TEXT PRIMARY KEY,
    kind     TEXT NOT NULL,
    base     TEXT NOT NULL,
    overlays TEXT NOT NULL,
    up       INTEGER,
    changed  INTEGER NOT NULL,
    machine  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id          INTEGER PRIMARY KEY,
    check_name  TEXT NOT NULL,
    check_group TEXT NOT NULL,
    began       INTEGER NOT NULL,
    ended       INTEGER, -- NULL while it is open
    reason      TEXT,
    detail      TEXT NOT NULL,
    UNIQUE (check_name, began)
) STRICT;
CREATE INDEX incidents_by_time ON incidents (began);
CREATE INDEX incidents_open ON incidents (check_name) WHERE ended IS NULL;

CREATE VIEW readable_alerts AS SELECT
    printf('%016x', fingerprint) AS fingerprint, labels, annotations,
    strftime('%FT%H:%M:%fZ', starts_at / 1e6, 'unixepoch') AS starts_at,
    strftime('%FT%H:%M:%fZ', ends_at / 1e6, 'unixepoch') AS ends_at,
    source, overlays
FROM alerts;

CREATE VIEW readable_silences AS SELECT
    id, matchers, created_by, comment,
    strftime('%FT%H:%M:%fZ', starts_at / 1e6, 'unixepoch') AS starts_at,
    strftime('%FT%H:%M:%fZ', ends_at / 1e6, 'unixepoch') AS ends_at
FROM silences;

CREATE VIEW readable_deliveries AS SELECT
    id, receiver, provider, group_key,
    strftime('%FT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at,
    seconds, attempt, result, reason, status, detail
FROM deliveries;

CREATE VIEW readable_incidents AS SELECT
    check_name, check_group,
    strftime('%FT%H:%M:%fZ', began / 1e6, 'unixepoch') AS began,
    strftime('%FT%H:%M:%fZ', ended / 1e6, 'unixepoch') AS ended,
    reason, detail
FROM incidents;
