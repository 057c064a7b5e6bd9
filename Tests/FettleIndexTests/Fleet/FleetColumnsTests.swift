import FettleIndex
import FettleModel
import Foundation
import Testing

@Suite("Fleet columns")
struct FleetColumnsTests {
    private let at = Timestamp(milliseconds: 1_700_000_000_000)

    private func debian(_ name: String, _ version: String, source: String? = nil) -> ListedPackage {
        ListedPackage(
            origin: .system(.dpkg), name: name, architecture: "amd64", version: version, source: source)
    }

    @Test(
        "For any changes the file says what a dictionary says, before and after it is opened again", arguments: 1...20)
    func saysWhatADictionarySays(seed: Int) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var dice = FleetDice(seed: seed)
        var model = FleetModel()
        var columns = try FleetColumns(path: folder.file, .writing, isSynced: false)
        for _ in 0..<12 {
            let changes = dice.changes(1 + dice.roll(8))
            try columns.change { () throws(IndexError) in
                for change in changes { try change.apply(to: columns) }
            }
            for change in changes { change.apply(to: &model) }
            #expect(try FleetModel(columns) == model)
            try columns.verify()
            if dice.roll(4) == 0 { try columns.checkpoint() }
            if dice.roll(3) == 0 { columns = try reopened(&columns, folder) }
        }
        columns = try reopened(&columns, folder)
        #expect(try FleetModel(columns) == model)
    }

    private func reopened(_ columns: inout FleetColumns, _ folder: FleetFolder) throws -> FleetColumns {
        // The lock of the old one ends with it.
        columns = try FleetColumns(path: folder.path + "/other", .writing, isSynced: false)
        return try FleetColumns(path: folder.file, .writing, isSynced: false)
    }

    @Test(
        "Hosts beyond one block of rows, and packages from rare to everywhere, are kept; sums and searches find them all"
    )
    func keepsManyHosts() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let columns = try FleetColumns(path: folder.file, .writing, isSynced: false)
        var dice = FleetDice(seed: 7)
        // The package of number n is on one of 2^n hosts: cells in blocks of every kind.
        var builds: [[UInt32]] = []
        for number in 0..<12 {
            builds.append(
                try (0..<3).map { try columns.intern(debian("p\(number)", "1.\($0)"), platform: "debian:12") })
        }
        var expected: [[UInt32]] = []
        try columns.change { () throws(IndexError) in
            for host in 0..<9000 {
                let has = (0..<12).filter { dice.roll(1 << $0) == 0 }.map { builds[$0][dice.roll(3)] }
                expected.append(has)
                try columns.setHost("h\(host)", builds: has, platform: "debian:12", at: at)
            }
        }
        // Some lose what they had, so that sparse blocks have holes, and some get it anew.
        for host in stride(from: 0, to: 9000, by: 61) {
            expected[host] = host % 2 == 0 ? [] : [builds[11][0], builds[7][1]]
            try columns.setHost("h\(host)", builds: expected[host], platform: "debian:12", at: at)
        }
        try columns.verify()
        var weights = [FleetCounts](repeating: .zero, count: columns.buildCount)
        for number in weights.indices { weights[number] = FleetCounts(UInt32(number), 1, 0, 0, 0, 0, 0, 0) }
        var sums: [FleetCounts] = []
        for block in 0..<columns.rowBlockCount { sums += try columns.addUp(weights, rowBlock: block) }
        for (host, has) in expected.enumerated() {
            #expect(sums[host] == has.reduce(.zero) { $0 &+ weights[Int($1)] })
        }
        for wanted in [[builds[0][0]], [builds[11][0], builds[3][2]], [builds[11][1]], []] {
            let rows = try columns.hosts(with: wanted).rows
            #expect(rows == expected.indices.filter { !Set(expected[$0]).isDisjoint(with: wanted) })
        }
        #expect(Set(try #require(try columns.packages(of: "h17"))).count == expected[17].count)
    }

    @Test("Several kernels, and a library in several versions, stand side by side (grype#942)")
    func keepsSeveralInstances() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let columns = try FleetColumns(path: folder.file, .writing, isSynced: false)
        let kernels = ["5.14.0-1", "5.14.0-2", "5.14.0-3"].map {
            ListedPackage(origin: .system(.rpm), name: "kernel-core", architecture: "x86_64", version: $0)
        }
        try columns.setHost("a", packages: kernels + kernels, platform: "almalinux:9", at: at)
        try columns.setHost("b", packages: [kernels[2]], platform: "almalinux:9", at: at)
        #expect(Set(try #require(try columns.packages(of: "a"))) == Set(kernels))
        #expect(try columns.host("a")?.packageCount == 3)
        #expect(columns.columnCount == 3)
        try columns.setHost("a", packages: [kernels[1], kernels[2]], platform: "almalinux:9", at: at)
        #expect(Set(try #require(try columns.packages(of: "a"))) == [kernels[1], kernels[2]])
        let newest = try columns.builds(named: "kernel-core").filter { number in
            try columns.build(number).package.version == "5.14.0-3"
        }
        #expect(try columns.hosts(with: newest).rows == [0, 1])
    }

    @Test("Builds are found by the name of their source and by their own")
    func findsBuildsByName() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let columns = try FleetColumns(path: folder.file, .writing, isSynced: false)
        let packages = [
            debian("libssl3", "3.0.1", source: "openssl"), debian("openssl", "3.0.1"),
            debian("zlib1g", "1", source: "zlib"),
        ]
        try columns.setHost("a", packages: packages, platform: "debian:12", at: at)
        try columns.setHost("b", packages: packages, platform: "debian:11", at: at)
        func names(_ builds: [UInt32]) throws -> [String] {
            try builds.map {
                let build = try columns.build($0)
                return "\(build.package.name) \(build.platform)"
            }.sorted()
        }
        #expect(
            try names(columns.builds(ofSource: "openssl")) == [
                "libssl3 debian:11", "libssl3 debian:12", "openssl debian:11", "openssl debian:12",
            ])
        #expect(try names(columns.builds(named: "openssl")) == ["openssl debian:11", "openssl debian:12"])
        #expect(try columns.builds(named: "zlib").isEmpty)
        #expect(try columns.builds(ofSource: "never seen").isEmpty)
    }

    @Test("The row of a host that is removed is used again, and nothing of it is left there")
    func usesRowsAgain() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let columns = try FleetColumns(path: folder.file, .writing, isSynced: false)
        for number in 0..<200 {
            try columns.setHost("h\(number)", packages: [debian("p", "\(number)")], platform: "debian:12", at: at)
        }
        for number in stride(from: 0, to: 200, by: 2) { #expect(try columns.removeHost("h\(number)")) }
        #expect(try !columns.removeHost("h0"))
        #expect(columns.hostCount == 100)
        for number in 200..<300 { try columns.setHost("h\(number)", packages: [], platform: "debian:12", at: at) }
        #expect(columns.rowCount == 200)
        for number in 200..<300 { #expect(try columns.packages(of: "h\(number)") == []) }
        for number in stride(from: 1, to: 200, by: 2) {
            #expect(try columns.packages(of: "h\(number)") == [debian("p", "\(number)")])
        }
        #expect(try columns.packages(of: "h2") == nil)
        try columns.verify()
    }

    @Test("A package of more builds than 16 bits can number goes on in another column")
    func continuesAPackage() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let columns = try FleetColumns(path: folder.file, .writing, isSynced: false)
        let builds = try columns.change { () throws(IndexError) in
            var builds: [UInt32] = []
            for number in 0..<65_600 {
                builds.append(try columns.intern(debian("p", "\(number)"), platform: "debian:12"))
            }
            return builds
        }
        #expect(Set(builds).count == builds.count)
        for host in [0, 65_534, 65_535, 65_599] {
            try columns.setHost("h\(host)", builds: [builds[host]], platform: "debian:12", at: at)
        }
        for host in [0, 65_534, 65_535, 65_599] {
            #expect(try columns.packages(of: "h\(host)") == [debian("p", "\(host)")])
        }
        #expect(try columns.hosts(with: [builds[65_599]]).rows == [3])
        #expect(try columns.builds(named: "p").count == 65_600)
    }

    @Test("A list that is too long, or a name that is, is refused with a reason, and the host keeps what it had")
    func refusesWhatIsTooLong() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let columns = try FleetColumns(path: folder.file, .writing, isSynced: false)
        try columns.setHost("a", packages: [debian("p", "1")], platform: "debian:12", at: at)
        let long = debian(String(repeating: "x", count: 5000), "1")
        #expect {
            try columns.setHost("a", packages: [debian("q", "1"), long], platform: "debian:12", at: at)
        } throws: {
            ($0 as? IndexError)?.code == .tooLarge && "\($0)".contains("5000 bytes")
        }
        #expect(throws: IndexError.self) {
            try columns.setHost("a", builds: [0, 99], platform: "debian:12", at: at)
        }
        #expect(throws: IndexError.self) {
            try columns.setHost("a", builds: [UInt32](repeating: 0, count: 200_001), platform: "", at: at)
        }
        #expect(try columns.packages(of: "a") == [debian("p", "1")])
        #expect(try columns.builds(named: "q").isEmpty)
    }
}
