-- +goose Up

-- What no figure says and an award rests on: attested criteria, scores, contributions, recognition, registration, yearly
-- reports, the dossier's state. Appended only: the newest entry of a register, subject and year counts, and that there is
-- none means unknown. A replay leaves it alone: these entries come from nowhere else.
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS register
(
    plan       LowCardinality(String),
    register   LowCardinality(String),
    grouping   LowCardinality(String), -- code of the subject's group
    subject    String, -- the unit's key, or what the subject is registered under
    name       String, -- of a subject that is no unit
    year       UInt16, -- 0: for the whole of the plan's time
    decision   LowCardinality(String),
    value      String,
    evidence   String,
    date       Date32, -- of the evidence
    entered_by String,
    entered_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (plan, register, grouping, subject, year, entered_at);
-- +goose StatementEnd
