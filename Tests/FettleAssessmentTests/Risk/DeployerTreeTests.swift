import FettleAssessment
import FettleIndex
import FettleModel
import Testing

@Suite("SSVC's deployer tree")
struct DeployerTreeTests {
    /// Row, exploitation, exposure, automatable, human impact, outcome, in the order of the published table 1.0.0:
    /// https://certcc.github.io/SSVC/howto/deployer_tree/
    static let published = """
        0 none small no low defer
        1 none small no medium defer
        2 none small no high scheduled
        3 none small no very-high scheduled
        4 none small yes low defer
        5 none small yes medium scheduled
        6 none small yes high scheduled
        7 none small yes very-high scheduled
        8 none controlled no low defer
        9 none controlled no medium scheduled
        10 none controlled no high scheduled
        11 none controlled no very-high scheduled
        12 none controlled yes low scheduled
        13 none controlled yes medium scheduled
        14 none controlled yes high scheduled
        15 none controlled yes very-high scheduled
        16 none open no low defer
        17 none open no medium scheduled
        18 none open no high scheduled
        19 none open no very-high scheduled
        20 none open yes low scheduled
        21 none open yes medium scheduled
        22 none open yes high scheduled
        23 none open yes very-high outOfCycle
        24 poc small no low defer
        25 poc small no medium scheduled
        26 poc small no high scheduled
        27 poc small no very-high scheduled
        28 poc small yes low scheduled
        29 poc small yes medium scheduled
        30 poc small yes high scheduled
        31 poc small yes very-high scheduled
        32 poc controlled no low defer
        33 poc controlled no medium scheduled
        34 poc controlled no high scheduled
        35 poc controlled no very-high scheduled
        36 poc controlled yes low scheduled
        37 poc controlled yes medium scheduled
        38 poc controlled yes high scheduled
        39 poc controlled yes very-high outOfCycle
        40 poc open no low scheduled
        41 poc open no medium scheduled
        42 poc open no high scheduled
        43 poc open no very-high outOfCycle
        44 poc open yes low scheduled
        45 poc open yes medium scheduled
        46 poc open yes high outOfCycle
        47 poc open yes very-high outOfCycle
        48 active small no low scheduled
        49 active small no medium scheduled
        50 active small no high outOfCycle
        51 active small no very-high outOfCycle
        52 active small yes low scheduled
        53 active small yes medium outOfCycle
        54 active small yes high outOfCycle
        55 active small yes very-high outOfCycle
        56 active controlled no low scheduled
        57 active controlled no medium scheduled
        58 active controlled no high outOfCycle
        59 active controlled no very-high outOfCycle
        60 active controlled yes low outOfCycle
        61 active controlled yes medium outOfCycle
        62 active controlled yes high outOfCycle
        63 active controlled yes very-high outOfCycle
        64 active open no low scheduled
        65 active open no medium outOfCycle
        66 active open no high outOfCycle
        67 active open no very-high immediate
        68 active open yes low outOfCycle
        69 active open yes medium outOfCycle
        70 active open yes high immediate
        71 active open yes very-high immediate
        """

    struct Row: Sendable, CustomTestStringConvertible {
        var words: [String]
        var testDescription: String { words.joined(separator: " ") }
    }

    static let rows = published.split(separator: "\n").map { Row(words: $0.split(separator: " ").map(String.init)) }

    @Test("Each row of the published table gives its outcome", arguments: rows)
    func eachRow(row: Row) throws {
        let exploitation = try #require(DecisionPoints.Exploitation(rawValue: row.words[1]))
        let exposure = try #require(DeployerTree.Exposure(rawValue: row.words[2]))
        let impact = try #require(
            DeployerTree.HumanImpact(rawValue: row.words[4] == "very-high" ? "very high" : row.words[4]))
        let outcome = try #require(Outcome(rawValue: row.words[5]))
        #expect(
            DeployerTree.outcome(exploitation, exposure, isAutomatable: row.words[3] == "yes", impact) == outcome)
    }

    @Test("The table has every combination once")
    func theTableIsWhole() {
        #expect(Self.rows.count == 3 * 3 * 2 * 4)
        #expect(Set(Self.rows.map { $0.words[1...4].joined(separator: " ") }).count == 72)
    }
}

@Suite("The decision about a patch")
struct DeployerDecisionTests {
    private let listed = KnownExploitation(addedAt: Timestamp(milliseconds: 1_700_000_000_000))

    private func decide(
        _ weaknesses: [WeaknessRecord], _ exposure: Resource.Exposure = .internal,
        _ criticality: Resource.Criticality = .medium, listChecked: Bool = true
    ) -> DeployerDecision {
        DeployerDecision(
            closing: weaknesses, exposure: exposure, criticality: criticality, exploitedListChecked: listChecked)
    }

    @Test("What nothing says is assumed, and told as assumed with the reason")
    func assumptionsAreTold() {
        let decision = decide([WeaknessRecord(id: "CVE-2026-1")])
        #expect(decision.exploitation.isAssumed)
        #expect(decision.exploitation.value == "none")
        #expect(decision.automatable.isAssumed)
        #expect(decision.automatable.value == "yes")
        #expect(!decision.exposure.isAssumed)
        #expect(
            decision.explanation == "SSVC's deployer tree for CVE-2026-1 says scheduled: exploitation none (assumed: "
                + "not in KEV, and nothing says more), exposure controlled (internal in the fleet file, or by its default), "
                + "automatable yes (assumed: nothing says it, and yes is the safer answer), "
                + "human impact medium (medium in the fleet file, or by its default)")
        #expect(decide([], listChecked: false).exploitation.because == "KEV was not loaded, and nothing says more")
    }

    @Test("Published decision points are taken, and are no assumption")
    func publishedPointsAreTaken() {
        let points = DecisionPoints(exploitation: .poc, isAutomatable: false, technicalImpact: .partial)
        let decision = decide([WeaknessRecord(id: "CVE-2026-1", decision: points)], .internet, .critical)
        #expect(decision.outcome == .outOfCycle)
        #expect(decision.exploitation == .init(value: "poc", because: "SSVC's published decision points"))
        #expect(decision.automatable == .init(value: "no", because: "SSVC's published decision points"))
    }

    @Test("The exploited list overrules older decision points that say none")
    func theListOverrules() {
        let points = DecisionPoints(exploitation: .none, isAutomatable: true, technicalImpact: .total)
        let decision = decide([WeaknessRecord(id: "CVE-2026-1", exploited: listed, decision: points)], .internet, .high)
        #expect(decision.outcome == .immediate)
        #expect(decision.exploitation.because == "in KEV since 2023-11-14")
    }

    @Test("Of several weaknesses the most urgent decides, the first by id among equals")
    func theMostUrgentDecides() {
        let decision = decide([
            WeaknessRecord(id: "CVE-2026-3"), WeaknessRecord(id: "CVE-2026-2", exploited: listed),
            WeaknessRecord(id: "CVE-2026-1", exploited: listed),
        ])
        #expect(decision.weakness == "CVE-2026-1")
        #expect(decision.outcome == .outOfCycle)
    }

    @Test("A rejected number names no weakness and decides nothing")
    func rejectedNumbersDecideNothing() {
        let decision = decide([WeaknessRecord(id: "CVE-2026-1", exploited: listed, isRejected: true)])
        #expect(decision.weakness == nil)
        #expect(decision.outcome == .scheduled)
    }
}
