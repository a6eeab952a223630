# shellcheck shell=bash
# Where things are kept: all of it outside the repository.

kind_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache_dir=${CLUSTERIP_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/clusterip-lab}/kind
log_dir=$cache_dir/logs
state_dir=$cache_dir/state
default_name=clusterip-lab

# kubeconfig_of NAME: the kubeconfig that `up` writes for cluster NAME unless told another.
kubeconfig_of() {
  echo "$state_dir/$1.kubeconfig"
}

# env_file_of NAME: the values for cluster NAME; plain `env` for the default one.
env_file_of() {
  if [[ $1 == "$default_name" ]]; then echo "$state_dir/env"; else echo "$state_dir/$1.env"; fi
}

# lock_cache: waits until no other `up` or `down` uses the cache, and keeps others out until this process ends.
lock_cache() {
  mkdir -p "$cache_dir" "$log_dir" "$state_dir"
  exec 9>"$cache_dir/lock"
  flock --nonblock 9 && return
  say "another up or down is at work in $cache_dir: waiting for it"
  flock --timeout 1800 9 || fail "lock $cache_dir/lock" "another up or down has held it for 30 minutes" \
    "see what holds it (fuser $cache_dir/lock), end that, and run this again"
}
