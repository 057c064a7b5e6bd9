import FettleAssessment
import FettleIndex
import FettleModel
import Testing

/// What must hold for whatever feeds, policies and hosts say.
@Suite("Properties of the two risks")
struct RiskPropertyTests {
    private typealias Sample = RiskSample
    static let seeds = Array(0..<150 as Range<UInt64>)

    @Test(
        "More exposure, more criticality, KEV, a higher EPSS or one more weakness never lowers the risk of waiting",
        arguments: seeds)
    func waitingIsMonotone(seed: UInt64) {
        var random = RandomRisk(seed: seed)
        let weaknesses = random.weaknesses()
        let policy = random.orderedPolicy()
        var group = random.group()
        let base = Sample.waiting(weaknesses, on: group, policy: policy).perDay(after: 0)
        let slack = base * 1e-12
        var listed = weaknesses
        for index in listed.indices { listed[index].exploited = KnownExploitation(addedAt: Sample.daysAgo(3)) }
        #expect(Sample.waiting(listed, on: group, policy: policy).perDay(after: 0) >= base - slack)
        var likelier = weaknesses
        for index in likelier.indices {
            likelier[index].prediction?.probability += Double.random(in: 0...0.5, using: &random.seed)
        }
        #expect(Sample.waiting(likelier, on: group, policy: policy).perDay(after: 0) >= base - slack)
        // Where none is named, one that is named takes the place of one that was assumed, and may be the smaller.
        if !weaknesses.isEmpty {
            let more = weaknesses + [Sample.weakness("one more", epss: 0.01)]
            #expect(Sample.waiting(more, on: group, policy: policy).perDay(after: 0) >= base - slack)
        }
        let exposures = Resource.Exposure.allCases.map { exposure in
            group.exposure = exposure
            return Sample.waiting(weaknesses, on: group, policy: policy).perDay(after: 0)
        }
        #expect(exposures == exposures.sorted())
        let criticalities = Resource.Criticality.allCases.map { criticality in
            group.criticality = criticality
            return Sample.waiting(weaknesses, on: group, policy: policy).perDay(after: 0)
        }
        #expect(criticalities == criticalities.sorted())
    }

    @Test("Waiting never gets cheaper from day to day, and patching never dearer", arguments: seeds)
    func timeIsMonotone(seed: UInt64) {
        var random = RandomRisk(seed: seed)
        let waiting = Sample.waiting(random.weaknesses(), on: random.group())
        let patching = Sample.patching(random.patch(), on: random.group())
        for day in 0..<60 {
            let (today, tomorrow) = (Double(day), Double(day + 1))
            #expect(waiting.perDay(after: tomorrow) >= waiting.perDay(after: today) * (1 - 1e-12))
            #expect(patching.perDay(after: tomorrow) <= patching.perDay(after: today) * (1 + 1e-12))
        }
    }

    @Test(
        "A failure in history never lowers the risk of patching, a success never raises it; redundancy never raises it",
        arguments: seeds)
    func patchingIsMonotone(seed: UInt64) {
        var random = RandomRisk(seed: seed)
        let patch = random.patch()
        var group = random.group()
        let (good, bad) = (Int.random(in: 0...40, using: &random.seed), Int.random(in: 0...40, using: &random.seed))
        let base = Sample.patching(patch, on: group, successes: good, failures: bad).perDay(after: 0)
        #expect(Sample.patching(patch, on: group, successes: good, failures: bad + 1).perDay(after: 0) >= base)
        #expect(Sample.patching(patch, on: group, successes: good + 1, failures: bad).perDay(after: 0) <= base)
        group.spareMembers += Int.random(in: 1...9, using: &random.seed)
        #expect(Sample.patching(patch, on: group, successes: good, failures: bad).perDay(after: 0) <= base)
    }

