// Gonote compares our reader of notes and checkpoints with golang.org/x/mod/sumdb, which guards
// Go's module database and knows nothing of stillhere.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o gonote .
//	gonote [-seed S] [-from I] COUNT NOTEONE
//
// Case I is made from S and I alone: a good note, harmed up to three times.  For each the verdict
// of note.Open, or of tlog.ParseTree, and ours must be the same: refused, signed by nobody we
// know, or signed by exactly these keys.  Where we are stricter than Go the rule has a name below
// and must be the reason each time; where it does not apply there is no excuse.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Our caps (src/base/limits.h); Go has none but the 100 lines, which are ours too.
const (
	noteBytes      = 65536
	nameBytes      = 255
	signatureBytes = 4096
	logSize        = 1 << 40
)

// The rules in which we are stricter.
const (
	ruleBits      = "unused bits of base64 are zero"
	ruleNote      = "a note has at most 65536 bytes"
	ruleName      = "a name has at most 255 bytes"
	ruleSignature = "a signature has at most 4096 bytes"
	ruleExtension = "a checkpoint has no extension lines"
	ruleSize      = "a log has at most 2^40 entries"
	ruleEmpty     = "the root of no entries is SHA-256 of nothing"
	ruleText      = "a checkpoint has at most 65536 bytes"
	ruleHex       = "the id of a verifier key is lower-case hex"
	ruleControl   = "a name has no control characters"
)

// signer is a key: the first `known` of them are looked for, the others are strangers.
type signer struct {
	name   string
	seed   [32]byte
	signer note.Signer
	vkey   string
}

const known = 5

var signers []signer
var verifiers note.Verifiers

func fatal(what ...interface{}) {
	fmt.Println(append([]interface{}{"FAIL"}, what...)...)
	os.Exit(1)
}

func makeSigners() {
	names := []string{"stillhere/1/aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq",
		"stillhere/1/aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq/identity",
		"канал.приклад/в-Одесі",
		// Two keys of one name, as after a rotation.
		"cosigner.example", "cosigner.example",
		// Strangers: of a name that is known, of one that is not, and a long one.
		"cosigner.example", "stranger.example", strings.Repeat("n", nameBytes)}
	var list []note.Verifier
	for i, name := range names {
		s := signer{name: name}
		for b := range s.seed {
			s.seed[b] = byte(i + 1)
		}
		public := ed25519.NewKeyFromSeed(s.seed[:]).Public().(ed25519.PublicKey)
		vkey, err := note.NewEd25519VerifierKey(name, public)
		if err != nil {
			fatal(err)
		}
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			fatal(err)
		}
		s.vkey = vkey
		s.signer, err = note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name,
			verifier.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{1}, s.seed[:]...))))
		if err != nil {
			fatal(err)
		}
		if i < known {
			list = append(list, verifier)
		}
		signers = append(signers, s)
	}
	verifiers = note.VerifierList(list...)
}

// ours is one process of our reader.
type ours struct {
	in  *bufio.Writer
	out *bufio.Reader
	end func() error
}

func start(program string) (*ours, error) {
	command := exec.Command(program)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	o := &ours{bufio.NewWriterSize(in, 1<<16), bufio.NewReaderSize(out, 1<<16), func() error {
		in.Close()
		return command.Wait()
	}}
	if err := command.Start(); err != nil {
		return nil, err
	}
	for _, s := range signers[:known] {
		public := ed25519.NewKeyFromSeed(s.seed[:]).Public().(ed25519.PublicKey)
		o.ask('K', []byte(s.name+" "+hex.EncodeToString(public)))
	}
	if err := o.flush(); err != nil {
		return nil, err
	}
	for _, s := range signers[:known] {
		if line, err := o.answer(); err != nil || line != "key "+s.vkey {
			return nil, fmt.Errorf("the key %s is %q to us: %v", s.vkey, line, err)
		}
	}
	return o, nil
}

func (o *ours) ask(kind byte, frame []byte) {
	fmt.Fprintf(o.in, "%c%d\n", kind, len(frame))
	o.in.Write(frame)
}

func (o *ours) flush() error {
	o.ask('F', nil)
	return o.in.Flush()
}

func (o *ours) answer() (string, error) {
	line, err := o.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// wanted says what our reader must answer: its line without the code of a refusal.
func wanted(c *harmed) (line string, rule string) {
	switch c.kind {
	case 'S':
		signed, err := note.Sign(&note.Note{Text: string(c.raw)}, signers[c.signer].signer)
		if err != nil {
			fatal(err)
		}
		return strings.TrimSuffix(string(signed[len(c.raw)+1:]), "\n"), ""
	case 'C':
		return wantedCheckpoint(c.raw)
	case 'V':
		return wantedVerifier(string(c.raw))
	}
	return wantedNote(c.raw)
}

// formed says what Go makes of the note when it knows no key: nil when it is malformed.
func formed(raw []byte) *note.Note {
	_, err := note.Open(raw, nil)
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		return unverified.Note
	}
	return nil
}

