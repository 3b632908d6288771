# SPDX-License-Identifier: ISC

# occupancyd: build, test, install.  `make help` lists the targets.

## What can be set on the command line

prefix      ?= /usr/local
bindir      ?= $(prefix)/bin
sbindir     ?= $(prefix)/sbin
mandir      ?= $(prefix)/share/man
docdir      ?= $(prefix)/share/doc/occupancyd
sysconfdir  ?= /etc
unitdir     ?= $(if $(filter /usr,$(prefix)),/lib/systemd/system,$(sysconfdir)/systemd/system)
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
completionsdir ?= $(prefix)/share/bash-completion/completions
DESTDIR     ?=

CC          ?= cc
AR          ?= ar
PKG_CONFIG  ?= pkg-config
INSTALL     ?= install
CFLAGS      ?= -O2 -g
V           ?= 0
# Sanitizers, for `make check SAN=address,undefined`.
SAN         ?=
BUILD       ?= build$(if $(SAN),/san)
# A blank ends a name in make, so that directory gets another name.
ifneq ($(word 2,x$(BUILD)x),)
override BUILD := $(or $(shell tests/without-blanks '$(subst ','\'',$(BUILD))'),$(error no directory: $(BUILD)))
endif
# `make check VALGRIND=1` runs everything under valgrind.
VALGRIND    ?= 0
# More arguments for pytest: PYTEST_ARGS='-k outcomes'.
PYTEST_ARGS ?=
export PYTEST_ARGS
# The schema that Rhombus publishes (OpenAPI, JSON), for the tests that compare with it; they are
# skipped, aloud, where it is not.  From the top of this directory, or absolute.
OPENAPI     ?= ../shared/rhombus-openapi.json
export OPENAPI
# How many of the system tests run at a time; empty: four for each processor, fewer with sanitizers and valgrind.
WORKERS     ?=
# `make check ONLY=system` runs a part: unit, lint, fake, fuzz, sim, system; `make check-service`
# and `make check-anywhere` are apart.
ONLY        ?= unit lint fake fuzz sim system
# `make check-service SUITE=trixie` takes another Debian than this machine's.
THIS_SUITE  := $(shell sed -n s/^VERSION_CODENAME=//p /etc/os-release)
SUITE       ?= $(THIS_SUITE)
export SUITE
# Where the tests of the package take it from.
PACKAGES    ?= build/$(if $(filter-out $(THIS_SUITE),$(SUITE)),debian/$(SUITE)/)deb
export PACKAGES
# `make demo DEMO_SECONDS=20` ends by itself.
DEMO_SECONDS ?= 0
# What runs programs that CC builds for another machine: EMULATOR=qemu-aarch64.
EMULATOR    ?=
# `make check-cross CROSS=arm64 CROSS_SEEDS=20` does less.
CROSS       ?= arm64 armhf i386
CROSS_SEEDS ?= 200
# WERROR=1 makes warnings errors; continuous integration does.
WERROR      ?= 0

# The changelog says which version this is.
VERSION     := $(shell awk -F'[()]' 'NR == 1 { print $$2 }' debian/changelog)

## Packages

RUN_PACKAGES   := ca-certificates tzdata
BUILD_PACKAGES := gcc make pkg-config libc6-dev libcurl4-openssl-dev libjson-c-dev libconfig-dev \
                  libsystemd-dev libxlsxwriter-dev zlib1g-dev libdeflate-dev libjs-dygraphs
# Programs that read what occupancyctl writes.  Tests that need one that is not there are skipped; VIEWERS=0 leaves them out.
VIEWERS        ?= 1
VIEW_PACKAGES  := prometheus influxdb libreoffice-calc chromium
# The stand-in server, which the demo runs; and what the demo of a cluster runs besides.
DEMO_PACKAGES  := libmicrohttpd-dev
CLUSTER_PACKAGES := etcd-server
DEB_PACKAGES   := build-essential debhelper dpkg-dev lintian
TEST_PACKAGES  := libcmocka-dev nginx-light openssl python3 python3-pytest python3-pytest-xdist libfaketime tzdata mandoc \
                  valgrind clang clang-format clang-tidy cppcheck libclang-rt-dev llvm procps systemd logrotate rsyslog e2fsprogs mount \
                  python3-jinja2 python3-yaml python3-jsonschema etcd-server etcd-client
# A small Debian in a container, for the package and the unit.
SERVICE_PACKAGES := debootstrap systemd-container dnsmasq-base
# Servers in network namespaces: for `make check-cluster` alone.
NET_PACKAGES   := iproute2 iptables util-linux
# The image of conf/examples/container: for `make check-container` alone.
IMAGE_PACKAGES := podman crun podman-compose

# With what they are for: `make deps` says so before it installs what is missing.
TO_RUN     := 'to run it:' $(RUN_PACKAGES)
TO_BUILD   := 'to build it:' $(BUILD_PACKAGES)
TO_DEMO    := 'for the demo:' $(DEMO_PACKAGES)
TO_CLUSTER := 'for the demo of a cluster:' $(CLUSTER_PACKAGES)
TO_TEST    := 'for the tests:' $(TEST_PACKAGES)
TO_VIEW    := $(if $(filter-out 0,$(VIEWERS)),'to read what it writes:' $(VIEW_PACKAGES))
TO_PACKAGE := 'for the Debian package:' $(DEB_PACKAGES)
TO_SERVE   := 'for the tests in containers:' $(SERVICE_PACKAGES)

## Flags

LIBS := libcurl json-c libconfig libsystemd zlib xlsxwriter libdeflate

LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null)
LIB_LIBS   := $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null) -lm

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion \
            -Wsign-conversion -Wformat=2 -Wundef -Wpointer-arith -Wvla
