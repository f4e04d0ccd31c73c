# Everything here can be run by hand too; the longer recipes are in scripts/.

GO              ?= go
GOLANGCI_LINT   ?= $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME        ?= 60s
WATCHER_CRASHES ?= 200
WATCHER_IMAGES  ?= 2000
WATCHER_MUTANTS ?= 1000
SCREENS         ?= build/screens
CORPUS          ?= ../shared/replay

.DEFAULT_GOAL := help
.PHONY: help build test lint fmt vuln bench fuzz crash mutants replay signal screenshots alert-images tools-check docs clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

build: ## bin/watcher, static
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/watcher ./cmd/watcher

test: tools-check ## vet, all tests with the race detector, alert rules
	$(GO) vet ./...
	$(GO) test -race -timeout 14m ./...
	$(GO) test -run 'PowerLoss|FailingCalls' ./storage/bolt

tools-check: ## the programs that tests use: installs them (root on Debian) or says what is left out
	@scripts/test-deps

lint: ## golangci-lint, with the formatting it holds
	$(GOLANGCI_LINT) run ./...

fmt: ## rewrite files as lint wants them
	$(GOLANGCI_LINT) fmt ./...

vuln: ## known vulnerabilities that the code really calls
	@scripts/vuln

bench: ## benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## each fuzz target for FUZZTIME
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

crash: ## kill the program WATCHER_CRASHES times, cut the power WATCHER_IMAGES times, have every call fail, and look at what is left
	WATCHER_CRASHES=$(WATCHER_CRASHES) WATCHER_IMAGES=$(WATCHER_IMAGES) $(GO) test -count=1 -timeout 120m -v -run 'Kill|Crash|PowerLoss|FailingCalls' ./cmd/watcher ./storage/...

mutants: ## read WATCHER_MUTANTS damaged and malicious PDF files
	WATCHER_MUTANTS=$(WATCHER_MUTANTS) $(GO) test -count=1 -timeout 60m -v -run '^TestMutants$$' ./pdftext

replay: build ## alert quality on a corpus of real page histories (CORPUS, not part of this repository)
	@test -f $(CORPUS)/replay.py || { echo "no corpus at $(CORPUS): set CORPUS to a directory with replay.py and dev/" >&2; exit 1; }
	python3 $(CORPUS)/replay.py --watcher bin/watcher --corpus $(CORPUS)/dev

signal: build ## the figures of docs/SIGNAL.md, by replaying the corpus twice (CORPUS)
	@test -f $(CORPUS)/replay.py || { echo "no corpus at $(CORPUS): set CORPUS to a directory with replay.py and dev/" >&2; exit 1; }
	scripts/signal $(CORPUS) bin/watcher --write

screenshots: ## every page in light, dark, phone and print into SCREENS
	WATCHER_SCREENS=$(abspath $(SCREENS)) $(GO) test -count=1 -v -run '^(TestScreenshots|TestReadmePictures)$$' ./web

alert-images: ## the pictures of docs/ALERTS.md: the mail, and a Slack message (Chromium)
	GO=$(GO) scripts/alert-images

docs: ## rewrite docs/METRICS.md from the table of families
	$(GO) test ./metrics -run '^TestMetricsDoc$$' -update

clean: ## remove what was built
	rm -rf bin build
