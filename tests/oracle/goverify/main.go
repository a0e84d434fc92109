// Goverify checks the log of a channel with the code that guards Go's module database, which
// knows nothing of stillhere: golang.org/x/mod/sumdb/note and sumdb/tlog.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o goverify .
//	goverify DIR VKEY
//	goverify -flip STEP DIR VKEY    then also flip a bit of every STEP-th byte of each tile and
//	                                entry tile it read: each time the tree must be refused
//
// It says nothing about documents and files: the checkpoint's signature, every entry up to the
// root, every tile up to the root, and inclusion proofs of a sample.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height      = 8
	width       = 1 << height
	tilesAtOnce = 16
	samples     = 500
)

func main() {
	args, step := os.Args[1:], 0
	if len(args) == 4 && args[0] == "-flip" {
		step, _ = strconv.Atoi(args[1])
		args = args[2:]
	}
	if len(args) != 2 || (len(os.Args) == 5 && step < 1) {
		fmt.Fprintln(os.Stderr, "usage: goverify [-flip STEP] DIR VKEY")
		os.Exit(2)
	}
	dir := &files{dir: args[0], read: map[string]bool{}}
	tree, err := checkpoint(dir, args[1])
	if err == nil {
		err = log(dir, tree)
	}
	if err == nil && step > 0 {
		err = flips(dir, tree, step)
	}
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	fmt.Println("OK", tree.N, tree.Hash)
}

// flips verifies the tree again and again, each time with one bit changed.
func flips(dir *files, tree tlog.Tree, step int) error {
	var names []string
	for name := range dir.read {
		if name != "checkpoint" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	count := 0
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir.dir, name))
		if err != nil {
			return err
		}
		dir.changed, dir.data = name, data
		for at := 0; at < len(data); at += step {
			data[at] ^= 1 << (uint(at) % 8)
			if log(dir, tree) == nil {
				return fmt.Errorf("%s: byte %d changed and nothing was seen", name, at)
			}
			data[at] ^= 1 << (uint(at) % 8)
			count++
		}
	}
	dir.changed = ""
	fmt.Println("refused", count, "flips in", len(names), "files")
	return log(dir, tree)
}

// checkpoint opens the signed note and reads its three lines.
func checkpoint(dir *files, vkey string) (tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	raw, err := dir.get("checkpoint")
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tree, fmt.Errorf("checkpoint: not origin, size, root: %q", opened.Text)
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func log(dir *files, tree tlog.Tree) error {
	stored, err := entries(dir, tree)
	if err != nil {
		return err
	}
	memory := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	root, err := tlog.TreeHash(tree.N, memory)
	if err != nil {
		return err
	}
	if tree.N > 0 && root != tree.Hash {
		return fmt.Errorf("entries: their root is %v, the checkpoint's is %v", root, tree.Hash)
	}
	return tiles(tlog.TileHashReader(tree, dir), tree, stored)
}

// entries reads all entry tiles into the hashes that sumdb would store for them.
func entries(dir *files, tree tlog.Tree) ([]tlog.Hash, error) {
	stored := make([]tlog.Hash, 0, 2*tree.N)
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	for at := int64(0); at < tree.N; {
		tile := tlog.Tile{H: height, L: -1, N: at / width, W: int(min(tree.N-at, width))}
		path := strings.Replace(relative(tile), "data", "entries", 1)
		data, err := dir.get("tile/" + path)
		if err != nil {
			return nil, err
		}
		for i := 0; i < tile.W; i, at = i+1, at+1 {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s: cut in entry %d", path, at)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			hashes, err := tlog.StoredHashes(at, data[2:end], reader)
			if err != nil {
				return nil, err
			}
			stored, data = append(stored, hashes...), data[end:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("%s: %d bytes too many", path, len(data))
		}
	}
	return stored, nil
}

// tiles asks for every leaf through the hash tiles, which sumdb checks up to the root.
func tiles(reader tlog.HashReader, tree tlog.Tree, stored []tlog.Hash) error {
	step := int64(tilesAtOnce * width)
	for from := int64(0); from < tree.N; from += step {
		var indexes []int64
		for i := from; i < min(from+step, tree.N); i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, i))
		}
		leaves, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, leaf := range leaves {
			if leaf != stored[indexes[i]] {
				return fmt.Errorf("entry %d and its leaf in the tile differ", from+int64(i))
			}
		}
	}
	for i := int64(0); i < tree.N; i += tree.N/samples + 1 {
		proof, err := tlog.ProveRecord(tree.N, i, reader)
		if err == nil {
			err = tlog.CheckRecord(proof, tree.N, tree.Hash, i, stored[tlog.StoredHashIndex(0, i)])
		}
		if err != nil {
			return fmt.Errorf("inclusion of entry %d: %v", i, err)
		}
	}
	return nil
}

// files reads a public tree, and remembers what was read.  One file may stand changed.
type files struct {
	dir     string
	read    map[string]bool
	changed string
	data    []byte
}

func (f *files) get(name string) ([]byte, error) {
	f.read[name] = true
	if name == f.changed {
		return f.data, nil
	}
	return os.ReadFile(filepath.Join(f.dir, name))
}

func (*files) Height() int                     { return height }
func (*files) SaveTiles([]tlog.Tile, [][]byte) {}

func (f *files) ReadTiles(wanted []tlog.Tile) (out [][]byte, err error) {
	for _, tile := range wanted {
		data, err := f.get("tile/" + relative(tile))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

// relative is the path below tile/ : sumdb puts the height in front, tlog-tiles does not.
func relative(tile tlog.Tile) string {
	return strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
