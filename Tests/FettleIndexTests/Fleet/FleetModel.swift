import FettleModel
import Foundation
import Testing

@testable import FettleIndex

/// The fleet as a plain dictionary: what the columns must say.
struct FleetModel: Equatable {
    struct Host: Equatable {
        var platform: String
        var packages: Set<ListedPackage>
        var collectedAt: Timestamp
    }

    var hosts: [String: Host] = [:]

    init() {}

    /// What a file says.
    init(_ columns: FleetColumns) throws {
        for host in try columns.hosts() {
            let packages = try #require(try columns.packages(of: host.id))
            let distinct = Set(packages)
            #expect(distinct.count == packages.count)
            #expect(host.packageCount == packages.count)
            hosts[host.id] = Host(platform: host.platform, packages: distinct, collectedAt: host.collectedAt)
        }
        #expect(hosts.count == columns.hostCount)
    }
}

/// One change of a fleet.
enum FleetChange {
    case set(String, FleetModel.Host)
    case remove(String)

    func apply(to model: inout FleetModel) {
        switch self {
        case .set(let id, let host): model.hosts[id] = host
        case .remove(let id): model.hosts[id] = nil
        }
    }

    func apply(to columns: FleetColumns) throws(IndexError) {
        switch self {
        case .set(let id, let host):
            try columns.setHost(
                id, packages: Array(host.packages), platform: host.platform, at: host.collectedAt)
        case .remove(let id): try columns.removeHost(id)
        }
    }
}

/// Makes changes by dice: packages in several versions and instances, of several managers and registries, some of modules.
struct FleetDice {
    var random: SplitMix
    var hosts = 12
    var names = 30

    init(seed: Int) { random = SplitMix(seed: UInt64(seed)) }

    mutating func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &random) }

    mutating func change() -> FleetChange {
        let id = "host-\(roll(hosts))"
        return roll(5) == 0 ? .remove(id) : .set(id, host())
    }

    mutating func changes(_ count: Int) -> [FleetChange] { (0..<count).map { _ in change() } }

    mutating func host() -> FleetModel.Host {
        var packages: Set<ListedPackage> = []
        for _ in 0..<roll(40) { packages.insert(package()) }
        return FleetModel.Host(
            platform: ["debian:12", "debian:11", "almalinux:9", ""][roll(4)], packages: packages,
            collectedAt: Timestamp(milliseconds: Int64(roll(1_000_000))))
    }

    mutating func package() -> ListedPackage {
        let number = roll(names)
        let version = "\(roll(3)).\(roll(4))-\(roll(2))"
        switch number % 4 {
        case 0:
            return ListedPackage(
                origin: .system(.dpkg), name: "lib\(number)", architecture: roll(5) == 0 ? "i386" : "amd64",
                version: version, source: "source\(number / 8)", sourceVersion: version + "s")
        case 1:
            return ListedPackage(
                origin: .system(.rpm), name: "lib\(number)", architecture: "x86_64", version: version,
                module: roll(2) == 0 ? "nodejs:18" : nil)
        case 2: return ListedPackage(origin: .registry("npm"), name: "lib\(number)", version: version)
        default: return ListedPackage(origin: .registry("pypi"), name: "lib\(number - 1)", version: version)
        }
    }
}

/// A folder of its own for one test.
struct FleetFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-fleet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    var file: String { path + "/fleet.fettle" }
    var journal: String { file + ".journal" }

    /// The file and its journal as they are on disk now, in a folder of their own: what a process that starts after a crash finds.
    func copy() throws -> FleetFolder {
        let copy = try FleetFolder()
        try FileManager.default.copyItem(atPath: file, toPath: copy.file)
        if FileManager.default.fileExists(atPath: journal) {
            try FileManager.default.copyItem(atPath: journal, toPath: copy.journal)
        }
        return copy
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
