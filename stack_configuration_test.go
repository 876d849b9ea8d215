package tiendo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
)

// What the stack mounts into Grafana, Prometheus and Alertmanager: read as strictly as those programs do, and by them.

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
