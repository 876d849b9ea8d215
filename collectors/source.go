package collectors

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"go.yaml.in/yaml/v3"

	"tiendo/pipeline/plan"
)

// Source is one source as its file in the plan's sources/ folder says: where it is, how it is asked, how its answers are
// read. Only kind, resource, name and the address are needed; DecodeSource fills in what is left out. Names of envelope,
// paging, parameters and fields are settings because they differ by vendor and province (SYSTEMS section 3b).
type Source struct {
	ID       string `yaml:"-"` // the file's name without .yaml
	File     string `yaml:"-"`
	Kind     string `yaml:"kind"`     // the collectors folder
	Resource string `yaml:"resource"` // what of that kind
	Name     string `yaml:"name"`     // for people, in Vietnamese
	BaseURL  string `yaml:"base_url"` // may hold ${NAME}
	Path     string `yaml:"path"`     // drop folder, may hold ${NAME}

	Auth         Auth         `yaml:"auth"`
	TLS          TLS          `yaml:"tls"`
	Request      Request      `yaml:"request"`
	Envelope     Envelope     `yaml:"envelope"`
	Paging       Paging       `yaml:"paging"`
	UpdatedSince UpdatedSince `yaml:"updated_since"`
	Period       PeriodParams `yaml:"period"`

	Lag          Duration `yaml:"lag"`            // how far behind the cursor a pull begins again; default 48h
	Rate         float64  `yaml:"rate"`           // requests per second; default 10, negative: no limit
	Timeout      Duration `yaml:"timeout"`        // per attempt; default 60s
	Retries      *int     `yaml:"retries"`        // attempts after the first; default 4
	RetryWait    Duration `yaml:"retry_wait"`     // first pause, doubling with jitter; default 1s
	RetryMaxWait Duration `yaml:"retry_max_wait"` // longest pause, also for Retry-After; default 2m
	MaxBytes     int      `yaml:"max_bytes"`      // of one answer; default 64 MiB

	Schedule    string      `yaml:"schedule"`     // cron, in the provincial zone; default 30 1 * * *
	Rhythm      plan.Rhythm `yaml:"rhythm"`       // default day
	RejectLimit *float64    `yaml:"reject_limit"` // share of records that may be rejected before a run fails; default 0.05
	Empty       string      `yaml:"empty"`        // error (default): an empty list after one with records is an outage, not a zero; ok: it may be

	Fields      map[string]string `yaml:"fields"`       // our field name -> the source's, dotted where nested; empty: not there
	KnownFields []string          `yaml:"known_fields"` // fields seen and deliberately not taken, beside those the kind knows
	TimeFormats []TimeFormat      `yaml:"time_formats"` // default yyyyMMddHHmmss
	Settings    yaml.Node         `yaml:"settings"`     // the kind's own, see DecodeSettings
}

// Auth says how a source knows us. Secrets are named, never written.
type Auth struct {
	Type      string            `yaml:"type"`       // none (default), oauth2, session, signed_headers, api_key, basic
	Path      string            `yaml:"path"`       // oauth2: of the token, default /token; session: of the login, default /api/session
	ClientID  Secret            `yaml:"client_id"`  // oauth2
	Username  Secret            `yaml:"username"`   // session, basic
	SystemID  Secret            `yaml:"system_id"`  // signed_headers
	Secret    Secret            `yaml:"secret"`     // client secret, password, signing or API key
	Scopes    []string          `yaml:"scopes"`     // oauth2
	Style     string            `yaml:"style"`      // oauth2: id and secret as form params (default) or in the header
	Header    string            `yaml:"header"`     // api_key: default X-API-Key
	Headers   map[string]string `yaml:"headers"`    // session: sent with the login
	Token     string            `yaml:"token"`      // session: path of the session in the login's answer, default session
	Expired   []string          `yaml:"expired"`    // session: codes of Envelope.Code that say it is over, default 401
	Sign      []string          `yaml:"sign"`       // signed_headers: headers whose values are signed, default systemid timestamp messagetype
	Timestamp TimeFormat        `yaml:"timestamp"`  // signed_headers: default unix
	InHeader  map[string]string `yaml:"in_headers"` // signed_headers: names of systemid, timestamp, signature where they differ
}

