/// The cells: for each column and each 4096 hosts a block, where one of them has something there.
///
/// A block is sparse while it has few cells: `capacity` x u16 the row in the block + 1 (0: free), then as many x u16 the build's
/// local number. From the 257th cell on it is dense: 4096 x u16.
extension FleetStore {
    private typealias RowBlock = FleetArray.RowBlock
    static let kindMask: UInt64 = 63
    private static let denseSize = FleetLayout.blockRows * 2

    // MARK: Directories

    /// The directory of a block of rows: eight bytes for each column, as many as it has.
    func directory(_ rowBlock: Int) throws(IndexError) -> UnsafeRawBufferPointer {
        let place = try element(.rowBlocks, rowBlock)
        let capacity = Int(file.load(place + RowBlock.capacity, as: UInt32.self))
        let count = min(capacity, count(.columns))
        guard count > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let start = Int(clamping: file.load(place + RowBlock.directory, as: UInt64.self))
        guard let bytes = file.bytes(at: start, count * 8) else { throw damaged("a directory lies outside of it") }
        return bytes
    }

    /// A column's entry in the directory of a block of rows; 0: none of the hosts has it.
    func entry(_ column: Int, _ rowBlock: Int) throws(IndexError) -> UInt64 {
        let directory = try directory(rowBlock)
        guard column < directory.count / 8 else { return 0 }
        return UInt64(littleEndian: directory.loadUnaligned(fromByteOffset: column * 8, as: UInt64.self))
    }

    /// Hands over the entries of a block of rows that lead somewhere, those for which there only is room too.
    func forEachEntry(
        ofRowBlock rowBlock: Int, _ body: (_ column: Int, _ entry: UInt64) throws(IndexError) -> Void
    ) throws(IndexError) {
        let place = try element(.rowBlocks, rowBlock)
        let capacity = Int(file.load(place + RowBlock.capacity, as: UInt32.self))
        let start = Int(clamping: file.load(place + RowBlock.directory, as: UInt64.self))
        guard file.bytes(at: start, capacity * 8) != nil else { throw damaged("a directory lies outside of it") }
        for column in 0..<capacity {
            let entry: UInt64 = file.load(start + column * 8)
            if entry > 0 { try body(column, entry) }
        }
    }

    /// Where the entry of a column lies, with room made for it.
    private func entryPlace(_ column: Int, _ rowBlock: Int) throws(IndexError) -> Int {
        let place = try element(.rowBlocks, rowBlock)
        let capacity = Int(file.load(place + RowBlock.capacity, as: UInt32.self))
        let start = Int(clamping: file.load(place + RowBlock.directory, as: UInt64.self))
        let old = file.bytes(at: start, capacity * 8)
        guard capacity == 0 || old != nil else { throw damaged("a directory lies outside of it") }
        guard column >= capacity else { return start + column * 8 }
        let larger = max(64, capacity * 2, (column + 64) / 64 * 64)
        let new = try allocate(larger * 8)
        // Where the file has grown it may lie elsewhere in memory.
        if capacity > 0, let old = file.bytes(at: start, capacity * 8) { file.store(old, at: new) }
        file.store(UInt64(new), at: place + RowBlock.directory)
        file.store(UInt32(larger), at: place + RowBlock.capacity)
        return new + column * 8
    }

    // MARK: Reading

    /// A block of cells, looked at where it lies.
    enum CellBlock {
        case none
        /// Rows + 1 and local numbers, side by side.
        case sparse(rows: UnsafeBufferPointer<UInt16>, locals: UnsafeBufferPointer<UInt16>)
        case dense(UnsafeBufferPointer<UInt16>)
    }

    @inline(__always)
    func byteCount(ofBlock entry: UInt64) throws(IndexError) -> Int {
        let kind = Int(entry & Self.kindMask)
        guard kind <= FleetLayout.sparseKinds else { throw damaged("a block of cells is of no known kind") }
        return kind == 0 ? Self.denseSize : FleetLayout.sparseCapacity(kind) * 4
    }

    @inline(__always)
    func block(_ entry: UInt64) throws(IndexError) -> CellBlock {
        guard entry > 0 else { return .none }
        let kind = Int(entry & Self.kindMask)
        let count = try byteCount(ofBlock: entry) / 2
        guard let bytes = file.bytes(at: Int(clamping: entry & ~Self.kindMask), count * 2) else {
            throw damaged("a block of cells lies outside of it")
        }
        // Blocks begin on a boundary of 64 bytes, so that they are aligned.
        let cells = bytes.assumingMemoryBound(to: UInt16.self)
        if kind == 0 { return .dense(cells) }
        return .sparse(
            rows: UnsafeBufferPointer(rebasing: cells[..<(count / 2)]),
            locals: UnsafeBufferPointer(rebasing: cells[(count / 2)...]))
    }

    /// What a row has in a block; 0: nothing.
    @inline(__always)
    func cell(_ entry: UInt64, _ row: Int) throws(IndexError) -> UInt16 {
        switch try block(entry) {
        case .none: return 0
        case .dense(let cells): return UInt16(littleEndian: cells[row])
        case .sparse(let rows, let locals):
            return Self.slot(of: UInt16(row + 1), in: rows).map { UInt16(littleEndian: locals[$0]) } ?? 0
        }
    }

