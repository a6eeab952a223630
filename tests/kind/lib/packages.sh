# shellcheck shell=bash
# Debian packages that the machine itself needs.

# require_packages COMMAND:PACKAGE...: installs each PACKAGE whose COMMAND is not there.
require_packages() {
  local pair missing=()
  for pair; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# install_packages PACKAGE...: with apt-get, as root; fails with the cure where that is not possible.
install_packages() {
  local log=$log_dir/packages.log
  if ((EUID != 0)); then
    fail "install $*" "only root may install packages" "run this once as root, or have an administrator install: $*"
  fi
  command -v apt-get >/dev/null ||
    fail "install $*" "there is no apt-get on this machine" "install by its own package manager: $*"
  say "packages: installing $*"
  # The lists of a new machine are missing or old: bring them up to date only when they do not serve.
  apt_install "$@" >"$log" 2>&1 || { apt-get update && apt_install "$@"; } >>"$log" 2>&1 ||
    fail "install $*" "apt-get ended with an error, and last said:
$(last_lines "$log")" "see $log; with the network and package sources in order, run this again"
}

# apt_install PACKAGE...: asks nothing, and waits for another apt to finish.
apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" </dev/null 3>&- 9>&-
}