// TLS names the files of a private authority and of a client certificate (mTLS).
type TLS struct {
	CAFile   string `yaml:"ca_file"`
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// Request says what is sent. Parameters (fixed, paging, update time, period) go where In says: the query string, a JSON
// body (as it is, or in the place of "{params}" in Body), one form field holding JSON, plain form fields, or headers.
type Request struct {
	Method    string            `yaml:"method"` // default GET, or POST where there is a body
	Path      string            `yaml:"path"`
	In        string            `yaml:"in"` // query (default), json, form_json, form, header
	Params    map[string]any    `yaml:"params"`
	Body      any               `yaml:"body"`       // template: "{params}" and "{session}" are put in
	FormField string            `yaml:"form_field"` // form_json: default params
	Headers   map[string]string `yaml:"headers"`
}

// Envelope says where in an answer the records are and what says that it went well. Paths are dotted; an empty records
// path means that the answer is the list.
type Envelope struct {
	Records    *string  `yaml:"records"`     // default data
	Total      string   `yaml:"total"`       // number of records of the whole list
	TotalPages string   `yaml:"total_pages"` // number of pages
	Last       string   `yaml:"last"`        // true on the last page
	Code       string   `yaml:"code"`        // field that says whether it went well
	OK         []string `yaml:"ok"`          // its good values; default "0", "00"
	Message    string   `yaml:"message"`     // what went wrong, for people
}

// Paging says how a list goes on.
type Paging struct {
	Style      string `yaml:"style"`       // none (default), page, offset, keyset (by update time; survives a list that moves underneath)
	PageParam  string `yaml:"page_param"`  // page, keyset: default page
	SizeParam  string `yaml:"size_param"`  // default size
	StartParam string `yaml:"start_param"` // offset: default offset
	Start      int    `yaml:"start"`       // number of the first page or offset; default 0
	Size       int    `yaml:"size"`        // default 500
}

// UpdatedSince says how only what changed is asked for.
type UpdatedSince struct {
	Param  string     `yaml:"param"`  // empty: the list always comes whole
	Format TimeFormat `yaml:"format"` // default yyyyMMddHHmmss
	Always bool       `yaml:"always"` // send it on the first pull too, as 2000-01-01
	Sorted bool       `yaml:"sorted"` // the list comes in the order of update, so that a run cut short may go on behind its last page
}

// PeriodParams says how a statistic's calendar period is asked for.
type PeriodParams struct {
	Months int        `yaml:"months"` // closed months pulled each time, because they are restated; default 3
	From   string     `yaml:"from"`   // parameter of the first day
	To     string     `yaml:"to"`     // parameter of the last day
	Format TimeFormat `yaml:"format"` // of both; default yyyy-MM-dd
	Year   string     `yaml:"year"`   // parameter of the year
	Month  string     `yaml:"month"`  // parameter of the month, 1 to 12
}

// Duration is a time.Duration that reads 90s, 12h and also 2d.
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads, and days.
func (d *Duration) UnmarshalText(b []byte) error {
	if days, ok := strings.CutSuffix(string(b), "d"); ok {
		h, err := time.ParseDuration(days + "h")
		if err != nil {
			return fmt.Errorf("cannot read %q as a duration: write 90s, 12h or 2d", b)
		}
		*d = Duration(24 * h)
		return nil
	}
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("cannot read %q as a duration: write 90s, 12h or 2d", b)
	}
	*d = Duration(v)
	return nil
}

// Secret names where a secret is: an environment variable or a file. It holds no value and so cannot print one.
type Secret struct {
	Env  string `yaml:"env"`
	File string `yaml:"file"`
}

// Set says whether a place is named.
func (s Secret) Set() bool { return s.Env != "" || s.File != "" }

// Reveal reads the secret. The error names the place, never the value.
func (s Secret) Reveal(lookup func(string) string) (string, error) {
	switch {
	case s.Env != "" && s.File != "":
		return "", fmt.Errorf("secret has both env %s and file %s: name one", s.Env, s.File)
	case s.Env != "":
		if lookup != nil {
			if v := lookup(s.Env); v != "" {
				return v, nil
			}
		}
		return "", fmt.Errorf("environment variable %s is not set: set it to the secret", s.Env)
	case s.File != "":
		b, err := os.ReadFile(s.File)
		if err != nil {
			return "", fmt.Errorf("cannot read the secret: %w", err)
		}
		if v := strings.TrimSpace(string(b)); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("secret file %s is empty", s.File)
	}
	return "", errors.New("no secret is named: write {env: NAME} or {file: path}")
}

// revealed is a secret in memory. Whatever prints it, prints stars.
type revealed struct{ value string }

