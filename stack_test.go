package tiendo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"

	"tiendo/schema"
	"tiendo/schema/engine"
)

// The whole stack, as far as it can be proven without Docker: the compose file is loaded as Docker would with the settings
// that tools/env.sh writes, everything it mounts is there, and each program accepts its configuration.

func TestMain(m *testing.M) {
	engine.ChildMain()
	os.Exit(m.Run())
}

// settings are a fresh .env of tools/env.sh, and the folder it was made in.
func settings(t *testing.T) (dir string, env map[string]string) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command("sh", "tools/env.sh", dir).CombinedOutput(); err != nil {
		t.Fatalf("tools/env.sh: %v: %s", err, out)
	}
	env, err := dotenv.Read(filepath.Join(dir, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, env
}

// secretName is how a variable that holds a secret is named.
var secretName = regexp.MustCompile(`_(PASSWORD|KEY|SECRET)$`)

// given are the settings that only a person can know, so that they are empty at first.
var given = []string{"TIENDO_SMTP_USER", "TIENDO_SMTP_PASSWORD"}

func TestGeneratedSettings(t *testing.T) {
	dir, first := settings(t)
	seen := map[string]string{}
	for name, value := range first {
		if !secretName.MatchString(name) || slices.Contains(given, name) {
			continue
		}
		if !regexp.MustCompile(`^[0-9a-f]{48}$`).MatchString(value) {
			t.Errorf("%s has %d characters: want 192 random bits in hex, which need no escaping in an address", name, len(value))
		}
		if other := seen[value]; other != "" {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[value] = name
	}
	if len(seen) != 5 {
		t.Errorf("%d secrets, want those of three ClickHouse users, Grafana's administrator and Grafana's key", len(seen))
	}
	for _, name := range []string{".env", "sources.env"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v", name, info.Mode())
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "drop", "forms")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("drop/forms: %v: the container's user must be able to read it", err)
	}

	before := read(t, filepath.Join(dir, ".env"))
	out, err := exec.Command("sh", "tools/env.sh", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "there already") {
		t.Errorf("a second tools/env.sh says %q: secrets in use may not be replaced", out)
	}
	if read(t, filepath.Join(dir, ".env")) != before {
		t.Error("a second tools/env.sh changed .env")
	}
	for value, name := range seen {
		if strings.Contains(string(out), value) {
			t.Errorf("tools/env.sh shows %s", name)
		}
	}
	_, second := settings(t)
	for value, name := range seen {
		if second[name] == value {
			t.Errorf("%s is the same for everybody", name)
		}
	}
	// Every variable that a source of a built-in plan asks for has its line.
	sources, err := filepath.Glob("schema/plans/*/sources/*.yaml")
	if err != nil || len(sources) < 10 {
		t.Fatalf("%d sources: %v", len(sources), err)
	}
	for _, name := range sources {
		for _, variable := range regexp.MustCompile(`TIENDO_[A-Z_]+`).FindAllString(read(t, name), -1) {
			if variable != "TIENDO_DROP" && !strings.Contains(read(t, filepath.Join(dir, "sources.env")), "\n#"+variable+"=\n") {
				t.Errorf("sources.env has no line for %s of %s", variable, name)
			}
		}
	}
	for _, private := range []string{".env", "sources.env", "drop/forms/x.xlsx"} {
		if err := exec.Command("git", "check-ignore", "-q", private).Run(); err != nil {
			t.Errorf("git would take in %s", private)
		}
	}
}

// What the compose file asks for stands in .env, and nothing stands there that nobody asks for.
func TestSettingsAreUsed(t *testing.T) {
	_, env := settings(t)
	asked := map[string]bool{}
	for _, m := range regexp.MustCompile(`\$\{(\w+)(:?[-?])?`).FindAllStringSubmatch(read(t, composeFile), -1) {
		asked[m[1]] = true
		if _, ok := env[m[1]]; !ok {
			t.Errorf("tools/env.sh does not write %s, which %s asks for", m[1], composeFile)
		}
		if secret := secretName.MatchString(m[1]) && !slices.Contains(given, m[1]); m[2] == "" || secret != (m[2] == ":?") {
			t.Errorf("%s: want a default for a setting and a refusal (:?) for a missing secret", m[0])
		}
	}
	for name := range env {
		if !asked[name] {
			t.Errorf("tools/env.sh writes %s, which nothing asks for", name)
		}
	}
}

const composeFile = "docker-compose.yml"

// stack is the compose file as Docker loads it, with the given profiles.
func stack(t *testing.T, dir string, env map[string]string, profiles ...string) *types.Project {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	content := read(t, composeFile)
	for _, made := range []string{"./drop", "sources.env"} { // what tools/env.sh makes lies elsewhere here
		content = strings.ReplaceAll(content, made, filepath.Join(dir, made))
	}
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  here,
		ConfigFiles: []types.ConfigFile{{Filename: composeFile, Content: []byte(content)}},
		Environment: types.Mapping(env),
	}, func(o *loader.Options) { o.Profiles = profiles })
	if err != nil {
		t.Fatalf("docker compose would not take %s: %v", composeFile, err)
	}
	return p
}

// once says whether a service does its work and ends.
func once(s types.ServiceConfig) bool { return s.Restart == "no" }

// passwords are the secrets that each service may hold, of those that tools/env.sh makes.
var passwords = map[string][]string{
	"clickhouse":   {"TIENDO_DB_BOARDS_PASSWORD", "TIENDO_DB_MIGRATOR_PASSWORD", "TIENDO_DB_WRITER_PASSWORD"},
	"migrate":      {"TIENDO_DB_MIGRATOR_PASSWORD"},
	"tiendo":       {"TIENDO_DB_WRITER_PASSWORD"},
	"demo":         {"TIENDO_DB_WRITER_PASSWORD"},
	"grafana":      {"GRAFANA_ADMIN_PASSWORD", "GRAFANA_SECRET_KEY", "TIENDO_DB_BOARDS_PASSWORD"},
	"prometheus":   nil,
	"alertmanager": nil,
	"simulator":    nil,
}

