# What a person does here. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0

BIN      := bin/tiendo
ENGINE   := node_modules/@chdb/lib-linux-x64-gnu/libchdb.so
ARGS     ?=
FUZZTIME ?= 20s
ROUNDS   ?= 50

help: ## list what can be done
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12

demo: build ## watch the whole way of the figures on a synthetic province; ARGS="--exit" stops after the summary
	$(BIN) demo $(ARGS)

test: tools ## everything that must hold, on the real engine
	./tools/test.sh

build: $(ENGINE) ## build bin/tiendo
	go build -trimpath -o $(BIN) ./cmd/tiendo

tools: $(ENGINE) ## install what demo and test need: the engine and axe-core (npm), Chromium (Debian, when root)
	./tools/install.sh

$(ENGINE): package-lock.json
	npm ci --no-audit --no-fund
	@test -f $@ || { echo 'npm did not bring the engine ($@): it exists for Linux x86-64 with glibc; see README' >&2; exit 1; }
	@touch $@

env: ## write .env with fresh secrets for docker-compose.yml; refuses to replace one
	@./tools/env.sh

soak: build ## the long ones: ROUNDS rounds of kill -9 during a collection
	TIENDO_KILL_ROUNDS=$(ROUNDS) go test -count=1 -timeout 120m -run 'TestKill' -v ./cmd/tiendo

bench: build ## rows per second and memory of the collect path, beside ClickHouse's own
	go test -count=1 -timeout 60m -run XXX -bench . -benchtime 1x ./cmd/tiendo

fuzz: ## run every parser's fuzz test for FUZZTIME each
	./tools/fuzz.sh $(FUZZTIME)

lint: ## gofmt, vet, staticcheck, govulncheck
	./tools/lint.sh

golden: ## write the golden files anew; look at the difference before committing it
	go test ./pipeline/plan -update

clean: ## delete what was built; data folders stay
	rm -rf bin

.PHONY: help demo test build tools env soak bench fuzz lint golden clean
