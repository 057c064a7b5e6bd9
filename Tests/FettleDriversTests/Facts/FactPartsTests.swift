import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// A look at some parts of a host's facts asks for those and nothing else.
@Suite struct FactPartsTests {
    private func sections(_ parts: FactParts) throws -> Set<String> {
        Set(try FactsScript.make(parts).sections.map(\.name))
    }

    @Test func everyPartHasItsSections() throws {
        #expect(try sections(.boot) == ["boot"])
        #expect(try sections(.services) == ["maps"])
        #expect(try sections(.units) == ["units"])
        #expect(try sections(.packages) == ["dpkg", "rpm", "apk"])
        #expect(try sections([.kernels, .fileSystems, .packageLocks]) == ["kernel", "livepatch", "disks", "locks"])
        // What costs the host most is asked only by who wants it.
        let updates: Set = ["apt", "dnf", "zypper", "apkupdates"]
        #expect(try sections(.updates).isSuperset(of: updates))
        #expect(try sections(FactParts.all.subtracting(.updates)).isDisjoint(with: updates))
        #expect(try sections(.machines) == ["libvirt"])
        #expect(try sections(.all).count == 18)
    }

    @Test func whatWasNotAskedForIsNotObserved() async throws {
        let facts = await ShellHostInspector(channels: ShellRunner()).inspect(
            "here", at: .local, parts: [.boot, .kernels])
        #expect(facts.reachability == .reachable)
        #expect(facts.boot.value != nil && facts.kernels.value != nil)
        for reason in [
            facts.platform.reasonMissing, facts.packages.reasonMissing, facts.updates.reasonMissing,
            facts.rebootRequired.reasonMissing, facts.staleServices.reasonMissing, facts.units.reasonMissing,
            facts.fileSystems.reasonMissing, facts.packageLocks.reasonMissing,
        ] { #expect(reason == "not asked for") }
    }

    @Test func anExpectationAsksForWhatItTakes() {
        var expectation = HostExpectation(packages: [], absentPackages: [])
        #expect(ExpectationJudge(expectation: expectation).parts == .packages)
        expectation.noStaleServicesExcept = []
        expectation.noRebootPending = true
        #expect(
            ExpectationJudge(expectation: expectation).parts == [.packages, .services, .kernels, .rebootRequired])
    }

    @Test("Text is taken apart at its separators, whatever stands behind them")
    func separators() {
        #expect(FactText.lines("a\n\u{301}b\n\nc\n") == ["a", "\u{301}b", "c"])
        #expect(FactText.fields("a\t\t\u{301}b") == ["a", "", "\u{301}b"])
        #expect(FactText.words("  a \u{301}b ") == ["a", "\u{301}b"])
        #expect(FactText.paragraphs("\na\nb\n\n\nc") == [["a", "b"], ["c"]])
    }
}
