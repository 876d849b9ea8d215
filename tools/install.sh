#!/usr/bin/env bash
# Installs what the tests need beside Go and npm. As root it installs Debian packages; otherwise it says which are missing.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
if ! fc-list 2>/dev/null | grep -qiE 'noto sans|dejavu'; then missing+=(fonts-noto-core fontconfig); fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "Missing for the browser tests: ${missing[*]}. Install them: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