func TestStack(t *testing.T) {
	dir, env := settings(t)
	for _, c := range []struct {
		profiles, services []string
	}{
		{nil, []string{"alertmanager", "clickhouse", "grafana", "migrate", "prometheus", "tiendo"}},
		{[]string{"demo"}, []string{"alertmanager", "clickhouse", "demo", "grafana", "migrate", "prometheus", "simulator", "tiendo"}},
	} {
		t.Run(strings.Join(append([]string{"profile"}, c.profiles...), " "), func(t *testing.T) {
			p := stack(t, dir, env, c.profiles...)
			if names := p.ServiceNames(); !slices.Equal(names, c.services) {
				t.Errorf("services %v, want %v", names, c.services)
			}
			for name, s := range p.Services {
				t.Run(name, func(t *testing.T) { checkService(t, p, s, dir, env) })
			}
			if !p.Networks["database"].Internal {
				t.Error("the database's network has a way out")
			}
			if n := p.Services["clickhouse"].Networks; len(n) != 1 || !slices.Contains(slices.Collect(maps.Keys(n)), "database") || len(p.Services["clickhouse"].Ports) > 0 {
				t.Error("the database can be reached from beyond its own network")
			}
		})
	}
}

func checkService(t *testing.T, p *types.Project, s types.ServiceConfig, dir string, env map[string]string) {
	// Nothing that is not needed.
	if user, _, _ := strings.Cut(s.User, ":"); user == "0" || !regexp.MustCompile(`^[0-9]+$`).MatchString(user) {
		t.Errorf("user %q: want a number that is not root's", s.User)
	}
	if !s.ReadOnly || s.Privileged || len(s.CapAdd) > 0 || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Error("want a read-only root file system, no capability and no new privileges")
	}
	if s.NetworkMode != "" || s.Pid != "" || s.Ipc != "" || len(s.Devices) > 0 {
		t.Error("shares the machine's network, processes or devices")
	}
	if s.Deploy == nil || s.Deploy.Resources.Limits == nil || s.Deploy.Resources.Limits.MemoryBytes == 0 || s.Deploy.Resources.Limits.NanoCPUs == 0 || s.Deploy.Resources.Limits.Pids == 0 {
		t.Error("want limits of memory, processors and processes")
	}
	if s.Logging == nil || s.Logging.Options["max-size"] == "" || s.Logging.Options["max-file"] == "" {
		t.Error("its log can fill the disk")
	}
	if s.Environment["TZ"] == nil {
		t.Error("no time zone")
	}

	// It starts in order, comes back, and says whether it works.
	if once(s) {
		if s.HealthCheck == nil || !s.HealthCheck.Disable {
			t.Error("ends by itself, so its health says nothing")
		}
	} else if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) < 2 || s.HealthCheck.Test[0] != "CMD" {
		t.Error("want a health check without a shell")
	} else if s.Restart != "unless-stopped" {
		t.Errorf("restart %q", s.Restart)
	}
	for on, d := range s.DependsOn {
		other, ok := p.Services[on]
		if !ok {
			if d.Required {
				t.Errorf("waits for %s, which is not there", on)
			}
			continue
		}
		want := types.ServiceConditionHealthy
		if once(other) {
			want = types.ServiceConditionCompletedSuccessfully
		}
		if d.Condition != want {
			t.Errorf("waits for %s until %s, want until %s", on, d.Condition, want)
		}
	}

	// Images: a release, or a target of the Dockerfile, whose bases are.
	if s.Build == nil {
		if !release.MatchString(s.Image) {
			t.Errorf("image %s is not pinned to a release", s.Image)
		}
	} else if stages := dockerfile(t); stages[s.Build.Target].base == "" {
		t.Errorf("the Dockerfile has no target %q", s.Build.Target)
	}

	// Everything that is mounted is there, and what comes from the project cannot be written.
	for _, v := range s.Volumes {
		switch v.Type {
		case types.VolumeTypeBind:
			if _, err := os.Stat(v.Source); err != nil {
				t.Errorf("mount: %v", err)
			}
			if !v.ReadOnly {
				t.Errorf("%s can be written from inside", v.Source)
			}
			if rel, err := filepath.Rel(p.WorkingDir, v.Source); err != nil || strings.HasPrefix(rel, "..") && !strings.HasPrefix(v.Source, dir) {
				t.Errorf("%s lies outside the project", v.Source)
			}
		case types.VolumeTypeVolume:
			if _, ok := p.Volumes[v.Source]; !ok {
				t.Errorf("volume %s is not declared", v.Source)
			}
		default:
			t.Errorf("mount of type %s", v.Type)
		}
	}

	// Ports: this machine only, and the documents say what each is.
	for _, port := range s.Ports {
		if ip, err := netip.ParseAddr(port.HostIP); err != nil || !ip.IsLoopback() {
			t.Errorf("port %s listens on %q", port.Published, port.HostIP)
		}
		for _, doc := range []string{"README.md", "docs/STACK.md"} {
			if !strings.Contains(read(t, doc), port.Published) {
				t.Errorf("%s does not say what port %s is", doc, port.Published)
			}
		}
	}

	// Secrets: those it needs, none of them anybody's guess.
	may, known := passwords[s.Name]
	if !known {
		t.Errorf("say in passwords what %s may know", s.Name)
	}
	all, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range env {
		if secretName.MatchString(name) && value != "" && strings.Contains(string(all), value) != slices.Contains(may, name) {
			t.Errorf("%s: held %v, allowed %v", name, strings.Contains(string(all), value), slices.Contains(may, name))
		}
	}
	for name, value := range s.Environment {
		if value == nil {
			t.Errorf("%s would be taken from the environment of whoever starts the stack", name)
		} else if secretName.MatchString(name) && !slices.Contains(given, name) && !slices.Contains(slices.Collect(maps.Values(env)), *value) {
			t.Errorf("%s is not of the generated settings", name)
		}
	}
	for _, word := range append(slices.Clone(s.Command), s.Entrypoint...) {
		if strings.Contains(word, "password") || strings.Contains(word, "@") {
			t.Errorf("a secret on a command line: %s", word)
		}
	}

	// tiendo's own commands are commands.
	if s.Build != nil && s.Build.Target == "tiendo" {
		if script := "cmd/tiendo/testdata/script/stack.txtar"; !strings.Contains(read(t, script), "exec tiendo "+strings.Join(s.Command, " ")+" --help\n") {
			t.Errorf("%s does not try `tiendo %s`", script, strings.Join(s.Command, " "))
		}
		if !once(s) {
			if at := s.HealthCheck.Test[1]; at != "/usr/local/bin/tiendo" || s.HealthCheck.Test[2] != "health" {
				t.Errorf("health is asked with %v", s.HealthCheck.Test)
			}
		}
	}
}

