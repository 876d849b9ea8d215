package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"tiendo/collectors"
	"tiendo/collectors/simulator"
	"tiendo/pipeline/config"
	"tiendo/pipeline/run"
	"tiendo/schema"
	"tiendo/schema/engine"
	"tiendo/schema/plans"
)

// The bench compares the way of a dossier through this program with the shortest way the engine itself has, reading the
// same records from the same simulated system: docs/BENCH.md says what is compared and why. Every measurement has a
// process, an engine and a data folder of its own, so that none stains another; the simulator runs in this process.

// benchSizes are how many records are pulled; memory must not tell them apart.
var benchSizes = []int{100_000, 1_000_000}

const (
	benchSource = "dossiers"
	benchPage   = 500 // records, as the source's file says
	benchEnv    = "TIENDO_BENCH_JOB"
	benchBinary = "../../bin/tiendo" // is the engine's child process
)

// benchJob is what a measuring process is told.
type benchJob struct {
	Mode    string // collect, url, read
	Records int
	Dir     string // data folder; the result is written beside it
	Port    int    // of the simulator
	Env     map[string]string
}

// benchUse is what a step took.
type benchUse struct {
	Seconds      float64 // wall
	Own, Engine  float64 // CPU seconds of this process and of the engine's
	OwnPeak      int64   // most resident memory during the step, bytes
	EnginePeak   int64
	Records      int
	MeasureFrom  float64 // collect: when aggregation began, seconds into the step
	OwnToMeasure float64 // collect: CPU seconds until then
	EngToMeasure float64
}

func (u benchUse) rate() float64 { return float64(u.Records) / u.Seconds }

// loaded is the part of a collection before aggregation: what INSERT … SELECT does too.
func (u benchUse) loaded() benchUse {
	u.Seconds, u.Own, u.Engine = u.MeasureFrom, u.OwnToMeasure, u.EngToMeasure
	return u
}

func BenchmarkCollect(b *testing.B) {
	if _, err := os.Stat(benchBinary); err != nil {
		b.Fatalf("%v: run `make bench`, which builds it", err)
	}
	cfg := benchApp(nil)
	fsys, err := cfg.planFS()
	if err != nil {
		b.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{Plan: fsys, Seed: 1, Size: simulator.Size{Dossiers: 1000}})
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", sim)
	srv := httptest.NewServer(mux)
	defer srv.Close()
	env := sim.Env(srv.URL, b.TempDir())
	mux.Handle("GET /rows/{page}", benchRows(sim, env))

	for b.Loop() {
		fmt.Printf("\n%-34s %10s %9s %11s %14s %9s %12s\n", "", "records", "seconds", "records/s", "CPU s own+eng", "peak own", "peak engine")
		for _, n := range benchSizes {
			sim.SetBulk(n)
			ask := func(mode string) benchUse {
				return benchRun(b, benchJob{Mode: mode, Records: n, Port: srv.Listener.Addr().(*net.TCPAddr).Port, Env: env})
			}
			read := ask("read")
			benchLine("pages read and thrown away", read)
			native := ask("url")
			benchLine("INSERT … SELECT FROM url(…)", native)
			ours := ask("collect")
			benchLine("collect up to the manifest", ours.loaded())
			benchLine("collect with aggregation", ours)
			part := ours.loaded()
			fmt.Printf("%-34s %10s speed %.2f, CPU %.2f; with aggregation: speed %.2f, CPU %.2f\n\n", "collect ÷ INSERT … SELECT", "",
				part.rate()/native.rate(), (part.Own+part.Engine)/(native.Own+native.Engine),
				ours.rate()/native.rate(), (ours.Own+ours.Engine)/(native.Own+native.Engine))
			name := strconv.Itoa(n/1000) + "k"
			b.ReportMetric(ours.rate(), "records/s-"+name)
			b.ReportMetric(float64(ours.OwnPeak)/(1<<20), "MiB-"+name)
		}
	}
}

