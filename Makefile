# Every target makes what it needs: a machine with Python >= 3.10 (with venv), a C
# compiler and make is enough.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
FREE    = $(VENV)/free-threaded
ASAN    = $(VENV)/asan
TSAN    = $(VENV)/tsan
PYRIGHT = PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pyright
PYTHONS ?= $(wildcard $(HOME)/.pyenv/versions/3.1[0-9]*/bin/python)
SOURCES = pyproject.toml setup.py $(wildcard src/*.pyx src/*.pxi src/tokbox/*.pxd src/kernels/*)

.PHONY: demo test engines faults soak asan asan-python tsan tsan-python memcheck valgrind \
	ctgrind arm emulated freethreaded isolated fuzz lint stubs dist wheels docs coverage mutants bench \
	bench-compare bench-smoke clean

# The package is installed in place, so only the compiled core can go stale.
$(VENV)/installed: $(SOURCES)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/tokbox demo

test: $(VENV)/installed
	$(BIN)/python -m pytest

# What signs on clusters: Ray, Spark (which needs Java) and Dask. Once they are here, they
# are a part of `make test`, too.
engines: $(VENV)/engines
	TOKBOX_REQUIRE=ray,spark,dask $(BIN)/python -m pytest tests/integrations \
		tests/cli/tables/test_sign_engines.py

# Ten thousand calls on which anything may go wrong, where the tests make a thousand.
faults: $(VENV)/installed
	TOKBOX_FAULTED_CALLS=10000 $(BIN)/python -m pytest tests/contract/test_faulted_calls.py

# The emulator under 500 connections, killed at random; needs wrk.
SOAK_SECONDS ?= 60
soak: $(VENV)/installed
	$(BIN)/python -m tools.soak $(SOAK_SECONDS)

# The C core without Python, in one variant; here a missing tool is a failure. Where a
# sanitizer can watch Python, too, its tests follow.
asan tsan memcheck ctgrind arm emulated: $(VENV)/installed
	TOKBOX_REQUIRE=$@ $(BIN)/python -m pytest tests/native/kernels -k $@

valgrind: memcheck
asan: asan-python
tsan: tsan-python

lint: $(VENV)/linted
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

# The sources and a wheel as they would be published, tried in an environment of their own,
# and a bill of materials; tests look into them.
dist: $(VENV)/installed
	@rm -rf dist
	@$(BIN)/python -m pip install --quiet build 'cyclonedx-bom>=7'
	$(BIN)/python -m tools.distribution --out dist

# The same for each Python of $(PYTHONS).
wheels: $(VENV)/installed
	@rm -rf wheelhouse
	@$(BIN)/python -m pip install --quiet build 'cyclonedx-bom>=7'
	$(BIN)/python -m tools.distribution --out wheelhouse $(PYTHONS)

# To Python all kernels are alike, so one of them will do where many tests run.
PLAIN_KERNEL = not avx2 and not avx512 and not sha-ni and not armv8

# Lines and branches of Python, and lines of the C core, that the tests run; a browser runs
# none, and where memory is made to fail it would fail coverage, too.
coverage: $(VENV)/covered
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q --ignore tests/native/kernels --ignore tests/benchmarks \
		--ignore tests/native/fuzz --ignore tests/native/memory --ignore tests/test_processes.py \
		--ignore tests/contract/test_faulted_calls.py --ignore tests/emulator/browser \
		-k '$(PLAIN_KERNEL)'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/python -m tools.core_coverage

# Whether the tests notice what is broken (an hour).
mutants: $(VENV)/installed
	$(BIN)/python -m tools.mutants

# Pages about it, in site/; a warning is an error (mkdocs.yml).
docs: $(VENV)/documented
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# The types of the asynchronous client, from those of the client.
stubs: $(VENV)/linted
	$(BIN)/python -m tools.async_stub

# Measures everything, and writes tables and the chart from the JSON of pytest-benchmark.
# PYTEST_ADDOPTS="-k rows --scale 0.1" measures less, TOKBOX_KERNEL=avx2 another kernel.
RESULTS ?= benchmarks/results/results.json
bench: $(VENV)/benched
	$(BIN)/python -m pytest benchmarks --benchmark-json=$(RESULTS); status=$$?; \
		$(BIN)/python -m benchmarks.report $(RESULTS) && exit $$status

# Measures again, and fails where a median is more than THRESHOLD % above that of SAVED.
SAVED ?= $(RESULTS)
THRESHOLD ?= 25
bench-compare: $(VENV)/benched
	$(BIN)/python -m pytest benchmarks --benchmark-compare=$(SAVED) \
		--benchmark-compare-fail=median:$(THRESHOLD)%

# Runs each benchmark once, with little work.
bench-smoke: $(VENV)/benched
	$(BIN)/python -m pytest benchmarks --smoke

# The tests with a core that AddressSanitizer and UBSan watch, in each Python that a test
# starts, too. Nothing is suppressed but leaks: CPython keeps at its end what it made once;
# tests/native/memory counts. The kernels alone are watched by tests/native/kernels in any case. Left out is
# what the sanitizer is not for: test_wiping reads all memory of a process, of which its own is
# terabytes; tests/native/memory has an allocator of its own, and bombs are told by the memory that they
# take, where it keeps what was freed; a browser and the JVM are not to load it. The library of
# C++ is loaded at once, or the sanitizer would stop at the first exception that Arrow throws.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g
asan-python: $(ASAN)/installed
	$(ASAN)/venv/bin/python -m pytest -p no:cacheprovider $(addprefix --ignore=tests/, \
		tokens/test_wiping.py memory kernels benchmarks contract emulator/browser \
		integrations test_mutants.py test_hardening.py test_distribution.py) \
		--deselect $(addprefix tests/rest/http/test_hostile_answers.py::, \
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

# Without the GIL, on a free-threaded CPython, which is built if there is none. Tests that
# need cryptography stay away: there are no wheels of it for this.
freethreaded: $(FREE)/installed
	$(FREE)/bin/python -m pytest tests/test_free_threads.py tests/tokens/arrow tests/tokens \
		$(addprefix --ignore=tests/tokens/test_,algorithms.py arrow.py dialects.py \
		exact_claims.py keyref.py strictness.py wycheproof.py)

$(FREE)/installed: $(SOURCES)
	@test -x $(FREE)/bin/python || "$$($(PYTHON) -m tools.free_threaded)" -m venv $(FREE)
	@$(FREE)/bin/python -m pip install --quiet --only-binary :all: \
		cryptography-vectors pyarrow PyJWT pytest pytest-benchmark urllib3
	$(FREE)/bin/python -m pip install --quiet --no-deps --editable .
	@touch $@

# Interpreters that have a GIL of their own, on the newest CPython here: they came with 3.12.
ISOLATED = $(VENV)/isolated
NEWEST   = $(lastword $(PYTHON) $(sort $(PYTHONS)))
isolated: $(ISOLATED)/installed
	$(ISOLATED)/bin/python -m pytest tests/tokens/rows/test_arenas.py -k '$(PLAIN_KERNEL)'

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
tsan-python: $(TSAN)/installed
	@rm -f $(REPORT).*
	$(WATCHED) setarch -R $(TSAN)/venv/bin/python -m pytest \
		-k 'thread and $(PLAIN_KERNEL)' tests/test_free_threads.py \
		$(addprefix tests/tokens/test_,memory_pool.py rows.py signer.py verify_many.py) || \
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

# Looks for inputs that break a promise, for so many seconds in all.
FUZZ_SECONDS ?= 60
fuzz: $(VENV)/fuzzed
	$(BIN)/python -m tests.native.fuzz $(FUZZ_SECONDS)

$(VENV)/engines: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[ray,spark]' 'dask[dataframe]'
	@touch $@

$(VENV)/fuzzed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[fuzz]'
	@touch $@

$(VENV)/linted: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[lint]'
	@touch $@

$(VENV)/benched: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@

$(VENV)/covered: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[coverage]'
	@touch $@

$(VENV)/documented: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) build dist wheelhouse site src/*.egg-info src/tokbox/*.so
