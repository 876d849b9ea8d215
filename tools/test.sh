#!/usr/bin/env bash
# Runs every test and ends with the counts on a line of their own.
set -uo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
unformatted=$(gofmt -l $(git ls-files '*.go'))
if [ -n "$unformatted" ]; then
  echo "not gofmt-ed: $unformatted"
  exit 1
fi
go vet ./... || exit 1
go test -count=1 -timeout 20m ./... 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
passed=$(grep -c '^ok' "$log")
failed=$(grep -c '^FAIL[[:space:]]*tiendo' "$log")
echo "packages: $passed passed, $failed failed"
exit "$status"
