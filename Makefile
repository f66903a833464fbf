# Everything a contributor runs; `make help` lists it. Needs Go, git and, for `make tools`, Debian or a relative.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

# Debian keeps servers in sbin, which is not on every user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin

VERSION  := $(or $(VERSION),$(shell git describe --tags --always --dirty 2>/dev/null),unknown)
REVISION := $(or $(REVISION),$(shell git rev-parse -q --verify HEAD 2>/dev/null),unknown)

STAMP   := github.com/prometheus/common/version
LDFLAGS := -s -w -X $(STAMP).Version=$(VERSION) -X $(STAMP).Revision=$(REVISION)

# The pinned Go tools have a module file of their own: what they need is nothing that the program needs.
# Newer ones: `go -C tools get -tool MODULE/cmd/NAME@latest && go -C tools mod tidy`.
GOTOOL := go tool -modfile=tools/go.mod

# What the tests and benchmarks run: peers, proxies, load generators, Prometheus, a browser, a C compiler for -race.
DEBIAN_PACKAGES := \
	ca-certificates gcc libc6-dev iproute2 iptables openssl \
	nginx haproxy caddy tinyproxy microsocks dnsmasq-base \
	nghttp2-client nghttp2-proxy nghttp2-server wrk dnsperf \
	prometheus prometheus-alertmanager prometheus-blackbox-exporter chromium fonts-dejavu-core \
	curl jq netcat-openbsd xxd python3 \
	systemd busybox-static $(if $(shell command -v dockerd),,docker.io)

# The programs that `make e2e` cannot do without.
E2E_PROGRAMS := nginx haproxy caddy nghttpd tinyproxy microsocks dnsmasq openssl prometheus promtool prometheus-alertmanager amtool chromium systemd-analyze systemd-socket-activate ip ss iptables curl jq nc xxd python3

comma := ,

FUZZTIME   ?= 10s
BENCHCOUNT ?= 6
STRESS     ?= 20
DURATION   ?= 2h
BASE       ?= main
PACKAGES   ?= ./errcode ./prober/...

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

