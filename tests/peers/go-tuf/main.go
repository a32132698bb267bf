// What go-tuf makes of a repository, and a repository that go-tuf makes.
//
//	client METADATA-URL TARGETS-URL ROOT-FILE CACHE-FOLDER TARGET
//	client --make FOLDER
//
// See ../clients.py for what a client prints and how it ends.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

type wanted struct {
	metadata, targets, root, cache, target string
}

func settings(want wanted) (*config.UpdaterConfig, error) {
	root, err := os.ReadFile(want.root)
	if err != nil {
		return nil, err
	}
	conf, err := config.New(want.metadata, root)
	if err != nil {
		return nil, err
	}
	conf.RemoteTargetsURL = want.targets
	conf.LocalMetadataDir = filepath.Join(want.cache, "metadata")
	conf.LocalTargetsDir = filepath.Join(want.cache, "targets")
	return conf, nil
}

// refresh ends with the version of the root that is trusted then.
func refresh(conf *config.UpdaterConfig, target string) (int64, error) {
	client, err := updater.New(conf)
	if err != nil {
		return 0, err
	}
	if err := client.Refresh(); err != nil {
		return 0, err
	}
	info, err := client.GetTargetInfo(target)
	if err != nil {
		return 0, err
	}
	path := filepath.Join(conf.LocalTargetsDir, filepath.FromSlash(target))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		fail(err)
	}
	if _, _, err := client.DownloadTarget(info, path, ""); err != nil {
		return 0, err
	}
	return client.GetTrustedMetadataSet().Root.Signed.Version, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func main() {
	words := os.Args[1:]
	if len(words) == 2 && words[0] == "--make" {
		if err := makeRepository(words[1]); err != nil {
			fail(err)
		}
		return
	}
	if len(words) != 5 {
		fail(fmt.Errorf("client METADATA-URL TARGETS-URL ROOT-FILE CACHE-FOLDER TARGET"))
	}
	conf, err := settings(wanted{words[0], words[1], words[2], words[3], words[4]})
	if err != nil {
		fail(err)
	}
	version, err := refresh(conf, words[4])
	if err != nil {
		fmt.Println("refused", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	fmt.Printf("accepted root=%d\n", version)
}