    @Test("Every number is finite and 0 or more, whatever policy, feeds and clocks hold", arguments: seeds)
    func everythingIsFinite(seed: UInt64) throws {
        var random = RandomRisk(seed: seed)
        let policy = random.extremePolicy()
        let time = random.extremeTime()
        var patch = random.patch()
        patch.weaknesses = random.extremeWeaknesses()
        patch.releasedAt = random.extremeTime()
        patch.conffileConflicts = random.one([nil, .min, .max, 0, 3])
        let group = AffectedGroup(
            name: "g", criticality: random.one(Resource.Criticality.allCases),
            exposure: random.one(Resource.Exposure.allCases), hosts: random.one([.min, 0, 1, .max]),
            spareMembers: random.one([.min, -1, 0, 1, .max]))
        let ledger = RiskLedger(patch, on: group, policy: policy, exploitedListChecked: true, at: time)
        for value in [ledger.waiting.perDay, ledger.patching.perDay]
            + (ledger.waiting.terms + ledger.patching.terms).map(\.value)
        {
            #expect(value.isFinite && value >= 0)
        }
        for term in ledger.patching.terms where term.unit == "probability" { #expect(term.value <= 1) }
        #expect(!ledger.explanation.isEmpty)
    }

    @Test(
        "A high EPSS without KEV is never called exploited, in no text and no value",
        arguments: Resource.Exposure.allCases)
    func predictionIsNoExploitation(exposure: Resource.Exposure) {
        let group = AffectedGroup(name: "web", criticality: .critical, exposure: exposure, spareMembers: 0)
        let ledger = RiskLedger(
            Sample.patch([Sample.weakness(epss: 0.97)]), on: group, policy: Policy(), exploitedListChecked: true,
            at: Sample.now)
        let without = RiskLedger(
            Sample.patch([Sample.weakness(epss: 0.0001)]), on: group, policy: Policy(), exploitedListChecked: true,
            at: Sample.now)
        #expect(!ledger.explanation.joined(separator: "\n").lowercased().contains("exploited"))
        #expect(ledger.decision?.exploitation.value == "none")
        #expect(ledger.decision == without.decision)
        #expect(ledger.outcome == without.outcome)
        #expect(ledger.dueAt == without.dueAt)
        let poc = DecisionPoints(exploitation: .poc, isAutomatable: true, technicalImpact: .total)
        let told = RiskLedger(
            Sample.patch([Sample.weakness(epss: 0.97, points: poc)]), on: group, policy: Policy(),
            exploitedListChecked: true, at: Sample.now)
        #expect(told.decision?.exploitation.value == "poc")
    }
}

/// Random patches, and such as no honest feed or policy holds.
struct RandomRisk {
    var seed: SplitMix

    init(seed: UInt64) { self.seed = SplitMix(seed: seed) }

