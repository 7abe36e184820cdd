// What Go's text/template makes of templates: reads lines of JSON, the first of them the sets of
// fields, each other one a template; writes one line of JSON for each template.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"text/template"
)

type fields struct {
	Name, Hostname, Hash, OldHash, NewHash, Release, Phase, Error string
	CheckInterval, UpdateTTL, Version                             string
	Sequential                                                    bool
	Artifact                                                      map[string]string
}

type outcome struct {
	Refused  string     `json:"refused"` // why it is no template, or nothing
	Rendered []rendered `json:"rendered"`
}

type rendered struct {
	Failed string `json:"failed"` // why it cannot be rendered, or nothing
	Text   []byte `json:"text"`
}

// As github.com/Masterminds/sprig documents them, but that trunc counts characters: sprig's counts
// bytes, and may leave a half of one. json is its toRawJson.
var functions = template.FuncMap{
	"upper": strings.ToUpper,
	"lower": strings.ToLower,
	"trunc": func(length int, text string) string {
		all := []rune(text)
		if length < 0 && len(all)+length > 0 {
			return string(all[len(all)+length:])
		}
		if length >= 0 && len(all) > length {
			return string(all[:length])
		}
		return text
	},
	"default": func(fallback, given interface{}) interface{} {
		if given == nil || given == "" || given == 0 || given == false {
			return fallback
		}
		return given
	},
	"json": asJSON,
}

var escape = regexp.MustCompile(`\\(u0008|u000c|.)`)

func asJSON(value interface{}) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	// Go writes these two the short way since 1.22.
	short := escape.ReplaceAllStringFunc(out.String(), func(one string) string {
		switch one {
		case `\u0008`:
			return `\b`
		case `\u000c`:
			return `\f`
		}
		return one
	})
	return strings.TrimSuffix(short, "\n"), err
}

func main() {
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	var sets []fields
	if err := in.Decode(&sets); err != nil {
		panic(err)
	}
	for in.More() {
		var text string
		if err := in.Decode(&text); err != nil {
			panic(err)
		}
		if err := json.NewEncoder(out).Encode(read(text, sets)); err != nil {
			panic(err)
		}
	}
}

func read(text string, sets []fields) (seen outcome) {
	parsed, err := template.New("x").Funcs(functions).Parse(text)
	if err != nil {
		seen.Refused = err.Error()
		return
	}
	for _, set := range sets {
		var out bytes.Buffer
		if err := parsed.Execute(&out, set); err != nil {
			seen.Rendered = append(seen.Rendered, rendered{Failed: err.Error()})
		} else {
			seen.Rendered = append(seen.Rendered, rendered{Text: out.Bytes()})
		}
	}
	return
}
