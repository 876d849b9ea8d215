-- +goose Up
-- What the plan's files say, for whoever reads the store: names, targets, units, words. An edition is whole: the rows of one
-- plan with one saved_at. Editions are kept, so that what a board showed on a past day can be told from what it shows now;
-- the newest one is shown.

-- The manifest of an edition: written last. Rows of an edition that does not stand here are not shown.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_edition
(
    plan     LowCardinality(String),
    saved_at DateTime64(6, 'UTC'),
    hash     UInt64 -- of all the edition's rows
)
ENGINE = MergeTree
ORDER BY (plan, saved_at);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_plan
(
    plan         LowCardinality(String),
    saved_at     DateTime64(6, 'UTC'),
    name_vi      String,
    name_en      String,
    document     String,
    starts       Date32,
    ends         Nullable(Date32),
    province_key String,
    notice_vi    String,
    notice_en    String,
    recent_weeks UInt32
)
ENGINE = MergeTree
ORDER BY (plan, saved_at);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_level
(
    plan     LowCardinality(String),
    saved_at DateTime64(6, 'UTC'),
    level    LowCardinality(String),
    position UInt32,
    name_vi  String,
    name_en  String,
    watched  Bool
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, position);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_pillar
(
    plan     LowCardinality(String),
    saved_at DateTime64(6, 'UTC'),
    pillar   LowCardinality(String),
    position UInt32,
    name_vi  String,
    name_en  String
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, position);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_milestone
(
    plan           LowCardinality(String),
    saved_at       DateTime64(6, 'UTC'),
    milestone      Date32,
    report_cut_off Nullable(Date32),
    name_vi        String,
    name_en        String
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, milestone);
-- +goose StatementEnd

-- Words: of statuses, outcomes and reasons (the program's own, the same in every plan), and of the members of dimensions.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_word
(
    plan     LowCardinality(String),
    saved_at DateTime64(6, 'UTC'),
    kind     LowCardinality(String), -- status, outcome, reason, member.DIMENSION
    word     LowCardinality(String),
    position UInt32,
    name_vi  String,
    short_vi String,
    name_en  String,
    sign     String,
    colour   String
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, kind, position);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_unit
(
    plan           LowCardinality(String),
    saved_at       DateTime64(6, 'UTC'),
    unit           LowCardinality(String),
    unit_from      Date32,
    unit_key       String,
    unit_to        Nullable(Date32),
    level          LowCardinality(String),
    level_position UInt32,
    level_vi       LowCardinality(String),
    level_en       LowCardinality(String),
    watched        Bool,
    parent_key     String,
    district_key   String,
    name_vi        String,
    name_en        String,
    short_vi       String,
    short_en       String,
    position       UInt32
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, unit, unit_from);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_unit_tree
(
    plan         LowCardinality(String),
    saved_at     DateTime64(6, 'UTC'),
    ancestor_key String,
    unit         LowCardinality(String),
    unit_from    Date32,
    unit_key     String,
    depth        UInt32
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, ancestor_key, unit, unit_from);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_indicator
(
    plan            LowCardinality(String),
    saved_at        DateTime64(6, 'UTC'),
    indicator       LowCardinality(String),
    position        UInt32,
    pillar          LowCardinality(String),
    pillar_position UInt32,
    pillar_vi       LowCardinality(String),
    pillar_en       LowCardinality(String),
    name_vi         String,
    name_en         String,
    short_vi        String,
    short_en        String,
    definition_vi   String,
    definition_en   String,
    numerator_vi    String,
    numerator_en    String,
    denominator_vi  String,
    denominator_en  String,
    kind            LowCardinality(String),
    aggregate       LowCardinality(String),
    window          LowCardinality(String),
    period_type     LowCardinality(String),
    rhythm          LowCardinality(String),
    rhythm_vi       LowCardinality(String),
    rhythm_en       LowCardinality(String),
    unit            LowCardinality(String), -- of the value: percent, score
    most            Decimal(20, 10),        -- the largest value there can be
    comparator      LowCardinality(String),
    variant         LowCardinality(String),
    variants        String,
    rulings         Array(LowCardinality(String)),
    sources         Array(LowCardinality(String)),
    sources_vi      String,
    owner           String,
    owner_vi        String,
    owner_en        String,
    monitored       Bool,
    note_vi         String
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, position);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_target
(
    plan       LowCardinality(String),
    saved_at   DateTime64(6, 'UTC'),
    indicator  LowCardinality(String),
    milestone  Date32,
    target     Nullable(Decimal(20, 10)), -- null: the plan names no number
    comparator LowCardinality(String),
    wording_vi String,
    section    String,
    document   String
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, indicator, milestone);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_ruling
(
    plan            LowCardinality(String),
    saved_at        DateTime64(6, 'UTC'),
    ruling          LowCardinality(String),
    clause          String,
    question        String,
    readings        Array(String),
    default_reading String,
    decided_by      String,
    document        String
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, ruling);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_source
(
    plan        LowCardinality(String),
    saved_at    DateTime64(6, 'UTC'),
    source      LowCardinality(String),
    name_vi     String,
    kind        LowCardinality(String),
    rhythm      LowCardinality(String),
    rhythm_days UInt32,
    rhythm_vi   LowCardinality(String),
    rhythm_en   LowCardinality(String),
    schedule    String,
    indicators  Array(LowCardinality(String))
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, source);
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS catalogue_measure
(
    plan     LowCardinality(String),
    saved_at DateTime64(6, 'UTC'),
    measure  LowCardinality(String),
    name_vi  String,
    unit_vi  String, -- what is counted
    source   LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (plan, saved_at, measure);
-- +goose StatementEnd
