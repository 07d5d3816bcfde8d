#!/bin/sh
# Fetch the programs of others that tests talk to: Kannel with its make-believe operator, and Postfix's smtp-sink.
# Usage: machine.sh FOLDER. What the machine lacks is unpacked below FOLDER and not installed: nothing starts, nothing of
# the machine changes, and nobody has to be root.
set -eu

folder=$1
packages="kannel kannel-extras postfix"

missing() {
    echo "$1 Tests with Kannel and smtp-sink are skipped. To have them: sudo apt-get install $packages" >&2
    exit 1
}

here() {
    command -v bearerbox && command -v smsbox && command -v smtp-sink && test -x /usr/lib/kannel/test/fakesmsc
}

PATH=$PATH:/usr/sbin
if here >/dev/null; then
    exit 0
fi
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || missing "This is no Debian."

echo "Fetching Kannel and smtp-sink …"
rm -rf "$folder"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
at="$(cd "$folder" && pwd)/apt"

apt() {
    apt-get --quiet=2 --yes --no-install-recommends -o Debug::NoLocking=true -o APT::Sandbox::User="$(id -un)" \
        -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Dir::Cache="$at" "$@" \
        >"$at/log" 2>&1 </dev/null
}

# The lists of the machine, where it has any, else lists of our own.
# shellcheck disable=SC2086
apt --download-only install $packages ||
    { apt -o Dir::State::Lists="$at/lists" update &&
        apt -o Dir::State::Lists="$at/lists" --download-only install $packages; } ||
    missing "The packages cannot be fetched: $(tail -n 1 "$at/log")"

for package in "$at"/archives/*.deb; do
    dpkg-deb --extract "$package" "$folder"
done
rm -rf "$at"
