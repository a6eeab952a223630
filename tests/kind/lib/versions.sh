# shellcheck shell=bash
# The versions that go into the node image. Each go.mod is where its version is pinned; this file only reads them.

# module_version MODULE_DIR MODULE: the version of MODULE that go/MODULE_DIR/go.mod requires.
module_version() {
  awk -v module="$2" '$1 == "require" { sub(/^require /, "") } $1 == module { print $2; exit }' "$kind_dir/go/$1/go.mod"
}

kubernetes_version=$(module_version kubernetes k8s.io/kubernetes)
etcd_version=$(module_version etcd go.etcd.io/etcd/server/v3)
coredns_version=$(module_version coredns github.com/coredns/coredns)
kind_version=$(module_version kind sigs.k8s.io/kind)
debian_release=bookworm
export kubernetes_version etcd_version coredns_version kind_version debian_release
