import FettleModel

/// Hosts and their rows.
extension FleetStore {
    private typealias Field = FleetArray.Host

    func row(ofHost id: String) -> Int? {
        guard let text = number(ofText: id) else { return nil }
        return find(hostHash(text), in: .hosts) { row in
            guard let place = place(.hosts, Int(row)) else { return false }
            return file.load(place + Field.id) == text &+ 1
        }.map { Int($0) }
    }

    private func hostHash(_ text: UInt32) -> UInt32 {
        withUnsafeBytes(of: (text, UInt32(0))) { self.hash($0) }
    }

    /// Gives a host a row in which it has nothing: one that another host left, or a new one.
    func addHost(_ id: String) throws(IndexError) -> Int {
        typealias Root = FleetLayout.Root
        let text = try intern(id)
        let row: Int
        let free: UInt32 = root(Root.freeRow)
        if free > 0 {
            row = Int(free - 1)
            setRoot(Root.freeRow, file.load(try element(.hosts, row) + Field.nextFree, as: UInt32.self))
        } else {
            guard count(.hosts) < FleetLayout.mostHosts else {
                throw IndexError(.tooLarge, path: file.path, "has at most \(FleetLayout.mostHosts) hosts")
            }
            row = try append(.hosts).number
            if row / FleetLayout.blockRows >= count(.rowBlocks) { _ = try append(.rowBlocks) }
        }
        file.store(text + 1, at: try element(.hosts, row) + Field.id)
        setRoot(Root.liveHosts, root(Root.liveHosts, as: UInt32.self) &+ 1)
        try insert(hostHash(text), UInt32(row), into: .hosts)
        return row
    }

    func setHost(
        atRow row: Int, platform: UInt32, packages: UInt32, collectedAt: Int64, sum: FleetBuildSum
    ) throws(IndexError) {
        let place = try element(.hosts, row)
        file.store(platform, at: place + Field.platform)
        file.store(packages, at: place + Field.packages)
        file.store(collectedAt, at: place + Field.collectedAt)
        file.store(sum.value, at: place + Field.sum)
    }

    /// The sum that was kept of what a row has; that of nothing for a row that is free.
    func sum(ofRow row: Int) throws(IndexError) -> FleetBuildSum {
        let place = try element(.hosts, row)
        guard file.load(place + Field.id, as: UInt32.self) > 0 else { return FleetBuildSum() }
        return FleetBuildSum(value: file.load(place + Field.sum))
    }

    /// - Throws: if what was read of a row is not what was written of it.
    func check(_ sum: FleetBuildSum, ofRow row: Int) throws(IndexError) {
        guard try self.sum(ofRow: row) == sum else {
            let name = (try? host(atRow: row))?.id ?? "a row that nobody has"
            throw damaged("the packages of \(name.prefix(100)) are not as they were written")
        }
    }

    /// Frees a row whose cells are empty.
    func removeHost(atRow row: Int) throws(IndexError) {
        typealias Root = FleetLayout.Root
        let place = try element(.hosts, row)
        let text: UInt32 = file.load(place + Field.id)
        guard text > 0 else { throw damaged("a host has no name") }
        remove(hostHash(text - 1), UInt32(row), from: .hosts)
        file.clear(Field.size, at: place)
        file.store(root(Root.freeRow, as: UInt32.self), at: place + Field.nextFree)
        setRoot(Root.freeRow, UInt32(row + 1))
        setRoot(Root.liveHosts, root(Root.liveHosts, as: UInt32.self) &- 1)
    }

    /// The host of a row; nil if the row is free.
    func host(atRow row: Int) throws(IndexError) -> FleetHost? {
        let place = try element(.hosts, row)
        let text: UInt32 = file.load(place + Field.id)
        guard text > 0 else { return nil }
        return FleetHost(
            row: row, id: try self.text(text - 1), platform: try self.text(file.load(place + Field.platform)),
            packageCount: Int(file.load(place + Field.packages, as: UInt32.self)),
            collectedAt: Timestamp(milliseconds: file.load(place + Field.collectedAt)))
    }

    func isRowFree(_ row: Int) -> Bool {
        place(.hosts, row).map { file.load($0 + Field.id, as: UInt32.self) == 0 } ?? true
    }
}
