/// What is added up for each host: eight counts, whatever they stand for.
public typealias FleetCounts = SIMD8<UInt32>

/// What sums wrap around in.
private protocol FleetSummed {
    static func &+= (left: inout Self, right: Self)
}
extension SIMD8: FleetSummed where Scalar == UInt32 {}
extension UInt64: FleetSummed {}

/// Some of the rows of a fleet.
public struct FleetRows: Sendable, Equatable {
    /// A bit for each row, from the lowest of the first on.
    public fileprivate(set) var bits: [UInt64]

    init(rowCount: Int) { bits = [UInt64](repeating: 0, count: (rowCount + 63) / 64) }

    public var count: Int { bits.reduce(0) { $0 + $1.nonzeroBitCount } }

    public var rows: [Int] {
        var rows: [Int] = []
        for (word, value) in bits.enumerated() {
            var rest = value
            while rest != 0 {
                rows.append(word * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return rows
    }

    public mutating func formUnion(_ other: FleetRows) {
        for word in 0..<min(bits.count, other.bits.count) { bits[word] |= other.bits[word] }
    }
}

extension FleetColumns {
    /// Adds up for each host of a block of rows what its builds count for.
    ///
    /// Reads each block of cells once, from front to back. Sums wrap around.
    ///
    /// - Parameter weights: by the number of a build; builds beyond its end count for nothing.
    /// - Returns: `rowsOfBlock` sums, also of rows that nobody has.
    /// - Throws: also if a host does not have what was written of it.
    public func addUp(_ weights: [FleetCounts], rowBlock: Int) throws(IndexError) -> [FleetCounts] {
        let store = store
        let directory = try store.directory(rowBlock)
        var sums = [FleetCounts](repeating: .zero, count: FleetLayout.blockRows)
        // By every local number that sixteen bits can name: no cell, whatever it says, leads out of it.
        var table = [FleetCounts](repeating: .zero, count: 1 << 16)
        var checks = [UInt64](repeating: 0, count: FleetLayout.blockRows)
        var numbers = [UInt64](repeating: 0, count: 1 << 16)
        for column in 0..<directory.count / 8 {
            let entry = UInt64(littleEndian: directory.loadUnaligned(fromByteOffset: column * 8, as: UInt64.self))
            guard entry > 0 else { continue }
            let list = try store.builds(ofPackageAt: try store.packagePlace(ofColumn: column))
            let count = list.count / 4
            var counts = false
            for local in 0..<count {
                let build = Int(UInt32(littleEndian: list.loadUnaligned(fromByteOffset: local * 4, as: UInt32.self)))
                let weight = build < weights.count ? weights[build] : .zero
                table[local + 1] = weight
                numbers[local + 1] = FleetBuildSum.number(of: UInt32(build))
                counts = counts || weight != .zero
            }
            let block = try store.block(entry)
            let highest = Self.add(block, numbers, to: &checks)
            guard highest <= count else { throw store.damaged("a host has a build that is not there") }
            if counts { Self.add(block, table, to: &sums) }
            for local in 0..<count {
                table[local + 1] = .zero
                numbers[local + 1] = 0
            }
        }
        let first = rowBlock * FleetLayout.blockRows
        guard first <= rowCount else { throw store.damaged("it has rows of more hosts than there are") }
        for row in first..<min(first + FleetLayout.blockRows, rowCount) {
            try store.check(FleetBuildSum(value: checks[row - first]), ofRow: row)
        }
        return sums
    }

    /// - Returns: the highest local number that was met.
    @discardableResult @inline(__always)
    private static func add<Number: FleetSummed>(
        _ block: FleetStore.CellBlock, _ table: [Number], to sums: inout [Number]
    ) -> UInt16 {
        var highest: UInt16 = 0
        table.withUnsafeBufferPointer { table in
            sums.withUnsafeMutableBufferPointer { sums in
                switch block {
                case .none: break
                case .dense(let cells):
                    precondition(cells.count == sums.count && table.count == 1 << 16)
                    for row in 0..<cells.count {
                        let local = UInt16(littleEndian: cells[row])
                        highest = max(highest, local)
                        sums[row] &+= table[Int(local)]
                    }
                case .sparse(let rows, let locals):
                    for slot in 0..<rows.count {
                        let row = Int(UInt16(littleEndian: rows[slot]))
                        guard row > 0, row <= sums.count else { continue }
                        let local = UInt16(littleEndian: locals[slot])
                        highest = max(highest, local)
                        sums[row - 1] &+= table[Int(local)]
                    }
                }
            }
        }
        return highest
    }

    /// The rows of hosts that have one of some builds.
    public func hosts(with builds: some Sequence<UInt32>) throws(IndexError) -> FleetRows {
        try consistently { () throws(IndexError) in
            let store = store
            var found = FleetRows(rowCount: max(rowCount, rowBlockCount * FleetLayout.blockRows))
            var wanted: [UInt32: [Int]] = [:]
            for build in builds {
                let place = try store.element(.builds, build)
                wanted[store.file.load(place + FleetArray.Build.package), default: []]
                    .append(Int(store.file.load(place + FleetArray.Build.local, as: UInt16.self)))
            }
            var isWanted = [UInt8](repeating: 0, count: 1 << 16)
            for (package, locals) in wanted {
                for local in locals where local > 0 { isWanted[local] = 1 }
                for column in try store.columns(ofPackageAt: try store.element(.packages, package)) {
                    for rowBlock in 0..<rowBlockCount {
                        let entry = try store.entry(Int(column), rowBlock)
                        Self.mark(try store.block(entry), isWanted, rowBlock, in: &found.bits)
                    }
                }
                for local in locals { isWanted[local] = 0 }
            }
            return found
        }
    }

    private static func mark(
        _ block: FleetStore.CellBlock, _ isWanted: [UInt8], _ rowBlock: Int, in bits: inout [UInt64]
    ) {
        let first = rowBlock * FleetLayout.blockRows / 64
        isWanted.withUnsafeBufferPointer { isWanted in
            switch block {
            case .none: break
            case .dense(let cells):
                for word in 0..<cells.count / 64 {
                    var value: UInt64 = 0
                    for bit in 0..<64 {
                        let local = Int(UInt16(littleEndian: cells[word * 64 + bit]))
                        value |= UInt64(isWanted[local]) << UInt64(truncatingIfNeeded: bit)
                    }
                    bits[first + word] |= value
                }
            case .sparse(let rows, let locals):
                for slot in 0..<rows.count {
                    let row = Int(UInt16(littleEndian: rows[slot]))
                    guard row > 0, row <= FleetLayout.blockRows else { continue }
                    guard isWanted[Int(UInt16(littleEndian: locals[slot]))] == 1 else { continue }
                    bits[first + (row - 1) / 64] |= 1 << UInt64((row - 1) % 64)
                }
            }
        }
    }
}
