// Package config is the settings of the program: where the plan, the data and ClickHouse are, and where it listens. It
// reads one YAML file strictly. It opens nothing and knows no secret: sources take theirs from the environment or files.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"
)

// Config is every setting; the YAML keys are the names of the flags.
type Config struct {
	Plan            string `yaml:"plan"`             // code of the plan
	Plans           string `yaml:"plans"`            // folder of plan folders; empty: the built-in ones
	Data            string `yaml:"data"`             // data folder of the embedded engine
	ClickHouse      string `yaml:"clickhouse"`       // address of a server; empty: the embedded engine
	EngineLib       string `yaml:"engine-lib"`       // path of the engine's library; empty: found
	EngineMemoryMiB int64  `yaml:"engine-memory"`    // memory limit of the embedded engine, MiB
	Listen          string `yaml:"listen"`           // address of the site
	Site            string `yaml:"site"`             // public address of the site, for links in messages
	Boards          string `yaml:"boards"`           // public address of the boards, likewise
	RequireLogin    bool   `yaml:"require-login"`    // pages only for those who have signed in
	OIDCIssuer      string `yaml:"oidc-issuer"`      // of OpenID Connect; empty: passwords only
	OIDCClient      string `yaml:"oidc-client"`      // name of this program there
	OIDCSecretFile  string `yaml:"oidc-secret-file"` // holds the client's secret
	OIDCClaim       string `yaml:"oidc-claim"`       // that holds an account's name
	TrustProxy      string `yaml:"trust-proxy"`      // networks of proxies whose X-Forwarded-For is believed, separated by commas
}

// Read decodes a settings file; an unknown key is an error that names its line.
func Read(path string) (Config, error) {
	var c Config
	b, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read the settings: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("settings %s: %w", path, err)
	}
	return c, nil
}

// Under lays the file's settings under the flags: a flag that was given wins, a setting that the file leaves out keeps
// the flag's default.
func (c Config) Under(flags Config, given func(flag string) bool) Config {
	pick := func(name string, file *string, flag string) {
		if given(name) || *file == "" {
			*file = flag
		}
	}
	pick("plan", &c.Plan, flags.Plan)
	pick("plans", &c.Plans, flags.Plans)
	pick("data", &c.Data, flags.Data)
	pick("clickhouse", &c.ClickHouse, flags.ClickHouse)
	pick("engine-lib", &c.EngineLib, flags.EngineLib)
	pick("listen", &c.Listen, flags.Listen)
	pick("site", &c.Site, flags.Site)
	pick("boards", &c.Boards, flags.Boards)
	pick("oidc-issuer", &c.OIDCIssuer, flags.OIDCIssuer)
	pick("oidc-client", &c.OIDCClient, flags.OIDCClient)
	pick("oidc-secret-file", &c.OIDCSecretFile, flags.OIDCSecretFile)
	pick("oidc-claim", &c.OIDCClaim, flags.OIDCClaim)
	pick("trust-proxy", &c.TrustProxy, flags.TrustProxy)
	if given("engine-memory") || c.EngineMemoryMiB == 0 {
		c.EngineMemoryMiB = flags.EngineMemoryMiB
	}
	if given("require-login") {
		c.RequireLogin = flags.RequireLogin
	}
	return c
}

// DefaultPlan is the plan meant when none is named: the newest-named built-in one, as there is no better reason.
func DefaultPlan(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}
