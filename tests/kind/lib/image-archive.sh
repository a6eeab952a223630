# shellcheck shell=bash
# Writing image archives (the format of `docker save`) without an engine: a tar of layers, configs and a manifest.json.

# add_image LAYOUT REF ROOT CONFIG: adds the tree ROOT to folder LAYOUT as image REF of one layer. CONFIG is JSON for the
# image's run configuration, for example {"Entrypoint": ["/pause"]}.
add_image() {
  local layout=$1 ref=$2 root=$3 config=$4 layer sum
  mkdir -p "$layout"
  tar --sort=name --mtime=@0 --numeric-owner -C "$root" -cf "$layout/layer.tar" .
  layer=$(sha256sum "$layout/layer.tar" | cut -d ' ' -f 1)
  mkdir -p "$layout/$layer"
  mv "$layout/layer.tar" "$layout/$layer/layer.tar"
  jq -cn --argjson config "$config" --arg layer "sha256:$layer" --arg arch "$(image_architecture)" '{
    created: "1970-01-01T00:00:00Z", architecture: $arch, os: "linux", config: $config,
    rootfs: {type: "layers", diff_ids: [$layer]},
    history: [{created: "1970-01-01T00:00:00Z", created_by: "clusterip-lab tests/kind"}]
  }' >"$layout/config.json"
  sum=$(sha256sum "$layout/config.json" | cut -d ' ' -f 1)
  mv "$layout/config.json" "$layout/$sum.json"
  jq -cn --arg ref "$ref" --arg config "$sum.json" --arg layer "$layer/layer.tar" \
    '{Config: $config, RepoTags: [$ref], Layers: [$layer]}' >>"$layout/images.jsonl"
}

# pack_images LAYOUT ARCHIVE: all images of folder LAYOUT as one archive; the folder is used up.
pack_images() {
  jq -cs . "$1/images.jsonl" >"$1/manifest.json"
  rm "$1/images.jsonl"
  tar -C "$1" -cf "$2" .
  rm -rf "$1"
}

# image_architecture: this machine's, as image configs spell it.
image_architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
  esac
}