func (revealed) String() string               { return "***" }
func (revealed) GoString() string             { return "***" }
func (revealed) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, "***") }
func (revealed) LogValue() slog.Value         { return slog.StringValue("***") }
func (revealed) MarshalText() ([]byte, error) { return []byte("***"), nil }

// DecodeSource reads a source's file strictly, fills in the defaults and checks it. The error lists everything that is
// wrong, each with the file's name.
func DecodeSource(f plan.SourceFile) (Source, error) {
	s := Source{ID: f.Name, File: "sources/" + f.Name + ".yaml"}
	dec := yaml.NewDecoder(bytes.NewReader(f.Data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return Source{}, fmt.Errorf("%s: %w", s.File, err)
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return Source{}, fmt.Errorf("%s: only one document may stand in a source's file", s.File)
	}
	s.setDefaults()
	return s, s.Validate()
}

func (s *Source) setDefaults() {
	def := func(p *string, v string) { *p = cmp.Or(*p, v) }
	def(&s.Auth.Type, "none")
	switch s.Auth.Type {
	case "oauth2":
		def(&s.Auth.Path, "/token")
		def(&s.Auth.Style, "params")
	case "session":
		def(&s.Auth.Path, "/api/session")
		def(&s.Auth.Token, "session")
		if s.Auth.Expired == nil {
			s.Auth.Expired = []string{"401"}
		}
	case "api_key":
		def(&s.Auth.Header, "X-API-Key")
	case "signed_headers":
		if s.Auth.Sign == nil {
			s.Auth.Sign = []string{"systemid", "timestamp", "messagetype"}
		}
		def((*string)(&s.Auth.Timestamp), "unix")
	}
	def(&s.Request.In, "query")
	method := "GET"
	if s.Request.In != "query" || s.Request.Body != nil {
		method = "POST"
	}
	def(&s.Request.Method, method)
	def(&s.Request.FormField, "params")
	if s.Envelope.Records == nil {
		data := "data"
		s.Envelope.Records = &data
	}
	if s.Envelope.OK == nil {
		s.Envelope.OK = []string{"0", "00"}
	}
	def(&s.Paging.Style, "none")
	def(&s.Paging.PageParam, "page")
	def(&s.Paging.SizeParam, "size")
	def(&s.Paging.StartParam, "offset")
	s.Paging.Size = cmp.Or(s.Paging.Size, 500)
	def((*string)(&s.UpdatedSince.Format), "yyyyMMddHHmmss")
	s.Period.Months = cmp.Or(s.Period.Months, 3)
	def((*string)(&s.Period.Format), "yyyy-MM-dd")
	s.Lag = cmp.Or(s.Lag, Duration(48*time.Hour))
	s.Rate = cmp.Or(s.Rate, 10)
	s.Timeout = cmp.Or(s.Timeout, Duration(time.Minute))
	if s.Retries == nil {
		four := 4
		s.Retries = &four
	}
	s.RetryWait = cmp.Or(s.RetryWait, Duration(time.Second))
	s.RetryMaxWait = cmp.Or(s.RetryMaxWait, Duration(2*time.Minute))
	s.MaxBytes = cmp.Or(s.MaxBytes, 64<<20)
	def(&s.Schedule, "30 1 * * *")
	def((*string)(&s.Rhythm), string(plan.Daily))
	if s.RejectLimit == nil {
		limit := 0.05
		s.RejectLimit = &limit
	}
	def(&s.Empty, "error")
	if s.TimeFormats == nil {
		s.TimeFormats = []TimeFormat{"yyyyMMddHHmmss"}
	}
}

// Validate lists everything that is wrong with the settings as one error; nil if nothing is.
func (s Source) Validate() error {
	var errs []error
	bad := func(format string, a ...any) {
		errs = append(errs, fmt.Errorf("%s: "+format, append([]any{s.File}, a...)...))
	}
	oneOf := func(name, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			bad("%s %q is unknown: use %s", name, value, strings.Join(allowed, ", "))
		}
	}
	if s.Kind == "" {
		bad("kind is missing")
	}
	if s.Name == "" {
		bad("name is missing: say in Vietnamese what this source is")
	}
	if (s.BaseURL == "") == (s.Path == "") {
		bad("name either base_url (a system) or path (a drop folder)")
	}
	oneOf("auth.type", s.Auth.Type, "none", "oauth2", "session", "signed_headers", "api_key", "basic")
	need := func(name string, secret Secret) {
		switch {
		case !secret.Set():
			bad("auth.%s is missing for auth type %s: write {env: NAME} or {file: path}", name, s.Auth.Type)
		case secret.Env != "" && secret.File != "":
			bad("auth.%s has both env and file: name one", name)
		}
	}
	switch s.Auth.Type {
	case "oauth2":
		need("client_id", s.Auth.ClientID)
		oneOf("auth.style", s.Auth.Style, "params", "header")
		need("secret", s.Auth.Secret)
	case "session", "basic":
		need("username", s.Auth.Username)
		need("secret", s.Auth.Secret)
	case "signed_headers":
		need("system_id", s.Auth.SystemID)
		need("secret", s.Auth.Secret)
	case "api_key":
		need("secret", s.Auth.Secret)
	}
	if (s.TLS.CertFile == "") != (s.TLS.KeyFile == "") {
		bad("tls.cert_file and tls.key_file belong together: name both")
	}
	oneOf("request.in", s.Request.In, "query", "json", "form_json", "form", "header")
	oneOf("request.method", s.Request.Method, "GET", "POST", "PUT")
	oneOf("paging.style", s.Paging.Style, "none", "page", "offset", "keyset")
	if s.Paging.Style == "keyset" && s.UpdatedSince.Param == "" {
		bad("paging.style keyset needs updated_since.param")
	}
	if f := s.UpdatedSince.Format; s.Paging.Style == "keyset" && (s.Envelope.Total == "" || strings.Contains(string(f), "yyyy") && !strings.Contains(string(f), "ss")) {
		bad("paging.style keyset needs envelope.total and an updated_since.format with seconds")
	}
	if s.Paging.Size < 1 {
		bad("paging.size must be positive")
	}
	if s.Period.Months < 1 || s.Period.Months > 60 {
		bad("period.months must be 1 to 60")
	}
	oneOf("empty", s.Empty, "error", "ok")
	if s.Rhythm.Days() == 0 {
		bad("rhythm %q is unknown: use day, month, quarter, half_year, year", s.Rhythm)
	}
	if *s.Retries < 0 || *s.Retries > 20 {
		bad("retries must be 0 to 20")
	}
	if l := *s.RejectLimit; l < 0 || l > 1 {
		bad("reject_limit must be a share from 0 to 1")
	}
	for name, d := range map[string]Duration{"lag": s.Lag, "timeout": s.Timeout, "retry_wait": s.RetryWait, "retry_max_wait": s.RetryMaxWait} {
		if d <= 0 {
			bad("%s must be positive", name)
		}
	}
	if s.MaxBytes < 0 {
		bad("max_bytes must be positive")
	}
	if err := CheckSchedule(s.Schedule); err != nil {
		bad("schedule: %v", err)
	}
	formats := append(slices.Clone(s.TimeFormats), s.UpdatedSince.Format, s.Period.Format)
	if s.Auth.Timestamp != "" {
		formats = append(formats, s.Auth.Timestamp)
	}
	for _, f := range formats {
		if err := f.check(); err != nil {
			bad("%v", err)
		}
	}
	slices.SortStableFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// CheckSchedule says what is wrong with a cron line. The parser panics on a zone without a schedule, so it is caught here.
func CheckSchedule(line string) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("cannot read %q: a time zone needs a schedule behind it", line)
		}
	}()
	if _, err := cron.ParseStandard(line); err != nil {
		return fmt.Errorf("cannot read %q: write minute hour day month weekday, e.g. 30 1 * * *: %w", line, err)
	}
	return nil
}

