package tiendo_test

import (
	"encoding/json"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

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