var (
	release  = regexp.MustCompile(`^[a-z0-9./-]+:v?[0-9]+\.[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z]+[a-z0-9-]*)?$`)
	byDigest = regexp.MustCompile(`^[a-z0-9./-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$`)
)

// stage is a target of the Dockerfile.
type stage struct {
	base, user string // as written
	lines      []string
}

// dockerfile reads the Dockerfile's targets.
func dockerfile(t *testing.T) map[string]stage {
	t.Helper()
	stages := map[string]stage{}
	var name string
	for line := range strings.Lines(read(t, "Dockerfile")) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "", "#":
		case "FROM":
			base, as, _ := strings.Cut(rest, " AS ")
			name = as
			stages[name] = stage{base: base, user: stages[base].user}
		default:
			s := stages[name]
			if word == "USER" {
				s.user = rest
			}
			s.lines = append(s.lines, line)
			stages[name] = s
		}
	}
	return stages
}

func TestDockerfile(t *testing.T) {
	stages := dockerfile(t)
	for name, s := range stages {
		if _, own := stages[s.base]; name == "" || !own && !release.MatchString(s.base) && !byDigest.MatchString(s.base) {
			t.Errorf("target %q: base %s is pinned neither to a release nor to a digest", name, s.base)
		}
		for _, line := range s.lines {
			word, rest, _ := strings.Cut(line, " ")
			if word == "ADD" || strings.Contains(line, "curl") || strings.Contains(line, "wget") {
				t.Errorf("target %s fetches what is not pinned: %s", name, line)
			}
			if word != "COPY" {
				continue
			}
			args := strings.Fields(rest)
			if from, ok := strings.CutPrefix(args[0], "--from="); ok {
				if stages[from].base == "" {
					t.Errorf("target %s copies from %s, which is not there", name, from)
				}
				continue
			}
			for _, source := range args[:len(args)-1] {
				if _, err := os.Stat(source); err != nil {
					t.Errorf("target %s: %v", name, err)
				}
				if !strings.Contains(read(t, ".dockerignore"), "\n!"+source+"\n") {
					t.Errorf(".dockerignore keeps %s out, which target %s copies", source, name)
				}
			}
		}
	}
	for _, name := range []string{"tiendo", "embedded", "clickhouse", "grafana"} {
		if user, _, _ := strings.Cut(stages[name].user, ":"); user == "" || user == "0" || user == "root" {
			t.Errorf("target %s runs as %q", name, stages[name].user)
		}
	}

	// Everything that the program is built from is copied: its own packages, and the files that they embed.
	out, err := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{$d := .Dir}}{{.ImportPath}}{{range .GoFiles}} {{.}}{{end}}{{range .EmbedFiles}} {{.}}{{end}}{{end}}`, "./cmd/tiendo").Output()
	if err != nil {
		t.Fatal(err)
	}
	build := strings.Join(stages["build"].lines, "\n") + "\n"
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if len(words) == 0 || !own(words[0]) {
			continue
		}
		top, _, _ := strings.Cut(below(words[0]), "/")
		if !strings.Contains(build, "COPY "+top+" "+top+"\n") {
			t.Errorf("package %s is not copied into the build", words[0])
		}
		for _, file := range words[1:] {
			if strings.Contains(file, "testdata/") || strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s of %s is kept out by .dockerignore", file, words[0])
			}
		}
	}

	// Versions that stand in two places are the same in both.
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))[1]
	if !strings.HasPrefix(stages["build"].base, "golang:"+goVersion+".") {
		t.Errorf("go.mod asks for Go %s, the Dockerfile builds with %s", goVersion, stages["build"].base)
	}
	library, _, _ := strings.Cut(engine.LibraryVersion, "-")
	if !strings.HasPrefix(stages["clickhouse"].base, "clickhouse/clickhouse-server:"+library+".") {
		t.Errorf("the tests run on ClickHouse %s, the stack on %s", library, stages["clickhouse"].base)
	}
	if !strings.Contains(strings.Join(stages["grafana"].lines, "\n"), "plugins install grafana-clickhouse-datasource 4.") {
		t.Error("Grafana's image has no ClickHouse data source of version 4")
	}
}

// server is a ClickHouse with the users and the settings of the stack's server, its backups in a folder of the test.
type server struct {
	engine *engine.Engine
	env    map[string]string
}

func newServer(t *testing.T) *server {
	t.Helper()
	_, env := settings(t)
	dir := t.TempDir()
	// The engine reads its configuration as a server does, with what lies in the folders beside it; it may only open what is
	// below its own folders, so the files lie there.
	for from, to := range map[string]string{"schema/server/users.xml": "users.d", "schema/server/config.d/tiendo.xml": "config.d"} {
		content := strings.ReplaceAll(read(t, from), "/backups/", filepath.Join(dir, "backups")+"/")
		if err := errors.Join(
			os.MkdirAll(filepath.Join(dir, "log", to), 0o700), os.MkdirAll(filepath.Join(dir, "engine"), 0o700),
			os.WriteFile(filepath.Join(dir, "log", to, "stack.xml"), []byte(content), 0o600),
			os.Symlink(filepath.Join("..", "log", to), filepath.Join(dir, "engine", to)),
		); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := []string{"env"}
	for name, value := range env {
		if strings.HasPrefix(name, "TIENDO_DB_") {
			command = append(command, name+"="+value)
		}
	}
	e, err := engine.Start(t.Context(), engine.Options{Dir: dir, Command: append(command, self)})
	if err != nil {
		t.Fatalf("ClickHouse does not take the configuration: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &server{e, env}
}

// dsn is the address for one of the users of users.xml, as docker-compose.yml writes it.
func (s *server) dsn(user string) string {
	u := url.URL{Scheme: "clickhouse", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.engine.TCPPort)), Path: "/tiendo",
		User: url.UserPassword(user, s.env["TIENDO_DB_"+strings.ToUpper(user)+"_PASSWORD"])}
	return u.String()
}

func (s *server) connect(t *testing.T, user string) clickhouse.Conn {
	t.Helper()
	opt, err := clickhouse.ParseDSN(s.dsn(user))
	if err != nil {
		t.Fatal(err)
	}
	opt.Auth.Database = "" // it may not be there
	c, err := clickhouse.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *server) store(t *testing.T, user string) *schema.Store {
	t.Helper()
	st, err := schema.Open(t.Context(), s.dsn(user), "kien-giang-2022-2025")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

const notAllowed = 497

func TestDatabaseUsers(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	if err := schema.CreateDatabase(ctx, s.dsn("migrator")); err != nil {
		t.Fatal(err)
	}
	migrator := s.store(t, "migrator")
	if current, err := migrator.Current(ctx); err != nil || current {
		t.Fatalf("an empty database: current %v, %v", current, err)
	}
	if err := errors.Join(migrator.Migrate(ctx), migrator.Migrate(ctx)); err != nil {
		t.Fatal(err)
	}

	// The daily work: no table is made, everything is read and written, a replay empties what it makes again.
	writer := s.store(t, "writer")
	if current, err := writer.Current(ctx); err != nil || !current {
		t.Fatalf("after the migration, seen by the writer: current %v, %v", current, err)
	}
	if err := errors.Join(writer.SetSetting(ctx, "a", "b"), writer.Reset(ctx), writer.Rebuilt(ctx)); err != nil {
		t.Error(err)
	}
	var clickhouseError *clickhouse.Exception
	if err := writer.Migrate(ctx); !errors.As(err, &clickhouseError) || clickhouseError.Code != notAllowed {
		t.Errorf("the writer may make views: %v", err)
	}

	conn := map[string]clickhouse.Conn{}
	for _, user := range []string{"migrator", "writer", "boards"} {
		conn[user] = s.connect(t, user)
	}
	for _, c := range []struct {
		user, statement string
		code            int32 // 0: it may
	}{
		{"migrator", "CREATE TABLE tiendo.x (a UInt8) ENGINE = MergeTree ORDER BY a", 0},
		{"migrator", "INSERT INTO tiendo.x SELECT 1", 0},
		{"migrator", "CREATE TABLE tiendo.y (a String) ENGINE = File(CSV)", notAllowed},
		{"migrator", "CREATE DATABASE other", notAllowed},
		{"migrator", "CREATE USER other", notAllowed},
		{"migrator", "SELECT * FROM file('/etc/passwd', LineAsString)", notAllowed},
		{"migrator", "SELECT * FROM url('http://127.0.0.1/', LineAsString)", notAllowed},
		{"writer", "INSERT INTO tiendo.x SELECT 2", 0},
		{"writer", "SELECT * FROM tiendo.x", 0},
		{"writer", "ALTER TABLE tiendo.x DELETE WHERE a = 2 SETTINGS mutations_sync = 1", 0},
		{"writer", "ALTER TABLE tiendo.x ADD COLUMN b UInt8", notAllowed},
		{"writer", "CREATE TABLE tiendo.y (a UInt8) ENGINE = MergeTree ORDER BY a", notAllowed},
		{"writer", "CREATE VIEW tiendo.v_y AS SELECT 1", notAllowed},
		{"writer", "DROP TABLE tiendo.x", notAllowed},
		{"writer", "TRUNCATE TABLE tiendo.x", notAllowed},
		{"writer", "DROP DATABASE tiendo", notAllowed},
		{"writer", "BACKUP DATABASE tiendo TO File('w.zip')", notAllowed},
		{"writer", "SELECT * FROM file('/etc/passwd', LineAsString)", notAllowed},
		{"writer", "SELECT * FROM system.users", notAllowed},
		{"boards", "SELECT * FROM tiendo.v_setting", 0},
		{"boards", "SELECT * FROM tiendo.v_source", 0},
		{"boards", "SELECT * FROM tiendo.v_setting SETTINGS max_execution_time = 30", 0}, // as the data source asks
		{"boards", "SELECT * FROM tiendo.v_setting SETTINGS max_execution_time = 600", 452},
		{"boards", "SELECT * FROM tiendo.v_setting SETTINGS readonly = 0", 164},
		{"boards", "SELECT * FROM tiendo.setting", notAllowed},
		{"boards", "SELECT * FROM tiendo.payload", notAllowed},
		{"boards", "INSERT INTO tiendo.setting (plan, name, value) VALUES ('p', 'a', 'b')", notAllowed},
		{"boards", "DROP VIEW tiendo.v_setting", notAllowed},
		{"boards", "SELECT * FROM file('/etc/passwd', LineAsString)", notAllowed},
		{"boards", "SELECT * FROM system.users", notAllowed},
		{"boards", "SELECT * FROM system.processes", notAllowed},
	} {
		err := conn[c.user].Exec(ctx, c.statement)
		switch e := (*clickhouse.Exception)(nil); {
		case c.code == 0 && err != nil:
			t.Errorf("%s, %s: %v", c.user, c.statement, err)
		case c.code != 0 && (!errors.As(err, &e) || e.Code != c.code):
			t.Errorf("%s, %s: %v, want error %d", c.user, c.statement, err, c.code)
		}
	}

	// Every view is read by the boards with the rights of the migrator, which must do for whatever it reads.
	views, err := conn["boards"].Query(ctx, "SELECT name, create_table_query FROM system.tables WHERE database = 'tiendo'")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for views.Next() {
		var name, text string
		if err := views.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		n++
		if !strings.Contains(text, "DEFINER = migrator SQL SECURITY DEFINER") {
			t.Errorf("%s does not read with the migrator's rights", name)
		}
		values := map[string]string{}
		for _, m := range regexp.MustCompile(`\{(\w+):(\w+)\}`).FindAllStringSubmatch(text, -1) {
			values[m[1]] = m[1] + " = '" + map[string]string{"Date32": "2025-06-29"}[m[2]] + "'"
		}
		from := "tiendo." + name
		if len(values) > 0 {
			from += "(" + strings.Join(slices.Sorted(maps.Values(values)), ", ") + ")"
		}
		if err := conn["boards"].Exec(ctx, "SELECT * FROM "+from+" FORMAT Null"); err != nil {
			t.Errorf("boards, %s: %v", from, err)
		}
	}
	if err := views.Err(); err != nil || n < 20 {
		t.Errorf("the boards see %d views: %v", n, err)
	}
	wrong, err := clickhouse.ParseDSN(strings.Replace(s.dsn("writer"), s.env["TIENDO_DB_WRITER_PASSWORD"], "", 1))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := clickhouse.Open(wrong); err != nil || c.Ping(ctx) == nil {
		t.Errorf("the writer gets in without a password: %v", err)
	}
}

// statements are the SQL that the documentation hands to clickhouse-client, in order.
func statements(t *testing.T) (out []string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?s)<<'SQL'\n(.*?)\nSQL\n").FindAllStringSubmatch(read(t, "docs/STACK.md"), -1) {
		for s := range strings.SplitSeq(block[1], ";") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

// TestBackupAndRestore does what docs/STACK.md says, on tables full of rows: after a full backup, a day's work, a backup of
// that day, and the loss of everything, all of it is there again, cursors too, and the boards read it.
func TestBackupAndRestore(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	if err := schema.CreateDatabase(ctx, s.dsn("migrator")); err != nil {
		t.Fatal(err)
	}
	if err := s.store(t, "migrator").Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	migrator := s.connect(t, "migrator")
	tables := map[string]string{} // name -> structure
	rows, err := migrator.Query(ctx, `SELECT t.name, arrayStringConcat(groupArray(concat('\x60', c.name, '\x60 ', c.type)), ', ') FROM
		(SELECT name FROM system.tables WHERE database = 'tiendo' AND engine LIKE '%MergeTree' AND name != 'goose_db_version') AS t
		INNER JOIN (SELECT * FROM system.columns WHERE database = 'tiendo' AND default_kind NOT IN ('MATERIALIZED', 'ALIAS')) AS c ON c.table = t.name GROUP BY t.name`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name, structure string
		if err := rows.Scan(&name, &structure); err != nil {
			t.Fatal(err)
		}
		tables[name] = structure
	}
	if err := rows.Err(); err != nil || len(tables) < 15 {
		t.Fatalf("only %d tables: %v", len(tables), err)
	}
	fill := func(only ...string) {
		var all errgroup.Group
		all.SetLimit(8)
		for name, structure := range tables {
			if len(only) > 0 && !slices.Contains(only, name) {
				continue
			}
			columns := regexp.MustCompile("`[^`]+`").FindAllString(structure, -1)
			// The server's own users may not make up rows; the engine's may.
			all.Go(func() error {
				err := s.engine.Exec(ctx, fmt.Sprintf("INSERT INTO tiendo.%s (%s) SELECT * FROM generateRandom('%s', NULL, 8, 3) LIMIT 5 SETTINGS max_partitions_per_insert_block = 0, max_threads = 1",
					name, strings.Join(columns, ", "), strings.ReplaceAll(structure, "'", `\'`)))
				if err != nil {
					err = fmt.Errorf("fill %s: %w", name, err)
				}
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	cursor := func(at int) {
		if err := s.connect(t, "writer").Exec(ctx, `INSERT INTO tiendo.page (plan, source, run_id, page, sha256, fetched_at, cursor, committed_at)
			VALUES ('kien-giang-2022-2025', 'dossiers', 'r', ?, 'x', now64(), ?, now64())`, at, fmt.Sprintf(`{"since":"2025-06-0%dT00:00:00Z"}`, at)); err != nil {
			t.Fatal(err)
		}
	}
	content := func() map[string]string {
		all := map[string]string{}
		for name := range tables {
			var n, sum uint64
			if err := migrator.QueryRow(ctx, "SELECT count(), sum(cityHash64(*)) FROM tiendo."+name).Scan(&n, &sum); err != nil {
				t.Fatalf("read %s: %v", name, err)
			}
			if n < 5 {
				t.Fatalf("%s has %d rows", name, n)
			}
			all[name] = fmt.Sprintf("%d rows, sum %d", n, sum)
		}
		c, err := s.store(t, "writer").Cursor(ctx, "dossiers")
		if err != nil {
			t.Fatal(err)
		}
		all["cursor"] = c.Since.String()
		return all
	}

	said := statements(t)
	if len(said) != 4 {
		t.Fatalf("docs/STACK.md has %d statements, want full backup, day's backup, drop, restore: %q", len(said), said)
	}
	do := func(statement string) {
		if err := migrator.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	fill()
	cursor(1)
	do(said[0])
	fill("measure", "assessment", "payload") // a day's work
	cursor(2)
	want := content()
	do(said[1])
	cursor(3) // lost
	do(said[2])
	do(said[3])
	got := content()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: restored %s, want %s", name, got[name], want[name])
		}
	}
	if !strings.Contains(got["cursor"], "2025-06-02") {
		t.Errorf("the restored cursor is %s", got["cursor"])
	}
	if current, err := s.store(t, "writer").Current(ctx); err != nil || !current {
		t.Errorf("after the restore: current %v, %v", current, err)
	}
	var n uint64
	if err := s.connect(t, "boards").QueryRow(ctx, "SELECT count() FROM tiendo.v_page").Scan(&n); err != nil || n == 0 {
		t.Errorf("after the restore the boards read %d pages: %v", n, err)
	}
}

// Every setting of the server's file is one that ClickHouse of this version knows; the engine as a library takes any.
func TestServerSettings(t *testing.T) {
	s := newServer(t)
	known := map[string]bool{ // sections, and what is no setting of its own in system.server_settings
		"logger": true, "timezone": true, "access_control_improvements": true, "backups": true, "mysql_port": true,
		"postgresql_port": true, "interserver_http_port": true, "mlock_executable": true,
	}
	opt, err := clickhouse.ParseDSN(s.engine.DSN()) // the server's own users have no right to look
	if err != nil {
		t.Fatal(err)
	}
	c, err := clickhouse.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var names []string
	if err := c.QueryRow(t.Context(), "SELECT groupArray(name) FROM system.server_settings").Scan(&names); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		known[name] = true
	}
	var file struct {
		Elements []struct {
			XMLName xml.Name
			Remove  string `xml:"remove,attr"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal([]byte(read(t, "schema/server/config.d/tiendo.xml")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Elements) < 20 {
		t.Errorf("only %d settings were looked at", len(file.Elements))
	}
	for _, e := range file.Elements {
		if name := e.XMLName.Local; !known[name] && !strings.HasSuffix(name, "_log") {
			t.Errorf("ClickHouse %s has no setting %s", engine.LibraryVersion, name)
		}
	}
	for _, must := range []string{"<allowed_path>/backups/</allowed_path>", "<table_engines_require_grant>true<", "<select_from_system_db_requires_grant>true<"} {
		if !strings.Contains(read(t, "schema/server/config.d/tiendo.xml"), must) {
			t.Errorf("the server's configuration has no %s", must)
		}
	}
	if users := read(t, "schema/server/users.xml"); strings.Contains(users, "<default>\n                <password") || strings.Contains(users, "<password/>") || strings.Count(users, "<password from_env=") != 3 {
		t.Error("want exactly three users, whose passwords come from the environment")
	}
}

// strictly decodes YAML; a key that the type lacks is an error.
func strictly(t *testing.T, name string, into any) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(read(t, name)))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// mounted is the file or folder of the project that a service sees at a path.
func mounted(t *testing.T, s types.ServiceConfig, at string) string {
	t.Helper()
	for _, v := range s.Volumes {
		if rest, ok := strings.CutPrefix(at, v.Target); ok && v.Type == types.VolumeTypeBind && (rest == "" || rest[0] == '/') {
			return filepath.Join(v.Source, rest)
		}
	}
	t.Errorf("%s mounts nothing at %s", s.Name, at)
	return ""
}

func TestGrafanaProvisioning(t *testing.T) {
	dir, env := settings(t)
	p := stack(t, dir, env)
	grafana := p.Services["grafana"]
	provisioning := mounted(t, grafana, "/etc/grafana/provisioning")

	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Prune       bool
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault                    bool           `yaml:"isDefault"`
			Editable                     bool           `yaml:"editable"`
			JSONData                     map[string]any `yaml:"jsonData"`
			SecureJSONData               map[string]any `yaml:"secureJsonData"`
		}
	}
	strictly(t, filepath.Join("dashboards", "grafana", "provisioning", "datasources", "tiendo.yaml"), &sources)
	uids := map[string]bool{}
	for _, d := range sources.Datasources {
		uids[d.UID] = true
		var host string
		switch d.Type {
		case "grafana-clickhouse-datasource":
			host = fmt.Sprint(d.JSONData["host"])
			if d.JSONData["protocol"] != "native" || d.JSONData["username"] != "boards" || d.JSONData["defaultDatabase"] != "tiendo" {
				t.Errorf("data source %s: %v: want the native protocol as the read-only user", d.Name, d.JSONData)
			}
			name := strings.TrimPrefix(fmt.Sprint(d.SecureJSONData["password"]), "$")
			if v := grafana.Environment[name]; v == nil || *v != env["TIENDO_DB_BOARDS_PASSWORD"] {
				t.Errorf("data source %s: the password is not the boards'", d.Name)
			}
		case "prometheus":
			u, err := url.Parse(d.URL)
			if err != nil {
				t.Fatal(err)
			}
			host = u.Hostname()
		default:
			t.Errorf("data source of type %s", d.Type)
		}
		other, ok := p.Services[host]
		if !ok || !slices.ContainsFunc(slices.Collect(maps.Keys(other.Networks)), func(n string) bool { _, ok := grafana.Networks[n]; return ok }) {
			t.Errorf("data source %s: Grafana cannot reach %q", d.Name, host)
		}
		if d.Editable {
			t.Errorf("data source %s can be changed by hand", d.Name)
		}
	}
	if !uids["tiendo-clickhouse"] || !uids["tiendo-prometheus"] || len(uids) != 2 {
		t.Errorf("data sources %v", uids)
	}

	// One provider per audience and language, with the title that the boards' definitions give the folder.
	var shared struct {
		Folders map[string]map[string]string
	}
	if err := yaml.Unmarshal([]byte(read(t, "dashboards/grafana/shared.yaml")), &shared); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{} // path -> title
	for audience, titles := range shared.Folders {
		for language, title := range titles {
			want[path.Join("/etc/tiendo/boards", language, audience)] = title
		}
	}
	var boards struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type    string
			FolderUID             string `yaml:"folderUid"`
			OrgID                 int    `yaml:"orgId"`
			DisableDeletion       bool   `yaml:"disableDeletion"`
			AllowUIUpdates        bool   `yaml:"allowUiUpdates"`
			UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
			Options               struct{ Path string }
		}
	}
	strictly(t, filepath.Join("dashboards", "grafana", "provisioning", "dashboards", "tiendo.yaml"), &boards)
	defined, err := filepath.Glob("dashboards/grafana/boards/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var definitions string
	for _, name := range defined {
		definitions += read(t, name)
	}
	seen := map[string]string{} // uid -> file
	for _, provider := range boards.Providers {
		if provider.AllowUIUpdates || !provider.DisableDeletion || provider.Type != "file" || provider.OrgID != 1 {
			t.Errorf("provider %s: want files, and boards that are changed where they are defined", provider.Name)
		}
		if title := want[provider.Options.Path]; title == "" || title != provider.Folder {
			t.Errorf("provider %s: folder %q for %s, want %q", provider.Name, provider.Folder, provider.Options.Path, title)
		}
		delete(want, provider.Options.Path)
		if other := seen["folder "+provider.FolderUID]; provider.FolderUID == "" || other != "" {
			t.Errorf("providers %s and %s share the folder %q", provider.Name, other, provider.FolderUID)
		}
		seen["folder "+provider.FolderUID] = provider.Name
		files, err := filepath.Glob(filepath.Join(mounted(t, grafana, provider.Options.Path), "*.json"))
		if err != nil || len(files) == 0 && strings.Contains(definitions, "\nfolder: "+path.Base(provider.Options.Path)+"\n") {
			t.Errorf("provider %s finds no board: %v", provider.Name, err)
		}
		for _, name := range files {
			content := read(t, name)
			var board struct{ UID string }
			if err := json.Unmarshal([]byte(content), &board); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if other := seen[board.UID]; board.UID == "" || other != "" {
				t.Errorf("%s and %s have the uid %q", name, other, board.UID)
			}
			seen[board.UID] = name
			for _, m := range regexp.MustCompile(`"uid": ?"(tiendo-(?:clickhouse|prometheus)[a-z-]*)"`).FindAllStringSubmatch(content, -1) {
				if !uids[m[1]] {
					t.Errorf("%s asks data source %s, which is not provisioned", name, m[1])
				}
			}
			for _, m := range regexp.MustCompile(`public/(maps/[a-z0-9_.-]+)`).FindAllStringSubmatch(content, -1) {
				if _, err := os.Stat(mounted(t, grafana, "/usr/share/grafana/public/"+m[1])); err != nil {
					t.Errorf("%s draws %s: %v", name, m[1], err)
				}
			}
		}
	}
	for path, title := range want {
		t.Errorf("no provider for %s (%s)", path, title)
	}
	if entries, err := os.ReadDir(provisioning); err != nil || len(entries) != 2 {
		t.Errorf("provisioning holds %d folders, of which this test knows two: %v", len(entries), err)
	}

	ini := configuration(t, mounted(t, grafana, "/etc/grafana/grafana.ini"))
	for key, want := range map[string]string{
		"analytics.reporting_enabled": "false", "analytics.check_for_updates": "false", "analytics.check_for_plugin_updates": "false",
		"news.news_feed_enabled": "false", "security.disable_gravatar": "true", "plugins.preinstall_disabled": "true",
		"plugins.plugin_admin_enabled": "false", "snapshots.external_enabled": "false", "auth.anonymous.enabled": "false",
		"users.auto_assign_org_role": "Viewer", "users.allow_sign_up": "false", "date_formats.default_timezone": "Asia/Ho_Chi_Minh",
		"unified_alerting.enabled": "false",
	} {
		if ini[key] != want {
			t.Errorf("grafana.ini: %s = %q, want %q", key, ini[key], want)
		}
	}
	if home, ok := strings.CutPrefix(ini["users.home_page"], "/d/"); !ok || seen[home] == "" {
		t.Errorf("grafana.ini: people land on %q, which is no board", ini["users.home_page"])
	}
	for key := range ini {
		if strings.HasSuffix(key, "password") || strings.HasSuffix(key, "secret_key") || strings.HasSuffix(key, "client_secret") {
			t.Errorf("grafana.ini holds %s", key)
		}
	}
}

// configuration reads an ini file: section.key -> value.
func configuration(t *testing.T, name string) map[string]string {
	t.Helper()
	all := map[string]string{}
	section := ""
	for line := range strings.Lines(read(t, name)) {
		line = strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(s, "]")
		} else if key, value, ok := strings.Cut(line, "="); ok && line[0] != '#' {
			if all[section+"."+strings.TrimSpace(key)] != "" {
				t.Errorf("%s says %s twice", name, key)
			}
			all[section+"."+strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return all
}

// tool finds a program of Debian's packages, or skips with what brings it.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	at, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not here: sudo apt-get install %s", name, pkg)
	}
	return at
}

func TestPrometheusConfiguration(t *testing.T) {
	dir, env := settings(t)
	p := stack(t, dir, env)
	service := p.Services["prometheus"]
	name := mounted(t, service, "/etc/prometheus/prometheus.yml")
	var c struct {
		RuleFiles []string `yaml:"rule_files"`
		Alerting  struct {
			Alertmanagers []struct {
				StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
			}
		}
		ScrapeConfigs []struct {
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal([]byte(read(t, name)), &c); err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, s := range c.ScrapeConfigs {
		for _, s := range s.StaticConfigs {
			targets = append(targets, s.Targets...)
		}
	}
	for _, a := range c.Alerting.Alertmanagers {
		for _, s := range a.StaticConfigs {
			targets = append(targets, s.Targets...)
		}
	}
	ports := map[string]string{"tiendo": "8080", "alertmanager": "9093", "prometheus": "9090", "localhost": "9090"}
	for _, target := range targets {
		host, port, err := net.SplitHostPort(target)
		if err != nil || ports[host] != port {
			t.Errorf("prometheus.yml asks %s, which the stack does not have", target)
		}
	}
	if !slices.Contains(targets, "tiendo:8080") || !slices.Contains(targets, "alertmanager:9093") {
		t.Errorf("prometheus.yml asks only %v", targets)
	}
	for _, pattern := range c.RuleFiles {
		if !path.IsAbs(pattern) {
			pattern = path.Join("/etc/prometheus", pattern)
		}
		if files, err := filepath.Glob(filepath.Join(mounted(t, service, path.Dir(pattern)), path.Base(pattern))); err != nil || len(files) == 0 {
			t.Errorf("no rules at %s: %v", pattern, err)
		}
	}
	if out, err := exec.Command(tool(t, "promtool", "prometheus"), "check", "config", name).CombinedOutput(); err != nil {
		t.Errorf("promtool check config: %v: %s", err, out)
	}
	knowsFlags(t, tool(t, "prometheus", "prometheus"), service.Command)
}

// knowsFlags asks a program for its help with the flags before it: one that it does not know, or whose value it cannot
// read, is an error.
func knowsFlags(t *testing.T, program string, flags []string) {
	t.Helper()
	if out, err := exec.Command(program, append(slices.Clone(flags), "--help")...).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--help")) {
		t.Errorf("%s %v: %v: %s", program, flags, err, out)
	}
	if err := exec.Command(program, "--no-such-flag", "--help").Run(); err == nil {
		t.Errorf("%s takes any flag when it is asked for help: this proves nothing", program)
	}
}

// The command that starts Alertmanager in its container, run here: the settings stand in its configuration, whatever
// characters they have, and it accepts the result.
func TestAlertmanagerConfiguration(t *testing.T) {
	dir, env := settings(t)
	service := stack(t, dir, env).Services["alertmanager"]
	config := filepath.Dir(mounted(t, service, service.Entrypoint[1]))
	original := read(t, filepath.Join(config, "alertmanager.yml"))
	for _, literal := range []string{"localhost:25", "tiendo@localhost", "http://localhost:9099/"} {
		if n := strings.Count(original, literal); n != 1 {
			t.Errorf("alertmanager.yml has %q %d times: start.sh replaces the first on a line", literal, n)
		}
	}
	t.Run("flags", func(t *testing.T) {
		knowsFlags(t, tool(t, "prometheus-alertmanager", "prometheus-alertmanager"), service.Command)
	})
	for name, c := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"as generated": {nil, []string{"localhost:25", "tiendo@localhost", "http://localhost:9099/", "smtp_require_tls: true"}},
		"a province's": {map[string]string{"TIENDO_SMTP_HOST": "mail.example.vn:587", "TIENDO_MAIL_FROM": "tiendo@example.vn", "TIENDO_ALERT_WEBHOOK": "https://chat.example.vn/hook?a=1&b=2|3"},
			[]string{"mail.example.vn:587", "tiendo@example.vn", "https://chat.example.vn/hook?a=1&b=2|3"}},
		"a relay of the house": {map[string]string{"TIENDO_SMTP_REQUIRE_TLS": "false"}, []string{"smtp_require_tls: false"}},
		"with a login": {map[string]string{"TIENDO_SMTP_HOST": "mail.example.vn:587", "TIENDO_SMTP_USER": "a&b", "TIENDO_SMTP_PASSWORD": `p|a&s'\"s`},
			[]string{"smtp_auth_username: 'a&b'", "smtp_auth_password_file: "}},
	} {
		t.Run(name, func(t *testing.T) {
			run := t.TempDir()
			cmd := exec.Command("sh", append([]string{filepath.Join(config, filepath.Base(service.Entrypoint[1]))}, service.Command...)...)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CONFIG=" + config, "RUN=" + run, "ALERTMANAGER=echo"}
			for name, value := range service.Environment {
				if v, ok := c.env[name]; ok {
					value = &v
				}
				cmd.Env = append(cmd.Env, name+"="+*value)
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("start.sh: %v: %s", err, out)
			}
			if want := "--config.file=" + run + "/alertmanager.yml " + strings.Join(service.Command, " ") + "\n"; string(out) != want {
				t.Errorf("Alertmanager is started with %q, want %q", out, want)
			}
			made := read(t, filepath.Join(run, "alertmanager.yml"))
			for _, w := range c.want {
				if !strings.Contains(made, w) {
					t.Errorf("the configuration does not have %q:\n%s", w, made)
				}
			}
			if password := c.env["TIENDO_SMTP_PASSWORD"]; password != "" {
				if read(t, filepath.Join(run, "smtp-password")) != password || strings.Contains(made, password) {
					t.Error("the mail password is not in its file, or not only there")
				}
			}
			if out, err := exec.Command(tool(t, "amtool", "prometheus-alertmanager"), "check-config", filepath.Join(run, "alertmanager.yml")).CombinedOutput(); err != nil {
				t.Errorf("amtool check-config: %v: %s\n%s", err, out, made)
			}
		})
	}
}

