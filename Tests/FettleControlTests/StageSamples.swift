import FettleModel
import FettleTestSupport

/// Values in which everything occurs that a stage can hold: every field, every case, every word.
enum StageSamples {
    static let time = FactSample.now
    static let digest = Digest(rawValue: String(repeating: "0f", count: 32))
    static let reference = StageReference(id: "stage-1", digest: digest)

    // MARK: Facts

    static var facts: FactSet {
        var rich = FactSample.host(
            "h-1", packages: managers.map(installed), updates: UpdateClass.allCases.map(update))
        rich.brokenPackages = .observed([
            BrokenPackage(name: "a", architecture: "amd64", version: "1", state: "half-configured")
        ])
        rich.rebootRequired = .observed(RebootRequirement(isRequired: true, packages: ["linux"]))
        rich.staleServices = .observed([StaleService(unit: "a.service", processIDs: [1], files: ["/lib/a"])])
        rich.units = .observed([UnitFacts(name: "a.service", activeState: "active", subState: "running", restarts: 0)])
        rich.fileSystems = .observed([FileSystemFacts(mountPoint: "/", totalBytes: 2, availableBytes: 1)])
        rich.packageLocks = .observed([PackageLock(path: "/l", processID: 1, command: "apt")])
        rich.hypervisor = .observed(
            HypervisorFacts(
                memoryMebibytes: 1, processors: 1,
                residents: [
                    ResidentMachine(
                        name: "m", resource: "h-2", memoryMebibytes: 1, processors: 1, isBoundBecause: "a device",
                        apartFrom: ["n"], sharedPaths: ["/a"], uuid: "u", writableDisks: 1, isKeptBecause: "a device",
                        bootsOutsideKernel: true, image: RunningImage(name: "i", version: "1"))
                ]))
        rich.clusterRoles = Dictionary(
            uniqueKeysWithValues: ClusterRole.allCases.map { (GroupID("g-\($0.rawValue)"), $0) })
        rich.image = .observed(RunningImage(name: "i", version: "1"))
        rich.boot = .observed(
            BootFacts(bootID: "one", uptimeSeconds: 60, machineID: "0123456789abcdef0123456789abcdef"))
        rich.livepatches = .observed(
            KernelLivepatch.Reporter.allCases.map {
                KernelLivepatch(
                    reporter: $0, name: "l", isActive: true, fixes: ["CVE-2026-1"], kernel: "6.1.0", problem: "cut off")
            })
        var nothing = HostFacts.nothingObserved(
            of: "h-2", at: time, reachability: .unreachable(reason: "no route"), reason: "no route")
        nothing.hypervisor = .notObserved(reason: "no route")
        nothing.image = .notObserved(reason: "no route")
        rich.packageLists = .observed(PackageLists(fetchedAt: Timestamp(milliseconds: 1_000)))
        nothing.packageLists = .notObserved(reason: "no route")
        nothing.livepatches = .notObserved(reason: "no route")
        return FactSet(id: "facts-1", observedAt: time, hosts: [rich, nothing])
    }

    private static let managers = PackageManager.allCases

    private static func installed(_ manager: PackageManager) -> InstalledPackage {
        InstalledPackage(
            manager: manager, name: "a", architecture: "amd64", version: "1", source: "a", sourceVersion: "1",
            isHeld: true)
    }

    private static func update(_ updateClass: UpdateClass) -> AvailableUpdate {
        AvailableUpdate(
            manager: managers[updateClass == .security ? 0 : updateClass == .bugfix ? 1 : 2], name: "a",
            architecture: "amd64", installed: "1", candidate: "2", source: "a", sourceVersion: "2",
            origins: [UpdateOrigin(origin: "Debian", suite: "stable-security")], declaredClass: updateClass,
            advisories: ["DSA-1-1"])
    }

    // MARK: Findings

