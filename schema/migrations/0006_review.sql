-- +goose Up

-- The packs of the weekly reviews, whole, each under its SHA-256: what was signed is never made up from other tables again.
-- No view shows these tables: boards never see what people wrote to each other.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS review_pack
(
    plan    LowCardinality(String),
    week    Date32, -- the Sunday that ends it
    sha256  String,
    body    String CODEC(ZSTD(6)),
    made_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (plan, week, sha256);
-- +goose StatementEnd

-- The log of the reviews: made, proposed, returned, signed, comments, actions. A chain like the audit log, and like there the
-- place is the token of the insert: who writes second for a place has lost it, and looks again at how things stand.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS review_log
(
    plan    String,
    seq     UInt64,
    at      DateTime64(3, 'UTC'),
    actor   String,
    action  String,
    subject String, -- the week
    address String,
    detail  String, -- canonical JSON
    prev    String,
    hash    String
)
ENGINE = MergeTree
ORDER BY (plan, seq)
SETTINGS non_replicated_deduplication_window = 1000;
-- +goose StatementEnd

-- Which row was the newest once, so that a log that was cut at its end is found.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS review_mark
(
    plan String,
    seq  UInt64,
    hash String
)
ENGINE = MergeTree
ORDER BY (plan, seq);
-- +goose StatementEnd
