/// Parts of the file of a fleet's packages: space, arrays and tables. What a forged file says leads nowhere: numbers that are too
/// high give nil, and no search is longer than its table.
struct FleetStore {
    let file: FleetFile

    func damaged(_ what: String) -> IndexError { FleetFront.damaged(file.path, what) }

    // MARK: Root

    @inline(__always)
    func root<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type = Number.self) -> Number {
        file.load(FleetLayout.root + offset)
    }

    func setRoot(_ offset: Int, _ value: some FixedWidthInteger) { file.store(value, at: FleetLayout.root + offset) }

    // MARK: Space

    /// Gives out zeroed bytes on a line's boundary. Small ones are cut from pieces, large ones begin a page.
    func allocate(_ count: Int) throws(IndexError) -> Int {
        typealias Root = FleetLayout.Root
        guard count > 0, count < FleetLayout.mostBytes else { throw damaged("a part is too large") }
        if count >= FleetLayout.page { return try extend(by: count) }
        let size = (count + FleetLayout.line - 1) / FleetLayout.line * FleetLayout.line
        var cursor = Int(clamping: root(Root.smallCursor, as: UInt64.self))
        let end = Int(clamping: root(Root.smallEnd, as: UInt64.self))
        if cursor > end || end - cursor < size {
            cursor = try extend(by: FleetLayout.growth)
            setRoot(Root.smallEnd, UInt64(cursor + FleetLayout.growth))
        }
        guard file.bytes(at: cursor, size) != nil else { throw damaged("its next part lies outside of it") }
        setRoot(Root.smallCursor, UInt64(cursor + size))
        return cursor
    }

    private func extend(by count: Int) throws(IndexError) -> Int {
        let start = Int(clamping: root(FleetLayout.Root.end, as: UInt64.self))
        guard start >= FleetLayout.page, start <= FleetLayout.mostBytes - count else {
            throw IndexError(.tooLarge, path: file.path, "would have more than 64 GiB")
        }
        // A file is never shorter than what it says it holds.
        guard start <= file.length else { throw damaged("its end lies outside of it") }
        let end = (start + count + FleetLayout.page - 1) / FleetLayout.page * FleetLayout.page
        try file.grow(to: end)
        setRoot(FleetLayout.Root.end, UInt64(end))
        return start
    }

    // MARK: Arrays

    @inline(__always)
    func count(_ array: FleetArray) -> Int {
        Int(root(FleetLayout.Root.arrays + array.rawValue * FleetArray.rootSize, as: UInt32.self))
    }

    /// Where an element lies; nil if there is none of that number.
    @inline(__always)
    func place(_ array: FleetArray, _ index: Int) -> Int? {
        guard index >= 0, index < count(array) else { return nil }
        let (segment, first) = FleetArray.segment(of: index)
        let roots = FleetLayout.Root.arrays + array.rawValue * FleetArray.rootSize
        let start = Int(truncatingIfNeeded: root(roots + 8 + segment * 8, as: UInt64.self))
        return start &+ (index - first) * array.elementSize
    }

    func element(_ array: FleetArray, _ index: some FixedWidthInteger) throws(IndexError) -> Int {
        guard let place = place(array, Int(clamping: index)) else { throw damaged("a number is too high") }
        return place
    }

    /// Adds an element of zeros.
    func append(_ array: FleetArray) throws(IndexError) -> (number: Int, place: Int) {
        let number = count(array)
        let (segment, first) = FleetArray.segment(of: number)
        guard number < Int(UInt32.max) - 1, segment < FleetArray.segments else {
            throw IndexError(.tooLarge, path: file.path, "a list would have more than 4 thousand million entries")
        }
        let roots = FleetLayout.Root.arrays + array.rawValue * FleetArray.rootSize
        if number == first {
            let start = try allocate(FleetArray.segmentCount(segment) * array.elementSize)
            setRoot(roots + 8 + segment * 8, UInt64(start))
        }
        setRoot(roots, UInt32(number + 1))
        return (number, try element(array, number))
    }

    // MARK: Tables

    private struct TablePlace {
        var roots: Int
        var start: Int
        var bits: Int
        var count: Int

        var mask: Int { (1 << bits) - 1 }
        func slot(_ number: Int) -> Int { start + (number & mask) * 8 }
    }

    private func table(_ table: FleetTable) -> TablePlace? {
        let roots = FleetLayout.Root.tables + table.rawValue * FleetTable.rootSize
        let start = Int(clamping: root(roots, as: UInt64.self))
        let bits = Int(root(roots + 8, as: UInt32.self))
        guard start > 0, bits < 33 else { return nil }
        return TablePlace(roots: roots, start: start, bits: bits, count: Int(root(roots + 12, as: UInt32.self)))
    }

    /// Where a table lies and how many bytes it has; nil if there is none yet.
    func place(of kind: FleetTable) -> (start: Int, bytes: Int)? {
        table(kind).map { ($0.start, 8 << $0.bits) }
    }

    /// How many numbers a table has, and how many it says it has.
    func numbersKept(in kind: FleetTable) -> (known: Int, said: Int) {
        guard let table = table(kind) else { return (0, 0) }
        let known = (0...table.mask).count { file.load(table.slot($0) + 4, as: UInt32.self) > 0 }
        return (known, table.count)
    }

    /// The number under a hash of which `matches` says that it is the one.
    @inline(__always)
    func find(_ hash: UInt32, in kind: FleetTable, where matches: (UInt32) -> Bool) -> UInt32? {
        guard let table = table(kind) else { return nil }
        var slot = Int(hash)
        for _ in 0...table.mask {
            let place = table.slot(slot)
            let number: UInt32 = file.load(place + 4)
            guard number > 0 else { return nil }
            if file.load(place, as: UInt32.self) == hash, matches(number - 1) { return number - 1 }
            slot += 1
        }
        return nil
    }

    func insert(_ hash: UInt32, _ number: UInt32, into kind: FleetTable) throws(IndexError) {
        var place = table(kind)
        if place == nil || (place?.count ?? 0) * 2 >= 1 << (place?.bits ?? 0) {
            place = try rebuild(kind, place)
        }
        guard let place else { throw damaged("a table is missing") }
        try put(hash, number, into: place)
        setRoot(place.roots + 12, UInt32(place.count + 1))
    }

    private func put(_ hash: UInt32, _ number: UInt32, into table: TablePlace) throws(IndexError) {
        for step in 0...table.mask {
            let slot = table.slot(Int(hash) + step)
            guard file.load(slot + 4, as: UInt32.self) == 0 else { continue }
            file.store(hash, at: slot)
            file.store(number &+ 1, at: slot + 4)
            return
        }
        throw damaged("a table is full")
    }

    /// The same at twice the size; the old one's space is not used again, and is no more than all that follow.
    private func rebuild(_ kind: FleetTable, _ old: TablePlace?) throws(IndexError) -> TablePlace {
        let bits = old.map { $0.bits + 1 } ?? FleetTable.firstBits
        guard bits < 33 else { throw IndexError(.tooLarge, path: file.path, "a table is full") }
        let roots = FleetLayout.Root.tables + kind.rawValue * FleetTable.rootSize
        let new = TablePlace(roots: roots, start: try allocate(8 << bits), bits: bits, count: old?.count ?? 0)
        if let old {
            for number in 0...old.mask {
                let slot = old.slot(number)
                let value: UInt32 = file.load(slot + 4)
                if value > 0 { try put(file.load(slot), value - 1, into: new) }
            }
        }
        setRoot(roots, UInt64(new.start))
        setRoot(roots + 8, UInt32(bits))
        return new
    }

    /// Takes a number out; what was pushed on by it moves back, so that no search ends early.
    func remove(_ hash: UInt32, _ number: UInt32, from kind: FleetTable) {
        guard let table = table(kind) else { return }
        var hole = Int(hash) & table.mask
        var steps = 0
        while file.load(table.slot(hole) + 4, as: UInt32.self) != number &+ 1 {
            hole = (hole + 1) & table.mask
            steps += 1
            if steps > table.mask { return }
        }
        var next = hole
        for _ in 0...table.mask {
            next = (next + 1) & table.mask
            let slot = table.slot(next)
            guard file.load(slot + 4, as: UInt32.self) > 0 else { break }
            let home = Int(file.load(slot, as: UInt32.self)) & table.mask
            // It may move back only if its home does not lie between the hole and itself.
            guard (next - home) & table.mask >= (next - hole) & table.mask else { continue }
            file.store(file.load(slot, as: UInt64.self), at: table.slot(hole))
            hole = next
        }
        file.store(UInt64(0), at: table.slot(hole))
        setRoot(table.roots + 12, UInt32(max(0, table.count - 1)))
    }
}
