# shellcheck shell=bash
# The node image: from its stages to an image that the engine has.

# node_image: its reference. Equal inputs give an equal reference.
node_image() {
  echo "clusterip-lab/kind-node:$kubernetes_version-$(stage_hash node-image)"
}

# image_loaded: whether the engine has it.
image_loaded() {
  docker image inspect "$(node_image)" >/dev/null 2>&1
}

# ensure_node_image: builds what is not cached, and hands the image to the engine if it lacks it.
# Sets image_origin, for the summary.
ensure_node_image() {
  local began=$EPOCHSECONDS
  image_origin="from cache"
  if ! image_loaded && ! stage_done node-image; then
    build_node_image
    image_origin="built in $((EPOCHSECONDS - began)) s"
  fi
  build_commands
  image_loaded || load_node_image
}

# build_node_image: every stage that it takes and that is not done. The base system is mostly network and disk, so that it
# is made beside the Go builds.
build_node_image() {
  local stage base_build
  if ((EUID != 0)); then
    fail "build the node image" "a Debian system can only be put together by root" \
      "run tests/kind/up --prepare once as root, then this again; or give kind its own image where kindest/node can be pulled"
  fi
  require_packages debootstrap:debootstrap jq:jq unshare:util-linux
  require_go
  set -m # a process group of its own, to be ended as one
  build_stage base &
  base_build=$!
  set +m
  # shellcheck disable=SC2064 # the number is known now
  trap "kill -- -$base_build 2>/dev/null || true" EXIT
  for stage in kubernetes etcd coredns pause kind; do build_stage "$stage"; done
  wait "$base_build" || exit 1
  trap - EXIT
  build_stage images
  build_stage node-image
}

# build_commands: kind and kubectl, given a place that does not change.
build_commands() {
  build_stage kind
  build_stage kubernetes
  mkdir -p "$state_dir/bin"
  ln -sfn "$(stage_dir kind)/kind" "$state_dir/bin/kind"
  ln -sfn "$(stage_dir kubernetes)/kubectl" "$state_dir/bin/kubectl"
}

# load_node_image: from the cache into the engine, which then need not keep earlier ones.
load_node_image() {
  local began=$EPOCHSECONDS log=$log_dir/load.log
  docker load --quiet --input "$(stage_dir node-image)/image.tar" >"$log" 2>&1 3>&- 9>&- ||
    fail "load $(node_image) into the docker engine" "docker load said:
$(last_lines "$log")" "see that there is room (df -h), then run this again"
  say "node-image: loaded into the engine in $((EPOCHSECONDS - began)) s"
  remove_old_images "$(node_image)"
}

# remove_old_images KEEP: earlier node images that no container uses.
remove_old_images() {
  docker image ls --format '{{.Repository}}:{{.Tag}}' clusterip-lab/kind-node | { grep -vxF "$1" || true; } |
    xargs -r -n 1 docker image rm >/dev/null 2>&1 || true
}
