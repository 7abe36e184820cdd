// What version 1 of hashicorp/hcl makes of texts: reads one in base64 a line, writes one line of
// JSON for each.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/hcl"
	"github.com/hashicorp/hcl/hcl/ast"
	"github.com/hashicorp/hcl/hcl/token"
)

type outcome struct {
	Refused string      `json:"refused"` // why the text is not read, or nothing
	Failed  string      `json:"failed"`  // why it is not decoded, or nothing
	Value   interface{} `json:"value"`
	Tree    interface{} `json:"tree"`
}

type object = map[string]interface{}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		text, err := base64.StdEncoding.DecodeString(in.Text())
		if err != nil {
			panic(err)
		}
		if err := json.NewEncoder(out).Encode(read(text)); err != nil {
			panic(err)
		}
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}

func read(text []byte) (seen outcome) {
	var file *ast.File
	seen.Refused = caught(func() (err error) {
		file, err = hcl.ParseBytes(text)
		return
	})
	if seen.Refused != "" {
		return
	}
	seen.Tree = items(file.Node.(*ast.ObjectList))
	var value map[string]interface{}
	seen.Failed = caught(func() error { return hcl.Unmarshal(text, &value) })
	seen.Value = value
	return
}

// caught runs what may fail or panic, and tells why.
func caught(action func() error) (why string) {
	defer func() {
		if cause := recover(); cause != nil {
			why = fmt.Sprint("panic: ", cause)
		}
	}()
	if err := action(); err != nil {
		return err.Error()
	}
	return ""
}

func items(list *ast.ObjectList) []object {
	found := []object{}
	for _, item := range list.Items {
		keys := []object{}
		for _, key := range item.Keys {
			keys = append(keys, literal(key.Token))
		}
		found = append(found, object{"keys": keys, "val": value(item.Val)})
	}
	return found
}

func value(node ast.Node) object {
	switch node := node.(type) {
	case *ast.ObjectType:
		return object{"kind": "object", "items": items(node.List)}
	case *ast.ListType:
		found := []object{}
		for _, element := range node.List {
			found = append(found, value(element))
		}
		return object{"kind": "list", "items": found}
	default:
		return literal(node.(*ast.LiteralType).Token)
	}
}

// literal has a number's text, and no value where version 1 panics over it.
func literal(one token.Token) object {
	found := object{"type": one.Type.String(), "line": one.Pos.Line, "col": one.Pos.Column}
	if one.Type == token.NUMBER || one.Type == token.FLOAT {
		found["value"] = one.Text
	} else {
		caught(func() error {
			found["value"] = one.Value()
			return nil
		})
	}
	return found
}