# Of the flags that are for some machines alone, those that the compiler takes for this one.
taken    = $(shell echo 'extern char c;' | $(CC) $(CFLAGS) -Werror $(1) -x c -c -o /dev/null - 2>/dev/null && echo '$(1)')
HARDEN   := -fstack-protector-strong -fPIE $(call taken,-fstack-clash-protection) \
            $(call taken,-fcf-protection) $(call taken,-mbranch-protection=standard)
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
# _FORTIFY_SOURCE wants optimisation and gets in the sanitizers' way.
ifeq ($(SAN),)
FORTIFY  := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else
SANFLAGS := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

# Where the C library's times and file sizes have 32 bits unless it is asked for more.
WIDE     := $(shell echo 'extern char wide[sizeof(time_t) + sizeof(off_t) < 16 ? -1 : 1];' | \
                $(CC) $(CFLAGS) -include sys/types.h -include time.h -x c -fsyntax-only - 2>/dev/null || \
                echo -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64)

ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WIDE) -DOCCUPANCYD_VERSION='"$(VERSION)"' -Isrc $(WARNINGS) \
              $(if $(filter 1,$(WERROR)),-Werror) $(HARDEN) $(FORTIFY) $(SANFLAGS) \
              $(LIB_CFLAGS) $(CFLAGS)
ALL_LDFLAGS := $(HARDEN_LD) $(SANFLAGS) $(CFLAGS) $(LDFLAGS)

# Quiet unless V=1.
ifeq ($(V),1)
say :=
else
say = @printf '  %-7s %s\n' $(1) $(2);
Q := @
endif

## Sources

