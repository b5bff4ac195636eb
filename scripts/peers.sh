#!/bin/sh
# Fetches the programs that the bench measures against: nginx with libmodsecurity, from Debian's own archive.
#
#   scripts/peers.sh              unpacks them under .tools/peers, without root
#   PEERS=install scripts/peers.sh   installs them with apt-get, for a user who is root and wants that
#
# What Debian already has installed is not fetched again. Done once, a second run takes no time. Where nothing can be
# fetched it says why in one line and ends with 1; the bench then leaves the peer's columns empty and repeats the line.
set -eu

cd "$(dirname "$0")/.."
packages="nginx libnginx-mod-http-modsecurity"
peers="$PWD/.tools/peers"
module=usr/lib/nginx/modules/ngx_http_modsecurity_module.so

fail() {
    echo "peers: $*" >&2
    exit 1
}

# Our own package lists where the system's are empty (a fresh container): apt can keep them in any folder.
own_lists() {
    mkdir -p "$peers/apt/lists/partial" "$peers/apt/archives/partial"
    apt="-o Dir::State::Lists=$peers/apt/lists -o Dir::Cache=$peers/apt -o APT::Sandbox::User=root"
    # shellcheck disable=SC2086 # several options in one variable
    apt-get -q $apt update >"$peers/apt/update.log" 2>&1 || fail "apt has no package lists and cannot fetch any (see .tools/peers/apt/update.log)"
}

if [ -e "/$module" ] || [ -e "$peers/root/$module" ]; then
    exit 0
fi
command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
    fail "this is no Debian; install nginx with its ModSecurity module by hand and set NGINX and NGINX_MODSECURITY"

if [ "${PEERS:-}" = install ]; then
    [ "$(id -u)" = 0 ] || fail "PEERS=install needs root"
    # shellcheck disable=SC2086 # a list of names
    apt-get install -y --no-install-recommends $packages || fail "apt-get cannot install $packages"
    exit 0
fi

mkdir -p "$peers/debs"
apt=""
apt-cache show libnginx-mod-http-modsecurity >/dev/null 2>&1 || own_lists

# A simulated installation resolves dependencies against what is installed, and needs no root.
# shellcheck disable=SC2086
needed=$(apt-get -s $apt install --no-install-recommends $packages 2>"$peers/simulate.log" | awk '$1 == "Inst" { print $2 }')
[ -n "$needed" ] || fail "apt-get cannot resolve $packages (see .tools/peers/simulate.log)"
# shellcheck disable=SC2086
(cd "$peers/debs" && apt-get -q $apt -o APT::Sandbox::User=root download $needed >../download.log 2>&1) ||
    fail "apt-get cannot download $packages (see .tools/peers/download.log)"

rm -rf "$peers/root.new"
mkdir "$peers/root.new"
for deb in "$peers"/debs/*.deb; do
    dpkg -x "$deb" "$peers/root.new" || fail "cannot unpack $deb"
done
# The name appears only when all is there, so that an interrupted run begins again.
rm -rf "$peers/root"
mv "$peers/root.new" "$peers/root"
echo "peers: unpacked $(echo "$needed" | wc -w) packages under .tools/peers"
