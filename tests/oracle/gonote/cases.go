package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// random is splitmix64: case I is the same in every run and on every machine.
type random struct{ state uint64 }

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

func (r *random) bytes(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.next())
	}
	return out
}

func (r *random) of(words ...string) string { return words[r.below(len(words))] }

// harmed is one case: a frame for our reader and what was done to it.
type harmed struct {
	number int
	kind   byte // N note, C checkpoint, V verifier key, S text to sign
	raw    []byte
	signer int
	harms  []string
}

func (c *harmed) frame() []byte {
	if c.kind != 'S' {
		return c.raw
	}
	s := signers[c.signer]
	return append([]byte(hex.EncodeToString(s.seed[:])+" "+s.name+"\n"), c.raw...)
}

func makeCase(seed uint64, number int) *harmed {
	r := &random{seed<<40 ^ uint64(number)*0x2545f4914f6cdd1d}
	c := &harmed{number: number, kind: 'N'}
	switch r.below(11) {
	case 0:
		c.kind = 'S'
		c.signer = r.below(len(signers))
		c.raw = text(r)
		return c
	case 1, 2:
		c.kind = 'C'
		c.raw = checkpoint(r)
	case 3:
		c.kind = 'V'
		c.raw = verifierKey(r)
	default:
		c.raw = signedNote(r)
	}
	for i := r.below(4); i > 0; i-- {
		c.harm(r)
	}
	return c
}

func size(r *random) string {
	return r.of("0", "1", "5", "255", "256", "70000", "1099511627775", "1099511627776",
		"1099511627777", "9223372036854775807", "9223372036854775808", "18446744073709551615",
		"18446744073709551616", "00", "01", "+1", "-1", "-0", " 1", "1 ", "1e3", "0x1", "1.0", "",
		fmt.Sprint(r.next()>>uint(r.below(64))), fmt.Sprint(r.next()>>40), fmt.Sprint(r.below(1000)))
}

func root(r *random) string {
	if r.below(4) == 0 {
		return "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	}
	return base64.StdEncoding.EncodeToString(r.bytes(32 + r.below(40)/38 - r.below(40)/38))
}

// checkpoint has Go's origin, the only one that ParseTree reads.
func checkpoint(r *random) []byte {
	number := size(r)
	if r.below(2) == 0 {
		number = fmt.Sprint(r.below(1 << 30))
	}
	return []byte("go.sum database tree\n" + number + "\n" + root(r) + "\n")
}

// verifierKey has a right id for whatever name, type and length it has, most of the time.
func verifierKey(r *random) []byte {
	name := r.of("cosigner.example", "канал.приклад", "a", "log.example/7")
	material := append([]byte{1 + 3*byte(r.below(2))}, r.bytes(32)...)
	if r.below(3) == 0 {
		name = r.of("", "a b", "a\x1bb", "a\u2003b", "\xff", strings.Repeat("n", nameBytes-1+r.below(3)))
	}
	if r.below(3) == 0 {
		material = append([]byte{r.of("\x01", "\x02", "\x04", "\x05", "\x06")[0]}, r.bytes(31+r.below(3))...)
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), material...))
	id := hex.EncodeToString(sum[:4])
	if r.below(6) == 0 {
		id = strings.ToUpper(id)
	}
	key := base64.StdEncoding.EncodeToString(material)
	if r.below(6) == 0 {
		key = r.of(strings.TrimRight(key, "="), key+"=", key+"\n", key[:8]+"\r\n"+key[8:],
			base64.URLEncoding.EncodeToString(material))
	}
	return []byte(name + "+" + id + "+" + key)
}

func text(r *random) []byte {
	switch r.below(6) {
	case 0:
		return checkpoint(r)
	case 1:
		return []byte("stillhere-purge/1\nchannel x\nindex 4\n")
	case 2:
		return []byte("a\n\nb\n\n\nc\n") // blank lines of its own
	case 3:
		return []byte("я ще тут\n还在这里\n\xf0\x9f\x92\x99\x7f\n")
	case 4:
		return append(bytes.Repeat([]byte("0123456789abcde\n"), r.below(200)), '\n')
	}
	return []byte("\n")
}

func signedNote(r *random) []byte {
	n := &note.Note{Text: string(text(r))}
	var by []note.Signer
	have := map[string]bool{}
	for i := r.below(4); i >= 0; i-- {
		s := signers[r.below(len(signers))]
		if !have[s.vkey] {
			by = append(by, s.signer)
		}
		have[s.vkey] = true
	}
	raw, err := note.Sign(n, by...)
	if err != nil {
		fatal(err)
	}
	return raw
}

// harm changes the case in one way.
func (c *harmed) harm(r *random) {
	h := harms[r.below(len(harms))]
	if c.kind != 'N' {
		h = harms[r.below(anyText)]
	}
	c.raw = h.do(r, c.raw)
	c.harms = append(c.harms, h.name)
}

