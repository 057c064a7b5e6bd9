/// What lies where in the file. No two parts share a byte: what is written of one would change the other.
struct FleetPlaces {
    private var parts: [Range<Int>] = []
    private let file: FleetFile
    private let bounds: Range<Int>

    init(_ store: FleetStore) throws(IndexError) {
        file = store.file
        let end = Int(clamping: store.root(FleetLayout.Root.end, as: UInt64.self))
        guard end >= FleetLayout.page, end <= file.length, end % FleetLayout.page == 0 else {
            throw store.damaged("its end is not one")
        }
        bounds = FleetLayout.page..<end
    }

    /// - Throws: if the part lies outside of what is given out.
    mutating func add(_ start: UInt64, _ count: Int) throws(IndexError) {
        guard count > 0 else { return }
        let start = Int(clamping: start)
        guard start >= bounds.lowerBound, start <= bounds.upperBound, count <= bounds.upperBound - start else {
            throw FleetFront.damaged(file.path, "a part lies outside of it")
        }
        parts.append(start..<start + count)
    }

    /// - Throws: also if what is given out next is not empty.
    mutating func addEmpty(_ start: UInt64, _ count: Int) throws(IndexError) {
        try add(start, count)
        try checkEmpty(Int(clamping: start), count)
    }

    func checkEmpty(_ start: Int, _ count: Int) throws(IndexError) {
        guard let bytes = file.bytes(at: start, count), bytes.allSatisfy({ $0 == 0 }) else { throw notEmpty }
    }

    private var notEmpty: IndexError { FleetFront.damaged(file.path, "what is given out next is not empty") }

    /// - Throws: if two parts share a byte.
    mutating func check() throws(IndexError) {
        guard file.isEmpty(from: bounds.upperBound) else { throw notEmpty }
        parts.sort { $0.lowerBound < $1.lowerBound }
        for (part, next) in zip(parts, parts.dropFirst()) where part.upperBound > next.lowerBound {
            throw FleetFront.damaged(file.path, "two of its parts lie over each other")
        }
    }
}

extension FleetStore {
    private typealias Root = FleetLayout.Root

    /// - Throws: if two parts share a byte, or what is given out next is not free.
    func verifyPlaces() throws(IndexError) {
        var places = try FleetPlaces(self)
        for array in FleetArray.allCases { try add(array, to: &places) }
        for table in FleetTable.allCases {
            if let (start, bytes) = place(of: table) { try places.add(UInt64(start), bytes) }
        }
        for text in 0..<count(.texts) {
            let place = try element(.texts, text)
            try places.add(
                file.load(place + FleetArray.Text.offset),
                Int(file.load(place + FleetArray.Text.length, as: UInt32.self)))
        }
        for package in 0..<count(.packages) {
            let place = try element(.packages, package)
            try places.add(
                file.load(place + FleetArray.Package.list),
                Int(file.load(place + FleetArray.Package.capacity, as: UInt32.self)) * 4)
        }
        for rowBlock in 0..<count(.rowBlocks) {
            let place = try element(.rowBlocks, rowBlock)
            try places.add(
                file.load(place + FleetArray.RowBlock.directory),
                Int(file.load(place + FleetArray.RowBlock.capacity, as: UInt32.self)) * 8)
            try forEachEntry(ofRowBlock: rowBlock) { _, entry throws(IndexError) in
                try places.add(entry & ~Self.kindMask, try byteCount(ofBlock: entry))
            }
        }
        try addFree(to: &places)
        try places.check()
    }

    private func add(_ array: FleetArray, to places: inout FleetPlaces) throws(IndexError) {
        let count = count(array)
        guard count > 0 else { return }
        let last = FleetArray.segment(of: count - 1)
        for segment in 0...last.segment {
            let start: UInt64 = root(Root.arrays + array.rawValue * FleetArray.rootSize + 8 + segment * 8)
            let size = FleetArray.segmentCount(segment) * array.elementSize
            try places.add(start, size)
            guard segment == last.segment else { continue }
            let used = (count - last.first) * array.elementSize
            try places.checkEmpty(Int(clamping: start) + used, size - used)
        }
    }

    /// The two pieces that small parts are cut from, and blocks of cells that are free.
    private func addFree(to places: inout FleetPlaces) throws(IndexError) {
        let small: UInt64 = root(Root.smallCursor)
        guard small % UInt64(FleetLayout.line) == 0 else { throw damaged("its next part begins within a line") }
        try places.addEmpty(small, Int(clamping: root(Root.smallEnd, as: UInt64.self)) - Int(clamping: small))
        let text: UInt64 = root(Root.textCursor)
        try places.add(text, Int(clamping: root(Root.textEnd, as: UInt64.self)) - Int(clamping: text))
        for kind in 1...FleetLayout.sparseKinds {
            let size = FleetLayout.sparseCapacity(kind) * 4
            var free: UInt64 = root(Root.freeBlocks + (kind - 1) * 8)
            var most = file.length / size
            while free > 0 {
                // A ring would never end.
                guard most > 0 else { throw damaged("a list leads back to itself") }
                most -= 1
                try places.add(free, size)
                free = file.load(Int(clamping: free))
            }
        }
    }
}
