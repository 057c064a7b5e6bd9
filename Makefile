# Fettle: `make run` shows the main job on real hosts; `make test` passes the tests. `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:

# A build folder that outlives the clone may be named, so that the next clone builds faster.
BUILD := $(if $(FETTLE_BUILD),--scratch-path $(FETTLE_BUILD),)
# CI needs no debugger. (It needs the index: tests are found by it.)
FLAGS := $(BUILD) --explicit-target-dependency-import-check error $(if $(CI),-debug-info-format none,)
# What is measured is what is shipped.
RELEASE := $(BUILD) -c release --static-swift-stdlib
LAB := Lab/lab
# A lab of its own, beside the other.
VMLAB := FETTLE_LAB_NAME=$(or $(FETTLE_LAB_NAME),fettle)-vm Lab/lab

.PHONY: help run test test-long sequences unit lab lab-down lab-vm lab-vm-down bench bench-fleet bench-judge bench-plan bench-replay bench-reports bench-versions fuzz simulate mutations fmt check docs release install-needs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

run: install-needs ## set everything up and play the main job on real hosts (about three minutes)
	swift build $(FLAGS) --product fettle
	@FETTLE="$$(swift build $(FLAGS) --product fettle --show-bin-path)/fettle" scripts/demo

test: install-needs ## all tests: units, properties, and the lab's real hosts
	swift build $(FLAGS) --build-tests
	@FETTLE_TEST_LONG=$(FETTLE_TEST_LONG) scripts/test $(BUILD)

test-long: ## the same, with the properties on ten times the seeds, and a run on the lab for each event after which it is killed
	@$(MAKE) test FETTLE_TEST_LONG=1

sequences: ## 100,000 generated sequences each of calls by people with and without the role, and of acts on a change: no run without its quorum
	swift build $(FLAGS) --build-tests
	FETTLE_TEST_LONG=1 scripts/watch-tests 86400 swift test $(BUILD) --skip-build --filter 'ServiceCallTests|ChangePropertyTests'

unit: ## the tests that need no lab
	swift test $(FLAGS)

lab: ## bring the lab of real hosts up
	$(LAB) up

lab-down: ## take the lab down and leave nothing behind
	$(LAB) down

lab-vm: ## bring the lab of hypervisors and virtual machines up (minutes the first time, half a minute from then on)
	$(VMLAB) up vm

lab-vm-down: ## take the lab of hypervisors down and leave nothing behind
	$(VMLAB) down

bench: bench-judge bench-plan bench-versions bench-fleet bench-replay ## measure against Ansible, bare ssh and bare apt-get, on the lab; before it the five others
	@scripts/install-needs bench
	swift build $(RELEASE) --product fettle
	@FETTLE="$$(swift build $(RELEASE) --product fettle --show-bin-path)/fettle" scripts/bench

bench-fleet: ## the fleet's packages as columns, 100,000 hosts x 600 packages (needs FETTLE_DATA or ../shared/data)
	@FETTLE_BUILD="$(FETTLE_BUILD)" bench/fleet/run

bench-plan: ## plan and prove 1,000, 10,000 and 100,000 hosts, and 1,000 hypervisors with 20,000 machines
	@FETTLE_BUILD="$(FETTLE_BUILD)" bench/plan/run

bench-replay: ## read and fold a journal of 10,000 lines, as the next executor of a run does
	@FETTLE_BUILD="$(FETTLE_BUILD)" bench/disasters/run replay

bench-reports: ## make and write every report of 100,000 hosts with a million findings
	@FETTLE_BUILD="$(FETTLE_BUILD)" bench/reports/run

bench-judge: ## judge hosts beside debsecan, oscap and python3-apt, as ratios (needs FETTLE_DATA or ../shared/data)
	@scripts/install-needs judge
	swift build $(RELEASE) --product fettle
	@FETTLE="$$(swift build $(RELEASE) --product fettle --show-bin-path)/fettle" scripts/bench-judge

bench-versions: ## version compares beside libapt-pkg's own, as a ratio
	@scripts/install-needs bench
	@FETTLE_BUILD="$(FETTLE_BUILD)" bench/versions/run

fuzz: ## fuzz the readers of feeds, software lists and indexes (FUZZ_SECONDS=600 each, FUZZ_TARGETS="feed-* index")
	@FETTLE_BUILD="$(FETTLE_BUILD)" Fuzz/run

simulate: ## play planned fleets among disasters, seed after seed (SIMULATE_SEEDS="0 100000")
	@FETTLE_BUILD="$(FETTLE_BUILD)" bench/disasters/run $(or $(SIMULATE_SEEDS),0 100000 --all-met)

mutations: ## put deliberate faults into a copy of the sources, each of which the disasters have to find (MUTATIONS="--only 3,8")
	@$(if $(FETTLE_BUILD),FETTLE_BUILD="$(FETTLE_BUILD)") scripts/mutations $(MUTATIONS)

fmt: ## format the sources
	swift format --in-place --recursive --parallel Sources Tests Fuzz/Sources/fuzz Fuzz/Package.swift bench/disasters/Sources/disasters Package.swift

check: ## what CI checks beside the tests: format, layers, shell scripts, docs
	swift format lint --strict --recursive --parallel Sources Tests Fuzz/Sources/fuzz Fuzz/Package.swift bench/disasters/Sources/disasters Package.swift
	scripts/check-layers
	scripts/check-docs
	scripts/make-schemas --check
	scripts/mutations --check
	cd Lab && shellcheck -x lab selftest lib/machine.sh lib/layer-build.sh lib/guest-image.sh layers/*.sh
	shellcheck $$(grep -lE '^#!.*bash' scripts/* .ci/run) Fuzz/run

docs: ## build the documentation into .build/docs
	@scripts/docs

release: ## a binary with Swift's runtime in it, in .build/release (it needs libsqlite3-0; libpq5 for PostgreSQL, libarchive13 for packed feeds)
	swift build $(RELEASE) --product fettle

install-needs:
	@scripts/install-needs

clean: lab-down ## remove what was built
	rm -rf .build
