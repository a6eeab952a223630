//go:build tools

// Package tools names the commands that the etcd image is built from, so that go.mod and go.sum pin all they need.
package tools

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/server/v3"
)