func benchLine(what string, u benchUse) {
	fmt.Printf("%-34s %10d %9.2f %11.0f %7.2f +%5.2f %5d MiB %8d MiB\n", what, u.Records, u.Seconds, u.rate(), u.Own, u.Engine, u.OwnPeak>>20, u.EnginePeak>>20)
}

// benchRows hands out the source's pages as plain lists of records at plain addresses, because url() can only GET and
// would have to unpack the source's envelope.
func benchRows(sim http.Handler, env map[string]string) http.HandlerFunc {
	call := func(path string, body any) ([]byte, error) {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		req := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(text))
		req.Header.Set("dstcode", "VN:GOV:000.00.00.H33:dvc")
		rec := httptest.NewRecorder()
		sim.ServeHTTP(rec, req)
		return rec.Body.Bytes(), nil
	}
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := call("/dvc/api/session", map[string]string{"username": env["TIENDO_DVC_USERNAME"], "password": env["TIENDO_DVC_PASSWORD"]})
		var login struct{ Session string }
		if err == nil {
			err = json.Unmarshal(text, &login)
		}
		if err == nil {
			text, err = call("/dvc/api/call", map[string]any{"session": login.Session, "madonvi": "000.00.00.H33", "service": "TraCuuHoSo",
				"data": []any{map[string]any{"TuNgayCapNhat": "20000101000000", "page": json.Number(r.PathValue("page")), "size": benchPage}}})
		}
		_, rows, ok := bytes.Cut(text, []byte(`"data":`))
		if err != nil || !ok {
			http.Error(w, fmt.Sprintf("%v %.100s", err, text), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(bytes.TrimSuffix(rows, []byte("}")))
	}
}

// benchRun runs one measuring process.
func benchRun(b *testing.B, job benchJob) benchUse {
	b.Helper()
	dir := b.TempDir()
	job.Dir = filepath.Join(dir, "data")
	text, err := json.Marshal(job)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestBenchProcess$", "-test.timeout=0")
	if to := os.Getenv("TIENDO_BENCH_PROFILE"); to != "" {
		cmd.Args = append(cmd.Args, fmt.Sprintf("-test.cpuprofile=%s/%s-%d.pprof", to, job.Mode, job.Records))
	}
	cmd.Env = append(os.Environ(), benchEnv+"="+string(text))
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s of %d records: %v\n%s", job.Mode, job.Records, err, out)
	}
	text, err = os.ReadFile(filepath.Join(dir, "use.json"))
	if err != nil {
		b.Fatal(err)
	}
	var u benchUse
	if err := json.Unmarshal(text, &u); err != nil {
		b.Fatal(err)
	}
	return u
}

// TestBenchProcess is not a test: it is a measuring process of the bench.
func TestBenchProcess(t *testing.T) {
	text := os.Getenv(benchEnv)
	if text == "" {
		t.Skip("a part of BenchmarkCollect")
	}
	var job benchJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		t.Fatal(err)
	}
	modes := map[string]func(context.Context, benchJob) (benchUse, error){"read": benchRead, "url": benchURL, "collect": benchCollect}
	use, err := modes[job.Mode](t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	use.Records = job.Records
	out, err := json.Marshal(use)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(job.Dir), "use.json"), out, 0o600); err != nil {
		t.Fatal(err)
	}
}

