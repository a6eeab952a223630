# shellcheck shell=bash
# The cluster: created, taken up again, or replaced. The caller sets $kind, $kubectl, $name and $kubeconfig.

# The first thing that check_cluster found wrong.
cluster_problem=

# ensure_cluster IMAGE: ends with a healthy cluster $name. Sets cluster_origin, for the summary.
ensure_cluster() {
  local began=$EPOCHSECONDS
  if "$kind" get clusters 2>/dev/null | grep -qx "$name"; then
    if take_up_cluster "$1"; then
      cluster_origin="taken up again in $((EPOCHSECONDS - began)) s"
      return
    fi
    say "cluster: $name is broken ($cluster_problem): deleting it and making another"
    "$kind" delete cluster --name "$name" --kubeconfig "$kubeconfig" >"$log_dir/delete-$name.log" 2>&1
    began=$EPOCHSECONDS
  fi
  create_cluster "$1"
  cluster_origin="created in $((EPOCHSECONDS - began)) s"
}

# take_up_cluster IMAGE: makes the existing cluster healthy again if starting its node and waiting is enough.
take_up_cluster() {
  local state image
  state=$(docker inspect --format '{{.State.Status}}' "$(node)" 2>/dev/null || echo missing)
  say "cluster: $name exists, its node is $state"
  if [[ $state != running ]]; then
    cluster_problem="its node $(node) is $state and does not start"
    docker start "$(node)" >/dev/null 2>&1 || return 1
  fi
  image=$(docker inspect --format '{{.Config.Image}}' "$(node)")
  [[ $image == "$1" ]] || say "cluster: it runs $image, not $1: use down and up to change that"
  cluster_problem="kind cannot read its kubeconfig"
  wait_until 30 write_kubeconfig && wait_healthy
}

# write_kubeconfig: $kubeconfig for the existing cluster.
write_kubeconfig() {
  (umask 077 && "$kind" get kubeconfig --name "$name" >"$kubeconfig.new" 2>/dev/null) && mv "$kubeconfig.new" "$kubeconfig"
}

# create_cluster IMAGE: a new cluster, by plain kind and no configuration, as the lab's server makes its own.
create_cluster() {
  local log=$log_dir/create-$name.log
  say "cluster: creating $name (log: $log)"
  "$kind" create cluster --name "$name" --kubeconfig "$kubeconfig" --image "$1" --wait 60s >"$log" 2>&1 3>&- 9>&- ||
    fail "create cluster $name" "kind ended with an error, and last said:
$(last_lines "$log")" "see $log; to look into the node: $kind create cluster --name $name --image $1 --kubeconfig $kubeconfig --retain"
  wait_healthy || fail "see cluster $name healthy" "after waiting for 90 s, $cluster_problem" \
    "look with: $kubectl --kubeconfig $kubeconfig get pods -A -o wide"
}

# node: the container that is the cluster's one node.
node() {
  echo "$name-control-plane"
}

# ask ARGUMENTS...: kubectl, for one quick question.
ask() {
  "$kubectl" --kubeconfig "$kubeconfig" --request-timeout 5s "$@" 2>/dev/null
}

# wait_healthy: waits until check_cluster is content, saying what it waits for; fails after 90 s.
wait_healthy() {
  local deadline=$((EPOCHSECONDS + 90)) said=
  until check_cluster; do
    ((EPOCHSECONDS < deadline)) || return 1
    [[ $cluster_problem == "$said" ]] || say "cluster: waiting: $cluster_problem"
    said=$cluster_problem
    sleep 0.5
  done
}

# check_cluster: whether the cluster works now. The conditions in its store may date from before a stop, so that the
# kubelet and CoreDNS are asked themselves, through the API server.
check_cluster() {
  cluster_problem="the API server does not answer"
  ask get --raw /readyz >/dev/null || return 1
  cluster_problem="the kubelet does not answer"
  ask get --raw "/api/v1/nodes/$(node)/proxy/healthz" >/dev/null || return 1
  cluster_problem="node $(node) is not Ready"
  [[ $(ask get node "$(node)" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]] || return 1
  cluster_problem="kube-proxy is not running"
  [[ $(ask -n kube-system get daemonset kube-proxy -o 'jsonpath={.status.numberAvailable}') == 1 ]] || return 1
  cluster_problem="CoreDNS does not answer"
  ask get --raw /api/v1/namespaces/kube-system/services/kube-dns:metrics/proxy/metrics >/dev/null || return 1
  cluster_problem="CoreDNS is not available"
  ask -n kube-system wait deployment/coredns --for condition=Available --timeout 1s >/dev/null || return 1
  cluster_problem=
}