// TestDailyWork runs the commands of docker-compose.yml as its users: the migrator makes the tables, after which the writer
// collects, computes and reads without a right to make or drop any.
func TestDailyWork(t *testing.T) {
	s := newServer(t)
	tiendo := filepath.Join(t.TempDir(), "tiendo")
	build := exec.Command("go", "build", "-o", tiendo, "./cmd/tiendo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	data := t.TempDir()
	run := func(user string, args ...string) (string, error) {
		cmd := exec.Command(tiendo, append(args, "--plan", "an-giang-766-2025", "--data", data)...)
		cmd.Env = []string{"TIENDO_CLICKHOUSE=" + s.dsn(user), "PATH=" + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("writer", "status"); err == nil {
		t.Errorf("status before anything was migrated: %s", out)
	}
	for _, c := range []struct {
		user string
		args []string
		want string
	}{
		{"migrator", []string{"migrate"}, "tables are at version"},
		{"writer", []string{"demo", "--exit"}, "Từ khi khởi động đến bảng tổng hợp"},
		{"writer", []string{"status"}, "score-766"},
		{"writer", []string{"progress", "--indicator", "T-TONG", "--as-of", "2025-08-31", "--known-on", "2025-10-15"}, "80,2"},
	} {
		if out, err := run(c.user, c.args...); err != nil || !strings.Contains(out, c.want) {
			t.Errorf("tiendo %v as %s: %v: %s", c.args, c.user, err, out)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(data, "engine")); err == nil {
		t.Errorf("an engine was started beside the server: %v", entries)
	}
}
