# shellcheck shell=bash
# Building Go commands from the pinned modules under go/. Sourced by stages.

go_minimum=1.24

# require_go: makes sure of a Go that can build the modules. Go from 1.21 on fetches a newer toolchain itself, as a module.
require_go() {
  local version
  export PATH="$PATH:/usr/local/go/bin"
  command -v go >/dev/null || fail "find Go" "there is no go command on PATH" \
    "install Go $go_minimum or newer (https://go.dev/dl, or golang-go from bookworm-backports) and run this again"
  version=$(GOTOOLCHAIN=local go env GOVERSION)
  version=${version#go}
  if ! at_least 1.21 "$version"; then
    fail "use $(command -v go)" "Go $version is too old: $go_minimum is needed" \
      "install Go $go_minimum or newer (https://go.dev/dl, or golang-go from bookworm-backports) and run this again"
  fi
  if at_least "$go_minimum" "$version"; then export GOTOOLCHAIN=local; else export GOTOOLCHAIN=auto; fi
  export GOWORK=off CGO_ENABLED=0 GOOS=linux GOFLAGS='-mod=readonly -trimpath -buildvcs=false'
}

# at_least WANTED HAVE: whether version HAVE is WANTED or newer.
at_least() {
  [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]
}

# go_build MODULE_DIR PACKAGE OUT_FILE [LINKER_FLAGS]: one static command, from exactly what go.sum names.
go_build() {
  local began=$EPOCHSECONDS
  mkdir -p "$(dirname "$3")"
  nice -n 5 go build -C "$kind_dir/go/$1" -ldflags "-s -w ${4:-}" -o "$3" "$2"
  say "$1: $(basename "$3") built in $((EPOCHSECONDS - began)) s"
}