func wantedNote(raw []byte) (string, string) {
	all := formed(raw)
	if all == nil {
		return "refuse", ""
	}
	if rule := stricter(raw, all); rule != "" {
		return "refuse", rule
	}
	lines := strings.Count(string(raw[len(all.Text)+1:]), "\n")
	verdicts := []byte(strings.Repeat("a", known))
	opened, err := note.Open(raw, verifiers)
	var invalid *note.InvalidSignatureError
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &invalid) {
		// Go stops at the first bad one; of ours at least that key must be bad, and none that
		// is named before it.
		return fmt.Sprintf("accept %d %d bad %s", len(all.Text), lines,
			index(invalid.Name, invalid.Hash)), ""
	}
	if err != nil && !errors.As(err, &unverified) {
		fatal("Go says", err)
	}
	if err == nil {
		for _, s := range opened.Sigs {
			i, _ := strconv.Atoi(index(s.Name, s.Hash))
			verdicts[i] = 'g'
		}
	}
	return fmt.Sprintf("accept %d %d %s", len(all.Text), lines, verdicts), ""
}

func index(name string, hash uint32) string {
	for i, s := range signers[:known] {
		if s.name == name && s.signer.KeyHash() == hash {
			return strconv.Itoa(i)
		}
	}
	fatal("Go knows a key that it was not given:", name)
	return ""
}

func stricter(raw []byte, all *note.Note) string {
	if len(raw) > noteBytes {
		return ruleNote
	}
	for _, s := range all.UnverifiedSigs {
		data, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil {
			fatal(err)
		}
		switch {
		case len(s.Name) > nameBytes:
			return ruleName
		case len(data) > 4+signatureBytes:
			return ruleSignature
		case base64.StdEncoding.EncodeToString(data) != s.Base64:
			return ruleBits
		}
	}
	return ""
}

