public import FettleModel

/// One build of one package, as hosts have it installed.
public struct FleetBuild: Sendable, Hashable {
    /// Its number in the file, from 0.
    public var number: UInt32
    /// The ecosystem of a package of the system; empty for one of a language's registry, and where it was not known.
    public var platform: String
    public var package: ListedPackage
}

/// A host of the fleet.
public struct FleetHost: Sendable, Hashable {
    /// Its row, which another host may get when this one is removed.
    public var row: Int
    public var id: String
    public var platform: String
    public var packageCount: Int
    public var collectedAt: Timestamp
}

extension FleetColumns {
    /// Counts every change since the file was made: two states of the same number are the same.
    public var changeCount: UInt64 { store.root(FleetLayout.Root.sequence) }
    public var hostCount: Int { Int(store.root(FleetLayout.Root.liveHosts, as: UInt32.self)) }
    /// Rows that are or were some host's.
    public var rowCount: Int { store.count(.hosts) }
    public var buildCount: Int { store.count(.builds) }
    public var columnCount: Int { store.count(.columns) }
    /// Rows whose cells lie together, from a multiple of `rowsOfBlock` on.
    public var rowBlockCount: Int { store.count(.rowBlocks) }
    public static var rowsOfBlock: Int { FleetLayout.blockRows }
    /// What is given out of the file.
    public var byteCount: Int { Int(clamping: store.root(FleetLayout.Root.end, as: UInt64.self)) }

    public func host(_ id: String) throws(IndexError) -> FleetHost? {
        try consistently { () throws(IndexError) in
            try store.row(ofHost: id).flatMap { row throws(IndexError) in try store.host(atRow: row) }
        }
    }

    /// The host of a row; nil if nobody has it.
    public func host(atRow row: Int) throws(IndexError) -> FleetHost? {
        try consistently { () throws(IndexError) in row < rowCount ? try store.host(atRow: row) : nil }
    }

    public func hosts() throws(IndexError) -> [FleetHost] {
        try consistently { () throws(IndexError) in
            var hosts: [FleetHost] = []
            for row in 0..<rowCount {
                if let host = try store.host(atRow: row) { hosts.append(host) }
            }
            return hosts
        }
    }

    public func build(_ number: UInt32) throws(IndexError) -> FleetBuild {
        try consistently { () throws(IndexError) in try store.build(number) }
    }

    /// The number of the name of a build's source: builds of one source have the same.
    public func sourceNumber(ofBuild number: UInt32) throws(IndexError) -> UInt32 {
        store.file.load(try store.element(.builds, number) + FleetArray.Build.source)
    }

    /// Hands over every build that some host has or once had, by number.
    public func forEachBuild(_ body: (FleetBuild) throws(IndexError) -> Void) throws(IndexError) {
        for number in 0..<buildCount { try body(try build(UInt32(number))) }
    }

    /// What a host has, in the order of columns; nil if there is no such host.
    public func packages(of id: String) throws(IndexError) -> [ListedPackage]? {
        try consistently { () throws(IndexError) in
            guard let row = store.row(ofHost: id) else { return nil }
            return try builds(ofRow: row).map { number throws(IndexError) in try store.build(number).package }
        }
    }

    /// The builds of a host, by number, in the order of columns.
    ///
    /// - Throws: also if they are not those that were written.
    public func builds(ofRow row: Int) throws(IndexError) -> [UInt32] {
        try consistently { () throws(IndexError) in
            guard row >= 0, row < rowCount else { return [] }
            let directory = try store.directory(row / FleetLayout.blockRows)
            var builds: [UInt32] = []
            var sum = FleetBuildSum()
            for column in 0..<directory.count / 8 {
                let entry = UInt64(littleEndian: directory.loadUnaligned(fromByteOffset: column * 8, as: UInt64.self))
                guard entry > 0 else { continue }
                let local = Int(try store.cell(entry, row % FleetLayout.blockRows))
                guard local > 0 else { continue }
                let list = try store.builds(ofPackageAt: try store.packagePlace(ofColumn: column))
                guard local * 4 <= list.count else { throw store.damaged("a host has a build that is not there") }
                let build = UInt32(
                    littleEndian: list.loadUnaligned(fromByteOffset: (local - 1) * 4, as: UInt32.self))
                sum.add(build)
                builds.append(build)
            }
            try store.check(sum, ofRow: row)
            return builds
        }
    }

    /// Builds of packages by the name of their source.
    public func builds(ofSource name: String) throws(IndexError) -> [UInt32] {
        try consistently { () throws(IndexError) in
            guard let text = store.number(ofText: name) else { return [] }
            return try store.builds(ofSource: text)
        }
    }

    /// Builds of packages by their own name.
    public func builds(named name: String) throws(IndexError) -> [UInt32] {
        try consistently { () throws(IndexError) in
            guard let text = store.number(ofText: name) else { return [] }
            var builds: [UInt32] = []
            for package in try store.packages(named: text) {
                let list = try store.builds(ofPackageAt: try store.element(.packages, package))
                for local in 0..<list.count / 4 {
                    builds.append(UInt32(littleEndian: list.loadUnaligned(fromByteOffset: local * 4, as: UInt32.self)))
                }
            }
            return builds
        }
    }
}
