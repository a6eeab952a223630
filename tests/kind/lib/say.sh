# shellcheck shell=bash
# Progress and failure lines, for people. They go to file descriptor 3: stderr of `up`, also from inside a stage whose
# own output goes to its log.

: "${STARTED:=$EPOCHSECONDS}"
export STARTED
{ : >&3; } 2>/dev/null || exec 3>&2

# elapsed: the time since the command began, as MM:SS.
elapsed() {
  local s=$((EPOCHSECONDS - STARTED))
  printf '%02d:%02d' $((s / 60)) $((s % 60))
}

# say WORDS...: one progress line.
say() {
  printf '[ %s] %s\n' "$(elapsed)" "$*" >&3
}

# fail WHAT WHY NEXT: says what failed, why, and what to do next, then ends the command.
fail() {
  printf '[ %s] FAILED: %s\n  why:  %s\n  next: %s\n' "$(elapsed)" "$1" "$2" "$3" >&3
  exit 1
}

# last_lines FILE: the end of a log, indented to stand under a failure line.
last_lines() {
  tail -n 15 "$1" 2>/dev/null | sed 's/^/        /'
}

# wait_until SECONDS COMMAND...: runs COMMAND every half second until it succeeds; fails once SECONDS have passed.
wait_until() {
  local deadline=$((EPOCHSECONDS + $1))
  shift
  until "$@"; do
    ((EPOCHSECONDS < deadline)) || return 1
    sleep 0.5
  done
}