    @inline(__always)
    private static func slot(of wanted: UInt16, in rows: UnsafeBufferPointer<UInt16>) -> Int? {
        let wanted = wanted.littleEndian
        var start = 0
        // Sixteen at a time: capacities are multiples of it.
        while start < rows.count {
            var isHere = false
            for slot in start..<start + 16 { isHere = isHere || rows[slot] == wanted }
            if isHere { return (start..<start + 16).first { rows[$0] == wanted } }
            start += 16
        }
        return nil
    }

    // MARK: Writing

    /// Changes what a host has, and writes only what differs.
    ///
    /// - Parameter cells: by column, in ascending order.
    func setCells(_ cells: [FleetCell], ofRow row: Int, isNew: Bool) throws(IndexError) {
        let rowBlock = row / FleetLayout.blockRows
        let blockRow = row % FleetLayout.blockRows
        if !isNew {
            var wanted = cells[...]
            var gone: [UInt32] = []
            let directory = try directory(rowBlock)
            for column in 0..<directory.count / 8 {
                let entry = UInt64(littleEndian: directory.loadUnaligned(fromByteOffset: column * 8, as: UInt64.self))
                if let first = wanted.first, first.column == column {
                    wanted.removeFirst()
                } else if entry > 0, try cell(entry, blockRow) > 0 {
                    gone.append(UInt32(column))
                }
            }
            for column in gone { try setCell(Int(column), rowBlock, blockRow, 0) }
        }
        for cell in cells { try setCell(Int(cell.column), rowBlock, blockRow, cell.local) }
    }

    private func setCell(_ column: Int, _ rowBlock: Int, _ row: Int, _ local: UInt16) throws(IndexError) {
        let place = try entryPlace(column, rowBlock)
        let entry: UInt64 = file.load(place)
        let start = Int(clamping: entry & ~Self.kindMask)
        switch try block(entry) {
        case .none:
            guard local > 0 else { return }
            let new = try allocateSparse(1)
            file.store(UInt64(new) | 1, at: place)
            file.store(UInt16(row + 1), at: new)
            file.store(local, at: new + FleetLayout.sparseCapacity(1) * 2)
        case .dense(let cells):
            if UInt16(littleEndian: cells[row]) != local { file.store(local, at: start + row * 2) }
        case .sparse(let rows, let locals):
            let known = Self.slot(of: UInt16(row + 1), in: rows)
            guard let slot = known ?? (local == 0 ? nil : Self.slot(of: 0, in: rows)) else {
                guard local > 0 else { return }
                file.store(try enlarge(entry, rows, locals), at: place)
                return try setCell(column, rowBlock, row, local)
            }
            if known != nil, UInt16(littleEndian: locals[slot]) == local { return }
            file.store(local == 0 ? 0 : UInt16(row + 1), at: start + slot * 2)
            file.store(local, at: start + (rows.count + slot) * 2)
        }
    }

    /// Moves the cells of a sparse block that is full to a larger one.
    ///
    /// - Returns: the new one's entry.
    private func enlarge(
        _ entry: UInt64, _ rows: UnsafeBufferPointer<UInt16>, _ locals: UnsafeBufferPointer<UInt16>
    ) throws(IndexError) -> UInt64 {
        let kind = Int(entry & Self.kindMask)
        let isDense = kind == FleetLayout.sparseKinds
        let new = isDense ? try allocate(Self.denseSize) : try allocateSparse(kind + 1)
        let capacity = FleetLayout.sparseCapacity(kind + 1)
        for slot in 0..<rows.count {
            let row = Int(UInt16(littleEndian: rows[slot]))
            let local = UInt16(littleEndian: locals[slot])
            guard row > 0, row <= FleetLayout.blockRows else { continue }
            if isDense {
                file.store(local, at: new + (row - 1) * 2)
            } else {
                file.store(UInt16(row), at: new + slot * 2)
                file.store(local, at: new + (capacity + slot) * 2)
            }
        }
        freeSparse(Int(clamping: entry & ~Self.kindMask), kind)
        return UInt64(new) | (isDense ? 0 : UInt64(kind + 1))
    }

    private func allocateSparse(_ kind: Int) throws(IndexError) -> Int {
        let head = FleetLayout.Root.freeBlocks + (kind - 1) * 8
        let size = FleetLayout.sparseCapacity(kind) * 4
        let free = Int(clamping: root(head, as: UInt64.self))
        guard free > 0 else { return try allocate(size) }
        guard free % FleetLayout.line == 0, file.bytes(at: free, size) != nil else {
            throw damaged("a free block lies outside of it")
        }
        setRoot(head, file.load(free, as: UInt64.self))
        file.clear(size, at: free)
        return free
    }

    private func freeSparse(_ block: Int, _ kind: Int) {
        let head = FleetLayout.Root.freeBlocks + (kind - 1) * 8
        file.store(root(head, as: UInt64.self), at: block)
        setRoot(head, UInt64(block))
    }
}