type harm struct {
	name string
	do   func(r *random, raw []byte) []byte
}

// insert puts what at a place of raw.
func insert(raw []byte, at int, what string) []byte {
	return append(append(append([]byte{}, raw[:at]...), what...), raw[at:]...)
}

func somewhere(r *random, raw []byte) int { return r.below(len(raw) + 1) }

// line picks a line with its newline: from, to.
func line(r *random, raw []byte) (int, int) {
	lines := bytes.SplitAfter(raw, []byte("\n"))
	pick, from := r.below(len(lines)), 0
	for _, l := range lines[:pick] {
		from += len(l)
	}
	return from, from + len(lines[pick])
}

// signature picks a signature line, or any line when there is none.
func signature(r *random, raw []byte) (int, int) {
	from, to := line(r, raw)
	for i := 0; i < 20 && !bytes.HasPrefix(raw[from:to], []byte("— ")); i++ {
		from, to = line(r, raw)
	}
	return from, to
}

// resign replaces a signature line by one with other words and data.
func reline(r *random, raw []byte, change func(name string, data []byte) string) []byte {
	from, to := signature(r, raw)
	words := strings.Split(strings.TrimSuffix(string(raw[from:to]), "\n"), " ")
	if len(words) != 3 {
		return raw
	}
	data, err := base64.StdEncoding.DecodeString(words[2])
	if err != nil || len(data) < 5 {
		return raw
	}
	return append(append(append([]byte{}, raw[:from]...), change(words[1], data)...), raw[to:]...)
}

func put(name string, data []byte) string {
	return "— " + name + " " + base64.StdEncoding.EncodeToString(data) + "\n"
}

func grease(r *random, count int) string {
	var out strings.Builder
	for i := 0; i < count; i++ {
		out.WriteString(put(fmt.Sprintf("grease%d.example", r.below(1000)), r.bytes(5+r.below(70))))
	}
	return out.String()
}

// order of the group of Ed25519, for signatures whose S is not reduced.
var order, _ = new(big.Int).SetString(
	"7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func unreduced(data []byte) []byte {
	if len(data) != 68 {
		return data
	}
	s := append([]byte{}, data[36:]...)
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
	number := new(big.Int).Add(new(big.Int).SetBytes(s), order)
	if number.BitLen() > 256 {
		return data
	}
	sum := number.FillBytes(make([]byte, 32))
	for i, j := 0, len(sum)-1; i < j; i, j = i+1, j-1 {
		sum[i], sum[j] = sum[j], sum[i]
	}
	return append(append([]byte{}, data[:36]...), sum...)
}

// The first anyText of them are for checkpoints too.
const anyText = 14