// DecodeSettings reads the kind's own settings strictly into v; without any, v stays as it is.
func (s Source) DecodeSettings(v any) error {
	if s.Settings.IsZero() {
		return nil
	}
	b, err := yaml.Marshal(&s.Settings)
	if err != nil {
		return fmt.Errorf("%s: settings: %w", s.File, err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%s: settings: %w", s.File, err)
	}
	return nil
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// Expand puts environment variables into a text with ${NAME}. An unset one is an error that names it and the file.
func (s Source) Expand(text string, lookup func(string) string) (string, error) {
	missing := map[string]bool{}
	out := variable.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		v := ""
		if lookup != nil {
			v = lookup(name)
		}
		if v == "" {
			missing[name] = true
		}
		return v
	})
	if len(missing) > 0 {
		names := slices.Sorted(maps.Keys(missing))
		return "", fmt.Errorf("%s: environment variable %s is not set: set it to the address or folder of the source", s.File, strings.Join(names, ", "))
	}
	return out, nil
}

// address is the absolute URL of a path of the source; absolute URLs stay.
func (s Source) address(lookup func(string) string, p string) (string, error) {
	base, err := s.Expand(s.BaseURL, lookup)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(p, "http://") || strings.HasPrefix(p, "https://") {
		base, p = p, ""
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fmt.Errorf("%s: base_url is not an http or https address", s.File)
	}
	if u.User != nil {
		return "", fmt.Errorf("%s: base_url holds a user or a password: use auth", s.File)
	}
	if p != "" {
		u.Path = strings.TrimSuffix(u.Path, "/") + path.Join("/", p)
	}
	return u.String(), nil
}

