# shellcheck shell=bash
# The node image: from its stages to an image that the engine has.

# node_image: its reference. Equal inputs give an equal reference.
node_image() {
  echo "clusterip-lab/kind-node:$kubernetes_version-$(stage_hash node-image)"
}

# ensure_node_image: builds what is not cached, and hands the image to the engine if it lacks it.
# Sets image_origin, for the summary.
ensure_node_image() {
  local began=$EPOCHSECONDS ref
  if stage_done node-image && stage_done kind && stage_done kubernetes; then
    image_origin="from cache"
  else
    build_stages
    image_origin="built in $((EPOCHSECONDS - began)) s"
  fi
  link_commands
  ref=$(node_image)
  docker image inspect "$ref" >/dev/null 2>&1 && return
  began=$EPOCHSECONDS
  docker load --quiet --input "$(stage_dir node-image)/image.tar" >"$log_dir/load.log" 2>&1 3>&- 9>&- ||
    fail "load $ref into the docker engine" "docker load said:
$(last_lines "$log_dir/load.log")" "see that there is room (df -h), then run this again"
  say "node-image: loaded into the engine in $((EPOCHSECONDS - began)) s"
  remove_old_images "$ref"
}

# build_stages: every stage that is not done. The base system is mostly network and disk, so that it is made beside the
# Go builds.
build_stages() {
  local stage base_build
  if ((EUID != 0)); then
    fail "build the node image" "a Debian system can only be put together by root" \
      "run this once as root, or let kind use its own kindest/node image where a registry can be reached"
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

# link_commands: gives the kind and kubectl of this build a place that does not change.
link_commands() {
  mkdir -p "$state_dir/bin"
  ln -sfn "$(stage_dir kind)/kind" "$state_dir/bin/kind"
  ln -sfn "$(stage_dir kubernetes)/kubectl" "$state_dir/bin/kubectl"
}

# remove_old_images KEEP: earlier node images that no container uses.
remove_old_images() {
  docker image ls --format '{{.Repository}}:{{.Tag}}' clusterip-lab/kind-node | { grep -vxF "$1" || true; } |
    xargs -r -n 1 docker image rm >/dev/null 2>&1 || true
}
