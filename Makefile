# Every target makes what it needs: a machine with Python >= 3.11 (with venv), a C
# compiler and make is enough.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
FREE    = $(VENV)/free-threaded
ISOLATED = $(VENV)/isolated
ASAN    = $(VENV)/asan
TSAN    = $(VENV)/tsan
PYRIGHT = PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pyright
PYTHONS ?= $(wildcard $(HOME)/.pyenv/versions/3.1[0-9]*/bin/python)
NEWEST   = $(lastword $(PYTHON) $(sort $(PYTHONS)))
# Python code does the same on each kernel, so slow runs use one.
ONE_KERNEL = -k 'not avx2 and not avx512 and not sha-ni and not armv8'
SOURCES = pyproject.toml setup.py $(shell find src -name '*.[ch]' -o -name '*.pyx' -o -name '*.px[id]')

# Compiled modules are kept: pytest compiles the tests with their assertions rewritten.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-native test-long engines browser check requirements faults \
	soak asan asan-python tsan tsan-python memcheck ctgrind arm emulated freethreaded \
	isolated fuzz lint async-client lock dist wheels docs coverage mutants bench \
	bench-compare bench-smoke clean

# Targets with a "##" are listed, in this order; lines with "#:" are headings.
#: Every day:
help: ## list the targets
	@awk -F ':.*## ' '/^#: / { print (NR > 1 ? "\n" : "") substr($$0, 4) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The package is installed in place, so only the compiled core can go stale. PIP installs
# what is locked in requirements-dev.txt; groups of packages need pip 25.1.
PIP = $(BIN)/python -m pip install --quiet --constraint requirements-dev.txt
$(VENV)/package: $(SOURCES)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(PIP) --editable '.[cli,emulator,vonage]'
	@touch $@

$(VENV)/installed: $(VENV)/package requirements-dev.txt
	$(PIP) --group test
	@touch $@

# These have targets of their own, and are not part of `make test`.
APART    = $(addprefix --ignore=tests/,native emulator/browser) -m 'not engine'
PARALLEL = -n auto --dist worksteal
test: $(VENV)/installed ## run the tests, in parallel
	$(BIN)/python -m pytest $(PARALLEL) $(APART) tests

lint: $(VENV)/linted ## check style, types and spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest tokbox._memory tokbox._fastsign tokbox._arrow \
		tokbox._capsules tokbox._csv \
		--ignore-missing-stub \
		--allowlist tests/stubtest.txt
	$(PYRIGHT)
	$(PYRIGHT) --verifytypes tokbox --ignoreexternal >$(VENV)/verifytypes || \
		{ cat $(VENV)/verifytypes; exit 1; }

check: lint docs dist test test-native test-long engines browser isolated ## run all that CI runs

demo: $(VENV)/package ## sign tokens and record an archive, without an account
	$(BIN)/tokbox demo

# Each page, in site/, as HTML and as Markdown; a warning is an error.
docs: $(VENV)/documented $(VENV)/mermaid ## build the documentation, and check its links
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/zensical build --clean --strict
	$(BIN)/python -m tools.markdown_sources site
	TOKBOX_REQUIRE=site $(BIN)/python -m pytest tests/docs/test_site.py

# The script that draws the diagrams, so that pages load nothing from other hosts.
MERMAID = @mermaid-js/tiny@11.17.2
$(VENV)/mermaid: $(VENV)/documented
	@command -v npm >/dev/null || { echo "npm is required for the diagrams" >&2; exit 1; }
	@cd $(VENV) && npm pack --silent $(MERMAID) >mermaid.name
	@cd $(VENV) && tar -xOzf "$$(cat mermaid.name)" package/dist/mermaid.tiny.js >mermaid.js
	@mv $(VENV)/mermaid.js docs/assets
	@touch $@

# Measures everything, and writes tables and the chart from the JSON of pytest-benchmark.
# PYTEST_ADDOPTS="-k rows --scale 0.1" measures less, TOKBOX_KERNEL=avx2 another kernel.
RESULTS ?= benchmarks/results/results.json
bench: $(VENV)/benched ## measure, and write benchmarks/results
	$(BIN)/python -m pytest -p no:randomly benchmarks --benchmark-json=$(RESULTS); status=$$?; \
		$(BIN)/python -m benchmarks.report $(RESULTS) && exit $$status