// benchRead is the floor: what the simulated system and HTTP cost.
func benchRead(ctx context.Context, job benchJob) (benchUse, error) {
	return benchMeter(0, func(func() error) error {
		for page := range job.Records / benchPage {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/rows/%d", job.Port, page), nil)
			if err != nil {
				return err
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK {
				return fmt.Errorf("page %d: HTTP %d %w", page, res.StatusCode, err)
			}
		}
		return nil
	})
}

// benchStatement brings every page into the collector's own table, with the same columns, in the engine's own words.
const benchStatement = `
INSERT INTO dossier (plan, source, id, unit, unit_from, procedure, channel, status, full_process, submitted, received, due, due_moved, finished, returned,
    has_fee, fee_amount, updated, fetched_at, run_id, page, position, hash)
WITH (text -> YYYYMMDDhhmmssToDateTime64(toUInt64OrNull(text), 0, 'Asia/Ho_Chi_Minh')) AS time
SELECT 'bench', 'dossiers', MaHoSo, DonViXuLy, toDate32('1900-01-01'), MaTTHC, toUInt8(KenhThucHien), toUInt8(TrangThaiHoSo), MucDo = '4',
    time(NgayNopHoSo), time(NgayTiepNhan), time(NgayHenTra), length(DanhSachHoSoBoSung), time(NgayKetThucXuLy), time(NgayTra),
    notEmpty(DanhSachLePhi), arraySum(DanhSachLePhi.Gia), time(NgayCapNhat), now64(3), 'bench', 1, rowNumberInAllBlocks(),
    cityHash64(DonViXuLy, MaTTHC, KenhThucHien, TrangThaiHoSo, MucDo, NgayNopHoSo, NgayTiepNhan, NgayHenTra, NgayKetThucXuLy, NgayTra)
FROM url('http://127.0.0.1:%d/rows/{0..%d}', 'JSONEachRow', 'MaHoSo String, DonViXuLy String, MaTTHC String, KenhThucHien String, TrangThaiHoSo String, MucDo String,
    NgayNopHoSo String, NgayTiepNhan String, NgayHenTra String, NgayKetThucXuLy String, NgayTra String, NgayCapNhat String,
    DanhSachHoSoBoSung Array(Tuple(NgayHenTraMoi String)), DanhSachLePhi Array(Tuple(Gia Int64))')
SETTINGS glob_expansion_max_elements = 1000000`

func benchURL(ctx context.Context, job benchJob) (use benchUse, err error) {
	a, err := benchOpen(ctx, job)
	if err != nil {
		return use, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	conn, err := benchConn(a)
	if err != nil {
		return use, err
	}
	defer conn.Close()
	use, err = benchMeter(a.engine.PID(), func(func() error) error {
		return conn.Exec(ctx, fmt.Sprintf(benchStatement, job.Port, job.Records/benchPage-1))
	})
	return use, errors.Join(err, benchCount(ctx, a, "SELECT count() FROM dossier", job.Records))
}

// benchCollect is the whole way: pull, minimise, land, parse, load, manifest, aggregate.
func benchCollect(ctx context.Context, job benchJob) (use benchUse, err error) {
	a, err := benchOpen(ctx, job)
	if err != nil {
		return use, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	p, err := a.plan()
	if err != nil {
		return use, err
	}
	a.now = func() time.Time { return demoNow(p.Demo.AsOf) }
	a.adjust = func(src *collectors.Source) { src.Rate = -1 }
	all, err := a.sources(ctx, p, a.store)
	if err != nil {
		return use, err
	}
	chosen, err := pick(all, []string{benchSource})
	if err != nil {
		return use, err
	}
	if err := chosen[0].err; err != nil {
		return use, err
	}
	use, err = benchMeter(a.engine.PID(), func(mark func() error) error {
		r := &run.Runner{Store: a.store, Catalogue: a.store, Now: a.now, DeferSum: true}
		rec, err := r.Collect(ctx, chosen[0].job)
		switch {
		case err != nil:
			return err
		case rec.Loaded != job.Records || rec.Rejected != 0:
			return fmt.Errorf("%d records loaded and %d rejected, want %d and 0", rec.Loaded, rec.Rejected, job.Records)
		}
		return errors.Join(mark(), a.store.Measure(ctx, benchSource))
	})
	return use, errors.Join(err, benchCount(ctx, a, "SELECT count() FROM dossier", job.Records),
		benchCount(ctx, a, "SELECT toUInt64(sum(value)) FROM measure WHERE measure = 'dossier.resolved'", job.Records))
}

func benchApp(env map[string]string) *app {
	return &app{out: io.Discard, err: io.Discard, log: slog.New(slog.DiscardHandler), now: time.Now,
		cfg: config.Config{Plan: config.DefaultPlan(plans.Names())}, lookup: func(name string) string { return env[name] }}
}

// benchOpen opens an empty, migrated store on an engine that may read the simulator with url().
func benchOpen(ctx context.Context, job benchJob) (*app, error) {
	a := benchApp(job.Env)
	binary, err := filepath.Abs(benchBinary)
	if err != nil {
		return nil, err
	}
	if a.engine, err = engine.Start(ctx, engine.Options{Dir: job.Dir, Command: []string{binary}, MemoryLimit: 4 << 30, URLPort: job.Port}); err != nil {
		return nil, err
	}
	if a.store, err = schema.Open(ctx, a.engine.DSN(), a.cfg.Plan); err == nil {
		err = a.store.Migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

// benchConn is a connection beside the store's, for statements that no store makes.
func benchConn(a *app) (driver.Conn, error) {
	opt, err := clickhouse.ParseDSN(a.engine.DSN())
	if err != nil {
		return nil, err
	}
	opt.ReadTimeout = time.Hour
	return clickhouse.Open(opt)
}

func benchCount(ctx context.Context, a *app, query string, want int) error {
	conn, err := benchConn(a)
	if err != nil {
		return err
	}
	defer conn.Close()
	var n uint64
	if err := conn.QueryRow(ctx, query).Scan(&n); err != nil {
		return err
	}
	if n != uint64(want) {
		return fmt.Errorf("%s: %d, want %d", query, n, want)
	}
	return nil
}

// benchMeter runs a step and says what it took here and in the engine's process, 0 for none. The step may mark where its
// aggregation begins.
func benchMeter(enginePID int, step func(mark func() error) error) (use benchUse, err error) {
	own := os.Getpid()
	pids := []int{own}
	if enginePID != 0 {
		pids = append(pids, enginePID)
	}
	for _, pid := range pids {
		// 5 sets the high-water mark of resident memory back to what is resident now: proc_pid_clear_refs(5).
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return use, fmt.Errorf("reset the memory high-water mark: %w", err)
		}
	}
	spent := func() (o, e float64, err error) {
		if o, err = benchCPU(own); err == nil && enginePID != 0 {
			e, err = benchCPU(enginePID)
		}
		return o, e, err
	}
	o0, e0, err := spent()
	if err != nil {
		return use, err
	}
	begun := time.Now()
	err = step(func() error {
		o, e, err := spent()
		use.MeasureFrom, use.OwnToMeasure, use.EngToMeasure = time.Since(begun).Seconds(), o-o0, e-e0
		return err
	})
	if err != nil {
		return use, err
	}
	use.Seconds = time.Since(begun).Seconds()
	o, e, err := spent()
	if err != nil {
		return use, err
	}
	use.Own, use.Engine = o-o0, e-e0
	if use.OwnPeak, err = benchPeak(own); err == nil && enginePID != 0 {
		use.EnginePeak, err = benchPeak(enginePID)
	}
	return use, err
}

// benchCPU is the user and system time of a process, seconds: fields 14 and 15 of proc_pid_stat(5), in ticks of 1/100 s.
func benchCPU(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the name before it may hold spaces; fields[0] is field 3
	user, err := strconv.ParseInt(fields[14-3], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[15-3], 10, 64)
	return float64(user+system) / 100, err
}

// benchPeak is VmHWM of proc_pid_status(5), bytes.
func benchPeak(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscanf(after, "%d kB", &kib); err != nil {
		return 0, fmt.Errorf("no VmHWM of process %d: %w", pid, err)
	}
	return kib << 10, nil
}
