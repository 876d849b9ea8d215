package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestKill ends the whole process group of a demo with kill -9 at random moments, round after round on one store, then lets
// it finish: the table must equal the truth. TIENDO_KILL_ROUNDS sets the rounds (make soak: 50).
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 10
	if s := os.Getenv("TIENDO_KILL_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		rounds = n
	}
	dir := t.TempDir()
	size := []string{"--dossiers", "5000", "--as-of", "2023-06-25"}
	args := append([]string{"demo", "--exit", "--data", dir}, size...)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	hit, finished := 0, 0
	for round := range rounds {
		cmd := exec.Command("tiendo", args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended: // it was quicker than the dice: the next round finds a finished store
			if err != nil {
				t.Fatalf("round %d: %v\n%s", round, err, said.String())
			}
			finished++
		case <-time.After(time.Duration(400+dice.IntN(2600)) * time.Millisecond):
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			<-ended
			hit++
		}
		if finished == 1 && hit < rounds/2 { // begin anew, so that kills meet collections and not finished stores
			dir = t.TempDir()
			args[3] = dir
			finished = 0
		}
	}
	out, err := exec.Command("tiendo", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("the demo after %d kills: %v\n%s", hit, err, out)
	}
	t.Logf("%d of %d rounds ended by kill -9", hit, rounds)
	compareTruth(t, mustTiendo(t, "export", "progress", "--csv", "--data", dir, "--known-on", "2022-12-31,2023-06-26"),
		mustTiendo(t, append([]string{"simulate", "truth", "--csv", "--known-on", "2022-12-31,2023-06-26"}, size...)...))
}