func wantedCheckpoint(raw []byte) (string, string) {
	// ParseTree knows one origin only; any other must be a line that a note can have.
	origin := bytes.IndexByte(raw, '\n')
	if origin < 1 || formed([]byte(string(raw[:origin])+"\n\n— x AAAAAAE=\n")) == nil {
		return "refuse", ""
	}
	text := append([]byte("go.sum database tree"), raw[origin:]...)
	tree, err := tlog.ParseTree(text)
	if err != nil {
		return "refuse", ""
	}
	again := tlog.FormatTree(tree)
	empty, _ := tlog.ParseHash("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	lines := strings.SplitAfterN(string(text), "\n", 4)
	switch {
	case len(raw) > noteBytes:
		return "refuse", ruleText
	case strings.Join(lines[:3], "") != string(again):
		return "refuse", ruleBits
	case len(text) != len(again):
		return "refuse", ruleExtension
	case tree.N > logSize:
		return "refuse", ruleSize
	case tree.N == 0 && tree.Hash != empty:
		return "refuse", ruleEmpty
	}
	return fmt.Sprintf("accept %d %s %d", tree.N, hex.EncodeToString(tree.Hash[:]), origin), ""
}

// wantedVerifier: Go knows type 0x01 only; of 0x04 it has looked at all but the type.
func wantedVerifier(vkey string) (string, string) {
	_, err := note.NewVerifier(vkey)
	if err != nil && err.Error() != "unknown verifier algorithm" {
		return "refuse", ""
	}
	parts := strings.SplitN(vkey, "+", 3)
	data, _ := base64.StdEncoding.DecodeString(parts[2])
	if err != nil && (data[0] != 4 || len(data) != 33) {
		return "refuse", ""
	}
	switch {
	case strings.ToLower(parts[1]) != parts[1]:
		return "refuse", ruleHex
	case base64.StdEncoding.EncodeToString(data) != parts[2]:
		return "refuse", ruleBits
	case len(parts[0]) > nameBytes:
		return "refuse", ruleName
	case strings.IndexFunc(parts[0], func(r rune) bool { return r < 0x20 }) >= 0:
		return "refuse", ruleControl
	}
	return fmt.Sprintf("accept %d %s %d", len(parts[0]), parts[1], data[0]), ""
}

// same compares what we said with what Go says.
func same(said, want string) bool {
	if want == "refuse" {
		return strings.HasPrefix(said, "refuse ")
	}
	at := strings.Index(want, " bad ")
	if at < 0 || !strings.HasPrefix(want, "accept ") {
		return said == want
	}
	key, _ := strconv.Atoi(want[at+5:])
	return strings.HasPrefix(said, want[:at+1]) && len(said) == at+1+known &&
		said[at+1+key] == 'b'
}

// tally is what a worker counted.
type tally struct {
	said   map[string]int
	rules  map[string]int
	failed []string
}

func run(program string, seed uint64, from, to, step int, t *tally) error {
	const batch = 200
	o, err := start(program)
	if err != nil {
		return err
	}
	cases := make([]*harmed, 0, batch)
	for i := from; i < to && len(t.failed) < 5; {
		cases = cases[:0]
		for ; i < to && len(cases) < batch; i += step {
			cases = append(cases, makeCase(seed, i))
		}
		written := make(chan error)
		go func() {
			for _, c := range cases {
				o.ask(c.kind, c.frame())
			}
			written <- o.flush()
		}()
		for _, c := range cases {
			said, err := o.answer()
			if err != nil {
				return fmt.Errorf("case %d: no answer: %v", c.number, err)
			}
			t.judge(c, said)
		}
		if err := <-written; err != nil {
			return err
		}
	}
	return o.end()
}

func (t *tally) judge(c *harmed, said string) {
	want, rule := wanted(c)
	if rule != "" {
		t.rules[rule]++
	}
	word := strings.SplitN(said, " ", 2)[0]
	if c.kind == 'N' && word == "accept" {
		letters := said[strings.LastIndex(said, " ")+1:]
		switch {
		case strings.Contains(letters, "b"):
			word = "bad signature"
		case strings.Contains(letters, "g"):
			word = "signed"
		default:
			word = "signed by strangers"
		}
	}
	if c.kind == 'S' {
		word = "written alike"
	}
	t.said[string(c.kind)+" "+word]++
	if !same(said, want) {
		t.failed = append(t.failed, fmt.Sprintf("case %d (%s): Go wants %q (%s), we say %q: %q",
			c.number, strings.Join(c.harms, ", "), want, rule, said, cut(c.raw)))
	}
}

func cut(raw []byte) []byte {
	if len(raw) > 1500 {
		return raw[:1500]
	}
	return raw
}

func main() {
	seed := flag.Uint64("seed", 1, "of all cases")
	from := flag.Int("from", 0, "number of the first case")
	flag.Parse()
	count, err := strconv.Atoi(flag.Arg(0))
	if flag.NArg() != 2 || err != nil || count < 1 {
		fmt.Fprintln(os.Stderr, "usage: gonote [-seed S] [-from I] COUNT NOTEONE")
		os.Exit(2)
	}
	makeSigners()
	workers := runtime.NumCPU()
	tallies := make([]tally, workers)
	var group sync.WaitGroup
	for w := range tallies {
		tallies[w] = tally{said: map[string]int{}, rules: map[string]int{}}
		group.Add(1)
		go func(w int) {
			defer group.Done()
			err := run(flag.Arg(1), *seed, *from+w, *from+count, workers, &tallies[w])
			if err != nil && err != io.EOF {
				tallies[w].failed = append(tallies[w].failed, err.Error())
			}
		}(w)
	}
	group.Wait()
	report(tallies, count)
}

func report(tallies []tally, count int) {
	said, rules, broken, judged := map[string]int{}, map[string]int{}, 0, 0
	for _, t := range tallies {
		for word, n := range t.said {
			said[word] += n
			judged += n
		}
		for rule, n := range t.rules {
			rules[rule] += n
		}
		for _, failure := range t.failed {
			fmt.Println("FAIL", failure)
			broken++
		}
	}
	for _, rows := range []map[string]int{said, rules} {
		var names []string
		for name := range rows {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Printf("%8d  %s\n", rows[name], name)
		}
	}
	if broken > 0 || judged != count {
		fmt.Println("FAIL", broken, "differences in", judged, "of", count, "cases")
		os.Exit(1)
	}
	// A comparison in which nothing is accepted, or a rule never applies, compares nothing.
	for _, word := range []string{"N signed", "N refuse", "N bad signature",
		"N signed by strangers", "C accept", "C refuse", "V accept", "V refuse",
		"S written alike"} {
		if said[word]*1000 < count {
			fmt.Println("FAIL hardly any case:", word)
			os.Exit(1)
		}
	}
	for _, rule := range []string{ruleBits, ruleNote, ruleName, ruleSignature, ruleExtension,
		ruleSize, ruleEmpty, ruleText, ruleHex, ruleControl} {
		if rules[rule] == 0 {
			fmt.Println("FAIL no case of the rule:", rule)
			os.Exit(1)
		}
	}
	fmt.Println("OK", judged, "cases, no difference but the named rules")
}
