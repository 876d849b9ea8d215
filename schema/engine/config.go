package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"regexp"
	"text/template"
)

// nonceMacro is the configuration macro that tells one start of the child from
// every other process that could answer on its port.
const nonceMacro = "tiendo_start"

var boardGrant = regexp.MustCompile(`^SELECT ON [A-Za-z_][A-Za-z0-9_]*\.([A-Za-z_][A-Za-z0-9_]*\*?|\*)$`)

func checkBoardGrant(g string) error {
	if !boardGrant.MatchString(g) {
		return fmt.Errorf("engine: board grant %q: want SELECT ON database.table, where table may end in *", g)
	}
	return nil
}

// The engine's own user, `default`, runs the start statement from inside the
// process and must keep an empty password. Its session inside the process stays
// open for the engine's life and is the only one the user may have, so no client
// gets in as `default`.
//
// Caches and pools are those of one province's data on one office machine. Time
// is UTC so that no result depends on the machine's zone; columns name theirs.
const configText = `<clickhouse>
  <log-level>warning</log-level>
  <logger>
    <console>false</console>
    <log>{{xml .Paths.Log}}</log>
    <size>10M</size>
    <count>2</count>
  </logger>
  <user_directories><users_xml><path>{{xml .Paths.Users}}</path></users_xml></user_directories>
  <macros><{{.NonceMacro}}>{{xml .Nonce}}</{{.NonceMacro}}></macros>
  <timezone>UTC</timezone>
  <mlock_executable>false</mlock_executable>
  <max_server_memory_usage>{{.MemoryLimit}}</max_server_memory_usage>
  <max_connections>256</max_connections>
  <max_concurrent_queries>64</max_concurrent_queries>
  <mark_cache_size>67108864</mark_cache_size>
  <primary_index_cache_size>33554432</primary_index_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <mmap_cache_size>64</mmap_cache_size>
  <compiled_expression_cache_size>16777216</compiled_expression_cache_size>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <backups><allowed_path>{{xml .Paths.Backups}}</allowed_path></backups>
</clickhouse>
`

const usersText = `<clickhouse>
  <profiles>
    <default><poll_interval>1</poll_interval></default>
    <start><max_sessions_for_user>1</max_sessions_for_user></start>
    <board><readonly>2</readonly><poll_interval>1</poll_interval></board>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>start</profile>
      <quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
    <{{.User}}>
      <password_sha256_hex>{{.UserHash}}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT {{.Rights}} ON {{.Database}}*.*</query>
        {{- range .TableEngines}}
        <query>GRANT TABLE ENGINE ON {{.}}</query>
        {{- end}}
        <query>GRANT SELECT ON system.*</query>
        {{- if .URLPort}}
        <query>GRANT READ ON URL</query>
        {{- end}}
        <query>GRANT CREATE TEMPORARY TABLE, KILL QUERY, SYSTEM FLUSH LOGS ON *.*</query>
      </grants>
    </{{.User}}>
    <{{.BoardUser}}>
      <password_sha256_hex>{{.BoardHash}}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>board</profile>
      <quota>default</quota>
      <grants>
        {{- range .BoardGrants}}
        <query>GRANT {{xml .}}</query>
        {{- end}}
      </grants>
    </{{.BoardUser}}>
  </users>
</clickhouse>
`

// configData is all the two files are made of.
type configData struct {
	Paths struct{ Log, Users, Backups string }

	NonceMacro, Nonce         string
	MemoryLimit               int64
	Database, User, BoardUser string
	UserHash, BoardHash       string
	Rights                    string
	BoardGrants, TableEngines []string
	URLPort                   int
}

// rights are what the application may do in its databases: everything but
// dictionaries, whose sources may be the machine's files, pages and programs.
const rights = "SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP DATABASE, DROP TABLE, DROP VIEW, " +
	"UNDROP TABLE, TRUNCATE, OPTIMIZE, CHECK, BACKUP, SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM VIEWS"

// tableEngines are the engines the application may create tables with: those
// that keep their data inside the engine. File, URL and their like would give
// it the machine's files.
var tableEngines = []string{
	"Atomic", "Buffer", "Join", "Memory", "Merge", "MergeTree", "Null", "Set",
	"AggregatingMergeTree", "CollapsingMergeTree", "CoalescingMergeTree", "ReplacingMergeTree",
	"SummingMergeTree", "VersionedCollapsingMergeTree",
}

func configOf(p paths, o Options, info Info) configData {
	d := configData{
		NonceMacro: nonceMacro, Nonce: info.Nonce, MemoryLimit: o.MemoryLimit,
		Database: Database, User: User, BoardUser: BoardUser,
		UserHash: passwordHash(info.Password), BoardHash: passwordHash(info.BoardPassword),
		Rights: rights, BoardGrants: o.BoardGrants, TableEngines: tableEngines, URLPort: o.URLPort,
	}
	d.Paths.Log, d.Paths.Users, d.Paths.Backups = p.log, p.users, p.backups
	return d
}

func passwordHash(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

func writeConfig(p paths, o Options, info Info) error {
	d := configOf(p, o, info)
	for _, file := range []struct{ path, text string }{{p.config, configText}, {p.users, usersText}} {
		content, err := render(file.text, d)
		if err != nil {
			return fmt.Errorf("engine: %s: %w", file.path, err)
		}
		if err := replaceFile(file.path, content); err != nil {
			return err
		}
	}
	return nil
}

func render(text string, d configData) ([]byte, error) {
	t, err := template.New("").Funcs(template.FuncMap{"xml": escapeXML}).Parse(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, d)
	return b.Bytes(), err
}

func escapeXML(s string) (string, error) {
	var b bytes.Buffer
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}
