package simulator

import (
	"iter"
	"time"
)

// recorded is a recorded table of published scores.
type recorded struct{}

func readRecorded(p *planData, loc *time.Location) (*recorded, error) { return &recorded{}, nil }

func (r *recorded) times(asOf time.Time) []time.Time { return nil }

func (r *recorded) truth(asOf day, knownOn []day) iter.Seq[Row] { return func(func(Row) bool) {} }
