# shellcheck shell=bash
# The stages of the node image, what each is made from, and where its result is cached.
#
#   kubernetes  etcd  coredns  pause  base        kind
#        \________\______|______/______/ |          |
#                     images             |          |
#                        \____ node-image __________/
#
# Apart from these, `probe` is the image that `check` uses.
#
# A stage is a script stages/STAGE that fills the folder it is given. Its result lives in
# $cache_dir/STAGE-HASH, where HASH covers the script, its inputs and the stages it needs: when any of them changes, the
# stage has another folder and is built anew. The folder appears only when complete.

# stage_needs STAGE: the stages whose results STAGE reads.
stage_needs() {
  case $1 in
    images) echo kubernetes etcd coredns pause base ;;
    node-image) echo base kind kubernetes images ;;
  esac
}

# stage_inputs STAGE: the files and folders, under tests/kind, that decide what STAGE makes.
stage_inputs() {
  echo "stages/$1"
  case $1 in
    kubernetes | etcd | coredns | kind | pause) echo "go/$1" lib/go.sh ;;
    probe) echo go/probe lib/go.sh lib/image-archive.sh ;;
    base) echo lib/versions.sh ;;
    images) echo lib/image-archive.sh ;;
    node-image) echo node lib/image-archive.sh ;;
  esac
}

# stage_hash STAGE: 12 hexadecimal digits that stand for everything STAGE is made from.
stage_hash() {
  local need
  {
    uname -m
    # shellcheck disable=SC2046 # one word for each input
    (cd "$kind_dir" && find $(stage_inputs "$1") -type f | LC_ALL=C sort | xargs sha256sum)
    for need in $(stage_needs "$1"); do stage_hash "$need"; done
  } | sha256sum | cut -c 1-12
}

# stage_dir STAGE: where its result is, or will be.
stage_dir() {
  echo "$cache_dir/$1-$(stage_hash "$1")"
}

# stage_done STAGE: whether its result is there.
stage_done() {
  [[ -d $(stage_dir "$1") ]]
}

# build_stage STAGE: makes its result unless it is there. The stages it needs must be done.
build_stage() {
  local stage=$1 dir partial log=$log_dir/$1.log began=$EPOCHSECONDS
  dir=$(stage_dir "$stage")
  [[ ! -d $dir ]] || return 0
  partial=$dir.partial
  rm -rf "$partial"
  mkdir -p "$partial"
  say "$stage: building (log: $log)"
  # The stage inherits the lock: should it outlive an `up` that was ended, the next one waits for it.
  if ! "$kind_dir/stages/$stage" "$partial" >"$log" 2>&1; then
    fail "build stage $stage" "stages/$stage ended with an error, and last said:
$(last_lines "$log")" "read $log; run this again to go on from the last complete stage"
  fi
  mv "$partial" "$dir"
  say "$stage: done in $((EPOCHSECONDS - began)) s"
}

# prune_stages: deletes all but the current result and the newest other one of each stage, and what was left unfinished.
prune_stages() {
  local stage
  rm -rf "$cache_dir"/*.partial
  for stage in kubernetes etcd coredns pause base kind images node-image probe; do
    find "$cache_dir" -maxdepth 1 -type d -regex ".*/$stage-[0-9a-f]*" ! -path "$(stage_dir "$stage")" -printf '%T@ %p\n' |
      sort -rn | tail -n +2 | cut -d ' ' -f 2- | xargs -r rm -rf
  done
}
