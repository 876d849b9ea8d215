-- +goose Up
-- ClickHouse has no transaction over several tables: a migration that was cut short is begun again, so every statement must
-- bear being repeated.

-- What was pulled. Bodies are minimised pages; the same body is kept once.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS payload
(
    plan    LowCardinality(String),
    source  LowCardinality(String),
    sha256  String,
    body    String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
ORDER BY (plan, source, sha256);
-- +goose StatementEnd

-- The manifest of a page: written last. Rows whose (run_id, page) does not stand here are never counted.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS page
(
    plan         LowCardinality(String),
    source       LowCardinality(String),
    run_id       String,
    page         UInt32,
    sha256       String,
    request      String,
    fetched_at   DateTime64(3, 'UTC'),
    asserted     Bool,
    records      UInt32,
    loaded       UInt32,
    rejected     UInt32,
    cursor       String,
    committed_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (plan, source, fetched_at, run_id, page);
-- +goose StatementEnd

-- The end of a run. A run that is ok saw a complete snapshot of its source.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS run
(
    plan       LowCardinality(String),
    source     LowCardinality(String),
    run_id     String,
    started_at DateTime64(3, 'UTC'),
    ended_at   DateTime64(3, 'UTC'),
    fetched_at DateTime64(3, 'UTC'),
    asserted   Bool,
    state      LowCardinality(String),
    pages      UInt32,
    records    UInt64,
    loaded     UInt64,
    rejected   UInt64,
    error      String
)
ENGINE = MergeTree
ORDER BY (plan, source, fetched_at, run_id);
-- +goose StatementEnd

-- Pages whose facts have been aggregated into measure.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS measured
(
    plan        LowCardinality(String),
    source      LowCardinality(String),
    run_id      String,
    page        UInt32,
    measured_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (plan, source, run_id, page);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS reject
(
    plan       LowCardinality(String),
    source     LowCardinality(String),
    run_id     String,
    page       UInt32,
    position   UInt32,
    key        String,
    field      LowCardinality(String),
    rule       LowCardinality(String),
    reason     String,
    record     String CODEC(ZSTD(3)),
    sha256     String,
    fetched_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (plan, source, fetched_at, run_id, page, position);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS drift
(
    plan       LowCardinality(String),
    source     LowCardinality(String),
    what       String,
    run_id     String,
    fetched_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (plan, source, what);
-- +goose StatementEnd

-- Facts: one row a version of a record, append-only. Versions of one natural key are ordered by (fetched_at, updated).
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS dossier
(
    plan         LowCardinality(String),
    source       LowCardinality(String),
    id           String,
    unit         LowCardinality(String),
    unit_from    Date32,
    procedure    LowCardinality(String),
    channel      UInt8,
    status       UInt8,
    full_process Bool,
    submitted    Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    received     Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    due          Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    due_moved    UInt8,
    finished     Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    returned     Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    has_fee      Bool,
    fee_amount   Int64,
    updated      Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    fetched_at   DateTime64(3, 'UTC'),
    run_id       String,
    page         UInt32,
    position     UInt32,
    hash         UInt64,
    resolved     Bool MATERIALIZED status IN (7, 9, 10) AND finished IS NOT NULL,
    day          Date32 MATERIALIZED ifNull(toDate32(finished), toDate32('1970-01-01'))
)
ENGINE = MergeTree
ORDER BY (plan, id, fetched_at);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS procedure
(
    plan       LowCardinality(String),
    source     LowCardinality(String),
    id         String, -- unit, valid_from and code together
    unit       LowCardinality(String),
    unit_from  Date32,
    code       LowCardinality(String),
    name       String,
    level      UInt8,
    eligible   Bool,
    in_force   Bool,
    valid_from Nullable(Date32),
    valid_to   Nullable(Date32),
    fetched_at DateTime64(3, 'UTC'),
    run_id     String,
    page       UInt32,
    position   UInt32,
    hash       UInt64
)
ENGINE = MergeTree
ORDER BY (plan, id, fetched_at);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS document
(
    plan       LowCardinality(String),
    source     LowCardinality(String),
    id         String,
    unit       LowCardinality(String),
    unit_from  Date32,
    receiver   String,
    sent       Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    status     LowCardinality(String),
    updated    Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    fetched_at DateTime64(3, 'UTC'),
    run_id     String,
    page       UInt32,
    position   UInt32,
    hash       UInt64,
    day        Date32 MATERIALIZED ifNull(toDate32(sent), toDate32('1970-01-01'))
)
ENGINE = MergeTree
ORDER BY (plan, id, fetched_at);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS payment
(
    plan       LowCardinality(String),
    source     LowCardinality(String),
    id         String,
    dossier    String,
    unit       LowCardinality(String),
    unit_from  Date32,
    amount     Int64,
    state      LowCardinality(String),
    paid       Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    updated    Nullable(DateTime64(0, 'Asia/Ho_Chi_Minh')),
    fetched_at DateTime64(3, 'UTC'),
    run_id     String,
    page       UInt32,
    position   UInt32,
    hash       UInt64,
    day        Date32 MATERIALIZED ifNull(toDate32(paid), toDate32('1970-01-01'))
)
ENGINE = MergeTree
ORDER BY (plan, id, fetched_at);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS facility
(
    plan         LowCardinality(String),
    source       LowCardinality(String),
    id           String,
    name         String,
    kind         LowCardinality(String),
    located_in   String,
    located_from Date32,
    managed_by   String,
    managed_from Date32,
    valid_from   Date32,
    valid_to     Nullable(Date32),
    fetched_at   DateTime64(3, 'UTC'),
    run_id       String,
    page         UInt32,
    position     UInt32,
    hash         UInt64
)
ENGINE = MergeTree
ORDER BY (plan, id, fetched_at);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS baseline
(
    plan        LowCardinality(String),
    source      LowCardinality(String),
    id          String, -- indicator, unit and valid_from together
    indicator   LowCardinality(String),
    unit        LowCardinality(String),
    unit_from   Date32,
    day         Date32,
    numerator   Int64,
    denominator Int64,
    citation    String,
    fetched_at  DateTime64(3, 'UTC'),
    run_id      String,
    page        UInt32,
    position    UInt32,
    hash        UInt64
)
ENGINE = MergeTree
ORDER BY (plan, id, fetched_at);
-- +goose StatementEnd

-- Figures by day or period as they were known: the newest known_at up to a moment counts. Rows that a source states
-- itself name their page; rows aggregated from facts have an empty run_id.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS measure
(
    plan        LowCardinality(String),
    source      LowCardinality(String),
    measure     LowCardinality(String),
    unit        LowCardinality(String),
    unit_from   Date32,
    dims        String,
    period_type LowCardinality(String),
    start       Date32,
    day         Date32,
    value       Int64,
    evidence    String,
    known_at    DateTime64(3, 'UTC'),
    run_id      String,
    page        UInt32,
    position    UInt32,
    written_at  DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY (plan, measure, unit, unit_from, dims, source, period_type, day, known_at, run_id, page);
-- +goose StatementEnd

-- Results, append-only: the newest known_at up to a moment is the result as known then.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS assessment
(
    plan            LowCardinality(String),
    plan_version    LowCardinality(String),
    method_version  LowCardinality(String),
    indicator       LowCardinality(String),
    pillar          LowCardinality(String),
    unit            LowCardinality(String),
    unit_from       Date32,
    level           LowCardinality(String),
    as_of           Date32,
    known_at        DateTime64(3, 'UTC'),
    applicability   LowCardinality(String),
    numerator       Nullable(Int64),
    denominator     Nullable(Int64),
    value           Nullable(Decimal(20, 10)),
    path_value      Nullable(Decimal(20, 10)),
    comparator      LowCardinality(String),
    milestone       Nullable(Date32),
    target          Nullable(Decimal(20, 10)),
    expected        Nullable(Decimal(20, 10)),
    gap             Nullable(Decimal(20, 10)),
    needed_per_week Nullable(Decimal(20, 10)),
    pace_per_week   Nullable(Decimal(20, 10)),
    forecast        Nullable(Decimal(20, 10)),
    best_reachable  Nullable(Decimal(20, 10)),
    failing_count   Nullable(Int64),
    coverage        Nullable(Decimal(20, 10)),
    age_days        Nullable(Int32),
    status          LowCardinality(String),
    met             Nullable(Bool),
    outcomes        String,
    weeks_behind    UInt32,
    behind_since    Nullable(Date32),
    reason          LowCardinality(String),
    rulings         Array(LowCardinality(String)),
    member          String,
    parts           String CODEC(ZSTD(1)), -- JSON: variants, features and members beside the figure
    hash            UInt64,
    computed_at     DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYear(as_of)
ORDER BY (plan, indicator, unit, unit_from, as_of, known_at, computed_at);
-- +goose StatementEnd

-- Rank and overall status of a unit, computed with the results.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS standing
(
    plan           LowCardinality(String),
    plan_version   LowCardinality(String),
    method_version LowCardinality(String),
    level          LowCardinality(String),
    unit           LowCardinality(String),
    unit_from      Date32,
    as_of          Date32,
    known_at       DateTime64(3, 'UTC'),
    rank           UInt32,
    of             UInt32,
    score          Nullable(Decimal(20, 10)),
    met            UInt32,
    on_track       UInt32,
    at_risk        UInt32,
    behind         UInt32,
    stale          UInt32,
    no_data        UInt32,
    missed         UInt32,
    applicable     UInt32,
    overall        LowCardinality(String),
    hash           UInt64,
    computed_at    DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYear(as_of)
ORDER BY (plan, level, as_of, unit, unit_from, known_at, computed_at);
-- +goose StatementEnd

-- Facts about the store itself: the clock of a demo, its seed and size.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS setting
(
    plan   LowCardinality(String),
    name   LowCardinality(String),
    value  String,
    set_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(set_at)
ORDER BY (plan, name);
-- +goose StatementEnd
