import Foundation

/// The mapped file of the fleet's packages, and the writing of changes to it.
///
/// A writer maps it privately: what a change writes stays in its own memory until `commit`, which puts the lines that were touched
/// into the journal, syncs that, and only then writes them to the file. So a change reads what it wrote itself, nobody else sees
/// half of it, and a disk that is full is an error and no signal. A reader maps what is on disk.
///
/// Reads outside the file give 0 and writes are dropped and remembered as damage: no offset in a forged file leads out of it.
final class FleetFile {
    let path: String
    let isWriter: Bool
    let isSynced: Bool
    let base: UnsafeMutableRawPointer
    /// How much of the file is mapped.
    private(set) var length = 0
    private(set) var isDamaged = false
    /// Set when a change was decided and could not be written to its end: opening the file anew does that.
    private(set) var isBroken = false
    /// Called before each step that changes a file; tests let it fail.
    var beforeStep: (() throws(IndexError) -> Void)?

    private let descriptor: Int32
    let journal: FleetJournal?
    private var generation: UInt64 = 0
    /// For each page of the file which of its 64 lines were written to, and the pages that have some.
    private var touched: [UInt64] = []
    private var touchedPages: [UInt32] = []
    /// How many pages were copied since the mapping was made.
    private var ownPages = 0

    /// Pages of its own that a writer keeps before it gives them back: 64 MiB.
    private static let mostOwnPages = 1 << 14
    /// The journal's length at which the file is synced and the journal emptied.
    static let checkpointBytes = 1 << 26

    /// Maps a file that was recovered, or is being written by another process.
    init(_ path: String, journal: FleetJournal?, isSynced: Bool) throws(IndexError) {
        self.path = path
        self.journal = journal
        self.isSynced = isSynced
        isWriter = journal != nil
        descriptor = open(path, (isWriter ? O_RDWR : O_RDONLY) | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(.unreadable, path, "cannot be opened") }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | Self.noReserve
        guard let memory = mmap(nil, FleetLayout.mostBytes, PROT_NONE, flags, -1, 0), memory != MAP_FAILED else {
            close(descriptor)
            throw Self.failure(.unreadable, path, "there is no room to map it")
        }
        base = memory
        try mapWhatIsThere()
        generation = load(FleetLayout.generation)
    }

    deinit {
        munmap(base, FleetLayout.mostBytes)
        close(descriptor)
    }

    static func failure(_ code: IndexError.Code, _ path: String, _ what: String) -> IndexError {
        IndexError(code, path: path, "\(what): \(String(cString: strerror(errno)))")
    }

    #if os(Linux)
        private static let noReserve = MAP_NORESERVE
    #else
        private static let noReserve: Int32 = 0
    #endif

    // MARK: Mapping