DAEMON_SRC := $(wildcard src/daemon/*.c)
TOOL_SRC  := $(wildcard src/tool/*.c)
STAGES_SRC := $(filter-out $(DAEMON_SRC) $(TOOL_SRC),$(wildcard src/*/*.c))
LIB_OBJ   := $(patsubst %.c,$(BUILD)/%.o,$(DAEMON_SRC) $(TOOL_SRC) $(STAGES_SRC))
MAIN_OBJ  := $(BUILD)/src/main.o
TOOL_OBJ  := $(BUILD)/src/occupancyctl.o
FAKE_SRC  := $(wildcard tests/fake-rhombus/*.c)
FAKE_OBJ  := $(FAKE_SRC:%.c=$(BUILD)/%.o)
UNIT_SRC  := $(wildcard tests/unit/test_*.c)
UNIT_BIN  := $(UNIT_SRC:%.c=$(BUILD)/%)
LINT_SRC  := $(wildcard tests/lint/*.c)
LINT_BIN  := $(LINT_SRC:%.c=$(BUILD)/%)
DEMO_SRC  := tests/demo/watch-status.c
DEMO_BIN  := $(BUILD)/watch-status
SIM_SRC   := $(wildcard tests/sim/*.c)
SIM_OBJ   := $(SIM_SRC:%.c=$(BUILD)/%.o)
SIM       := $(BUILD)/sim/sim
TORTURED  := $(BUILD)/tortured
BENCH     := $(BUILD)/bench/bare $(BUILD)/bench/floor $(BUILD)/bench/inflate $(BUILD)/bench/usage
DELAY     := $(BUILD)/bench/delay.so
NO_SEM    := $(BUILD)/no-semaphores.so
JOURNAL   := $(BUILD)/journal-driver
FUZZ_SRC  := $(wildcard tests/fuzz/target-*.c)
FUZZ      := $(FUZZ_SRC:tests/fuzz/target-%.c=%)
CORPORA   := $(FUZZ:%=$(BUILD)/fuzz/%-corpus)
FUZZERS   := $(FUZZ:%=$(BUILD)/fuzz/%)
OBJ       := $(LIB_OBJ) $(MAIN_OBJ) $(TOOL_OBJ) $(FAKE_OBJ) $(UNIT_BIN:%=%.o) $(LINT_BIN:%=%.o) \
             $(DEMO_SRC:%.c=$(BUILD)/%.o) $(SIM_OBJ) $(BUILD)/tests/torture/faults.o \
             $(BUILD)/tests/system/journal-driver.o \
             $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fuzz/*.c) $(BENCH:$(BUILD)/bench/%=tests/bench/%.c))

# What other programs than the daemon may use as well, and what drives it: that needs the other, never the reverse.
STAGES    := $(BUILD)/liboccupancy.a
DAEMON    := $(BUILD)/libdaemon.a
COMMANDS  := $(BUILD)/libtool.a
LIB       := $(DAEMON) $(COMMANDS) $(STAGES)
PROGRAM   := $(BUILD)/occupancyd
TOOL      := $(BUILD)/occupancyctl
FAKE      := $(BUILD)/fake-rhombus

## Build

.PHONY: all
all: $(PROGRAM) $(TOOL)

$(PROGRAM): $(MAIN_OBJ) $(DAEMON) $(STAGES)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(TOOL): $(TOOL_OBJ) $(COMMANDS) $(STAGES)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(STAGES): $(STAGES_SRC:%.c=$(BUILD)/%.o)
$(DAEMON): $(DAEMON_SRC:%.c=$(BUILD)/%.o)
$(COMMANDS): $(TOOL_SRC:%.c=$(BUILD)/%.o)
$(LIB):
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(FAKE): $(FAKE_OBJ)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lmicrohttpd -ljson-c -lz

$(DEMO_BIN): $(DEMO_SRC:%.c=$(BUILD)/%.o)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(UNIT_BIN): %: %.o $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $< $(LIB) -lcmocka $(LIB_LIBS)

# Whole, so that each of its objects is seen to need nothing of the daemon's.
$(LINT_BIN): %: %.o $(STAGES)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $< -Wl,--whole-archive $(STAGES) -Wl,--no-whole-archive $(LIB_LIBS)

$(JOURNAL): $(BUILD)/tests/system/journal-driver.o $(STAGES)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(BENCH): $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(DELAY): tests/bench/delay.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(WARNINGS) -D_GNU_SOURCE -O2 -shared -fPIC -o $@ $< -ldl

$(NO_SEM): tests/system/no-semaphores.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) -O2 -shared -fPIC -o $@ $<

# Each fuzz target with the driver that runs its corpus, and with clang's.
$(CORPORA): $(BUILD)/fuzz/%-corpus: $(BUILD)/tests/fuzz/target-%.o $(BUILD)/tests/fuzz/shared.o \
            $(BUILD)/tests/fuzz/driver-plain.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/target-%.o $(BUILD)/tests/fuzz/shared.o \
            $(BUILD)/tests/fuzz/driver-fuzzer.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIB_LIBS)

# The program, with each of its own calls to these functions going through faults.c.
WRAPPED := $(shell tests/torture/wrapped)

$(TORTURED): $(MAIN_OBJ) $(BUILD)/tests/torture/faults.o $(LIB)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(LIB_LIBS)

# Every object depends on the flags it was made with, so a change of CC, CFLAGS
# or SAN rebuilds; one of WERROR does not, which changes no object.
$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Style sheet and scripts of a report.  The library comes from Debian, and becomes a part of the program.
DYGRAPHS := /usr/share/javascript/dygraphs/dygraph.min.js
ASSETS   := $(BUILD)/generated/tool/assets.inc
LOOKS    := src/tool/report
SCRIPTS  := $(patsubst %,$(LOOKS)/%.js,data rooms chart closer looker)
$(ASSETS): $(LOOKS)/embed $(LOOKS)/report.css $(LOOKS)/dygraphs.js $(SCRIPTS) $(wildcard $(DYGRAPHS))
	@mkdir -p $(@D)
	$(call say,EMBED,$@){ $(LOOKS)/embed STYLE $(LOOKS)/report.css && \
	    $(LOOKS)/embed DYGRAPHS $(LOOKS)/dygraphs.js $(DYGRAPHS) && \
	    $(LOOKS)/embed SCRIPT $(SCRIPTS); } > $@.new && mv $@.new $@

$(BUILD)/src/tool/assets.o: $(ASSETS)
$(BUILD)/src/tool/assets.o: private ALL_CFLAGS += -I$(BUILD)/generated

FLAGS_NOW := $(CC) $(filter-out -Werror,$(ALL_CFLAGS)) $(ALL_LDFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || \
	    printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' > $@

.PHONY: FORCE
FORCE:

-include $(OBJ:.o=.d)

## Packages from Debian: only what is missing is installed

.PHONY: deps deps-build deps-demo deps-demo-cluster deps-deb deps-bench deps-container deps-cluster
deps:
	$(Q)tests/install-packages $(TO_RUN) $(TO_BUILD) $(TO_DEMO) $(TO_TEST) $(TO_VIEW) $(TO_PACKAGE) $(TO_SERVE)

# No web server, no tools of the tests: for the machine that it will run on.
deps-build:
	$(Q)tests/install-packages $(TO_RUN) $(TO_BUILD)

deps-demo:
	$(Q)tests/install-packages $(TO_RUN) $(TO_BUILD) $(TO_DEMO)

deps-demo-cluster:
	$(Q)tests/install-packages $(TO_RUN) $(TO_BUILD) $(TO_DEMO) $(TO_CLUSTER)

deps-bench: deps
	$(Q)tests/install-packages 'to measure:' collectd-core libyajl2

deps-container: deps
	$(Q)tests/install-packages 'for the container image:' $(IMAGE_PACKAGES)

deps-cluster: deps
	$(Q)tests/install-packages 'for servers in network namespaces:' $(NET_PACKAGES)

deps-deb:
	$(Q)tests/install-packages $(TO_RUN) $(TO_BUILD) $(TO_PACKAGE) libcmocka-dev python3

## Try it

# The packages may only just have come, so what needs their flags is a make of its own.
.PHONY: demo run-demo demo-cluster run-demo-cluster
demo: deps-demo
	$(Q)$(MAKE) --no-print-directory run-demo

run-demo: $(PROGRAM) $(TOOL) $(FAKE) $(DEMO_BIN)
	$(Q)DEMO_SECONDS='$(DEMO_SECONDS)' tests/demo/run $(BUILD)

# Three nodes, one of which is killed; it ends by itself.
demo-cluster: deps-demo-cluster
	$(Q)$(MAKE) --no-print-directory run-demo-cluster

run-demo-cluster: $(PROGRAM) $(TOOL) $(FAKE) $(DEMO_BIN)
	$(Q)tests/demo/cluster $(BUILD)

## Test

.PHONY: check check-quick run-check run-unit check-load check-status check-crash check-service check-anywhere check-debian check-container check-cluster \
        check-cross run-cross tsan static lint tests
check: deps
	$(Q)$(MAKE) --no-print-directory run-check

# What a change is first tried with: no daemon is started, and it takes seconds.
check-quick: deps
	$(Q)$(MAKE) --no-print-directory run-check ONLY='unit lint fuzz sim' QUICK=--quick

# What all suites run, and what one needs besides.
PROGRAMS  := $(PROGRAM) $(TOOL) $(FAKE) $(NO_SEM) $(JOURNAL) $(DEMO_BIN)
FOR_unit  := $(UNIT_BIN)
FOR_lint  := $(LINT_BIN)
FOR_fuzz  := $(CORPORA)
FOR_sim   := $(SIM)

# Builds, but does not run, all that is tested and tests.
tests: $(PROGRAMS) $(FOR_unit) $(FOR_lint) $(FOR_fuzz) $(FOR_sim)

RUN_TESTS := /usr/bin/python3 tests/run.py --build $(BUILD) --valgrind $(VALGRIND) --sanitizers '$(SAN)' \
             --workers '$(WORKERS)' --verbose $(V) --emulator '$(EMULATOR)' $(QUICK)

run-check: $(PROGRAMS) $(foreach suite,$(ONLY),$(FOR_$(suite)))
	$(Q)$(RUN_TESTS) $(ONLY)

# What a package is built with suffices for these.
run-unit: $(UNIT_BIN)
	$(Q)$(RUN_TESTS) unit

# Two hundred devices for ten minutes, where `make check` has two.
check-load: deps
	$(Q)LOAD_MINUTES=10 $(MAKE) --no-print-directory run-check ONLY=system PYTEST_ARGS='-k test_load -s'

# A hundred thousand devices and fifty clients that read nothing, where `make check` has five thousand.
check-status: deps
	$(Q)STATUS_DEVICES=100000 $(MAKE) --no-print-directory run-check ONLY=system PYTEST_ARGS='-k test_status -s'

# Five hundred kills in each format, disks filled twenty times each, a week caught up at five requests
# a second: `make check` has a few of each.
check-crash: deps
	$(Q)CRASH_KILLS=500 DISK_FILLINGS=20 OUTAGE_RATE=5 $(MAKE) --no-print-directory run-check ONLY=system \
	    PYTEST_ARGS='-k "test_crash or test_disk or test_outage" -rsP'

# The package, installed in a small Debian that is booted in a container; needs root.  For another
# suite than this machine's it is made in a root of that one.
check-service: deps
	$(Q)$(if $(filter $(THIS_SUITE),$(SUITE)),$(MAKE) --no-print-directory run-deb,tests/service/debian $(SUITE) deb)
	$(Q)$(MAKE) --no-print-directory run-check ONLY=service

# As an ordinary user in a directory with blanks, and in a container that may do little; needs root.
check-anywhere: deps
	$(Q)$(MAKE) --no-print-directory dist
	$(Q)$(MAKE) --no-print-directory run-check ONLY=anywhere

# All of this on a new machine of a suite: the packages, `make check` (with PYTEST_ARGS), the package and its service.
check-debian: deps
	$(Q)tests/service/debian $(SUITE) check

# The image of conf/examples/container, built and run by podman as its README says; needs root.
check-container: deps-container
	$(Q)$(MAKE) --no-print-directory run-check ONLY=container

# Three servers with etcd and occupancyd in network namespaces, and all that may happen to them; needs root.
# CLUSTER_KILLS says how often what is done repeatedly is done; ETCD_NEXT=PATH, a newer etcd, is upgraded to.
CLUSTER_KILLS ?= 20
ETCD_NEXT     ?=

check-cluster: deps-cluster
	$(Q)CLUSTER_KILLS='$(CLUSTER_KILLS)' ETCD_NEXT='$(ETCD_NEXT)' $(MAKE) --no-print-directory run-check ONLY=cluster \
	    PYTEST_ARGS='-s $(subst ','\'',$(PYTEST_ARGS))'

# Built for other machines, and what only needs a C library run there, by qemu where this machine cannot;
# in a small Debian with the compilers; needs root.
LINKED_PACKAGES := $(filter-out gcc make,$(BUILD_PACKAGES)) libcmocka-dev

check-cross: deps
	$(Q)tests/service/cross --suite '$(SUITE)' --libraries '$(LINKED_PACKAGES)' --seeds $(CROSS_SEEDS) $(CROSS)

run-cross: $(PROGRAM) $(UNIT_BIN) $(CORPORA) $(SIM)
	$(Q)$(EMULATOR) $(PROGRAM) --version
	$(Q)$(RUN_TESTS) --seeds $(SEEDS) unit fuzz sim

# Data races, in all the system tests: libcurl resolves names in a thread, and that is all the threads.
tsan: deps
	$(Q)$(MAKE) --no-print-directory run-check SAN=thread BUILD=build/tsan ONLY=system

# gcc's analyzer, clang-tidy and cppcheck.
static: deps $(ASSETS)
	$(Q)$(RUN_TESTS) static

lint: deps
	$(Q)$(MAKE) --no-print-directory run-check ONLY=lint

## Measure

# Against bare programs and collectd, side by side: ROWS="poll memory" takes some, each RUNS times.
ROWS ?=
RUNS ?= 5

.PHONY: bench run-bench bench-table run-bench-table bench-guard bench-guard-record
bench: deps-bench
	$(Q)$(MAKE) --no-print-directory run-bench

RUN_BENCH := /usr/bin/python3 -B tests/bench/run.py --build $(BUILD) --runs $(RUNS)

run-bench: $(PROGRAM) $(TOOL) $(BENCH) $(DELAY)
	$(Q)$(RUN_BENCH) $(ROWS)

# Measures all, and writes the table of docs/performance.md: it is never written by hand.  Lines that ROWS leaves out say so.
bench-table: deps-bench
	$(Q)$(MAKE) --no-print-directory run-bench-table

run-bench-table: $(PROGRAM) $(TOOL) $(BENCH) $(DELAY)
	$(Q)$(RUN_BENCH) --table docs/performance.md $(ROWS)

# How long a failover takes, and what a cluster costs: CLUSTER_ROWS="failover catch-up" takes some.
CLUSTER_ROWS ?=

.PHONY: bench-cluster
bench-cluster: deps
	$(Q)$(MAKE) --no-print-directory $(PROGRAM) $(TOOL) $(FAKE) $(NO_SEM)
	$(Q)/usr/bin/python3 -B tests/cluster/measure.py --build $(BUILD) $(CLUSTER_ROWS)

# Instructions of some simulated months against the recorded number: a change of 5 % fails.
bench-guard: deps
	$(Q)$(MAKE) --no-print-directory tests
	$(Q)$(RUN_TESTS) guard

bench-guard-record: tests
	$(Q)tests/bench/guard.py --build $(BUILD) --record

## Hurt

# Each call that the program makes fails in turn: TORTURE_EVERY=10 takes a tenth of them.
TORTURE_EVERY ?= 1

.PHONY: torture run-torture
torture: deps
	$(Q)$(MAKE) --no-print-directory run-torture SAN=address,undefined

run-torture: $(TORTURED) $(FAKE)
	$(Q)TORTURE_EVERY='$(TORTURE_EVERY)' PYTEST_ARGS='-s $(subst ','\'',$(PYTEST_ARGS))' $(RUN_TESTS) torture

# Coverage-guided fuzzing, with clang's libFuzzer: FUZZ_SECONDS for each of the targets FUZZ="config log".
FUZZ_SECONDS ?= 600
FUZZ_MAKE := $(MAKE) --no-print-directory CC=clang CFLAGS='-O1 -g' WERROR=0

.PHONY: fuzz fuzz-coverage run-fuzz corpora
fuzz: deps
	$(Q)$(FUZZ_MAKE) run-fuzz BUILD=build/fuzzing SAN=fuzzer-no-link,address,undefined

run-fuzz: $(FUZZERS)
	$(Q)tests/fuzz/run --build $(BUILD) --seconds $(FUZZ_SECONDS) $(FUZZ)

# How much of the modules under test that has reached.
fuzz-coverage: deps
	$(Q)$(FUZZ_MAKE) corpora BUILD=build/fuzzing/coverage CFLAGS='-O0 -g -fprofile-instr-generate -fcoverage-mapping'
	$(Q)tests/fuzz/run --build build/fuzzing --coverage $(FUZZ)

corpora: $(CORPORA)

## Mutate

# One operator, constant or condition changed at a time: do the unit tests and 60 seeds notice?  MUTANTS
# of all possible ones, chosen by MUTATE_SEED, or all that FILES="rate span" has; AGAIN=1: only those that
# survived last time.
MUTANTS     ?= 150
MUTATE_SEED ?= 1
FILES       ?=
AGAIN       ?= 0

.PHONY: mutate run-mutate run-mutants
mutate: deps
	$(Q)$(MAKE) --no-print-directory run-mutate

# The simulation as it is, the unit tests with sanitizers, which notice more.
compile_of = $(1)_COMPILE='$(subst ','\'',$(CC) $(ALL_CFLAGS))' $(1)_LINK='$(CC) $(ALL_LDFLAGS)' $(1)_LIBRARIES='$(LIB)'

run-mutate: $(SIM)
	$(Q)$(call compile_of,SIM) SIM_LIBS='$(LIB_LIBS)' SIM_OBJECTS='$(SIM_OBJ) $(SIM_CALENDAR)' \
	    $(MAKE) --no-print-directory run-mutants SAN=address,undefined BUILD='$(BUILD)/san'

run-mutants: $(UNIT_BIN)
	$(Q)$(call compile_of,UNIT) UNIT_LIBS='-lcmocka $(LIB_LIBS)' UNIT_OBJECTS='$(UNIT_BIN:%=%.o)' \
	    /usr/bin/python3 -B tests/mutate/run.py --build $(BUILD) --mutants $(MUTANTS) --seed $(MUTATE_SEED) \
	    $(if $(filter 1,$(AGAIN)),--again) $(FILES)

## Simulate

# The doubles stand before the library, so that the members they replace are not taken from it;
# the calendar is the stand-in server's.
SIM_CALENDAR := $(patsubst %,$(BUILD)/tests/fake-rhombus/%.o,buckets calendar text)

# How many seeds `make sim` runs, from which one on.
SEEDS      ?= 1000
FIRST_SEED ?= 1
JOBS       ?= $(shell nproc)

.PHONY: sim
$(SIM): $(SIM_OBJ) $(SIM_CALENDAR) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

sim: $(SIM)
	$(Q)$(SIM) --seeds $(SEEDS) --first $(FIRST_SEED) --jobs $(JOBS)

# The same of clusters: two or three nodes, their store and the way to it.
.PHONY: sim-cluster
sim-cluster: $(SIM)
	$(Q)$(SIM) --cluster --seeds $(SEEDS) --first $(FIRST_SEED) --jobs $(JOBS)

# What `occupancyctl verify` says of the seeds' logs is what their audit says.
.PHONY: sim-verify
sim-verify: $(SIM) $(TOOL)
	$(Q)/usr/bin/python3 -B tests/sim/verify.py --build $(BUILD) --seeds $(SEEDS) --first $(FIRST_SEED) --jobs $(JOBS)

# Faults planted into the daemon, each of which must be found.  PLANTS='recovery' runs some.
PLANTS ?=
.PHONY: sim-selftest
sim-selftest: $(SIM)
	$(Q)CC_COMMAND='$(subst ','\'',$(CC) $(ALL_CFLAGS))' \
	    LD_COMMAND='$(CC) $(ALL_LDFLAGS) $(SIM_OBJ) $(SIM_CALENDAR) PLANT $(LIB) $(LIB_LIBS)' \
	    /usr/bin/python3 -B tests/sim/selftest.py --build $(BUILD) --jobs $(JOBS) $(PLANTS)

## Package

# In a copy, so that nothing of an earlier build gets into it.  The package lands in build/deb.
DEB := build/deb

.PHONY: deb run-deb
deb: deps-deb
	$(Q)$(MAKE) --no-print-directory run-deb

run-deb:
	rm -rf $(DEB)
	mkdir -p $(DEB)/occupancyd-$(VERSION)
	tar -c --exclude=./build --exclude=./.git . | tar -x -C $(DEB)/occupancyd-$(VERSION)
	cd $(DEB)/occupancyd-$(VERSION) && env -u MAKEFLAGS dpkg-buildpackage -us -uc -b
	lintian --fail-on error,warning $(DEB)/*.changes

# The source as it is released, the same from a clone and from what was released, whenever it is made.
DIST := build/occupancyd-$(VERSION).tar.gz

.PHONY: dist
dist:
	$(Q)mkdir -p build
	$(Q)if [ -e .git ]; then git ls-files -z; else find . -path ./build -prune -o ! -type d -printf '%P\0'; fi > $(DIST).files
	$(Q)LC_ALL=C sort -z -o $(DIST).files $(DIST).files
	$(Q)tar -cf $(DIST) -I 'gzip -9n' --format=gnu --null --no-recursion -T $(DIST).files \
	    --transform='s|^|occupancyd-$(VERSION)/|' --owner=root:0 --group=root:0 --mode=u=rwX,go=rX \
	    --mtime="$$(sed -n '/^ -- /{s/.*>  //p;q}' debian/changelog)"
	$(Q)rm $(DIST).files
	@echo $(DIST)

## Install

MAN1 := man/occupancyctl.1
MAN5 := man/occupancyd.conf.5 man/occupancy-log.5
MAN7 := man/occupancyd-cluster.7
MAN8 := man/occupancyd.8

# Below DESTDIR, quoted for the shell.
at = '$(subst ','\'',$(DESTDIR))$(1)'

# Since version 253 systemd can send SIGHUP itself and wait until the daemon is done with it.  The unit
# is written for the systemd of the Debian that it is built on: NOTIFY_RELOAD=0 or 1 says otherwise.
NOTIFY_RELOAD ?= $(if $(shell $(PKG_CONFIG) --atleast-version=253 libsystemd 2>/dev/null && echo yes),1,0)

# The unit, for where things are installed; and the one of instances, which differs in paths and names alone.
unit         := sed -e 's|/usr/sbin/|$(sbindir)/|g' -e 's|/usr/bin/|$(bindir)/|g' \
                -e 's|/etc/occupancyd/|$(sysconfdir)/occupancyd/|g' \
                $(if $(filter 1,$(NOTIFY_RELOAD)),-e 's|^Type=notify$$|&-reload|' \
                -e '/^# By the shell/d' -e '/kill -HUP/d')
of_instances := -e 's|^Description=.*|& (%i)|' -e 's|^SyslogIdentifier=.*|&@%i|' \
                -e 's|$(sysconfdir)/occupancyd/|&%i/|g' -e 's|/run/occupancyd/|&%i/|' \
                -e 's|^\([A-Za-z]*Directory\)=\(occupancyd\(-reports\)\{0,1\}\)$$|\1=\2/%i|' \
                -e 's|/occupancyd\.prom$$|/occupancyd-%i.prom|'
# Timers, which nobody has to want: installed, and not enabled.
UNITS := $(notdir $(wildcard systemd/*.service systemd/*.timer))
instances_of  = $(basename $(1))@$(suffix $(1))

# DESTDIR may hold blanks; of the others, systemd reads some in its unit.
no_blanks = $(foreach name,prefix bindir sbindir mandir docdir sysconfdir unitdir sysusersdir tmpfilesdir completionsdir, \
            $(if $(word 2,x$($(name))x),$(error $(name)=$($(name)): a blank cannot stand in a directory of systemd's units)))

.PHONY: install install-cluster uninstall
install: $(PROGRAM) $(TOOL)
	$(no_blanks)$(INSTALL) -d $(call at,$(sbindir)) $(call at,$(bindir)) $(call at,$(mandir)/man1) $(call at,$(mandir)/man5) $(call at,$(mandir)/man7) $(call at,$(mandir)/man8) \
	    $(call at,$(unitdir)) $(call at,$(sysusersdir)) $(call at,$(tmpfilesdir)) $(call at,$(completionsdir)) \
	    $(call at,$(docdir)/examples) $(call at,$(sysconfdir)/occupancyd/conf.d)
	$(INSTALL) -m 0755 $(PROGRAM) $(call at,$(sbindir)/occupancyd)
	$(INSTALL) -m 0755 $(TOOL) $(call at,$(bindir)/occupancyctl)
	$(INSTALL) -m 0644 $(MAN1) $(call at,$(mandir)/man1/)
	umask 022 && sed 's|/usr/sbin/|$(sbindir)/|g' conf/occupancyctl.bash-completion > $(call at,$(completionsdir)/occupancyctl)
	chmod 0644 $(call at,$(completionsdir)/occupancyctl)
	$(INSTALL) -m 0644 $(MAN8) $(call at,$(mandir)/man8/)
	$(INSTALL) -m 0644 $(MAN7) $(call at,$(mandir)/man7/)
	$(INSTALL) -m 0644 $(MAN5) $(call at,$(mandir)/man5/)
	$(INSTALL) -m 0644 README.md LICENSE $(call at,$(docdir)/)
	$(INSTALL) -m 0644 conf/occupancyd.conf $(call at,$(docdir)/examples/)
	umask 022 && for file in $$(find conf/examples -type f -printf '%P\n'); do \
	    $(INSTALL) -D -m 0644 "conf/examples/$$file" $(call at,$(docdir)/examples)/"$$file" || exit; done
	umask 022$(foreach name,$(UNITS), && $(unit) systemd/$(name) > $(call at,$(unitdir)/$(name)) && \
	    $(unit) $(of_instances) systemd/$(name) > $(call at,$(unitdir)/$(call instances_of,$(name))))
	chmod 0644$(foreach name,$(UNITS) $(foreach name,$(UNITS),$(call instances_of,$(name))), $(call at,$(unitdir)/$(name)))
	$(INSTALL) -m 0644 systemd/occupancyd.sysusers $(call at,$(sysusersdir)/occupancyd.conf)
	$(INSTALL) -m 0644 systemd/occupancyd.tmpfiles $(call at,$(tmpfilesdir)/occupancyd.conf)
	@# User and directories, on this machine only: what makes a package lets its scripts make them.
	$(if $(DESTDIR),,if command -v systemd-sysusers >/dev/null; then \
	    systemd-sysusers $(sysusersdir)/occupancyd.conf && systemd-tmpfiles --create $(tmpfilesdir)/occupancyd.conf; fi)
	@# What the administrator has written is never overwritten.
	test -e $(call at,$(sysconfdir)/occupancyd/occupancyd.conf) || \
	    $(INSTALL) -m 0644 conf/occupancyd.conf $(call at,$(sysconfdir)/occupancyd/occupancyd.conf)

# For the nodes of a cluster, beside the other: a unit for their etcd, and what gives the daemon its certificates.
CLUSTER_UNITS    := occupancyd-etcd.service
CLUSTER_DROP_INS := occupancyd.service.d/occupancyd-cluster.conf occupancyd@.service.d/occupancyd-cluster.conf
CLUSTER_FILES    := $(CLUSTER_UNITS) $(CLUSTER_DROP_INS)

install-cluster:
	$(no_blanks)$(INSTALL) -d $(foreach name,$(sort $(dir $(CLUSTER_FILES))),$(call at,$(unitdir)/$(name))) \
	    $(call at,$(sysconfdir)/occupancyd/cluster)
	umask 022$(foreach name,$(CLUSTER_FILES), && $(unit) systemd/cluster/$(notdir $(name)) > $(call at,$(unitdir)/$(name)))
	chmod 0644$(foreach name,$(CLUSTER_FILES), $(call at,$(unitdir)/$(name)))

# Configuration, logs, state and the user stay.
uninstall:
	@echo 'before this: systemctl disable --now occupancyd occupancyd-report.timer occupancyd-metrics.timer occupancyd-etcd'
	rm -f $(call at,$(sbindir)/occupancyd) $(call at,$(bindir)/occupancyctl) \
	    $(foreach name,$(UNITS),$(call at,$(unitdir)/$(name)) $(call at,$(unitdir)/$(call instances_of,$(name)))) \
	    $(foreach name,$(CLUSTER_FILES),$(call at,$(unitdir)/$(name))) \
	    $(call at,$(sysusersdir)/occupancyd.conf) $(call at,$(tmpfilesdir)/occupancyd.conf) \
	    $(call at,$(completionsdir)/occupancyctl) \
	    $(foreach page,$(MAN1:man/%=%),$(call at,$(mandir)/man1/$(page))) \
	    $(foreach page,$(MAN7:man/%=%),$(call at,$(mandir)/man7/$(page))) \
	    $(foreach page,$(MAN8:man/%=%),$(call at,$(mandir)/man8/$(page))) \
	    $(foreach page,$(MAN5:man/%=%),$(call at,$(mandir)/man5/$(page)))
	rm -rf $(call at,$(docdir))
	rmdir$(foreach name,$(dir $(CLUSTER_DROP_INS)), $(call at,$(unitdir)/$(name))) 2>/dev/null || true
	@echo 'after this:  systemctl daemon-reload'
	@echo 'what stays:  $(sysconfdir)/occupancyd, /var/log/occupancyd, /var/lib/occupancyd, /var/lib/occupancyd-reports, /var/lib/occupancyd-etcd,'
	@echo '             /var/lib/prometheus/node-exporter/occupancyd*.prom, the user occupancyd'

.PHONY: clean
clean:
	@# What an interrupted test in a container has left mounted is not entered.
	rm -rf --one-file-system build

.PHONY: help
help:
	@echo 'make             build $(BUILD)/occupancyd and $(BUILD)/occupancyctl'
	@echo 'make deps        install from Debian what building, demo and tests need, and only what is missing'
	@echo 'make deps-build  only what building and running need'
	@echo 'make deps-demo   that and what the demo needs'
	@echo 'make demo        run it against a stand-in server (DEMO_SECONDS=20 ends by itself)'
	@echo 'make demo-cluster  three nodes on an etcd of three, one of which is killed: a minute'
	@echo 'make check       build and run all tests'
	@echo '                 ONLY="unit lint fake fuzz sim system"  SAN=address,undefined  VALGRIND=1  WERROR=1'
	@echo '                 WORKERS=4 runs so many system tests at a time, WORKERS=1 one after the other'
	@echo 'make check-quick the unit tests, lint, the fuzz corpora and 60 seeds: seconds'
	@echo 'make check-load  the load test at its full length: ten minutes'
	@echo 'make check-status  the status socket with 100,000 devices'
	@echo 'make check-crash kills, full disks and an outage at their full length: some minutes'
	@echo 'make check-anywhere  build and tests where new users stand: no root, odd names, narrow containers; as root'
	@echo 'make check-service  the package and the unit under a real systemd, in a container; as root: SUITE=$(SUITE)'
	@echo 'make check-debian  all tests and the package on a fresh Debian, in a container; as root: SUITE=$(SUITE)'
	@echo 'make check-container  the image of conf/examples/container, built and run by podman; as root'
	@echo 'make check-cluster  three servers of a cluster, and all that may happen to them; as root: CLUSTER_KILLS=$(CLUSTER_KILLS)'
	@echo 'make check-cross built for other machines, CROSS="$(CROSS)", and run by qemu; as root: CROSS_SEEDS=$(CROSS_SEEDS)'
	@echo 'make bench       CPU, memory, start and restart against bare libcurl and collectd: ROWS= RUNS=$(RUNS)'
	@echo 'make bench-cluster  how long a failover takes, and what a cluster costs: CLUSTER_ROWS='
	@echo 'make bench-guard instructions of the daemon in some simulated months against the recorded number'
	@echo 'make tsan        the system tests under ThreadSanitizer'
	@echo 'make static      gcc -fanalyzer, clang-tidy and cppcheck'
	@echo 'make torture     each call that the program makes fails in turn: TORTURE_EVERY=$(TORTURE_EVERY)'
	@echo 'make fuzz        fuzz what reads from outside: FUZZ_SECONDS=$(FUZZ_SECONDS) for each of FUZZ="$(FUZZ)"'
	@echo 'make fuzz-coverage  and how many lines that has reached'
	@echo 'make sim         simulate crashes, bad disks, outages and clock steps: SEEDS=$(SEEDS) FIRST_SEED=$(FIRST_SEED)'
	@echo 'make sim-cluster  the same of clusters: SEEDS= FIRST_SEED='
	@echo 'make sim-verify  occupancyctl verify agrees with the audit of those seeds: SEEDS= FIRST_SEED='
	@echo 'make sim-selftest  plant faults into the daemon and see that the simulation finds them'
	@echo 'make mutate      change one operator, constant or condition at a time, and see that tests notice:'
	@echo '                 MUTANTS=$(MUTANTS) MUTATE_SEED=$(MUTATE_SEED) FILES="rate span" AGAIN=1 (survivors alone)'
	@echo 'make lint        the checks of source and manuals alone'
	@echo 'make deb         the Debian package, into $(DEB)/, and what lintian says of it'
	@echo 'make dist        the source as it is released: $(DIST)'
	@echo 'make install     DESTDIR=, prefix=$(prefix), sysconfdir=$(sysconfdir), unitdir=$(unitdir),'
	@echo '                 sysusersdir=$(sysusersdir); as root without DESTDIR it makes the user too'
	@echo 'make install-cluster  the unit of an etcd for a cluster: man occupancyd-cluster; with the same variables'
	@echo 'make uninstall   remove what install wrote; configuration, logs, state and the user stay'
	@echo 'make clean       remove build/'
	@echo 'V=1 shows the commands.  CC, CFLAGS, LDFLAGS, BUILD are heeded.'
