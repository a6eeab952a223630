# shellcheck shell=bash
# A Service address must never leave the machine: on the host, outside the cluster, it is unreachable.

service_range=10.96.0.0/16
# Marks the route as ours, so that `down --all` takes back only what `up` added.
route_metric=10960

# block_service_range: adds the route where there is none for that range.
block_service_range() {
  [[ -z $(ip -4 route show "$service_range" 2>/dev/null) ]] || return 0
  if ((EUID != 0)); then
    say "route: not root, so $service_range has no unreachable route; a Service address tried on the host leaves the machine"
    return
  fi
  require_packages ip:iproute2
  ip -4 route add unreachable "$service_range" metric "$route_metric"
  say "route: $service_range is unreachable on the host"
}

# unblock_service_range: takes our route back.
unblock_service_range() {
  ip -4 route del unreachable "$service_range" metric "$route_metric" 2>/dev/null || true
}
