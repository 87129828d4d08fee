#!/bin/sh
# Lays out what the image holds: image.sh BINARY CONFIG DIRECTORY. Run by the Dockerfile; times are SOURCE_DATE_EPOCH.
set -eu
binary=$1 config=$2 image=$3

mkdir -p "$image/usr/bin" "$image/etc/spanway" "$image/etc/ssl/certs" "$image/data"
install -m 0755 "$binary" "$image/usr/bin/spanway"
install -m 0644 "$config" "$image/etc/spanway/config.yaml"
install -m 0644 /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/ca-certificates.crt"
echo 'nonroot:x:65532:65532:nonroot:/data:/sbin/nologin' >"$image/etc/passwd"
echo 'nonroot:x:65532:' >"$image/etc/group"
echo 'hosts: files dns' >"$image/etc/nsswitch.conf"

# What the binary loads, at the paths where it looks for it.
ldd "$binary" | grep -o '/[^ ]*' | sort -u | while read -r library; do
    mkdir -p "$image$(dirname "$library")"
    install -m 0755 "$(readlink -f "$library")" "$image$library"
done

chmod 0750 "$image/data"
if [ "$(id -u)" = 0 ]; then chown 65532:65532 "$image/data"; fi
find "$image" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
