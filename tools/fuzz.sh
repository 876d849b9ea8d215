#!/usr/bin/env bash
# Runs every fuzz test for the given time each, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
for pkg in $(go list ./...); do
  for f in $(go test -list '^Fuzz' "$pkg" 2>/dev/null | grep '^Fuzz' || true); do
    echo "== $pkg $f"
    go test -run XXX -fuzz "^$f\$" -fuzztime "${1:-20s}" "$pkg"
  done
done
