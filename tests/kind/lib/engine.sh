# shellcheck shell=bash
# The docker engine: used as it is where one works, started where the machine has none.

engine_pidfile=$state_dir/dockerd.pid
engine_log=$log_dir/dockerd.log
# Nodes remember their runtime by this name, so that it must be known to every engine that is to start them again.
runtime_name=without-sys-resource

# engine_works: whether an engine answers.
engine_works() {
  timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# ensure_engine: ends with an engine that answers, or with a clear error.
ensure_engine() {
  command -v docker >/dev/null && engine_works && engine_found "already running, used as it is" && return
  [[ -z ${DOCKER_HOST:-} ]] || fail "reach the docker engine at $DOCKER_HOST" "it does not answer" \
    "start that engine, or unset DOCKER_HOST to have one started here"
  if ((EUID != 0)); then
    fail "use a docker engine" "none answers to user $(id -un), and only root can start one" \
      "join the group of an engine that runs (usermod -aG docker $(id -un), then log in again), or run this as root"
  fi
  require_packages dockerd:docker.io jq:jq
  # Debian has the client in a package of its own from trixie on.
  require_packages docker:docker-cli
  # Installing the package starts the engine where there is an init system.
  if ! engine_works; then
    if [[ -d /run/systemd/system ]]; then start_service; else start_dockerd; fi
  fi
  engine_found "started"
}

# engine_found HOW: says which engine is used.
engine_found() {
  say "engine: docker $(docker version --format '{{.Server.Version}}') $1"
}

# start_service: the engine of a machine with systemd.
start_service() {
  { systemctl start docker && wait_until 60 engine_works; } ||
    fail "start the docker engine" "systemctl start docker did not lead to an engine that answers" "see journalctl -u docker"
}

# start_dockerd: an engine of our own, where there is no init system to start one.
start_dockerd() {
  local options=(--pidfile "$engine_pidfile" --add-runtime "$runtime_name=$state_dir/oci-runtime") pid
  install -m 755 "$kind_dir/engine/oci-runtime" "$state_dir/oci-runtime"
  if ! can_give_sys_resource; then
    say "engine: CAP_SYS_RESOURCE is not to be had here: containers run without it"
    options+=(--default-runtime "$runtime_name")
  fi
  # After a hard stop the number in the file may belong to another process, and dockerd would refuse to start.
  dockerd_runs || rm -f "$engine_pidfile"
  setsid nohup dockerd "${options[@]}" >"$engine_log" 2>&1 </dev/null 3>&- 9>&- &
  pid=$!
  { wait_until 60 engine_settled "$pid" && engine_works; } ||
    fail "start the docker engine" "dockerd did not answer within a minute, and last said:
$(last_lines "$engine_log")" "see $engine_log"
}

# engine_settled PID: whether the engine works, or its process is gone so that waiting is of no use.
engine_settled() {
  engine_works || ! kill -0 "$1" 2>/dev/null
}

# can_give_sys_resource: whether a container may be given CAP_SYS_RESOURCE, number 24 of this process's bounding set.
can_give_sys_resource() {
  local bounding
  bounding=$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)
  ((0x$bounding >> 24 & 1))
}

# dockerd_runs: whether the engine that start_dockerd started runs.
dockerd_runs() {
  [[ -s $engine_pidfile && $(cat "/proc/$(cat "$engine_pidfile")/comm" 2>/dev/null) == dockerd ]]
}

# stop_dockerd: stops the engine that start_dockerd started, if it runs; no other.
stop_dockerd() {
  local pid
  if ! dockerd_runs; then
    say "engine: none that up started is running: nothing to stop"
    return
  fi
  pid=$(cat "$engine_pidfile")
  kill "$pid"
  wait_until 60 process_gone "$pid" || fail "stop dockerd ($pid)" "it is still there a minute after it was asked to end" "see $engine_log"
  say "engine: stopped"
}

# process_gone PID: whether there is no such process (a zombie waits only for its parent).
process_gone() {
  ! kill -0 "$1" 2>/dev/null || grep -q '^State:\sZ' "/proc/$1/status"
}
