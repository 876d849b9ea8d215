#!/usr/bin/env bash
# Installs what the tests need beside Go and npm. As root it installs Debian packages; otherwise it says which are missing.
# Without Chromium there is no test; the tests with Prometheus and Alertmanager are skipped, and say so, where these are not.
set -euo pipefail

needed=() skipped=()
command -v chromium >/dev/null || needed+=(chromium)
if ! fc-list 2>/dev/null | grep -iE 'noto sans|dejavu' >/dev/null; then needed+=(fonts-noto-core fontconfig); fi
command -v promtool >/dev/null && command -v prometheus >/dev/null || skipped+=(prometheus)
command -v amtool >/dev/null && command -v prometheus-alertmanager >/dev/null || skipped+=(prometheus-alertmanager)
missing=("${needed[@]}" "${skipped[@]}")
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  # The tests run the programs themselves; their services are not started. policy-rc.d is how Debian is told.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  exit
fi
if [ ${#skipped[@]} -gt 0 ]; then
  echo "SKIP: tests with ${skipped[*]} are left out. To run them: sudo apt-get install --no-install-recommends ${skipped[*]}" >&2
fi
if [ ${#needed[@]} -gt 0 ]; then
  echo "Missing for the browser tests: ${needed[*]}. Install them: sudo apt-get install ${needed[*]}" >&2
  exit 1
fi