// TimeFormat is how a source writes times: a pattern such as yyyyMMddHHmmss or dd/MM/yyyy HH:mm, or rfc3339, unix, unix_ms.
type TimeFormat string

var patternParts = strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02", "HH", "15", "hh", "03", "mm", "04", "ss", "05", "SSS", "000")

func (f TimeFormat) layout() string { return patternParts.Replace(string(f)) }

func (f TimeFormat) check() error {
	switch f {
	case "rfc3339", "unix", "unix_ms":
		return nil
	}
	if !strings.Contains(string(f), "yyyy") || !strings.Contains(string(f), "MM") {
		return fmt.Errorf("time format %q is unknown: write a pattern such as yyyyMMddHHmmss or dd/MM/yyyy, or rfc3339, unix, unix_ms", string(f))
	}
	return nil
}

// Format writes an instant in the provincial zone.
func (f TimeFormat) Format(t time.Time) string {
	switch f {
	case "rfc3339":
		return t.In(plan.Zone).Format(time.RFC3339)
	case "unix":
		return fmt.Sprint(t.Unix())
	case "unix_ms":
		return fmt.Sprint(t.UnixMilli())
	}
	return t.In(plan.Zone).Format(f.layout())
}

// ErrBadTime says that a text is no time of a source's formats.
var ErrBadTime = errors.New("not a date")

// Parse reads a time of the provincial zone; the empty text is the zero time. Years outside 2000 to 2100 are errors: they
// are some program's null, not a date.
func (f TimeFormat) Parse(s string) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	t, err := f.parse(s)
	if err != nil || !plausible(t) {
		return time.Time{}, fmt.Errorf("%w: %q, expected %s", ErrBadTime, clip(s), string(f))
	}
	return t, nil
}

// plausible leaves out the years that stand for some program's null.
func plausible(t time.Time) bool { return t.Year() >= 2000 && t.Year() <= 2100 }

const stampFormat TimeFormat = "yyyyMMddHHmmss"

func (f TimeFormat) parse(s string) (time.Time, error) {
	switch f {
	case stampFormat:
		return parseStamp(s)
	case "rfc3339":
		t, err := time.Parse(time.RFC3339, s)
		return t.In(plan.Zone), err
	case "unix", "unix_ms":
		var n int64
		for _, c := range []byte(s) {
			if c < '0' || c > '9' || n > 1e14 {
				return time.Time{}, ErrBadTime
			}
			n = n*10 + int64(c-'0')
		}
		if f == "unix_ms" {
			return time.UnixMilli(n).In(plan.Zone), nil
		}
		return time.Unix(n, 0).In(plan.Zone), nil
	}
	return time.ParseInLocation(f.layout(), s, plan.Zone)
}

// parseStamp reads yyyyMMddHHmmss; the general parser takes a good part of a large pull's time.
func parseStamp[T string | []byte](s T) (time.Time, error) {
	if len(s) != 14 {
		return time.Time{}, ErrBadTime
	}
	num := func(from, to int) int {
		n := 0
		for i := from; i < to; i++ {
			c := s[i]
			if c < '0' || c > '9' {
				return -1
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	y, mo, d, h, mi, sec := num(0, 4), num(4, 6), num(6, 8), num(8, 10), num(10, 12), num(12, 14)
	if y < 0 || mo < 1 || mo > 12 || d < 1 || h < 0 || h > 23 || mi < 0 || mi > 59 || sec < 0 || sec > 59 {
		return time.Time{}, ErrBadTime
	}
	t := time.Date(y, time.Month(mo), d, h, mi, sec, 0, plan.Zone)
	if t.Day() != d { // 31 February rolled over
		return time.Time{}, ErrBadTime
	}
	return t, nil
}