var harms = []harm{
	{"bit", func(r *random, raw []byte) []byte {
		out := append([]byte{}, raw...)
		if len(out) > 0 {
			out[r.below(len(out))] ^= 1 << uint(r.below(8))
		}
		return out
	}},
	{"byte", func(r *random, raw []byte) []byte {
		out := append([]byte{}, raw...)
		if len(out) > 0 {
			out[r.below(len(out))] = byte(r.next())
		}
		return out
	}},
	{"insert", func(r *random, raw []byte) []byte {
		return insert(raw, somewhere(r, raw), r.of("\x00", "\t", "\r", "\r\n", "\n", " ", "\x7f",
			"\x80", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xef\xbb\xbf", "\xef\xbf\xbd", "\xc2\x85",
			"\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x83", "\xe2\x80\xa8", "\xe2\x80\x8b", "\xe3\x80\x80",
			"\xf4\x90\x80\x80", "+", "=", "— ", "-", "_", "A"))
	}},
	{"delete", func(r *random, raw []byte) []byte {
		if len(raw) == 0 {
			return raw
		}
		at := r.below(len(raw))
		return append(append([]byte{}, raw[:at]...), raw[at+1:]...)
	}},
	{"cut", func(r *random, raw []byte) []byte { return raw[:somewhere(r, raw)] }},
	{"behead", func(r *random, raw []byte) []byte { return raw[somewhere(r, raw):] }},
	{"line away", func(r *random, raw []byte) []byte {
		from, to := line(r, raw)
		return append(append([]byte{}, raw[:from]...), raw[to:]...)
	}},
	{"line twice", func(r *random, raw []byte) []byte {
		from, to := line(r, raw)
		return insert(raw, to, string(raw[from:to]))
	}},
	{"lines change places", func(r *random, raw []byte) []byte {
		from, to := line(r, raw)
		moved := string(raw[from:to])
		rest := append(append([]byte{}, raw[:from]...), raw[to:]...)
		at, _ := line(r, rest)
		return insert(rest, at, moved)
	}},
	{"blank line", func(r *random, raw []byte) []byte {
		at, _ := line(r, raw)
		return insert(raw, at, "\n")
	}},
	{"CRLF", func(r *random, raw []byte) []byte {
		return bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	}},
	{"no last newline", func(r *random, raw []byte) []byte { return bytes.TrimSuffix(raw, []byte("\n")) }},
	{"tail", func(r *random, raw []byte) []byte {
		return append(append([]byte{}, raw...), r.of("\n", "x", "x\n", " \n", "extension\n")...)
	}},
	{"long", func(r *random, raw []byte) []byte {
		missing := noteBytes - len(raw) - 1 + r.below(3)
		if missing < 1 || r.below(4) != 0 {
			return raw
		}
		return append(bytes.Repeat([]byte("x"), missing), raw...)
	}},
	{"padding", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			plain := put(name, data[:len(data)-r.below(3)%(len(data)-4)])
			if r.below(2) == 0 {
				return strings.TrimRight(plain, "=\n") + r.of("", "=", "==", "===", "A") + "\n"
			}
			return plain
		})
	}},
	{"unused bits", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			plain := strings.TrimSuffix(put(name, data[:len(data)-r.below(2)%(len(data)-4)]), "\n")
			at := len(strings.TrimRight(plain, "=")) - 1
			letters := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			value := strings.IndexByte(letters, plain[at])
			return plain[:at] + string(letters[value|r.below(4)]) + plain[at+1:] + "\n"
		})
	}},
	{"other alphabet", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			return "— " + name + " " + base64.URLEncoding.EncodeToString(data) + "\n"
		})
	}},
	{"short", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			return put(name, data[:r.below(len(data)+1)])
		})
	}},
	{"longer signature", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			return put(name, append(data, r.bytes(1+r.below(70))...))
		})
	}},
	{"longest signature", func(r *random, raw []byte) []byte {
		return append(append([]byte{}, raw...), put("pq.example", r.bytes(4+signatureBytes-1+r.below(3)))...)
	}},
	{"longest name", func(r *random, raw []byte) []byte {
		return append(append([]byte{}, raw...),
			put(strings.Repeat("n", nameBytes-1+r.below(3)), r.bytes(68))...)
	}},
	{"another name", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			return put(r.of("", "a b", "a+b", "a\tb", "\xc2\xa0", "x\xe2\x80\x89y", name+"/", "cosigner.example",
				strings.ToUpper(name), signers[r.below(known)].name), data)
		})
	}},
	{"another key id", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			out := append([]byte{}, data...)
			out[r.below(4)] ^= byte(1 + r.below(255))
			return put(name, out)
		})
	}},
	{"bad signature", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			out := append([]byte{}, data...)
			out[4+r.below(len(out)-4)] ^= byte(1 + r.below(255))
			return put(name, out)
		})
	}},
	{"S not reduced", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string { return put(name, unreduced(data)) })
	}},
	{"twice, second bad", func(r *random, raw []byte) []byte {
		return reline(r, raw, func(name string, data []byte) string {
			out := append([]byte{}, data...)
			out[len(out)-1] ^= 1
			if r.below(2) == 0 {
				return put(name, data) + put(name, out)
			}
			return put(name, out) + put(name, data)
		})
	}},
	{"many signatures", func(r *random, raw []byte) []byte {
		have := bytes.Count(raw, []byte("\n— "))
		wanted := []int{15, 16, 17, 18, 99, 100, 101, 102}[r.below(8)]
		if wanted <= have {
			return raw
		}
		at, _ := signature(r, raw)
		return insert(raw, at, grease(r, wanted-have))
	}},
	{"no signature", func(r *random, raw []byte) []byte {
		at := bytes.LastIndex(raw, []byte("\n\n"))
		if at < 0 {
			return raw
		}
		return raw[:at+2]
	}},
	{"another text", func(r *random, raw []byte) []byte {
		at := bytes.LastIndex(raw, []byte("\n\n"))
		if at < 0 {
			return raw
		}
		return append(text(r), raw[at+1:]...)
	}},
	{"another dash", func(r *random, raw []byte) []byte {
		at, _ := signature(r, raw)
		rest := bytes.TrimPrefix(raw[at:], []byte("— "))
		return append(append(append([]byte{}, raw[:at]...),
			r.of("- ", "– ", "—", "—  ", "—\xc2\xa0", " — ", "― ")...), rest...)
	}},
	{"spaces", func(r *random, raw []byte) []byte {
		from, to := signature(r, raw)
		at := from + bytes.IndexByte(append(raw[from:to:to], ' '), ' ')
		return insert(raw, at, r.of(" ", "\t", "\xc2\xa0"))
	}},
	{"known key again", func(r *random, raw []byte) []byte {
		at := bytes.LastIndex(raw, []byte("\n\n"))
		if at < 0 {
			return raw
		}
		signed, err := note.Sign(&note.Note{Text: string(raw[:at+1])}, signers[r.below(known)].signer)
		if err != nil {
			fatal(err)
		}
		return append(append([]byte{}, raw...), signed[at+2:]...)
	}},
}
