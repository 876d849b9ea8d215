package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tiendo/schema/engine"
)

// TestMain makes the program available to tests as the command "tiendo", and lets the engine's child process be this binary.
func TestMain(m *testing.M) {
	engine.ChildMain()
	testscript.Main(m, map[string]func(){"tiendo": func() { os.Exit(execute(os.Args[1:])) }})
}
