package schema

import (
	"testing"

	"tiendo/schema/engine/enginetest"
)

// TestMigrationThatWasCutShort: whatever a killed migration left behind, the next one brings the database to the newest
// version, and one more changes nothing.
func TestMigrationThatWasCutShort(t *testing.T) {
	for name, left := range map[string]string{
		"nothing":                    "",
		"an empty version table":     "CREATE TABLE goose_db_version (version_id Int64, is_applied UInt8, date Date default now(), tstamp DateTime default now()) ENGINE = MergeTree ORDER BY tstamp",
		"a table of the first steps": "",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), enginetest.Database(t), "p")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			if left != "" {
				if err := s.conn.Exec(t.Context(), left); err != nil {
					t.Fatal(err)
				}
			}
			if name == "a table of the first steps" { // all tables stand, their version was not noted
				if err := s.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				for _, cut := range []string{"TRUNCATE TABLE goose_db_version", "DROP TABLE measure", "DROP TABLE setting"} {
					if err := s.conn.Exec(t.Context(), cut); err != nil {
						t.Fatal(err)
					}
				}
			}
			for range 2 {
				if err := s.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			have, want, err := s.Version(t.Context())
			if err != nil || have != want || want == 0 {
				t.Errorf("version %d of %d: %v", have, want, err)
			}
			if err := s.SetSetting(t.Context(), "a", "b"); err != nil {
				t.Error(err)
			}
		})
	}
}