    static var findings: FindingSet {
        let count = max(InstallState.allCases.count, UpdateClass.allCases.count, Severity.allCases.count)
        let all = (0..<count).map(finding)
        var set = FindingSet(
            id: "findings-1", facts: reference, assessedAt: time,
            feeds: FeedCoverage(
                feeds: [FeedCoverage.Kind.advisories, .exploited, .predictions, .decisions].map {
                    var feed = FeedCoverage.Feed(
                        name: "f", kind: $0, publishedAt: time, records: 1, skipped: ["x"], remarks: ["y"])
                    feed.changedAt = time
                    return feed
                }, notes: ["z"]), findings: all, notJudged: [FindingSet.NotJudged(resource: "h-2", reason: "no route")])
        set.remembered = [all[0]]
        set.undecided = [
            FindingSet.Undecided(
                resource: "h-1", source: "a", packages: ["a"], installed: "1", advisories: ["CVE-2"], reason: "x")
        ]
        return set
    }

    private static func finding(_ number: Int) -> Finding {
        var finding = Finding(
            id: "h-1/a/2", resource: "h-1", source: "a", packages: ["a"], installed: "1", fixed: "2",
            updateClass: UpdateClass.allCases[number % UpdateClass.allCases.count],
            advisories: [Advisory(id: "CVE-1", exploitedSince: time, exploitedDueAt: time, fixedIn: "2")],
            state: InstallState.allCases[number % InstallState.allCases.count],
            owner: PatchOwner.allCases[number % PatchOwner.allCases.count],
            outcome: Outcome.allCases[number % Outcome.allCases.count], dueAt: time, explanation: ["x"],
            isOffered: true, isHeld: false, firstSeenAt: time,
            waivers: Waiver.Kind.allCases.map {
                AppliedWaiver(waiver: "waiver-1", kind: $0, advisories: ["CVE-1"], expiresAt: time)
            })
        finding.severity = Severity.allCases[number % Severity.allCases.count]
        finding.fixSeenAt = time
        return finding
    }

    // MARK: Selection

    static var selections: [Selection] {
        PackageManager.allCases.map { manager in
            let version = PackageVersion(name: "a", architecture: "amd64", version: "1")
            let resolution = Resolution(
                manager: manager, resolvedAt: time,
                changes: [
                    PackageChange(name: "a", architecture: "amd64", from: nil, to: "1"),
                    PackageChange(name: "b", architecture: "amd64", from: "1", to: nil),
                ], downloadBytes: 1, unavailableEarlier: [version],
                reboot: manager == .rpm ? .notExpected : .expected(because: ["linux"]), rehearsedOn: digest)
            return Selection(
                id: "selection-1", findings: reference, selectedAt: time,
                hosts: [HostSelection(resource: "h-1", findings: ["f"], wanted: [version], resolution: resolution)],
                leftOut: [.init(resource: "h-2", subject: "a", reason: "no route")], patchSet: reference,
                undoes: "run-1")
        }
    }

    // MARK: Plan

