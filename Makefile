# Every command a person needs; README.md and .ci/run call these and nothing else.
#
# ENVOY=/path/to/envoy takes that Envoy in place of the one that the set-up fetches.
# CRS_DIR=/path or CRS_ARCHIVE=/path.tar.gz takes that OWASP CRS.
# PROSE=/path.txt takes that English text for the test of false positives.
# CONFORMANCE=/path is the folder of conformance cases.

CARGO ?= cargo
PYTHON ?= python3
WASM = --target wasm32-wasip1
FILTERS = -p portcullis-waf-filter -p portcullis-transform-filter -p portcullis-authz-filter -p portcullis-dlp-filter
OLDEST = $(CURDIR)/.tools/envoy-1.36/bin/envoy

.DEFAULT_GOAL := help
.PHONY: help setup build run demo test lint format conformance bench bench-accept test-envoy-oldest clean

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## fetches what is needed into .tools/: the wasm target, stock Envoy, OWASP CRS
	@$(PYTHON) scripts/setup.py

build: setup ## builds dist/: waf, waf-crs, transform, authz, dlp (.wasm) and the command line portcullis
	@$(PYTHON) scripts/build.py

run: build ## starts Envoy with all four filters and a small upstream, and prints what to try
	@$(PYTHON) scripts/demo.py run

demo: build ## tries the five requests of `make run` by itself; fails if one is not as it should be
	@$(PYTHON) scripts/demo.py demo

test: build ## runs everything: unit, corpus, property, tidy, end to end on real Envoy, instruction counts
	@$(PYTHON) scripts/test.py

lint: setup ## rustfmt and clippy, natively and for wasm; no warnings
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy $(WASM) -p portcullis-host -p portcullis-probe $(FILTERS) -- -D warnings

format: ## formats all Rust code
	$(CARGO) fmt

conformance: setup ## holds the engines against the corpora in CONFORMANCE and prints a table
	@$(PYTHON) scripts/conformance.py

bench: build ## measures the filters and their peers in turn, on this machine
	$(CARGO) run --release -p portcullis-bench --bin bench

bench-accept: build ## accepts the instruction counts of now as the new baseline
	$(CARGO) run --release -p portcullis-bench --bin bench -- fuel --accept

test-envoy-oldest: build ## runs demo and body matrix on the oldest supported Envoy
	@$(PYTHON) scripts/setup.py envoy-oldest
	ENVOY=$(OLDEST) $(PYTHON) scripts/demo.py demo
	ENVOY=$(OLDEST) $(PYTHON) scripts/test.py --only -p portcullis-e2e --test body_matrix

clean: ## removes what was built; .tools/ stays
	$(CARGO) clean
	rm -rf dist