    /// Maps all of the file, also what another process has added to it.
    func mapWhatIsThere() throws(IndexError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw IndexError(.unreadable, path: path, "is no file")
        }
        let whole = Int(status.st_size) / FleetLayout.growth * FleetLayout.growth
        guard whole > 0, whole <= FleetLayout.mostBytes else {
            throw FleetFront.damaged(path, "its length is none that such a file has")
        }
        if whole > length { try map(from: length, to: whole) }
    }

    private func map(from start: Int, to end: Int) throws(IndexError) {
        let protection = isWriter ? PROT_READ | PROT_WRITE : PROT_READ
        let sharing = isWriter ? MAP_PRIVATE | Self.noReserve : MAP_SHARED
        guard
            let memory = mmap(base + start, end - start, protection, sharing | MAP_FIXED, descriptor, off_t(start)),
            memory != MAP_FAILED
        else { throw Self.failure(.unreadable, path, "cannot be mapped") }
        length = end
        if isWriter, touched.count < end / FleetLayout.page {
            touched += [UInt64](repeating: 0, count: end / FleetLayout.page - touched.count)
        }
    }

    /// Makes the file at least so long, by an eighth more than it is at once.
    func grow(to end: Int) throws(IndexError) {
        guard end > length else { return }
        let wanted = max(end, min(length + length / 8, FleetLayout.mostBytes))
        let whole = (wanted + FleetLayout.growth - 1) / FleetLayout.growth * FleetLayout.growth
        guard whole <= FleetLayout.mostBytes else {
            throw IndexError(.tooLarge, path: path, "would have more than 64 GiB")
        }
        try step()
        guard Self.extend(descriptor, from: length, to: whole) else {
            throw Self.failure(.unwritable, path, "cannot grow")
        }
        try map(from: length, to: whole)
    }

    /// Sets room aside on the disk, so that a disk that is full is found out before a change is decided, not while it is written.
    private static func extend(_ descriptor: Int32, from start: Int, to end: Int) -> Bool {
        #if os(Linux)
            let code = posix_fallocate(descriptor, off_t(start), off_t(end - start))
            if code == ENOSPC || code == EFBIG {
                errno = code
                return false
            }
        #endif
        return ftruncate(descriptor, off_t(end)) == 0
    }

    // MARK: Reading and writing

    @inline(__always)
    func load<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type = Number.self) -> Number {
        guard offset >= 0, offset <= length &- MemoryLayout<Number>.size else { return 0 }
        return Number(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// Bytes that lie in the file; nil if not all of them do.
    @inline(__always)
    func bytes(at offset: Int, _ count: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, count >= 0, offset <= length, count <= length - offset else { return nil }
        return UnsafeRawBufferPointer(start: base + offset, count: count)
    }

    // SEEK_DATA and SEEK_HOLE of lseek(2), which the overlay of C's library leaves out.
    #if os(Linux)
        private static let (seekData, seekHole): (Int32, Int32) = (3, 4)
    #else
        private static let (seekData, seekHole): (Int32, Int32) = (4, 3)
    #endif

    /// Whether nothing but zeros follows. Holes are not read: the room that a file has may be many times what it holds.
    func isEmpty(from start: Int) -> Bool {
        var place = start
        while place < length {
            let data = lseek(descriptor, off_t(place), Self.seekData)
            guard data >= 0 else { return errno == ENXIO }
            let hole = lseek(descriptor, data, Self.seekHole)
            let end = hole > data ? min(length, Int(hole)) : length
            guard Int(data) < end else { return true }
            guard bytes(at: Int(data), end - Int(data))?.allSatisfy({ $0 == 0 }) ?? false else { return false }
            place = end
        }
        return true
    }

    @inline(__always)
    func store<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
        guard touch(offset, MemoryLayout<Number>.size) else { return }
        base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Number.self)
    }

    func store(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard let start = bytes.baseAddress, bytes.count > 0, touch(offset, bytes.count) else { return }
        (base + offset).copyMemory(from: start, byteCount: bytes.count)
    }

    func clear(_ count: Int, at offset: Int) {
        guard count > 0, touch(offset, count) else { return }
        (base + offset).initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }

    private func touch(_ offset: Int, _ count: Int) -> Bool {
        guard isWriter, offset >= FleetLayout.root, offset <= length, count <= length - offset else {
            isDamaged = true
            return false
        }
        for line in offset / FleetLayout.line...(offset + count - 1) / FleetLayout.line {
            let page = line / 64
            if touched[page] == 0 { touchedPages.append(UInt32(page)) }
            touched[page] |= 1 << UInt64(line % 64)
        }
        return true
    }

    // MARK: Changes

    var hasChanges: Bool { !touchedPages.isEmpty }

    /// Writes all that was changed since the last commit, whole or not at all.
    ///
    /// - Throws: with everything as it was before, unless `isBroken` is set then.
    func commit() throws(IndexError) {
        guard !isBroken else { throw brokenError }
        guard !isDamaged else { throw FleetFront.damaged(path, "it leads outside itself") }
        guard hasChanges, journal != nil else { return }
        FleetFront.seal(self)
        touchedPages.sort()
        let sequence: UInt64 = load(FleetLayout.root + FleetLayout.Root.sequence)
        let frame = FleetJournal.frame(
            sequence: sequence, length: length,
            pages: touchedPages.lazy.map { (page: $0, lines: self.touched[Int($0)]) }, of: base)
        do throws(IndexError) {
            try step()
            try journal?.append(frame, isSynced: isSynced, beforeStep: beforeStep)
        } catch {
            // The journal ends where it did before, or else nobody knows what it says.
            if journal?.cutBack() != true { isBroken = true }
            throw error
        }
        // From here on the change is decided.
        isBroken = true
        try apply()
        isBroken = false
        ownPages += touchedPages.count
        forgetTouched()
        if ownPages > Self.mostOwnPages { try giveBackPages() }
        if journal?.length ?? 0 > Self.checkpointBytes { try checkpoint() }
    }

    /// Takes back all that was changed since the last commit.
    func rollBack() throws(IndexError) {
        forgetTouched()
        isDamaged = false
        try giveBackPages()
    }

    /// Syncs the file and empties the journal.
    func checkpoint() throws(IndexError) {
        guard !isBroken else { throw brokenError }
        try step()
        guard Self.sync(descriptor) else { throw Self.failure(.unwritable, path, "cannot be synced") }
        try step()
        try journal?.empty()
    }

    private var brokenError: IndexError {
        IndexError(.unwritable, path: path, "a change of it was not written to its end: open it again")
    }

    private func apply() throws(IndexError) {
        try writeGeneration(generation | 1)
        for page in touchedPages {
            let lines = touched[Int(page)]
            var line = lines.trailingZeroBitCount
            while line < 64 {
                let count = (~(lines >> UInt64(line))).trailingZeroBitCount
                let offset = Int(page) * FleetLayout.page + line * FleetLayout.line
                try step()
                try Self.write(
                    UnsafeRawBufferPointer(start: base + offset, count: count * FleetLayout.line), to: descriptor,
                    at: offset, path)
                let next = line + count
                line = next < 64 ? next + (lines >> UInt64(next)).trailingZeroBitCount : 64
            }
        }
        try writeGeneration((generation | 1) &+ 1)
    }

    private func writeGeneration(_ number: UInt64) throws(IndexError) {
        try step()
        generation = number
        try withUnsafeBytes(of: number.littleEndian) { bytes throws(IndexError) in
            try Self.write(bytes, to: descriptor, at: FleetLayout.generation, path)
        }
    }

    static func sync(_ descriptor: Int32) -> Bool {
        #if os(Linux)
            fdatasync(descriptor) == 0
        #else
            fsync(descriptor) == 0
        #endif
    }

    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int, _ path: String
    ) throws(IndexError) {
        var written = 0
        while written < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written, off_t(offset + written))
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure(.unwritable, path, "cannot be written")
            }
            written += count
        }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, _ path: String) throws(IndexError) {
        // No typed errors pass an array's `withUnsafeBytes`.
        let outcome: Result<Void, IndexError> = bytes.withUnsafeBytes { bytes in
            do throws(IndexError) {
                return .success(try write(bytes, to: descriptor, at: offset, path))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private func step() throws(IndexError) { try beforeStep?() }

    private func forgetTouched() {
        for page in touchedPages { touched[Int(page)] = 0 }
        touchedPages.removeAll(keepingCapacity: true)
    }

    /// Maps the file anew: pages that were copied are dropped, and what is read is what is on disk.
    private func giveBackPages() throws(IndexError) {
        try map(from: 0, to: length)
        ownPages = 0
    }
}
