import FettleModel
import Testing

@testable import FettleDrivers

/// Whatever a host prints: every parser gives a value or a reason, never a crash and never a silent omission.
@Suite struct HostileOutputTests {
    private func facts(_ sections: [String: [UInt8]]) -> HostFacts {
        let nonce = "0123456789abcdef"
        var bytes: [UInt8] = []
        for (name, body) in sections.sorted(by: { $0.key < $1.key }) {
            bytes += Array("\n\(nonce) begin \(name)\n".utf8) + body + Array("\n\(nonce) status 0 end\n".utf8)
        }
        let transcript = Transcript(standardOutput: bytes, standardError: [], nonce: nonce)
        return FactsAssembler(transcript: transcript).facts(of: "web-1", at: Timestamp(milliseconds: 0))
    }

    static let names = [
        "release", "boot", "kernel", "dpkg", "apt", "rpm", "dnf", "zypper", "apk", "apkupdates", "reboot", "maps",
        "units",
        "disks", "locks", "livepatch",
    ]

    @Test(arguments: 0..<200) func noiseIsNeverAFactThatLooksRight(seed: UInt64) {
        var random = SplitMix(state: seed)
        var sections: [String: [UInt8]] = [:]
        for name in Self.names {
            let length = Int(random.next() % 400)
            sections[name] = (0..<length).map { _ in
                // Much of what parsers divide by, so that fields come about.
                let choice = random.next()
                let separators: [UInt8] = [10, 32, 9, 58, 47, 61, 40, 41, 60, 34, 46, 45, 48, 49]
                return choice % 3 == 0 ? separators[Int(choice / 3 % 14)] : UInt8(truncatingIfNeeded: choice >> 8)
            }
        }
        let facts = facts(sections)
        #expect(facts.boot.value == nil)
        #expect(facts.packages.value == nil)
        #expect(facts.updates.value == nil)
        #expect(facts.livepatches?.value?.contains { $0.isActive || !$0.fixes.isEmpty } == false)
    }

    @Test func controlCharactersAndBrokenUTF8DoNotReachAFact() {
        let release =
            Array("ID=debian\nPRETTY_NAME=\"De".utf8) + [0x1B, 0x5B, 0x32, 0x4A, 0xFF, 0xC2, 0x9B]
            + Array("bian\"\n".utf8)
        let facts = facts(["release": release, "kernel": Array("running 6.1\nmachine x86_64\n".utf8)])
        #expect(facts.platform.value?.prettyName == "De\u{FFFD}[2J\u{FFFD}\u{FFFD}bian")
    }

    @Test func aPackageLineWithoutItsFieldsIsNotLeftOut() {
        let text = "install ok installed\tbash\tamd64\t5.2\tbash\t5.2\ninstall ok installed\topenssl\n"
        #expect(facts(["dpkg": Array(text.utf8)]).packages.value == nil)
    }

    @Test func numbersOutOfRangeAreNotWrappedAround() {
        let table =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 99999999999999999999 1 1 1% /\n"
        #expect(facts(["disks": Array(table.utf8)]).fileSystems.value == nil)
        let large = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 9223372036854775807 1 1 1% /\n"
        #expect(facts(["disks": Array(large.utf8)]).fileSystems.value == nil)
        let boot = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa\n99999999999999999999.00\n"
        #expect(facts(["boot": Array(boot.utf8)]).boot.value == nil)
    }

    /// ansible/ansible#72629: an empty boot id made a reboot hang for ever.
    @Test(arguments: ["\n12.5\n", "aaaaaaaa\n12.5\n", "", "12.5\n"])
    func anEmptyBootIDIsNotObserved(text: String) {
        #expect(facts(["boot": Array(text.utf8)]).boot.value == nil)
    }

    @Test func nothingAtAllIsNotObserved() {
        let facts = facts([:])
        #expect(facts.packages.reasonMissing == "the host's answer ended before this was collected")
        #expect(facts.staleServices.value == nil)
        #expect(facts.packageLocks.value == nil)
    }
}

private struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
