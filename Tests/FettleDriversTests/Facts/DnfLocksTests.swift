import Testing

@testable import FettleDrivers

@Suite struct DnfLocksTests {
    private func held(_ lines: [String], _ name: String, _ version: String, _ architecture: String = "x86_64") throws
        -> Bool
    {
        try DnfLocks(lines.map { $0[...] }).holds(name, architecture, version)
    }

    /// As `dnf versionlock add` writes it.
    @Test func onlyTheLockedVersionMayBeInstalled() throws {
        let list = ["# Added lock on Fri Nov 27 2026", "nginx-1:1.20.1-14.el9.*", "", "libinvoice-0:2.3-1.*"]
        #expect(try held(list, "nginx", "1:1.20.1-16.el9"))
        #expect(try !held(list, "nginx", "1:1.20.1-14.el9"))
        #expect(try held(list, "libinvoice", "2.3-2", "noarch"))
        #expect(try !held(list, "libinvoice", "2.3-1", "noarch"))
        #expect(try !held(list, "nginx-core", "1:1.20.1-16.el9"))
        #expect(try !held(list, "curl", "7.76.1-29.el9"))
    }

    /// By hand a line may leave the epoch, the release and the architecture out, or hold a sign for many.
    @Test(arguments: [
        "nginx-1.20.1", "nginx-1.20.1-14.el9", "nginx-1:1.20.1", "nginx-1.2?.1-14.*", "ngin?-1.20.1-14.el9.x86_64",
    ])
    func aLineMayBeShort(_ line: String) throws {
        #expect(try held([line], "nginx", "1:1.22.9-1.el9"))
        #expect(try !held([line], "nginx", "1:1.20.1-14.el9"))
    }

    @Test func aNameAloneHoldsNothing() throws {
        for line in ["nginx", "nginx*", "nginx.x86_64", "nginx-*"] {
            #expect(try !held([line], "nginx", "1:1.22.9-1.el9"))
        }
        // A name with a dot is no name with an architecture.
        #expect(try !held(["python3.9"], "python3", "3.9.18-3.el9"))
    }

    @Test func anExcludedVersionIsHeldAndOthersAreNot() throws {
        let list = ["!nginx-1:1.22.9-1.el9.*"]
        #expect(try held(list, "nginx", "1:1.22.9-1.el9"))
        #expect(try !held(list, "nginx", "1:1.22.10-1.el9"))
    }

    @Test func severalLinesOfAPackageLeaveAChoice() throws {
        let list = ["kernel-0:5.14.0-427.el9.*", "kernel-0:5.14.0-503.el9.*"]
        #expect(try !held(list, "kernel", "5.14.0-503.el9"))
        #expect(try held(list, "kernel", "5.14.0-570.el9"))
    }

    @Test func aListWithoutAnEndIsRefused() {
        #expect(throws: (any Error).self) { try DnfLocks(Array(repeating: "nginx"[...], count: 2_001)) }
    }
}
