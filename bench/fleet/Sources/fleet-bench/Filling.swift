import FettleIndex
import FettleModel
import FettleSoftware
import FettleVersions
import Foundation

/// Makes the fleet, always the same one of the same lists.
///
/// Names: those of the real lists, the sources that the tracker names beside them, and 2,000 more that are made up, since a large
/// fleet has a long tail. Of 600 packages a host has 450 that all hosts have, 130 of its role (one of 12, each with 400 to choose
/// from), and 20 of all the rest. Versions: those that the tracker names of the source, at most 24; where it names none, the real one
/// and two updates of it. Half of the hosts are patched to the newest, a quarter one step behind, and so on for 12 steps; 3% of all
/// packages are at some other step.
struct Filling {
    let folder: String
    let tracker: String
    let lists: [String]

    private struct Choice {
        var builds: [UInt32]

        func at(step: Int) -> UInt32 {
            builds[max(0, builds.count - 1 - (step * builds.count + 6) / 12)]
        }
    }

    func run() throws {
        guard let debian = Ecosystem("debian:12") else { return }
        let tracker = try Tracker(tracker)
        let catalogue = try tracker.compile(to: FleetBench.advisories(folder), debian)
        print("advisories: \(catalogue.advisories) of \(tracker.sources.count) sources, built \(catalogue.builtAt)")
        let columns = try FleetColumns(path: FleetBench.fleet(folder), .replacing, isSynced: false)
        let (time, choices) = try FleetBench.time { try fill(columns, tracker, debian.name) }
        try columns.checkpoint()
        let size = Double(columns.byteCount) / 1_048_576
        print(
            "fleet: \(columns.hostCount) hosts x \(FleetBench.packages) packages of \(choices) names, \(columns.buildCount) builds,",
            "\(columns.columnCount) columns; filled in \(Int(time.wall / 1000)) s")
        print(
            "size: \(Int(size)) MiB, \(Int(Double(columns.byteCount) / Double(columns.hostCount))) bytes a host,",
            String(
                format: "%.2f bytes a package",
                Double(columns.byteCount) / Double(columns.hostCount * FleetBench.packages)))
    }

    private func fill(_ columns: FleetColumns, _ tracker: Tracker, _ platform: String) throws -> Int {
        var random = SplitMix(seed: 1)
        var choices = try names(tracker).map { package in
            Choice(builds: try versions(of: package, tracker).map { try columns.intern($0, platform: platform) })
        }
        let common = Array(choices.prefix(450))
        choices.removeFirst(450)
        let roles = (0..<12).map { _ in Array(choices.shuffled(using: &random).prefix(400)) }
        var host = 0
        while host < FleetBench.hosts {
            try columns.change { () throws(IndexError) in
                for _ in 0..<min(1000, FleetBench.hosts - host) {
                    let role = roles[Int.random(in: 0..<12, using: &random)]
                    var step = 0
                    while step < 11, Bool.random(using: &random) { step += 1 }
                    var builds: Set<UInt32> = []
                    func install(_ choice: Choice) {
                        let isAstray = Int.random(in: 0..<100, using: &random) < 3
                        builds.insert(choice.at(step: isAstray ? Int.random(in: 0..<12, using: &random) : step))
                    }
                    common.forEach(install)
                    let start = Int.random(in: 0..<270, using: &random)
                    role[start..<start + 130].forEach(install)
                    while builds.count < FleetBench.packages {
                        install(choices[Int.random(in: 0..<choices.count, using: &random)])
                    }
                    try columns.setHost(
                        "host-\(host).example.org", builds: Array(builds), platform: platform,
                        at: Timestamp(milliseconds: 1_790_000_000_000))
                    host += 1
                }
            }
        }
        return common.count + choices.count
    }

    private func names(_ tracker: Tracker) throws -> [ListedPackage] {
        var seen: Set<String> = []
        var packages: [ListedPackage] = []
        for list in lists {
            let read = try SoftwareListReader.read(
                try Data(contentsOf: URL(fileURLWithPath: list)), name: list, as: .dpkgStatus)
            packages += read.packages.filter { seen.insert($0.name + ":" + $0.architecture).inserted }
        }
        let listed = packages.count
        for source in tracker.sources.keys.sorted() where seen.insert(source + ":amd64").inserted {
            packages.append(debian(source, "1.0-1"))
        }
        print(
            "names: \(listed) of \(lists.count) real lists, \(packages.count - listed) more of the tracker, 2000 made up"
        )
        for number in 0..<2000 { packages.append(debian("package-\(number)", "1.\(number % 7)-1")) }
        return packages
    }

    private func debian(_ name: String, _ version: String) -> ListedPackage {
        ListedPackage(origin: .system(.dpkg), name: name, architecture: "amd64", version: version)
    }

    private func versions(of package: ListedPackage, _ tracker: Tracker) -> [ListedPackage] {
        var named = tracker.versions(of: package.source)
        if named.count < 3 { named += ["", "+deb12u1", "+deb12u2"].map { package.sourceVersion + $0 } }
        return named.map { version in
            var package = package
            package.version = version
            package.sourceVersion = version
            return package
        }
    }
}
