#!/usr/bin/env bash
# Runs every test and ends with the counts on a line of their own. The formulas and the plan's catalogue must be covered.
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
for pkg in progress plan; do
  share=$(go test -count=1 -cover "./pipeline/$pkg" 2>/dev/null | grep -oE 'coverage: [0-9.]+' | grep -oE '[0-9.]+')
  if awk "BEGIN { exit !(${share:-0} < 95) }"; then
    echo "FAIL	tiendo/pipeline/$pkg covers ${share:-0} % of its statements, less than 95 %" | tee -a "$log"
    status=1
  fi
done
passed=$(grep -c '^ok' "$log")
failed=$(grep -c '^FAIL[[:space:]]*tiendo' "$log")
echo "packages: $passed passed, $failed failed"
exit "$status"
