package schema_test

import (
	"testing"

	"tiendo/schema/engine/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }
