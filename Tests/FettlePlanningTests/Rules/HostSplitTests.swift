import FettleModel
import FettleTestSupport
import Testing

@testable import FettlePlanning

@Suite struct HostSplitTests {
    private typealias Host = ReleaseRuleTests.Host

    private let firmwareFirst = ReleaseRule(name: "firmware first", rebootBetween: ["nic-firmware*", "nic-dkms"])

    private func host(_ packages: [String], sources: [String: String] = [:], rebootsFor: [String] = []) -> Host {
        Host(
            id: "h", installed: Dictionary(uniqueKeysWithValues: packages.map { ($0, "1") }),
            to: Dictionary(uniqueKeysWithValues: packages.map { ($0, "2") }), sources: sources, rebootsFor: rebootsFor)
    }

    private func parts(_ host: Host, _ rules: [ReleaseRule]) -> [[String]]? {
        ReleaseRuleTests.judge([host], rules).splits["h"]?.map { part in
            part.changes.map(\.name) + (part.rebootBefore ? ["after a reboot"] : [])
        }
    }

    @Test func whatAReleaseSeparatesIsMadeInTwoPartsWithARebootBetween() {
        let judgement = ReleaseRuleTests.judge([host(["nic-dkms", "nic-firmware-x", "openssl"])], [firmwareFirst])
        #expect(judgement.refusals == [])
        let parts = judgement.splits["h"] ?? []
        #expect(parts.map { $0.changes.map(\.name) } == [["nic-firmware-x", "openssl"], ["nic-dkms"]])
        #expect(parts.map(\.rebootBefore) == [false, true])
        #expect(
            parts.map(\.because) == [nil, "rule 'firmware first': reboot between nic-firmware* and nic-dkms"])
        #expect(parts.flatMap(\.changes).allSatisfy { $0.from == "1" && $0.to == "2" })
    }

    @Test func oneOfThemAloneNeedsNoReboot() {
        #expect(parts(host(["nic-dkms", "openssl"]), [firmwareFirst]) == nil)
        #expect(parts(host(["nic-firmware-x"]), [firmwareFirst]) == nil)
    }

    @Test func aRebootThatIsStillDueComesFirst() {
        #expect(
            parts(host(["nic-dkms", "openssl"], rebootsFor: ["nic-firmware-x"]), [firmwareFirst])
                == [["nic-dkms", "openssl", "after a reboot"]])
        #expect(parts(host(["nic-dkms"], rebootsFor: ["linux-image-amd64"]), [firmwareFirst]) == nil)
        let three = ReleaseRule(name: "three", rebootBetween: ["a", "b", "c"])
        #expect(parts(host(["a", "c"], rebootsFor: ["b"]), [three]) == [["a"], ["c", "after a reboot"]])
    }

    @Test func whatIsBuiltFromOneSourceStaysTogether() {
        let sources = ["nic-dkms": "nic", "nic-tools": "nic"]
        #expect(
            parts(host(["nic-dkms", "nic-firmware", "nic-tools"], sources: sources), [firmwareFirst])
                == [["nic-firmware"], ["nic-dkms", "nic-tools", "after a reboot"]])
        let torn = ["nic-dkms": "nic", "nic-firmware": "nic"]
        #expect(
            ReleaseRuleTests.judge([host(["nic-dkms", "nic-firmware"], sources: torn)], [firmwareFirst]).refusals.map(
                \.message)
                == [
                    "the rule 'firmware first' on h wants a reboot between nic-dkms and nic-firmware, which are both built from nic "
                        + "and go together"
                ])
    }

    @Test func severalRulesMakeOneOrder() {
        let rules = [
            ReleaseRule(name: "one", rebootBetween: ["b", "c"]), ReleaseRule(name: "two", rebootBetween: ["a", "b"]),
        ]
        #expect(
            parts(host(["a", "b", "c", "d"]), rules) == [
                ["a", "d"], ["b", "after a reboot"], ["c", "after a reboot"],
            ])
        let contrary = rules + [ReleaseRule(name: "three", rebootBetween: ["c", "a"])]
        #expect(
            ReleaseRuleTests.judge([host(["a", "b", "c"])], contrary).refusals.map(\.message) == [
                "the rule 'one' on h cannot be kept: the reboots of 'one', 'three', 'two' contradict each other"
            ])
    }

    @Test func aRuleOfOtherPackagesSaysNothing() {
        var rule = firmwareFirst
        rule.packages = ["nic-dkms"]
        rule.to = "3"
        #expect(parts(host(["nic-dkms", "nic-firmware"]), [rule]) == nil)
        rule.to = "2"
        #expect(parts(host(["nic-dkms", "nic-firmware"]), [rule])?.count == 2)
    }

    @Test func withoutRebootsItCannotBeDone() {
        let judgement = ReleaseRuleTests.judge([host(["nic-dkms", "nic-firmware"])], [firmwareFirst], reboot: .never)
        #expect(
            judgement.refusals.map(\.message) == [
                "the rule 'firmware first' on h needs a reboot between nic-firmware* and nic-dkms, and the policy says "
                    + "'reboot: never': let it be ifRequired"
            ])
        #expect(judgement.problems.map(\.code) == [.releaseRule])
    }

    @Test(arguments: TestScale.seeds(40, long: 1_000)) func thePartsAreAllOfTheChangesInAnOrderThatEveryRuleAllows(
        seed: UInt64
    ) {
        var random = SplitMix(seed: seed)
        let names = ["a", "b", "c", "d", "e", "f"]
        var split = 0
        for _ in 0..<50 {
            let rules = (0..<Int.random(in: 1...3, using: &random)).map { number in
                ReleaseRule(
                    name: "r\(number)",
                    rebootBetween: Array(names.shuffled(using: &random).prefix(Int.random(in: 2...4, using: &random))))
            }
            let changed = names.filter { _ in Int.random(in: 0..<3, using: &random) > 0 }
            guard !changed.isEmpty else { continue }
            let sources = Dictionary(uniqueKeysWithValues: names.map { ($0, Bool.random(using: &random) ? "s" : $0) })
            let judgement = ReleaseRuleTests.judge([host(changed, sources: sources)], rules)
            guard judgement.refusals.isEmpty else { continue }
            let parts = judgement.splits["h"]?.map { $0.changes.map(\.name) } ?? [changed]
            split += parts.count > 1 ? 1 : 0
            #expect(parts.joined().sorted() == changed.sorted())
            #expect(parts.allSatisfy { !$0.isEmpty })
            func part(_ name: String) -> Int? { parts.firstIndex { $0.contains(name) } }
            for rule in rules {
                let places = rule.rebootBetween.compactMap(part)
                #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
            }
            #expect(Set(changed.filter { sources[$0] == "s" }.compactMap(part)).count <= 1)
        }
        #expect(split > 0)
    }
}