    mutating func one<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &seed)] }

    mutating func points() -> DecisionPoints? {
        guard Bool.random(using: &seed) else { return nil }
        return DecisionPoints(
            exploitation: one(DecisionPoints.Exploitation.allCases), isAutomatable: Bool.random(using: &seed),
            technicalImpact: one(DecisionPoints.TechnicalImpact.allCases))
    }

    mutating func weaknesses() -> [WeaknessRecord] {
        (0..<Int.random(in: 0...6, using: &seed)).map { number in
            RiskSample.weakness(
                "CVE-2026-\(number)", epss: one([nil, 0.0004, 0.3, 0.97]), scored: one([0, 20, 40]),
                cvss: one([nil, 3.1, 7.5, 9.8]), published: one([nil, -3, 0, 5, 400]), points: points())
        }
    }

    mutating func group() -> AffectedGroup {
        AffectedGroup(
            name: "g", criticality: one(Resource.Criticality.allCases), exposure: one(Resource.Exposure.allCases),
            hosts: Int.random(in: 1...20, using: &seed), spareMembers: Int.random(in: 0...5, using: &seed))
    }

    mutating func patch() -> CandidatePatch {
        CandidatePatch(
            package: "p", version: one([nil, "2"]), kind: one(ChangeKind.allCases),
            updateClass: one(UpdateClass.allCases), weaknesses: weaknesses(),
            releasedAt: one([nil, RiskSample.daysAgo(0), RiskSample.daysAgo(100)]),
            rollback: one(RollbackClass.allCases), needsRestart: Bool.random(using: &seed),
            needsReboot: Bool.random(using: &seed), conffileConflicts: one([nil, 0, 2]),
            migratesData: Bool.random(using: &seed))
    }

    /// Numbers of which none falls where it should rise, as the reader of `policy.yaml` warns of.
    mutating func orderedPolicy() -> RiskPolicy {
        var policy = RiskPolicy()
        func rising(_ count: Int, upTo limit: Double) -> [Double] {
            (0..<count).map { _ in Double.random(in: 0...limit, using: &seed) }.sorted()
        }
        let losses = rising(4, upTo: 1e6)
        policy.lossPerDay = .init(low: losses[0], medium: losses[1], high: losses[2], critical: losses[3])
        let hazards = rising(6, upTo: 2)
        policy.waiting.hazards = .init(
            exploited: hazards[5], proofOfConcept: hazards[3], critical: hazards[4], high: hazards[2],
            medium: hazards[1], low: hazards[0], unrated: one(hazards))
        let shares = rising(3, upTo: 1)
        policy.waiting.isolatedShare = shares[0]
        policy.waiting.internalShare = shares[1]
        policy.waiting.internetShare = shares[2]
        policy.waiting.correlation = Double.random(in: 0...1, using: &seed)
        policy.waiting.earlyShare = Double.random(in: 0.01...1, using: &seed)
        return policy
    }

    private static let extremes: [Double] = [
        0, -0.0, 1, -1, 0.5, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
        -.greatestFiniteMagnitude, 1e300,
        .infinity, -.infinity, .nan,
    ]

    mutating func extreme() -> Double { one(Self.extremes) }

    mutating func extremeTime() -> Timestamp {
        Timestamp(milliseconds: one([.min, .max, 0, -1, 1_790_000_000_000, 253_402_300_800_000]))
    }

    mutating func extremeWeaknesses() -> [WeaknessRecord] {
        (0..<4).map { number in
            WeaknessRecord(
                id: "CVE-\(number)", cvss: [CVSSRating(vector: "CVSS:9/x", publishedScore: extreme())],
                exploited: one([
                    nil, KnownExploitation(addedAt: extremeTime(), dueAt: extremeTime(), isUsedByRansomware: true),
                ]),
                prediction: ExploitPrediction(probability: extreme(), percentile: extreme(), scoredAt: extremeTime()),
                decision: points(), publishedAt: one([nil, extremeTime()]))
        }
    }

    mutating func extremePolicy() -> Policy {
        var policy = Policy()
        policy.dueInDays = [.immediate: one([.min, .max, 0]), .outOfCycle: .max, .scheduled: .min, .defer: 1]
        policy.risk.lossPerDay = .init(low: extreme(), medium: extreme(), high: extreme(), critical: extreme())
        policy.risk.waiting = WaitingPolicy(
            hazards: .init(
                exploited: extreme(), proofOfConcept: extreme(), critical: extreme(), high: extreme(),
                medium: extreme(), low: extreme(), unrated: extreme()),
            ransomwareFactor: extreme(), isolatedShare: extreme(), internalShare: extreme(), internetShare: extreme(),
            notAutomatableFactor: extreme(), partialImpactFactor: extreme(), incidentDays: extreme(),
            earlyShare: extreme(), growthHalfLifeDays: extreme(), predictionStaleDays: one([.min, .max, 30]),
            correlation: extreme())
        policy.risk.patching = PatchingPolicy(
            priors: [.kernel: .init(probability: extreme(), weight: extreme())],
            recoveryHours: .init(
                nothingToUndo: extreme(), snapshot: extreme(), imageSwap: extreme(), exactVersions: extreme(),
                irreversible: extreme()),
            dataMigrationHours: extreme(), restartMinutes: extreme(), rebootMinutes: extreme(),
            rebootFailure: extreme(), conffileFailure: extreme(), redundancyFactor: extreme(),
            commonCauseShare: extreme(), youngFactor: extreme(), youngHalfLifeDays: extreme(), spreadDays: extreme())
        return policy
    }
}
