package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// LibraryVersion is the pinned version of the npm package that holds the engine;
// package.json names the same one.
const LibraryVersion = "26.7.3-stable.1"

// LibraryEnv names the library's path when no flag does.
const LibraryEnv = "TIENDO_ENGINE_LIB"

// MissingLibraryError says that the engine's library is nowhere, where it was
// looked for, and the command that gets it.
type MissingLibraryError struct {
	Package string   // npm package with version
	Looked  []string // paths tried, in order
	Prefix  string   // the user's own folder for it, "" when there is none
}

func (e *MissingLibraryError) Error() string {
	own := ""
	if e.Prefix != "" {
		own = fmt.Sprintf(", or `npm install --prefix %q %s` anywhere", e.Prefix, e.Package)
	}
	return fmt.Sprintf("engine: the ClickHouse library libchdb.so was not found: run `npm ci` in the project folder%s, or name the file with --engine-lib or %s (looked at: %s)",
		own, LibraryEnv, strings.Join(e.Looked, ", "))
}

// FindLibrary returns the path of the engine's library. explicit, then
// TIENDO_ENGINE_LIB, name a file or the folder that holds it, and nothing else
// is tried when one of them is set. Otherwise: node_modules of the working
// folder and of each folder above it, the folder of this executable and above
// it in the same way, and the user's cache folder.
//
// Errors: *MissingLibraryError.
func FindLibrary(explicit string) (string, error) {
	pkg := packageName(runtime.GOOS, runtime.GOARCH)
	cache := cacheFolder()
	if explicit == "" {
		explicit = os.Getenv(LibraryEnv)
	}
	var candidates []string
	if explicit != "" {
		candidates = append([]string{explicit}, inFolder(explicit)...)
	} else {
		candidates = libraryCandidates(pkg, workingFolder(), executableFolder(), cache)
	}
	for _, c := range candidates {
		if st, err := os.Stat(c); err == nil && st.Mode().IsRegular() {
			return filepath.Abs(c)
		}
	}
	if explicit != "" {
		candidates = []string{explicit}
	}
	return "", &MissingLibraryError{Package: pkg + "@" + LibraryVersion, Looked: candidates, Prefix: cache}
}

// packageName maps Go's names of a platform to those of the npm package.
func packageName(goos, goarch string) string {
	arch := goarch
	if goarch == "amd64" {
		arch = "x64"
	}
	libc := ""
	if goos == "linux" {
		libc = "-gnu"
	}
	return "@chdb/lib-" + goos + "-" + arch + libc
}

// libraryCandidates lists the paths to try, in order; an empty folder is left out.
func libraryCandidates(pkg, working, executable, cache string) []string {
	var out []string
	for _, dir := range upward(working) {
		out = append(out, inFolder(filepath.Join(dir, "node_modules", pkg))...)
	}
	if executable != "" {
		out = append(out, inFolder(executable)...)
	}
	for _, dir := range upward(executable) {
		out = append(out, inFolder(filepath.Join(dir, "node_modules", pkg))...)
	}
	if cache != "" {
		out = append(out, inFolder(cache)...)
		out = append(out, inFolder(filepath.Join(cache, "node_modules", pkg))...)
	}
	return out
}

func inFolder(dir string) []string { return []string{filepath.Join(dir, "libchdb.so")} }

// upward lists dir and every folder above it.
func upward(dir string) []string {
	if dir == "" {
		return nil
	}
	out := []string{dir}
	for parent := filepath.Dir(dir); parent != dir; parent = filepath.Dir(dir) {
		dir = parent
		out = append(out, dir)
	}
	return out
}

func workingFolder() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
}

func executableFolder() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	return filepath.Dir(exe)
}

func cacheFolder() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "tiendo")
}
