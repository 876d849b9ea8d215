package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tiendo/dashboards/grafana"
)

func (a *app) dashboardsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dashboards",
		Short: "Render and check the Grafana boards, set up the meeting room's playlist",
		Long: `The boards are defined in dashboards/grafana/boards/*.yaml, once for both languages. 'render' writes the JSON that Grafana
loads, 'lint' judges the definitions, 'playlist' puts the boards that a meeting room shows into Grafana's playlist.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.dashboardsRenderCommand(), a.dashboardsLintCommand(), a.dashboardsPlaylistCommand())
	return cmd
}

const boardsDir = "dashboards/grafana"

func boardsFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", boardsDir, "folder of the definitions: shared.yaml, columns.yaml, boards/")
}

func (a *app) dashboardsRenderCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "render [uid…]",
		Short: "Write the boards' JSON, Vietnamese and English, from their definitions",
		Long: `Write vi/<audience>/<uid>.json and en/<audience>/<uid>-en.json beside the definitions, and remove the files there that no
definition makes any more. Nothing is written while a definition has a problem. With uids, only those boards are judged and
written, and nothing is removed.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, uids []string) error {
			set, err := grafana.Load(os.DirFS(dir))
			if err != nil {
				return err
			}
			if err := a.problems(set.Lint(uids...)); err != nil {
				return err
			}
			files, err := set.Render(uids...)
			if err != nil {
				return err
			}
			changed, err := writeBoards(dir, files, len(uids) == 0)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%d boards, %d files, %d changed\n", len(files)/len(grafana.Languages), len(files), changed)
			return nil
		},
	}
	boardsFlag(cmd, &dir)
	return cmd
}

func (a *app) dashboardsLintCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "List what is wrong with the definitions",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			set, err := grafana.Load(os.DirFS(dir))
			if err != nil {
				return err
			}
			if err := a.problems(set.Lint()); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%d boards, no problem found\n", len(set.Boards))
			return nil
		},
	}
	boardsFlag(cmd, &dir)
	return cmd
}

func (a *app) problems(found []string) error {
	for _, p := range found {
		fmt.Fprintln(a.out, p)
	}
	if len(found) > 0 {
		return &problemsError{len(found)}
	}
	return nil
}

// writeBoards brings the language folders below dir to files and says how many files that changed. Only .json is touched;
// what files does not name is removed if all is set.
func writeBoards(dir string, files map[string][]byte, all bool) (changed int, err error) {
	for name, want := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if have, err := os.ReadFile(path); err == nil && slices.Equal(have, want) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return changed, err
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			return changed, err
		}
		changed++
	}
	if !all {
		return changed, nil
	}
	for _, lang := range grafana.Languages {
		err := filepath.WalkDir(filepath.Join(dir, lang), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if err != nil || files[filepath.ToSlash(name)] != nil {
				return err
			}
			changed++
			return os.Remove(path)
		})
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

func (a *app) dashboardsPlaylistCommand() *cobra.Command {
	var url, lang, name string
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "playlist --url ADDRESS",
		Short: "Create or update the meeting room's playlist in Grafana",
		Long: `Make the playlist that shows the boards tagged for the meeting room (playlist-vi, playlist-en), or bring it to what is asked
here; a second run changes nothing. Grafana cannot load playlists from files, so this goes through its HTTP API.

The token of a service account with the role Editor stands in ` + grafana.TokenVariable + `.`,
		Example: "  tiendo dashboards playlist --url http://localhost:3000 --interval 45s",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token := a.lookup(grafana.TokenVariable)
			switch {
			case url == "":
				return &usageError{errors.New("--url: where is Grafana?")}
			case token == "":
				return &usageError{fmt.Errorf("%s is not set: it holds the token of a Grafana service account", grafana.TokenVariable)}
			case !slices.Contains(grafana.Languages[:], lang):
				return &usageError{fmt.Errorf("--lang %q: want one of %s", lang, strings.Join(grafana.Languages[:], ", "))}
			case interval < 5*time.Second:
				return &usageError{fmt.Errorf("--interval %s: nobody can read a board in under 5s", interval)}
			}
			if name == "" {
				name = map[string]string{"vi": "Phòng họp", "en": "Meeting room"}[lang]
			}
			url = strings.TrimRight(url, "/")
			uid, changed, err := grafana.SetPlaylist(cmd.Context(), url, token, grafana.Playlist{Name: name, Tag: "playlist-" + lang, Interval: interval})
			if err != nil {
				return err
			}
			state := "already was as asked"
			if changed {
				state = "is set"
			}
			fmt.Fprintf(a.out, "playlist %q %s: %s/playlists/play/%s?kiosk\n", name, state, url, uid)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&url, "url", "", "address of Grafana, such as http://localhost:3000")
	f.StringVar(&lang, "lang", grafana.Languages[0], "language of the boards: "+strings.Join(grafana.Languages[:], " or "))
	f.StringVar(&name, "name", "", `name of the playlist (default "Phòng họp", in English "Meeting room")`)
	f.DurationVar(&interval, "interval", 30*time.Second, "how long each board stays")
	return cmd
}
