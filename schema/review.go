package schema

import (
	"context"
	"fmt"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
)

var reviewLog = chained{"review_log", "review_mark", "the log of reviews", "tiendo review verify"}

// ReviewLog is the whole log of the plan's reviews, in the order of places.
func (s *Store) ReviewLog(ctx context.Context) ([]access.Row, error) {
	return s.chainOf(ctx, reviewLog)
}

// ReviewMarks are the rows that were the newest once.
func (s *Store) ReviewMarks(ctx context.Context) ([]access.Mark, error) {
	return s.marksOf(ctx, reviewLog)
}

// AppendReview appends a step to the log if it may be taken then: it is held against all that stand in the log, and against those
// that other processes write at the same time. An error means that the step was not taken.
func (s *Store) AppendReview(ctx context.Context, step review.Step) error {
	_, err := s.chain(ctx, reviewLog, func() (access.Event, error) {
		rows, err := s.ReviewLog(ctx)
		if err != nil {
			return access.Event{}, err
		}
		l, err := review.Read(rows)
		if err == nil {
			err = l.Check(step)
		}
		return step.Event(), err
	})
	return err
}

// SaveReviewPack keeps a pack under its hash; the same pack again changes nothing.
func (s *Store) SaveReviewPack(ctx context.Context, week plan.Day, sha256 string, body []byte, now time.Time) error {
	have, err := s.ReviewPack(ctx, sha256)
	if err != nil || have != nil {
		return err
	}
	batch, err := s.conn.PrepareBatch(ctx, `INSERT INTO review_pack (plan, week, sha256, body, made_at)`)
	if err == nil {
		defer batch.Close()
		if err = batch.Append(s.plan, dayValue(week), sha256, body, now.UTC()); err == nil {
			err = batch.Send()
		}
	}
	if err != nil {
		return fmt.Errorf("store the pack of %s: %w", review.WeekName(week), err)
	}
	return nil
}

// ReviewPack is the pack of that hash; nil: there is none.
func (s *Store) ReviewPack(ctx context.Context, sha256 string) ([]byte, error) {
	all, err := s.packs(ctx, "AND sha256 = {sha256:String} LIMIT 1", sha256)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0].Body, nil
}

// ReviewPacks are all packs of the plan.
func (s *Store) ReviewPacks(ctx context.Context) ([]review.Stored, error) {
	return s.packs(ctx, "ORDER BY week, sha256", "")
}

func (s *Store) packs(ctx context.Context, which, sha256 string) ([]review.Stored, error) {
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"sha256": sha256}), `SELECT sha256, body FROM review_pack WHERE plan = {plan:String} `+which)
	if err != nil {
		return nil, fmt.Errorf("read the packs of the reviews: %w", err)
	}
	defer rows.Close()
	var all []review.Stored
	for rows.Next() {
		var p review.Stored
		if err := rows.Scan(&p.SHA256, &p.Body); err != nil {
			return nil, fmt.Errorf("read the packs of the reviews: %w", err)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// VerifyReviews reads the whole log of reviews, counts the packs, and finds what was changed, taken out or put in among them, and in
// the audit log, which tells of every step. kept are marks kept elsewhere.
func (s *Store) VerifyReviews(ctx context.Context, kept ...access.Mark) (rows []access.Row, packs int, problems []access.Problem, err error) {
	marks, err := s.ReviewMarks(ctx)
	if err != nil {
		return nil, 0, nil, err
	}
	if rows, err = s.ReviewLog(ctx); err != nil {
		return nil, 0, nil, err
	}
	all, err := s.ReviewPacks(ctx)
	if err != nil {
		return nil, 0, nil, err
	}
	audit, wrong, err := s.VerifyAudit(ctx)
	if err != nil {
		return nil, 0, nil, err
	}
	problems = review.Verify(s.plan, rows, append(marks, kept...), all, audit)
	for _, p := range wrong {
		problems = append(problems, access.Problem{Seq: p.Seq, Text: "audit log: " + p.Text})
	}
	return rows, len(all), problems, nil
}
