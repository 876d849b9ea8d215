package collectors

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"tiendo/pipeline/plan"
)

const short = "kind: k\nresource: r\nname: Nguồn thử\nbase_url: http://127.0.0.1:1\n"

func decode(t *testing.T, text string) Source {
	t.Helper()
	s, err := DecodeSource(plan.SourceFile{Name: "x", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAShortFileIsEnough(t *testing.T) {
	s := decode(t, short)
	if s.ID != "x" || s.Auth.Type != "none" || s.Request.Method != "GET" || *s.Envelope.Records != "data" || s.Paging.Style != "none" ||
		s.Lag != Duration(48*time.Hour) || s.Rate != 10 || *s.Retries != 4 || s.Empty != "error" || s.Rhythm != plan.Daily || *s.RejectLimit != 0.05 {
		t.Errorf("defaults: %+v", s)
	}
	if s := decode(t, short+"request: {in: json}\n"); s.Request.Method != "POST" {
		t.Errorf("a body is sent by %s", s.Request.Method)
	}
}

func TestDecodeSourceSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":        {short + "pagging: {}\n", "sources/x.yaml: yaml: unmarshal errors:\n  line 5: field pagging not found in type collectors.Source"},
		"empty file":         {"", "sources/x.yaml: the file is empty"},
		"two documents":      {short + "---\nkind: k\n", "sources/x.yaml: only one document may stand in a source's file"},
		"no kind":            {"name: n\nbase_url: http://a\n", "sources/x.yaml: kind is missing"},
		"no name":            {"kind: k\nbase_url: http://a\n", "sources/x.yaml: name is missing: say in Vietnamese what this source is"},
		"no address":         {"kind: k\nname: n\n", "sources/x.yaml: name either base_url (a system) or path (a drop folder)"},
		"unknown auth":       {short + "auth: {type: magic}\n", `sources/x.yaml: auth.type "magic" is unknown: use none, oauth2, session, signed_headers, api_key, basic`},
		"secret not named":   {short + "auth: {type: api_key}\n", "sources/x.yaml: auth.secret is missing for auth type api_key: write {env: NAME} or {file: path}"},
		"secret in two":      {short + "auth: {type: api_key, secret: {env: A, file: b}}\n", "sources/x.yaml: auth.secret has both env and file: name one"},
		"secret written out": {short + "auth: {type: api_key, secret: hunter2}\n", "sources/x.yaml: yaml: unmarshal errors:\n  line 5: cannot unmarshal !!str `hunter2` into collectors.Secret"},
		"half a certificate": {short + "tls: {cert_file: a}\n", "sources/x.yaml: tls.cert_file and tls.key_file belong together: name both"},
		"bad schedule":       {short + "schedule: often\n", `sources/x.yaml: schedule: cannot read "often": write minute hour day month weekday, e.g. 30 1 * * *: expected exactly 5 fields, found 1: [often]`},
		"zone alone panics":  {short + "schedule: CRON_TZ=Asia/Ho_Chi_Minh\n", `sources/x.yaml: schedule: cannot read "CRON_TZ=Asia/Ho_Chi_Minh": a time zone needs a schedule behind it`},
		"bad duration":       {short + "lag: soon\n", `sources/x.yaml: cannot read "soon" as a duration: write 90s, 12h or 2d`},
		"negative duration":  {short + "lag: -1h\n", "sources/x.yaml: lag must be positive"},
		"bad rhythm":         {short + "rhythm: often\n", `sources/x.yaml: rhythm "often" is unknown: use day, month, quarter, half_year, year`},
		"bad share":          {short + "reject_limit: 5\n", "sources/x.yaml: reject_limit must be a share from 0 to 1"},
		"bad empty":          {short + "empty: maybe\n", `sources/x.yaml: empty "maybe" is unknown: use error, ok`},
		"bad paging":         {short + "paging: {style: scroll}\n", `sources/x.yaml: paging.style "scroll" is unknown: use none, page, offset, keyset`},
		"keyset alone":       {short + "paging: {style: keyset}\nenvelope: {total: t}\n", "sources/x.yaml: paging.style keyset needs updated_since.param"},
		"keyset by the day":  {short + "paging: {style: keyset}\nenvelope: {total: t}\nupdated_since: {param: p, format: yyyyMMdd}\n", "sources/x.yaml: paging.style keyset needs envelope.total and an updated_since.format with seconds"},
		"bad time format":    {short + "time_formats: [whenever]\n", `sources/x.yaml: time format "whenever" is unknown: write a pattern such as yyyyMMddHHmmss or dd/MM/yyyy, or rfc3339, unix, unix_ms`},
		"several at once":    {"kind: k\nname: n\nbase_url: http://a\nempty: x\nretries: 99\n", "sources/x.yaml: empty \"x\" is unknown: use error, ok\nsources/x.yaml: retries must be 0 to 20"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeSource(plan.SourceFile{Name: "x", Data: []byte(c.text)})
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestLayoutListsEveryProblemOfTheMapping(t *testing.T) {
	s := decode(t, short+"fields: {id: '', colour: Mau, unit: DonVi}\n")
	_, err := s.Layout([]Field{{Name: "id", Default: "MaHoSo", Required: true}, {Name: "unit", Default: "X", Required: true}, {Name: "status", Required: true}, {Name: "note"}})
	want := "sources/x.yaml: fields.id is not mapped: write the source's name of it\n" +
		"sources/x.yaml: fields.status is not mapped: write the source's name of it\n" +
		"sources/x.yaml: fields.colour is no field of k/r"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestMissingEnvironmentIsSaidAtStart(t *testing.T) {
	s := decode(t, "kind: k\nname: n\nbase_url: ${A_URL}/x/${B_PATH}\nauth: {type: basic, username: {env: A_USER}, secret: {file: /does/not/exist}}\n")
	layout, _ := s.Layout(nil)
	_, err := NewClient(s, layout, Deps{Now: time.Now})
	want := []string{"sources/x.yaml: environment variable A_URL, B_PATH is not set: set it to the address or folder of the source", "sources/x.yaml: auth.username: environment variable A_USER is not set", "sources/x.yaml: auth.secret: cannot read the secret"}
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%q is missing from: %v", w, err)
		}
	}
	for _, bad := range []string{"ftp://a", "nonsense", "http://user:pw@host"} {
		s.BaseURL = bad
		if _, err := s.address(nil, "/p"); err == nil || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := Secret{File: file}.Reveal(nil)
	if err != nil || v != "hunter2" {
		t.Fatalf("%q, %v", v, err)
	}
	s := decode(t, short+"auth: {type: api_key, secret: {env: KEY}}\n")
	layout, _ := s.Layout(nil)
	c, err := NewClient(s, layout, Deps{Now: time.Now, Lookup: func(string) string { return "hunter2" }})
	if err != nil {
		t.Fatal(err)
	}
	asJSON, _ := json.Marshal(c.secret)
	asYAML, _ := yaml.Marshal(c.secret)
	for _, text := range []string{fmt.Sprint(c.secret), fmt.Sprintf("%v %+v %#v %s %q %x", c.secret, c.secret, c.secret, c.secret, c.secret, c.secret),
		fmt.Sprintf("%+v", s), string(asJSON), string(asYAML), c.secret.LogValue().String()} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
			t.Errorf("the secret prints: %s", text)
		}
	}
	if _, err := (Secret{}).Reveal(nil); err == nil {
		t.Error("no place named, yet no error")
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (Secret{File: file}).Reveal(nil); err == nil {
		t.Error("an empty secret file is no error")
	}
}

func TestTimeFormats(t *testing.T) {
	at := time.Date(2025, 8, 14, 17, 5, 9, 0, plan.Zone)
	for _, c := range []struct {
		format TimeFormat
		text   string
	}{
		{"yyyyMMddHHmmss", "20250814170509"},
		{"dd/MM/yyyy HH:mm:ss", "14/08/2025 17:05:09"},
		{"yyyy-MM-ddTHH:mm:ss", "2025-08-14T17:05:09"},
		{"rfc3339", "2025-08-14T17:05:09+07:00"},
		{"unix", "1755165909"},
		{"unix_ms", "1755165909000"},
	} {
		if got := c.format.Format(at); got != c.text {
			t.Errorf("%s writes %s, want %s", c.format, got, c.text)
		}
		if got, err := c.format.Parse(c.text); err != nil || !got.Equal(at) {
			t.Errorf("%s reads %s as %v, %v", c.format, c.text, got, err)
		}
	}
	for _, bad := range []string{"20250231000000", "20251301000000", "20250101250000", "2025", "00010101000000", "19000101000000", "2025010112000x", "20250101126000", "20250101120060", "20250100000000"} {
		if got, err := TimeFormat("yyyyMMddHHmmss").Parse(bad); err == nil {
			t.Errorf("%s is read as %v", bad, got)
		}
	}
	if got, err := TimeFormat("unix").Parse("12x"); err == nil {
		t.Errorf("read as %v", got)
	}
	if got, err := TimeFormat("unix").Parse(""); err != nil || !got.IsZero() {
		t.Errorf("empty: %v, %v", got, err)
	}
}

func TestDecodeSettingsIsStrict(t *testing.T) {
	var v struct {
		Codes []string `yaml:"codes"`
	}
	if err := decode(t, short+"settings: {codes: [a, b]}\n").DecodeSettings(&v); err != nil || len(v.Codes) != 2 {
		t.Errorf("%v, %v", v, err)
	}
	if err := decode(t, short+"settings: {colour: red}\n").DecodeSettings(&v); err == nil || !strings.Contains(err.Error(), "sources/x.yaml: settings: ") {
		t.Errorf("unknown setting: %v", err)
	}
	if err := decode(t, short).DecodeSettings(&v); err != nil {
		t.Error(err)
	}
}

func FuzzDecodeSource(f *testing.F) {
	f.Add(short)
	f.Add(short + "auth: {type: session}\nschedule: CRON_TZ=UTC\n")
	f.Add(short + "lag: 1d\nperiod: {months: 99}\nrequest: {body: {a: ['{params}']}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := DecodeSource(plan.SourceFile{Name: "x", Data: []byte(text)})
		if err == nil && s.Validate() != nil {
			t.Error("decoded, yet not valid")
		}
	})
}
