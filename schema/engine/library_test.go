package engine

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPackageName(t *testing.T) {
	for _, c := range []struct{ goos, goarch, want string }{
		{"linux", "amd64", "@chdb/lib-linux-x64-gnu"},
		{"linux", "arm64", "@chdb/lib-linux-arm64-gnu"},
		{"darwin", "arm64", "@chdb/lib-darwin-arm64"},
		{"darwin", "amd64", "@chdb/lib-darwin-x64"},
	} {
		if got := packageName(c.goos, c.goarch); got != c.want {
			t.Errorf("packageName(%s, %s) = %s, want %s", c.goos, c.goarch, got, c.want)
		}
	}
}

func TestPinnedVersionsAgree(t *testing.T) {
	raw, err := os.ReadFile("../../package.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		OptionalDependencies map[string]string `json:"optionalDependencies"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.OptionalDependencies) == 0 {
		t.Error("package.json names no library")
	}
	for name, version := range p.OptionalDependencies {
		if version != LibraryVersion {
			t.Errorf("package.json pins %s at %s, this package at %s", name, version, LibraryVersion)
		}
	}
}

func TestLibraryCandidatesInOrder(t *testing.T) {
	got := libraryCandidates("@chdb/lib-x", "/home/work", "/opt/tiendo", "/home/.cache/tiendo")
	want := []string{
		"/home/work/node_modules/@chdb/lib-x/libchdb.so",
		"/home/node_modules/@chdb/lib-x/libchdb.so",
		"/node_modules/@chdb/lib-x/libchdb.so",
		"/opt/tiendo/libchdb.so",
		"/opt/tiendo/node_modules/@chdb/lib-x/libchdb.so",
		"/opt/node_modules/@chdb/lib-x/libchdb.so",
		"/node_modules/@chdb/lib-x/libchdb.so",
		"/home/.cache/tiendo/libchdb.so",
		"/home/.cache/tiendo/node_modules/@chdb/lib-x/libchdb.so",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := libraryCandidates("@chdb/lib-x", "", "", ""); len(got) != 0 {
		t.Errorf("candidates of no folders: %v", got)
	}
}

func TestFindLibrary(t *testing.T) {
	folder, other, empty := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{folder, other} {
		if err := os.WriteFile(filepath.Join(dir, "libchdb.so"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(folder, "libchdb.so")
	for _, c := range []struct{ name, explicit, env, want string }{
		{"a file", file, "", file},
		{"a folder", folder, "", file},
		{"the flag before the environment", folder, other, file},
		{"the environment", "", other, filepath.Join(other, "libchdb.so")},
		{"a named folder without it is not replaced by another", empty, folder, ""},
		{"nor is that of the environment", "", empty, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(LibraryEnv, c.env)
			got, err := FindLibrary(c.explicit)
			if got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			if _, ok := errors.AsType[*MissingLibraryError](err); ok != (c.want == "") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestMissingLibrarySaysWhatToDo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/caches")
	t.Setenv("HOME", "/home")
	t.Setenv(LibraryEnv, "")
	t.Chdir(t.TempDir())
	_, err := FindLibrary("")
	if _, ok := errors.AsType[*MissingLibraryError](err); !ok {
		t.Fatalf("FindLibrary where there is none: %v", err)
	}
	for _, want := range []string{"`npm ci`", "npm install --prefix", "@chdb/lib-", LibraryVersion, "--engine-lib", LibraryEnv, "looked at"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestConfigIsWellFormedWhateverTheFolderIsCalled(t *testing.T) {
	for _, dir := range []string{"/data", "/a b", "/tỉnh & <huyện>", `/"quoted" 'twice'`, "/]]>--"} {
		o, err := Options{Dir: dir}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		d := configOf(pathsOf(dir), o, Info{Nonce: randomToken(), Password: "p", BoardPassword: "b"})
		for _, text := range []string{configText, usersText} {
			content, err := render(text, d)
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for x := xml.NewDecoder(bytes.NewReader(content)); ; {
				token, err := x.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v\n%s", dir, err, content)
				}
				if text, ok := token.(xml.CharData); ok {
					all.Write(text)
				}
			}
			if text == configText && !strings.Contains(all.String(), filepath.Join(dir, "engine", "users.xml")) {
				t.Errorf("the folder %q is not in the configuration as it is called", dir)
			}
			if strings.Contains(string(content), "<password>") {
				t.Error("a password is in clear text")
			}
		}
	}
}

func TestBoardGrants(t *testing.T) {
	for grant, ok := range map[string]bool{
		"SELECT ON tiendo.v_*":             true,
		"SELECT ON tiendo.v_progress":      true,
		"SELECT ON *.*":                    false,
		"SELECT, INSERT ON tiendo.*":       false,
		"ALL ON tiendo.*":                  false,
		"SELECT ON tiendo.v_* TO default":  false,
		"SELECT ON tiendo.v_*</query>":     false,
		"SELECT ON tiendo.v_*\nWITH GRANT": false,
		"":                                 false,
	} {
		if err := checkBoardGrant(grant); (err == nil) != ok {
			t.Errorf("%q: %v", grant, err)
		}
	}
}
