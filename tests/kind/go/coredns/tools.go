//go:build tools

// Package tools names the command that the CoreDNS image is built from, so that go.mod and go.sum pin all it needs.
package tools

import _ "github.com/coredns/coredns"