clean: ## remove all that was built
	rm -rf $(VENV) build dist wheelhouse site src/*.egg-info src/tokbox/*.so

#: Parts of the check, and what is derived from the sources:
test-native: $(VENV)/installed ## test the C core: sanitizers, valgrind, emulators, seeds
	$(BIN)/python -m pytest $(PARALLEL) tests/native

# Tests whose sizes are those of tests/support/sizes.py; LONG=4 multiplies them by four.
LONG ?= 1
test-long: $(VENV)/installed ## repeat the tests with random input, with much more of it
	TOKBOX_LONG=$(LONG) $(BIN)/python -m pytest $(PARALLEL) \
		$(shell grep -rl 'support.sizes' --include 'test_*.py' tests)

engines: $(VENV)/engines ## test on Ray, Spark (which needs Java) and Dask
	TOKBOX_REQUIRE=ray,spark,dask $(BIN)/python -m pytest -m engine tests/integrations

browser: $(VENV)/installed ## test the emulator's page in Chromium
	TOKBOX_REQUIRE=browser $(BIN)/python -m pytest tests/emulator/browser

dist: $(VENV)/installed ## build and test the sources and a wheel
	@rm -rf dist
	@$(PIP) --group dist
	$(BIN)/python -m tools.distribution --out dist
	TOKBOX_REQUIRE=dist $(BIN)/python -m pytest tests/tooling/test_distribution.py

async-client: $(VENV)/linted ## write rest/aio.py, the client for asyncio
	$(BIN)/python -m tools.async_client

isolated: $(ISOLATED)/installed ## test interpreters with a GIL of their own (Python 3.12)
	$(ISOLATED)/bin/python -m pytest -p no:randomly tests/tokens/rows/test_arenas.py

#: What takes longer:
coverage: $(VENV)/covered ## measure the lines and branches that the tests run, C included
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q $(PARALLEL) $(APART) $(addprefix --ignore=tests/, \
		test_processes.py contract/test_faulted_calls.py) $(ONE_KERNEL) tests
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/python -m tools.core_coverage

mutants: $(VENV)/mutated ## break the code on purpose, and see if the tests notice
	$(BIN)/mutmut run
	$(BIN)/mutmut results --all true | $(BIN)/python -m tools.mutation_score

# Measures again, and fails where a median is more than THRESHOLD % above that of SAVED.
SAVED ?= $(RESULTS)
THRESHOLD ?= 25
bench-compare: $(VENV)/benched ## measure, and compare with a saved run
	$(BIN)/python -m pytest -p no:randomly benchmarks --benchmark-compare=$(SAVED) \
		--benchmark-compare-fail=median:$(THRESHOLD)%

bench-smoke: $(VENV)/benched ## run each benchmark once, with little work
	$(BIN)/python -m pytest -p no:randomly benchmarks --smoke

# `make test` makes 300 of these calls, and `make test-long` a thousand.
faults: $(VENV)/installed ## make 10,000 calls to a server that fails at random
	TOKBOX_FAULTED_CALLS=10000 $(BIN)/python -m pytest tests/contract/test_faulted_calls.py

SOAK_SECONDS ?= 60
soak: $(VENV)/installed ## load the emulator and kill it at random (needs wrk)
	$(BIN)/python -m tools.soak $(SOAK_SECONDS)

# The C core without Python, in one variant; here a missing tool is a failure. Where a
# sanitizer can watch Python, too, its tests follow.
asan: asan-python ## test under AddressSanitizer and UBSan
tsan: tsan-python ## test under ThreadSanitizer
memcheck: ## test the C core under valgrind's memcheck
ctgrind: ## test that the C core takes constant time
arm: ## test the C core for AArch64 under an emulator
emulated: ## test the AVX2 and AVX-512 kernels, emulated
asan tsan memcheck ctgrind arm emulated: $(VENV)/installed
	TOKBOX_REQUIRE=$@ $(BIN)/python -m pytest tests/native/kernels -k $@

wheels: $(VENV)/installed ## build and test a wheel for each Python of $(PYTHONS)
	@rm -rf wheelhouse
	@$(PIP) --group dist
	$(BIN)/python -m tools.distribution --out wheelhouse $(PYTHONS)

# The tests with a core that AddressSanitizer and UBSan watch, in each Python that a test
# starts, too. Nothing is suppressed but leaks: CPython never frees what it allocates once;
# tests/native/memory counts. tests/native/kernels watches the kernels in any case. Left out:
# test_wiping.py reads all memory of a process, which is terabytes here; tests/native/memory
# has its own allocator; the tests of bombs measure memory, and the sanitizer keeps what was
# freed; a browser and the JVM must not load it. libstdc++ is loaded first, or the sanitizer
# would stop at the first exception that Arrow throws.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g
asan-python: $(ASAN)/installed ## only the part of asan that runs Python
	$(ASAN)/venv/bin/python -m pytest -p no:cacheprovider $(addprefix --ignore=tests/, \
		tokens/rows/test_wiping.py native contract emulator/browser \
		integrations tooling/test_hardening.py \
		tooling/test_distribution.py tooling/benchmarks) \
		--deselect $(addprefix tests/rest/http/test_hostile_responses.py::, \
		test_an_answer_without_an_end_takes_little_memory) tests

# From a copy of the sources: beside them the core would take the place of the other.
%/sources: $(SOURCES)
	@rm -rf $@ && mkdir -p $@
	@cp -r pyproject.toml setup.py MANIFEST.in README.md LICENSE src $@
	@rm -f $@/src/tokbox/*.so

$(ASAN)/installed: $(VENV)/installed $(ASAN)/sources tools/watched_python.py
	$(BIN)/python -m tools.watched_python $(ASAN)/venv \
		"$$($(CC) -print-file-name=libasan.so):libstdc++.so.6" PYTHONMALLOC=malloc \
		ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
	CFLAGS="$(SANITIZE)" $(BIN)/python -m pip install --quiet --no-deps \
		--target $$(echo $(ASAN)/venv/lib/python*/site-packages) $(ASAN)/sources
	nm -D $(ASAN)/venv/lib/python*/site-packages/tokbox/_fastsign*.so | grep -q __asan_init
	@touch $@

