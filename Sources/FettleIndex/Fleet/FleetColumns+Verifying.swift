extension FleetColumns {
    /// Reads all of it for those who want to know of damage before they meet it: every text, build, host and cell is there, is found by
    /// what it is, and has a place that is no other's; so that what is written next is read as it was written.
    public func verify() throws(IndexError) {
        try consistently { () throws(IndexError) in
            try store.verifyPlaces()
            try store.verifyTexts()
            try store.verifyPackages()
            try store.verifyBuilds()
            try store.verifyCells()
            try verifyHosts()
            try store.verifyFreeRows()
        }
    }

    /// Reads what answers about the fleet rest on: every name and build, and each host's cells against their sum. It takes as long as a
    /// judgement of the whole fleet; what it leaves out of `verify` only matters to what is written next.
    public func verifyContents() throws(IndexError) {
        try consistently { () throws(IndexError) in
            try store.verifyTexts()
            try store.verifyPackages()
            try store.verifyBuilds()
            for block in 0..<rowBlockCount { _ = try addUp([], rowBlock: block) }
        }
    }

    private func verifyHosts() throws(IndexError) {
        for row in 0..<rowCount {
            let host = try store.host(atRow: row)
            guard try builds(ofRow: row).count == host?.packageCount ?? 0 else {
                throw store.damaged("a host does not have as many packages as it says")
            }
            if let host, store.row(ofHost: host.id) != row { throw store.damaged("a host is not found by its name") }
        }
    }
}

extension FleetStore {
    private typealias Package = FleetArray.Package

    fileprivate func verifyTexts() throws(IndexError) {
        try verify(.texts, has: count(.texts))
        for number in 0..<count(.texts) {
            guard let bytes = textBytes(at: try element(.texts, number)) else {
                throw damaged("a text lies outside of it")
            }
            guard String(validating: bytes, as: UTF8.self) != nil else { throw damaged("a text is no text") }
            guard self.number(ofText: bytes, hash(bytes)).map(Int.init) == number else {
                throw damaged("a text is not found by what it says")
            }
        }
    }

    fileprivate func verifyPackages() throws(IndexError) {
        try verify(.packages, has: count(.packages))
        var (columns, packages, listed) = (0, 0, 0)
        for number in 0..<UInt32(count(.packages)) {
            guard let key = key(ofPackage: number), package(with: key) == number else {
                throw damaged("a package is not found by what it is")
            }
            let place = try element(.packages, number)
            for column in try self.columns(ofPackageAt: place) {
                let owner: UInt32 = file.load(try element(.columns, column) + FleetArray.Column.package)
                guard owner == number else { throw damaged("a column is another package's") }
                columns += 1
            }
            let list = try builds(ofPackageAt: place)
            guard list.count / 4 <= Int(file.load(place + Package.capacity, as: UInt32.self)) else {
                throw damaged("a list has no room for what it has")
            }
            for local in 0..<list.count / 4 {
                let build = UInt32(littleEndian: list.loadUnaligned(fromByteOffset: local * 4, as: UInt32.self))
                let known = try element(.builds, build)
                guard file.load(known + FleetArray.Build.package) == number,
                    Int(file.load(known + FleetArray.Build.local, as: UInt16.self)) == local + 1
                else { throw damaged("a package's build is another's") }
                listed += 1
            }
        }
        for text in 0..<UInt32(count(.texts)) {
            for package in try self.packages(named: text) {
                guard key(ofPackage: package)?.name == text else { throw damaged("a package has another name") }
                packages += 1
            }
        }
        guard columns == count(.columns), packages == count(.packages), listed == count(.builds) else {
            throw damaged("a package, a column or a build is in no list")
        }
    }

    fileprivate func verifyBuilds() throws(IndexError) {
        try verify(.builds, has: count(.builds))
        var ofSources = 0
        for number in 0..<UInt32(count(.builds)) {
            _ = try build(number)
            guard let key = key(ofBuild: number), build(with: key) == number else {
                throw damaged("a build is not found by what it is")
            }
            guard key.space < Self.registrySpace || key.space == key.ecosystem &+ Self.registrySpace else {
                throw damaged("a build is of two registries")
            }
        }
        for text in 0..<UInt32(count(.texts)) {
            for build in try builds(ofSource: text) {
                guard key(ofBuild: build)?.source == text else { throw damaged("a build has another source") }
                ofSources += 1
            }
        }
        guard ofSources == count(.builds) else { throw damaged("a build is in no list of its source") }
    }

    /// Cells of rows that are not there would be those of the host that gets such a row next.
    fileprivate func verifyCells() throws(IndexError) {
        let blockRows = FleetLayout.blockRows
        guard count(.rowBlocks) == (count(.hosts) + blockRows - 1) / blockRows else {
            throw damaged("there are not as many blocks of rows as hosts need")
        }
        for rowBlock in 0..<count(.rowBlocks) {
            let rows = min(blockRows, count(.hosts) - rowBlock * blockRows)
            try forEachEntry(ofRowBlock: rowBlock) { column, entry throws(IndexError) in
                guard column < count(.columns) else { throw damaged("there are cells of a column that is not there") }
                try verify(try block(entry), rows: rows)
            }
        }
    }

    private func verify(_ block: CellBlock, rows: Int) throws(IndexError) {
        switch block {
        case .none: return
        case .dense(let cells):
            guard cells[rows...].allSatisfy({ $0 == 0 }) else { throw damaged("there are cells of no row") }
        case .sparse(let numbers, _):
            var seen: Set<UInt16> = []
            for number in numbers.lazy.map(UInt16.init(littleEndian:)) where number > 0 {
                guard number <= rows, seen.insert(number).inserted else {
                    throw damaged("there are cells of no row, or two of one")
                }
            }
        }
    }

    fileprivate func verifyFreeRows() throws(IndexError) {
        let live = Int(root(FleetLayout.Root.liveHosts, as: UInt32.self))
        try verify(.hosts, has: live)
        var free = 0
        var link: UInt32 = root(FleetLayout.Root.freeRow)
        while link > 0 {
            guard free < count(.hosts), isRowFree(Int(link) - 1) else { throw damaged("a host's row is given away") }
            free += 1
            link = file.load(try element(.hosts, link - 1) + FleetArray.Host.nextFree)
        }
        guard live + free == count(.hosts) else { throw damaged("a row is neither a host's nor free") }
    }

    private func verify(_ table: FleetTable, has numbers: Int) throws(IndexError) {
        let (known, said) = numbersKept(in: table)
        guard known == numbers, said == numbers else { throw damaged("a table has not as many as it should") }
    }
}