.PHONY: tools
tools: ## Install what the tests run (apt-get) and build the pinned Go tools
	@missing=()
	for package in $(DEBIAN_PACKAGES); do
		[ "$$(dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing+=($$package)
	done
	if [ $${#missing[@]} -gt 0 ]; then
		sudo=$$([ $$(id -u) = 0 ] || echo sudo)
		# The tests start these programs themselves, on ports of their own. Debian would start each as a service
		# now, which this policy forbids, and at every boot, which `disable` undoes for those that came with this.
		policy=/usr/sbin/policy-rc.d
		enabled() { find /etc/systemd/system/{multi-user,sockets}.target.wants -type l -printf '%f\n' 2>/dev/null | sort || true; }
		before=$$(enabled)
		if [ ! -e $$policy ]; then
			trap "$$sudo rm -f $$policy" EXIT
			printf '#!/bin/sh\nexit 101\n' | $$sudo tee $$policy >/dev/null
			$$sudo chmod 755 $$policy
		fi
		$$sudo apt-get update -q
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$${missing[@]}"
		if [ -d /run/systemd/system ]; then
			comm -13 <(echo "$$before") <(enabled) | xargs -r $$sudo systemctl disable --now
		fi
	fi
	$(GOTOOL) golangci-lint version
	$(GOTOOL) -n benchstat >/dev/null
	$(GOTOOL) -n govulncheck >/dev/null

.PHONY: build
build: ## Build bin/prober, static and stamped with its version
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/prober .

.PHONY: test
test: ## Run the tests
	go test ./...

.PHONY: race
race: ## Run the tests in random order under the race detector
	go test -race -shuffle=on -timeout 10m ./...

.PHONY: stress
stress: ## Stress the pool of HTTP/2 with goroutines that yield wherever they meet (STRESS=20 times)
	go vet -tags perturb ./prober/http2 ./prober/transport
	go test -race -tags perturb -count $(STRESS) -timeout 15m -run 'Stress|Storm|HTTP2|KeyUpdates|Writer|IsClosed' ./prober/http2 ./prober/transport

.PHONY: fmt
fmt: ## Format the code
	$(GOTOOL) golangci-lint fmt

.PHONY: fmt-check
fmt-check: ## Show what `make fmt` would change; fail if anything
	$(GOTOOL) golangci-lint fmt --diff

.PHONY: lint
lint: ## Run the linters of .golangci.yml
	$(GOTOOL) golangci-lint config verify
	$(GOTOOL) golangci-lint run

.PHONY: vulncheck
vulncheck: ## Look up known vulnerabilities of what the program uses; GOVULNDB names another database than the public one
	@status=0
	found=$$($(GOTOOL) govulncheck $${GOVULNDB:+-db "$$GOVULNDB"} ./... 2>&1) || status=$$?
	if [[ $$found == *'fetching vulnerabilities'* ]]; then
		echo 'make vulncheck: no database of vulnerabilities can be reached; nothing was looked up'
		exit
	fi
	echo "$$found"
	exit $$status

.PHONY: rules
rules: ## Hold the queries of dashboards and rules to the house rules
	go -C dashboards/houserules vet ./...
	go -C dashboards/houserules test -count=1 ./... # what it reads lies outside its module, where the cache does not look

.PHONY: vet
vet: ## Run go vet, build for the other systems, check that go.mod is tidy
	go mod tidy -diff
	go vet ./...
	go -C e2e/grpcpeer vet ./...
	go vet -tags lean ./discover ./internal/command
	go test -tags lean -run Lean ./discover
	for system in darwin windows; do
		GOOS=$$system go vet ./errcode
		GOOS=$$system go build ./...
	done

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (10s)
	@targets=$$(go test -list '^Fuzz' ./... | awk '/^Fuzz/ {names[n++] = $$1} /^ok/ {while (n) print $$2, names[--n]}')
	log=$$(mktemp)
	trap 'rm -f "$$log"' EXIT
	while read -r package target; do
		[ -n "$$target" ] || continue
		echo "$$package $$target"
		# With a time in place of 100x, a short run would spend all of its own on making one input shorter.
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x -parallel 2 "$$package" \
			2>&1 </dev/null | tee "$$log" && continue
		# Before Go 1.27 the end of the fuzz time itself may be reported as a failure (go.dev/issue/75804).
		# That report names no input; a failure of the code does.
		if grep -qE 'Failing input|panic:' "$$log"; then exit 1; fi
		grep -qx ' *context deadline exceeded' "$$log"
		echo "$$target: the time was up, no input failed"
	done <<<"$$targets"

.PHONY: e2e
e2e: ## Test what runs real servers, proxies, Prometheus, a browser; a missing program is a failure (E2EFLAGS=-race)
	@for program in $(E2E_PROGRAMS); do
		command -v $$program >/dev/null || { echo "make e2e: $$program is not installed; run make tools" >&2; exit 1; }
	done
	PROBER_E2E=1 go test $(E2EFLAGS) -count=1 -shuffle=on -timeout 25m -skip '^TestAnIncident' ./e2e/... ./internal/docs ./dashboards/rules ./errcode
	PROBER_E2E=1 go test -count=1 -timeout 10m -run '^TestAnIncident' ./e2e # its time passes sixty times as fast: it has the machine for itself

# What `make kubernetes` builds has a folder of its own. Its Prometheus finds pods, which Debian's cannot.
KUBERNETES_BIN ?= $(CURDIR)/bin/kubernetes

.PHONY: kubernetes
kubernetes: ## Test the program in a real cluster without containers; builds the control plane and a Prometheus into bin (an hour, once)
	@for needed in $${ETCD:-etcd}:etcd-server ip:iproute2 unshare:util-linux nsenter:util-linux hostname:hostname; do
		command -v "$${needed%%:*}" >/dev/null || { echo "make kubernetes: $${needed%%:*} is not installed; the Debian package $${needed##*:} has it" >&2; exit 1; }
	done
	cd '$(CURDIR)'; mkdir -p '$(KUBERNETES_BIN)'
	build() { # NAME WHAT COMMAND...: runs the command if bin has no NAME
		[ -e "$(KUBERNETES_BIN)/$$1" ] || { echo "make kubernetes: building $$2"; "$${@:3}"; }
	}
	export GOBIN='$(KUBERNETES_BIN)' CGO_ENABLED=0
	for program in kube-apiserver kube-controller-manager kube-scheduler; do
		build $$program "$$program (up to half an hour)" go -C e2e/kubernetes/server install -trimpath -ldflags '-s -w' k8s.io/kubernetes/cmd/$$program
	done
	build prometheus 'a Prometheus that finds pods' go -C dashboards/prometheus install -trimpath -tags remove_all_sd,enable_kubernetes_sd -ldflags '-s -w' tool
	build definitions 'the kinds of the operator of Prometheus' go -C deploy/validate tool controller-gen crd:maxDescLen=0 \
		paths=github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1 output:dir='$(KUBERNETES_BIN)/definitions'
	go -C deploy/validate install ./manifests
	unset CGO_ENABLED
	# The tests have no network but their own: what they compile must be there before.
	go build -o /dev/null . && go test -c -o '$(KUBERNETES_BIN)/tests' ./e2e/kubernetes
	echo 'make kubernetes: running the tests'
	cd e2e/kubernetes
	KUBERNETES_BIN='$(KUBERNETES_BIN)' unshare $$([ $$(id -u) = 0 ] || echo --map-root-user) --net --mount \
		'$(KUBERNETES_BIN)/tests' -test.count=1 -test.timeout=1h -test.v $(KUBERNETESFLAGS)

.PHONY: gauntlet
gauntlet: ## Try to make the daemon lie, for some minutes; GAUNTLET=short takes one, SEED=N repeats a run
	go run ./gauntlet $(if $(filter short,$(GAUNTLET)),-short) $(if $(SEED),-seed $(SEED))

.PHONY: gauntlet-mutants
gauntlet-mutants: ## Try the gauntlet on daemons that lie, each of which it must find out
	go run ./gauntlet -mutants $(if $(SEED),-seed $(SEED))

.PHONY: soak
soak: ## Run the daemon for DURATION (2h) with 200 targets, faults, reloads and renewals; fail if something of it grows
	go run ./bench/soak -duration $(DURATION)

.PHONY: prometheus
prometheus: ## Build bin/prometheus, newer than Debian's, so that `make e2e` tries the dashboards with native histograms
	GOBIN='$(CURDIR)/bin' CGO_ENABLED=0 go -C dashboards/prometheus install -trimpath -tags remove_all_sd -ldflags '-s -w' tool

.PHONY: bench
bench: ## Measure throughput, truth and scale beside other load generators into bench/RESULTS.md (40 minutes; BENCHFLAGS)
	GOBIN='$(CURDIR)/bin/peers' go -C bench/peers install tool
	go run ./bench $(BENCHFLAGS) throughput truth scale

.PHONY: bench-engines
bench-engines: ## Measure HTTP/3, gRPC, DNS and bare connections beside plain loops, ghz and dnsperf into bench/RESULTS.md (15 minutes)
	GOBIN='$(CURDIR)/bin/peers' go -C bench/peers/ghz install tool
	go run ./bench -load 3s $(BENCHFLAGS) engines

.PHONY: bench-pace
bench-pace: ## Measure pace, stalls, scrapes, visitors and discovery into bench/RESULTS.md (an hour)
	GOBIN='$(CURDIR)/bin/peers' go -C bench/peers install tool
	go run ./bench $(BENCHFLAGS) pace stall scrapes discovery shell

.PHONY: bench-micro
bench-micro: ## Run the micro-benchmarks into bin/bench.txt
	@mkdir -p bin
	go test -run '^$$' -bench . -benchmem -count $(BENCHCOUNT) ./... | tee bin/bench.txt
	$(GOTOOL) benchstat bin/bench.txt

.PHONY: bench-compare
bench-compare: ## Compare the micro-benchmarks of PACKAGES with those where this branch left BASE
	@base=$$(git merge-base HEAD '$(BASE)')
	before=$$(mktemp -d)
	trap 'git worktree remove --force "$$before"' EXIT
	git worktree add --quiet --detach "$$before" "$$base"
	mkdir -p bin
	: >bin/bench-before.txt
	: >bin/bench-after.txt
	# In turn, so that both see the same moods of the machine.
	for ((i = 0; i < $(BENCHCOUNT); i++)); do
		(cd "$$before" && go test -run '^$$' -bench . -benchmem $(PACKAGES)) >>bin/bench-before.txt
		go test -run '^$$' -bench . -benchmem $(PACKAGES) >>bin/bench-after.txt
	done
	$(GOTOOL) benchstat before=bin/bench-before.txt after=bin/bench-after.txt

.PHONY: demo
demo: ## Run the prober against its built-in misbehaving server
	go run . demo

.PHONY: screenshots
screenshots: ## Record the demo for README: its table, and its pages in light, in dark and on a phone
	go run ./docs/screenshot

.PHONY: image
image: ## Build the container image prober:VERSION
	docker build --build-arg 'VERSION=$(VERSION)' --build-arg 'REVISION=$(REVISION)' -t 'prober:$(VERSION)' .

.PHONY: image-test
image-test: ## Build the image with a Docker daemon of its own, and run it hardened; PROBER_IMAGE_PULL=1 pulls golang:1.26
	PROBER_E2E=1 PROBER_IMAGE_TEST=1 go test -count=1 -v ./e2e/image

.PHONY: qemu
qemu: ## Run the demo for ten seconds as a program for arm64 and for riscv64; needs Debian's qemu-user; not a part of .ci/run
	@for program in qemu-aarch64 qemu-riscv64; do
		command -v $$program >/dev/null || { echo "make qemu: $$program is not installed; the Debian package qemu-user has it" >&2; exit 1; }
	done
	PROBER_E2E=1 PROBER_QEMU=1 go test -count=1 -timeout 30m -v ./e2e/qemu

.PHONY: deploy-test
deploy-test: ## Hold the files for Kubernetes, Helm and Compose against the types of those who read them
	go -C deploy/validate vet ./...
	go -C deploy/validate test -count=1 ./... # what it reads lies outside its module, where the cache does not look

.PHONY: schema-test
schema-test: ## Hold the JSON Schemas of the configuration against its test files, with a validator of others
	go -C schema/validate vet ./...
	go -C schema/validate test -count=1 ./... # what it reads lies outside its module, where the cache does not look

.PHONY: editors
editors: ## Test the schema in yaml-language-server, which npm installs into bin/editors; not a part of .ci/run
	npm install --prefix bin/editors --no-audit --no-fund --no-package-lock yaml-language-server@1.25.0
	YAML_LANGUAGE_SERVER='$(CURDIR)/bin/editors/node_modules/.bin/yaml-language-server' go test -count=1 ./e2e/editors

# The time of every file in archives and packages.
EPOCH = $${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}

.PHONY: release
release: ## Build the archives, packages, bills of materials and checksums of VERSION into bin/release
	rm -rf bin/release
	go run ./deploy/release -version '$(VERSION:v%=%)' -revision '$(REVISION)' -time "$(EPOCH)"
	go -C deploy/packages run . -dir '$(CURDIR)/bin/release' -version '$(VERSION:v%=%)' -time "$(EPOCH)"

.PHONY: packages
packages: ## Build .deb and .rpm of VERSION into bin/packages, and the archives that they are made of; PLATFORMS=linux/amd64 builds one
	rm -rf bin/packages
	go run ./deploy/release -platforms '$(or $(PLATFORMS),linux/amd64$(comma)linux/arm64)' -o bin/packages -version '$(VERSION:v%=%)' -revision '$(REVISION)' -time "$(EPOCH)"
	go -C deploy/packages run . -dir '$(CURDIR)/bin/packages' -version '$(VERSION:v%=%)' -time "$(EPOCH)"

.PHONY: packages-test
packages-test: ## Read the packages back, and have dpkg install them into a folder
	go -C deploy/packages vet ./...
	go -C deploy/packages test -count=1 ./... # what it reads lies outside its module, where the cache does not look

.PHONY: release-test
release-test: ## Build a release twice, from two directories, and compare
	PROBER_RELEASE_TEST=1 go test -count=1 -timeout 25m -v ./deploy/release

.PHONY: rename
rename: ## Give the module another path in all files: MODULE=forge.example/team/prober
	@[[ '$(MODULE)' =~ ^[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9._~-]+)*$$ ]] || {
		echo 'make rename: MODULE must be the new path, as in MODULE=forge.example/team/prober' >&2
		exit 1
	}
	old=$$(go list -m)
	# Neither within the URL of a page or an image, nor where a longer name begins like it.
	path="(^|[^[:alnum:]./@-])$${old//./\\.}($$|[^[:alnum:]._-])"
	git grep --untracked -lIE "$$path" | while read -r file; do
		sed -i.before -E "s#$$path#\1$(MODULE)\2#g" "$$file"
		rm "$$file.before"
	done
	go build ./...

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf bin coverage.out