    static var plan: Plan {
        let actions = self.actions
        let steps = actions.enumerated().map { number, action in
            Step(
                id: StepID("h-1/\(number)"), resource: "h-1", group: "g-1", wave: 0, action: action, after: ["x"],
                availability: AvailabilityEffect.allCases[number % AvailabilityEffect.allCases.count],
                rollbackClass: RollbackClass.allCases[number % RollbackClass.allCases.count], compensates: "y",
                estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2), timeoutSeconds: 3, leg: .control)
        }
        return Plan(
            id: "plan-1", title: "everything", selection: reference, createdAt: time, environments: ["production"],
            targets: [
                PlanTarget(
                    resource: "h-1", address: .local, environment: "production", window: 0, carries: ["h-3"],
                    interrupts: [InterruptedMachine(machine: "n", resource: "h-3", host: "h-1", because: "bound")])
            ],
            groups: MachineRules.TooSlow.allCases.map {
                PlannedGroup(
                    id: "g-1", members: ["h-1"], minimumAvailable: 0, maximumOut: 1, traffic: traffic, probes: probes,
                    memberAddresses: ["h-1": ResourceAddress(transport: .none)],
                    machines: MachineRules(
                        driver: "libvirt", sharedDirectories: ["/a"], whenTooSlow: $0, mostMebibytes: 1, mayStay: ["m"],
                        apart: [["m", "n"]],
                        api: MachineAPI(
                            url: "https://{host}", token: $0 == .abort ? .environment("A") : .file("a"),
                            certificateAuthorities: "/a")))
            }, steps: steps, rollback: steps,
            order: TurnOrder.WayBack.allCases.map {
                TurnOrder(
                    reason: "r", turns: [["h-1"], ["h-3"]], wayBack: $0, isDependency: $0 == .reversed ? true : nil)
            },
            rooms: [HypervisorRoom(hypervisor: "h-1", memoryMebibytes: 1, processors: 1)],
            apart: [ApartMachine(machine: "m", home: "h-1", apartFrom: ["o"])], limits: PlanLimits(),
            pointOfNoReturn: "h-1/0", windows: [TimeWindow(opensAt: time, closesAt: time.adding(seconds: 60))],
            supersedes: Supersession(
                run: "run-1", sequence: 9,
                taken: [
                    TakenHost(
                        resource: "h-1",
                        obligations: [
                            Obligation(
                                run: "run-1", step: "h-1/drain", resource: "h-1", traffic: traffic,
                                prior: PriorState(alreadySo: false, details: ["a": "b"]), since: time)
                        ], isQuarantined: true)
                ]))
    }

    private static let traffic = TrafficBinding(
        driver: "haproxy", via: "lb", address: .ssh("lb", port: 22, user: "root"), endpoint: "/s", backend: "b",
        sides: TrafficSides(map: "/m", sides: [TrafficSide(backend: "c", members: ["a"])]))

    private static let probes: [Probe] =
        [
            Probe(name: "a", check: .http(url: "http://{host}/", status: 200, contains: "ok")),
            Probe(name: "b", check: .tcp(port: 80)), Probe(name: "c", check: .systemdUnit(name: "a.service")),
            Probe(name: "d", check: .command(argv: ["true"]), maximumAgeSeconds: 9),
            Probe(name: "e", check: .tls(host: "h", port: 443, serverName: "s", leastDays: 1, authorities: "/a")),
            Probe(name: "f", check: .log(source: .unit(name: "a.service"), pattern: "a", atMost: 0)),
            Probe(name: "g", check: .log(source: .file(path: "/a"), pattern: "a", atMost: 1)),
            Probe(name: "k", check: .balancer(checkIntervalSeconds: 2)),
            Probe(name: "l", check: .cluster(view: .patroni(url: "http://a", members: 3, maximumLagBytes: 1))),
            Probe(name: "m", check: .cluster(view: .command(argv: ["true"]))),
            Probe(name: "n", check: .manual(question: "?")),
        ]
        + conditions.map { condition in
            Probe(
                name: "p",
                check: .prometheus(
                    question: PrometheusQuestion(
                        url: "http://a", query: "up", overSeconds: 60, condition: condition, tokenFile: "/t")))
        }

    private static let conditions: [PrometheusQuestion.Condition] = [
        .below(value: 1), .above(value: 1), .atMost(value: 1), .atLeast(value: 1.5),
    ]

    private static var actions: [StepAction] {
        let expectation = HostExpectation(
            packages: [PackageVersion(name: "a", architecture: "amd64", version: "1")], absentPackages: ["b"],
            noStaleServicesExcept: ["c"], noRebootPending: true)
        let changes = [PackageChange(name: "a", architecture: "amd64", from: "1", to: "2")]
        let transactions = PackageManager.allCases.enumerated().map { number, manager in
            PackageTransaction(
                manager: manager, purpose: number == 0 ? .patch : .rollback, changes: changes,
                conffiles: number == 0 ? .keepCurrent : .takePackaged, downloadBytes: 1, rehearsedOn: digest,
                allowsOlder: number == 0 ? true : nil)
        }
        let move = MachineMove(machine: "m", resource: "h-3", from: "h-1", to: "h-2", memoryMebibytes: 1, processors: 1)
        return [
            .preflight(expectation: expectation, probes: probes), .stage(transaction: transactions[0]),
            .drain(traffic: traffic), .takeOut, .restartServices(except: ["a"], units: ["b.service"]),
            .gate(probes: probes),
            .restore(traffic: traffic), .bringBack,
            .bake(
                seconds: 1, resources: ["h-1"], probes: probes,
                judgement: BakeJudgement(
                    controls: ["h-2"], services: ["a.service"], extendUntilSeconds: 3,
                    neighbours: BakeNeighbour.Relation.allCases.map { relation in
                        BakeNeighbour(
                            resource: "h-3", address: .ssh("h-3"), group: "g-2", relation: relation, beside: ["h-1"],
                            probes: probes, traffic: traffic)
                    })),
            .groupGate(gate: GroupGate(group: "g-1", resources: ["h-1"], probes: probes)),
            .verify(expectation: expectation), .evacuate(moves: [move], staying: ["n"]), .bringHome(moves: [move]),
            .handOver(handover: Handover(cluster: "g-1", candidates: ["h-2"])),
            .switchTraffic(turn: TrafficSwitch(group: "g-1", traffic: traffic, from: ["h-1"], to: ["h-2"])),
            .upgradeThroughController(
                upgrade: ControllerUpgrade(
                    cluster: "g-1", members: ["h-1"], atOnce: 1, transaction: transactions[0], stallSeconds: 60)),
            .buildImage(
                build: ImageBuild(image: "i", version: "2", from: "1", transaction: transactions[0], probes: probes)),
            .replaceImage(replacement: ImageReplacement(image: "i", from: "1", to: "2", machine: remade)), .retire,
            .discardKept(machine: remade), .revert(machine: halfFree), .discardSnapshot(machine: snapshot),
            .snapshot(machine: snapshot),
        ] + transactions.map { .changePackages(transaction: $0) }
            + RebootCondition.allCases.map { .reboot(condition: $0) }
    }

    private static let snapshot = MachineSnapshot(
        rules: SnapshotRules(driver: "libvirt", leastFree: .count(5)), hypervisor: "h-2", address: .ssh("h-2"),
        name: "m", uuid: "u")

    private static var halfFree: MachineSnapshot {
        var snapshot = snapshot
        snapshot.rules.leastFree = .percent(50)
        return snapshot
    }

    private static let remade = ReplacedMachine(
        driver: "libvirt", hypervisor: "h-2", address: .ssh("h-2"), name: "m", uuid: "u", images: "/i", version: "2",
        digest: digest, kernel: digest, initrd: digest,
        neighbours: [HypervisorAddress(id: "h-3", address: .ssh("h-3"))])

    // MARK: Journal

    static var journal: [JournalRecord] {
        let entry = QuarantineEntry(
            resource: "h-1", run: "run-1", reason: "its gate does not pass", owner: "alice", since: time,
            deadline: time,
            obligations: [
                Obligation(
                    run: "run-1", step: "h-1/drain", resource: "h-1", traffic: traffic,
                    prior: PriorState(alreadySo: false, details: ["a": "b"]), since: time)
            ])
        let observed = GateVerdict.allCases.map { verdict in
            RunEvent.stepDone(
                step: "h-1/gate", attempt: 1,
                observation: Observation(verdict: verdict, summary: "s", details: ["a": "b"], observedAt: time))
        }
        let failed = StepFailure.Code.allCases.map { code in
            RunEvent.stepFailed(
                step: "h-1/patch", attempt: 1, failure: StepFailure(code: code, message: "m", output: "o"))
        }
        let outcomes: [RunOutcome] = [.succeeded, .rolledBack(reason: "r"), .failed(reason: "r")]
        let transports = ResourceAddress.Transport.allCases.map { transport in
            var entry = entry
            entry.obligations[0].traffic.address.transport = transport
            return RunEvent.quarantined(entry: entry)
        }
        let events: [RunEvent] =
            [
                .started(change: "change-1", plan: reference, by: "alice"), .claimed(executor: "e"),
                .stepIntended(step: "h-1/drain", attempt: 1, prior: PriorState(alreadySo: true, details: [:])),
                .stepSkipped(step: "h-1/gate", by: "alice", reason: "r"), .paused(by: "alice", reason: "r"),
                .resumed(by: "alice"), .retried(by: "alice"), .abortRequested(by: "alice", reason: "r"),
                .rollbackRequested(by: "alice", reason: "r"),
                .partRollbackRequested(resources: ["h-1"], by: "alice", reason: "r"),
                .failedRetried(resources: ["h-1"], by: "alice"), .handOverRequested(by: "alice", reason: "r"),
                .superseded(by: "run-2", hosts: ["h-1"], person: "alice"),
                .awaitingHuman(reason: "r"),
                .gateAnswered(step: "h-1/confirm", by: "alice", verdict: .pass, reason: "r"),
            ] + observed + failed + transports + outcomes.map { .ended(outcome: $0) }
        return events.enumerated().map { number, event in
            JournalRecord(sequence: number + 1, epoch: 1, at: time, event: event)
        }
    }
}
