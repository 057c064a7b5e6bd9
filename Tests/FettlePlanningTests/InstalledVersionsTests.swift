import FettleModel
import Testing

@testable import FettlePlanning

/// Against a table of all packages by name and architecture, as the answer is defined.
@Suite struct InstalledVersionsTests {
    @Test(arguments: UInt64(0)..<300)
    func whatIsFoundAmongHundredsIsWhatATableOfAllSays(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let names = (0..<Int.random(in: 1...30, using: &random)).map { "p\($0)" }
        func name() -> String { names.randomElement(using: &random) ?? "p0" }
        func version() -> String { String(Int.random(in: 1...4, using: &random)) }
        func architecture() -> String { Bool.random(using: &random) ? "amd64" : "i386" }
        let packages = (0..<Int.random(in: 0...60, using: &random)).map { _ in
            InstalledPackage(
                manager: Int.random(in: 0..<9, using: &random) == 0 ? .rpm : .dpkg, name: name(),
                architecture: architecture(), version: version(), source: "s", sourceVersion: "1")
        }
        let broken = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            BrokenPackage(name: name(), architecture: architecture(), version: version(), state: "unpacked")
        }
        let changes = (0..<Int.random(in: 0...20, using: &random)).map { _ in
            PackageChange(
                name: name(), architecture: architecture(), from: Bool.random(using: &random) ? version() : nil,
                to: Bool.random(using: &random) ? version() : nil)
        }
        let wanted = (0..<Int.random(in: 0...20, using: &random)).map { _ in
            PackageVersion(name: name(), architecture: architecture(), version: version())
        }

        var table: [[String]: Set<String>] = [:]
        for package in packages where package.manager == .dpkg {
            table[[package.name, package.architecture], default: []].insert(package.version)
        }
        for package in broken { table[[package.name, package.architecture]] = [package.version] }
        let touched = Set(changes.map { [$0.name, $0.architecture] })

        let installed = InstalledVersions(packages, of: .dpkg, broken: broken, changes: changes, wanted: wanted)
        for change in changes {
            let there = table[[change.name, change.architecture]] ?? []
            let expected = [change.to, change.from].lazy.compactMap { $0 }.first(where: there.contains) ?? there.min()
            #expect(installed.version(of: change) == expected)
            let isBroken = broken.contains { $0.name == change.name && $0.architecture == change.architecture }
            #expect(installed.isBroken(change) == isBroken)
        }
        let present = Set(wanted).filter {
            !touched.contains([$0.name, $0.architecture])
                && table[[$0.name, $0.architecture]]?.contains($0.version) == true
        }
        #expect(installed.present(wanted, butFor: changes) == present.sorted())
        let untouched = Set(table.keys.filter { !touched.contains($0) }.map { $0[0] })
        #expect(installed.names(untouchedBy: changes) == untouched.intersection(changes.map(\.name)))
    }
}
