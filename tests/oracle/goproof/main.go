// Goproof compares our proofs of inclusion and consistency, and our tiles, with
// golang.org/x/mod/sumdb/tlog, which guards Go's module database and knows nothing of stillhere.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o goproof .
//	goproof [-seed S] COUNT PROOFONE
//
// Case I is made from S and I alone: a good proof, or one that is harmed up to three times; both
// must accept, or both refuse.  Then proofs, roots and tiles that are built must be equal.  The
// one rule in which we differ is tlog-witness's: from size 0 the empty proof, and no other, holds.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const leaves = 70000

var stored []tlog.Hash
var reader = tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = stored[index]
	}
	return out, nil
})

func must(err error) {
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func hexes(list []tlog.Hash) string {
	if len(list) == 0 {
		return "-"
	}
	var out strings.Builder
	for _, h := range list {
		out.WriteString(hex.EncodeToString(h[:]))
	}
	return out.String()
}

// sizes near tile borders and powers of two as often as anywhere.
func size(r *rand.Rand) int64 {
	switch r.Intn(4) {
	case 0:
		return 1 + r.Int63n(40)
	case 1:
		n := int64(1)<<uint(r.Intn(17)) + r.Int63n(3) - 1
		if n < 1 {
			n = 1
		}
		return n
	case 2:
		return 256*(1+r.Int63n(leaves/256-1)) + r.Int63n(3) - 1
	}
	return 1 + r.Int63n(leaves)
}

// question is one line for our program, and what it must answer.
func question(r *rand.Rand) (line, want, rule string) {
	n := size(r)
	switch r.Intn(10) {
	case 0:
		i := r.Int63n(n)
		proof, err := tlog.ProveRecord(n, i, reader)
		must(err)
		return fmt.Sprintf("P %d %d", i, n), hexes(proof), "built inclusion"
	case 1:
		m := 1 + r.Int63n(n)
		proof, err := tlog.ProveTree(n, m, reader)
		must(err)
		return fmt.Sprintf("Q %d %d", m, n), hexes(proof), "built consistency"
	case 2:
		return tile(r, n)
	case 3, 4, 5, 6:
		return inclusion(r, n)
	}
	return consistency(r, n)
}

func tile(r *rand.Rand, n int64) (line, want, rule string) {
	level := r.Intn(3)
	have := n >> uint(8*level)
	for have == 0 {
		level--
		have = n >> uint(8*level)
	}
	number := r.Int63n((have + 255) / 256)
	width := have - 256*number
	if width > 256 {
		width = 256
	}
	t := tlog.Tile{H: 8, L: level, N: number, W: int(width)}
	data, err := tlog.ReadTileData(t, reader)
	must(err)
	digest := sha256.Sum256(data)
	return fmt.Sprintf("T %d %d %d", level, number, n),
		"tile/" + strings.TrimPrefix(t.Path(), "tile/8/") + " " + hex.EncodeToString(digest[:]), "tiles"
}

func flip(r *rand.Rand, h *tlog.Hash) { h[r.Intn(len(h))] ^= 1 << uint(r.Intn(8)) }

func harm(r *rand.Rand, proof []tlog.Hash) []tlog.Hash {
	proof = append([]tlog.Hash(nil), proof...)
	i := 0
	if len(proof) > 0 {
		i = r.Intn(len(proof))
	}
	switch kind := r.Intn(5); {
	case kind == 0 && len(proof) > 0:
		flip(r, &proof[i])
	case kind == 1 && len(proof) > 0:
		proof = append(proof[:i], proof[i+1:]...)
	case kind == 2 && len(proof) > 1:
		j := r.Intn(len(proof))
		proof[i], proof[j] = proof[j], proof[i]
	case kind == 3:
		proof = append(proof, stored[r.Intn(len(stored))])
	default:
		proof = append([]tlog.Hash{stored[r.Intn(len(stored))]}, proof...)
	}
	return proof
}

func nearby(r *rand.Rand, n int64) int64 {
	n += r.Int63n(5) - 2
	if n < 0 {
		return 0
	}
	return n
}

func verdict(err error) string {
	if err != nil {
		return "refuse"
	}
	return "accept"
}

func inclusion(r *rand.Rand, n int64) (string, string, string) {
	i := r.Int63n(n)
	proof, err := tlog.ProveRecord(n, i, reader)
	must(err)
	root, err := tlog.TreeHash(n, reader)
	must(err)
	leaf := stored[tlog.StoredHashIndex(0, i)]
	rule := "good inclusion"
	for k := r.Intn(4); k > 0; k-- {
		rule = "harmed inclusion"
		switch r.Intn(6) {
		case 0:
			flip(r, &leaf)
		case 1:
			flip(r, &root)
		case 2:
			i = nearby(r, i)
		case 3:
			n = nearby(r, n)
		default:
			proof = harm(r, proof)
		}
	}
	return fmt.Sprintf("I %d %d %x %x %s", i, n, leaf[:], root[:], hexes(proof)),
		verdict(tlog.CheckRecord(proof, n, root, i, leaf)), rule
}

func consistency(r *rand.Rand, n int64) (string, string, string) {
	m := 1 + r.Int63n(n)
	proof, err := tlog.ProveTree(n, m, reader)
	must(err)
	older, err := tlog.TreeHash(m, reader)
	must(err)
	newer, err := tlog.TreeHash(n, reader)
	must(err)
	rule := "good consistency"
	for k := r.Intn(4); k > 0; k-- {
		rule = "harmed consistency"
		switch r.Intn(7) {
		case 0:
			flip(r, &older)
		case 1:
			flip(r, &newer)
		case 2:
			m = nearby(r, m)
		case 3:
			n = nearby(r, n)
		case 4:
			older, newer = newer, older
		default:
			proof = harm(r, proof)
		}
	}
	want := verdict(tlog.CheckTree(proof, n, newer, m, older))
	if m == 0 {
		rule, want = "from size 0 (tlog-witness)", "refuse"
		if len(proof) == 0 && (n > 0 || older == newer) {
			want = "accept"
		}
	}
	return fmt.Sprintf("C %d %d %x %x %s", m, n, older[:], newer[:], hexes(proof)), want, rule
}

func main() {
	seed := flag.Int64("seed", 20261123, "of the cases")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: goproof [-seed S] COUNT PROOFONE")
		os.Exit(2)
	}
	count, err := strconv.Atoi(flag.Arg(0))
	must(err)
	for i := int64(0); i < leaves; i++ {
		hashes, err := tlog.StoredHashes(i, []byte(strconv.FormatInt(i, 10)), reader)
		must(err)
		stored = append(stored, hashes...)
	}
	command := exec.Command(flag.Arg(1))
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	must(err)
	out, err := command.StdoutPipe()
	must(err)
	must(command.Start())
	type asked struct{ line, want, rule string }
	list := make(chan asked, 1024)
	go func() {
		buffered := bufio.NewWriterSize(in, 1<<16)
		for i := 0; i < count; i++ {
			line, want, rule := question(rand.New(rand.NewSource(*seed + int64(i)*7919)))
			fmt.Fprintln(buffered, line)
			list <- asked{line, want, rule}
			if i%256 == 255 {
				buffered.Flush()
			}
		}
		buffered.Flush()
		in.Close()
		close(list)
	}()
	answers := bufio.NewReaderSize(out, 1<<16)
	number, tally := 0, map[string]int{}
	for a := range list {
		got, err := answers.ReadString('\n')
		if err != nil || strings.TrimSuffix(got, "\n") != a.want {
			fmt.Printf("FAIL case %d (%s): %s\nGo says %s\nwe say %s", number, a.rule, a.line, a.want, got)
			os.Exit(1)
		}
		tally[a.rule+": "+strings.Fields("built " + a.want)[map[bool]int{true: 1, false: 0}[len(a.want) == 6]]]++
		number++
	}
	must(command.Wait())
	for what, times := range tally {
		fmt.Println(what, times)
	}
	fmt.Println("OK", number, "cases")
}
