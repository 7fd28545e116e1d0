# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Debian packages that the scripts need, and how they are installed. Sourced, not run.

# To build the exporter and its package; dpkg-dev unpacks the source of civetweb, too.
# shellcheck disable=SC2034
BUILD_PACKAGES=(
  bpftool ca-certificates clang cmake dpkg-dev file g++ git libbpf-dev libcap-dev libcli11-dev
  libcrypt-dev libcurl4-openssl-dev libisal-dev libncurses-dev libssl-dev libsystemd-dev
  libyaml-cpp-dev ninja-build nlohmann-json3-dev pkg-config prometheus-cpp-dev zlib1g-dev
)

# To check and test it, beside those.
# shellcheck disable=SC2034
TEST_PACKAGES=(
  apache2-utils binutils catch2 chromium clang clang-format clang-tidy cppcheck curl debootstrap
  ethtool iperf3 iproute2 iputils-ping libclang-rt-14-dev lintian man-db mandoc netcat-openbsd nginx
  nodejs openssl passwd procps prometheus prometheus-alertmanager python3 python3-prometheus-client
  python3-yaml strace systemd tmux util-linux valgrind
)
# Other vendors' packages of Node.js bring npm along, and conflict with the one of that name.
command -v npm >/dev/null || TEST_PACKAGES+=(npm)

# For the cases of the accuracy suite, which skips those whose programs are missing.
# shellcheck disable=SC2034
ACCURACY_PACKAGES=(
  bind9-dnsutils catch2 curl dnsmasq-base ethtool globus-gass-copy-progs
  globus-gridftp-server-progs iperf3 iproute2 iputils-ping mptcpize
  netcat-openbsd nginx openbsd-inetd openssh-client openssh-server openssl passt passwd python3
  rsync samba slirp4netns smbclient systemd uidmap util-linux vsftpd wget xrootd-client
  xrootd-server
)

# To measure what it costs, beside those of the build.
# shellcheck disable=SC2034
BENCH_PACKAGES=(
  catch2 curl ethtool iperf3 iproute2 nethogs nftables passwd procps prometheus-node-exporter
  python3 util-linux valgrind
)

# To build it for arm64 on another machine, and to boot what was built, beside those of the build.
# shellcheck disable=SC2034
ARM64_PACKAGES=(
  binutils cpio debian-archive-keyring g++-aarch64-linux-gnu kmod python3 qemu-system-arm
)

# To run the tests on other kernels, in virtual machines; the guests use what is installed here.
# shellcheck disable=SC2034
VM_PACKAGES=(
  busybox-static debian-archive-keyring kmod libcap2-bin python3 qemu-system-x86 util-linux
  xz-utils zstd
)

# To run the image with each part of what it is given taken away (test/deploy/try_image.py).
# shellcheck disable=SC2034
CONTAINER_PACKAGES=(bpftool iproute2 passwd podman python3 python3-yaml runc util-linux)

# The services that come with these packages: the programs are wanted, the services are not.
readonly SERVICES=(
  globus-gridftp-server globus-gridftp-sshftp inetd nginx nmbd prometheus
  prometheus-alertmanager prometheus-node-exporter rsync samba-ad-dc smbd ssh vsftpd
)
readonly POLICY=/usr/sbin/policy-rc.d

missing_packages() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      echo "$package"
  done
}

# Installs what is missing and nothing else. Without root it only says what is missing.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    echo "== packages: everything is installed already"
  elif ((EUID != 0)); then
    echo "== packages: not root, so these are not installed: ${missing[*]}"
  else
    echo "== packages: installing ${missing[*]}"
    (install_quietly "${missing[@]}")
  fi
}

# Runs in a subshell: its trap must not outlive it.
install_quietly() {
  local services
  set -e
  services=$(installed_services)
  export DEBIAN_FRONTEND=noninteractive
  if [[ ! -e $POLICY ]]; then
    trap 'rm -f "$POLICY"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
  fi
  apt-get -q update
  apt-get -q install --yes --no-install-recommends "$@"
  keep_services_off "$services"
}

installed_services() {
  local service
  for service in "${SERVICES[@]}"; do
    if [[ -e /lib/systemd/system/$service.service ]]; then
      echo "$service"
    fi
  done
}

# A service that was not here before must not start at the next boot either.
keep_services_off() {
  local before=$1 service
  [[ -d /run/systemd/system ]] || return 0
  for service in $(installed_services); do
    if ! grep -qx -- "$service" <<<"$before"; then
      systemctl disable --now --quiet "$service"
    fi
  done
}