# A free-threaded CPython is built if there is none. Tests that need cryptography are left
# out: it has no wheels for this Python.
freethreaded: $(FREE)/installed ## test without the GIL
	$(FREE)/bin/python -m pytest tests/test_free_threads.py tests/tokens \
		$(addprefix --ignore=tests/tokens/, arrow/test_tokens.py rs256 test_dialects.py \
		test_exact_claims.py test_hostile_arguments.py \
		verify/test_algorithms.py verify/test_strictness.py verify/test_wycheproof.py)

$(FREE)/installed: $(SOURCES)
	@test -x $(FREE)/bin/python || "$$($(PYTHON) -m tools.free_threaded)" -m venv $(FREE)
	@$(FREE)/bin/python -m pip install --quiet --only-binary :all: \
		cryptography-vectors pyarrow PyJWT pytest pytest-benchmark urllib3
	$(FREE)/bin/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(ISOLATED)/installed: $(SOURCES)
	@test -x $(ISOLATED)/bin/python || $(NEWEST) -m venv $(ISOLATED)
	@$(ISOLATED)/bin/python -m pip install --quiet pytest pytest-benchmark
	$(ISOLATED)/bin/python -m pip install --quiet .
	@touch $@

# What threads do, on a CPython that ThreadSanitizer watches, and the core with it. Both are
# built first, which takes a while. A report fails; what CPython knows of itself is
# suppressed by its own list. ThreadSanitizer wants addresses that are not randomized.
REPORT  = $(abspath $(TSAN))/report
WATCHED = TSAN_OPTIONS="suppressions=$(abspath $(TSAN))/suppressions log_path=$(REPORT)"
tsan-python: $(TSAN)/installed ## only the part of tsan that runs Python
	@rm -f $(REPORT).*
	$(WATCHED) setarch -R $(TSAN)/venv/bin/python -m pytest \
		-k 'thread and not avx2 and not avx512 and not sha-ni' tests/test_free_threads.py \
		$(addprefix tests/tokens/, rows/test_memory_pool.py rows/test_rows.py \
		test_signer.py verify/test_verify_many.py) || \
		{ cat $(REPORT).*; exit 1; }

UNWATCHED = TSAN_OPTIONS=report_bugs=0 setarch -R $(TSAN)/venv/bin/python
$(TSAN)/installed: $(TSAN)/sources
	@test -x $(TSAN)/venv/bin/python || { \
		python="$$($(PYTHON) -m tools.free_threaded --tsan)" && \
		cp "$${python%/bin/*}/suppressions" $(TSAN) && \
		TSAN_OPTIONS=report_bugs=0 setarch -R "$$python" -m venv $(TSAN)/venv; }
	@$(UNWATCHED) -m pip install --quiet --only-binary :all: \
		cryptography-vectors PyJWT pytest pytest-benchmark
	CFLAGS="-fsanitize=thread -g" LDFLAGS=-fsanitize=thread \
		$(UNWATCHED) -m pip install --quiet --no-deps $(TSAN)/sources
	nm -D $(TSAN)/venv/lib/*/site-packages/tokbox/_fastsign*.so | grep -q __tsan_init
	@touch $@

FUZZ_SECONDS ?= 60
fuzz: $(VENV)/fuzzed ## look for inputs that break a promise, for FUZZ_SECONDS=60
	$(BIN)/python -m tests.native.fuzz $(FUZZ_SECONDS)

# The groups of pyproject.toml that `make test` does not need.
$(addprefix $(VENV)/,engines fuzzed linted benched covered mutated documented): $(VENV)/installed
	$(PIP) --group $(GROUP)
	@touch $@
$(VENV)/engines: GROUP = engines
$(VENV)/fuzzed: GROUP = fuzz
$(VENV)/linted: GROUP = lint
$(VENV)/benched: GROUP = bench
$(VENV)/covered: GROUP = coverage
$(VENV)/mutated: GROUP = mutants
$(VENV)/documented: GROUP = docs

# The newest versions that fit one another, for each Python and system.
lock: $(VENV)/package ## write requirements-dev.txt, the versions that the targets install
	@$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --upgrade --all-extras --no-annotate \
		$(patsubst %,--group %,test engines bench fuzz coverage mutants docs lint dist) \
		--custom-compile-command 'make lock' --output-file requirements-dev.txt pyproject.toml

requirements: $(addprefix $(VENV)/,installed linted documented engines) ## install the packages that `make check` needs
