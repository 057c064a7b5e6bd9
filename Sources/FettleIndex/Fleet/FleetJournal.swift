import Foundation

/// The journal beside the file: changes that are decided, in order. Its lock is the right to write.
///
///     0   "FETTLEFJ", u32 version, u32 0, u64 identity of the file that it belongs to, u64 checksum of the 24 bytes before
///     32  frames: u64 checksum of all that follows in the frame, u64 sequence, u64 length of the file, u64 length of the pages,
///         then for each page u64 its number, u64 which of its 64 lines follow, and these
///
/// On open all whole frames are written to the file again, which changes nothing where they were written before. A frame that is cut
/// off, or whose sequence does not follow, ends the journal.
///
/// Behind the last frame lies room that was written with zeros, or with frames of before the journal was emptied, whose sequences are
/// lower. To sync a frame that is written over it the disk has one thing to do; where the file grows, the file system writes of that
/// too, which takes twice as long or more.
final class FleetJournal {
    static let magic = Array("FETTLEFJ".utf8)
    static let headerSize = 32
    static let frameHeader = 32
    /// How much room is made at once: enough for some hundred changes of one host.
    static let room = 1 << 20
    /// How much of it is kept when the journal is emptied.
    static let mostRoomKept = 1 << 22

    let path: String
    /// To the end of the last frame.
    private(set) var length = FleetJournal.headerSize
    /// To the end of the room behind it.
    private var roomEnd = FleetJournal.headerSize
    private let descriptor: Int32

    static func path(for file: String) -> String { file + ".journal" }

    /// Opens the journal of a file and takes its lock.
    ///
    /// - Parameter patience: for how many tenths of a second to wait for another process, which may only be recovering it.
    /// - Returns: nil if another process has the lock.
    init?(for file: String, patience: Int) throws(IndexError) {
        path = Self.path(for: file)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FleetFile.failure(.unwritable, path, "cannot be opened") }
        for attempt in 0...patience {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            if attempt < patience { usleep(100_000) }
        }
        close(descriptor)
        return nil
    }

    deinit { close(descriptor) }

    static func header(identity: UInt64) -> [UInt8] {
        var header = ByteWriter()
        header.raw(magic)
        header.number(FleetLayout.version)
        header.number(UInt32(0))
        header.number(identity)
        header.number(Checksum.of(header.bytes))
        return header.bytes
    }

    // MARK: Writing

    static func frame(
        sequence: UInt64, length: Int, pages: some Collection<(page: UInt32, lines: UInt64)>,
        of base: UnsafeMutableRawPointer
    ) -> [UInt8] {
        let size = pages.reduce(0) { $0 + 16 + $1.lines.nonzeroBitCount * FleetLayout.line }
        return [UInt8](unsafeUninitializedCapacity: frameHeader + size) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            func put(_ number: UInt64, at offset: Int) {
                bytes.storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt64.self)
            }
            put(sequence, at: 8)
            put(UInt64(length), at: 16)
            put(UInt64(size), at: 24)
            var offset = frameHeader
            for (page, lines) in pages {
                put(UInt64(page), at: offset)
                put(lines, at: offset + 8)
                offset += 16
                var rest = lines
                while rest != 0 {
                    let line = Int(page) * FleetLayout.page + rest.trailingZeroBitCount * FleetLayout.line
                    UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + FleetLayout.line]).copyMemory(
                        from: UnsafeRawBufferPointer(start: base + line, count: FleetLayout.line))
                    offset += FleetLayout.line
                    rest &= rest - 1
                }
            }
            put(Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[8..<offset])), at: 0)
            count = offset
        }
    }

    /// - Parameter isSynced: whether the frame must outlive a loss of power, and not only the process.
    func append(
        _ frame: [UInt8], isSynced: Bool, beforeStep: (() throws(IndexError) -> Void)?
    ) throws(IndexError) {
        let end = length + frame.count
        if isSynced, end > roomEnd {
            try FleetFile.write(frame + [UInt8](repeating: 0, count: Self.room), to: descriptor, at: length, path)
            roomEnd = end + Self.room
        } else {
            try FleetFile.write(frame, to: descriptor, at: length, path)
            roomEnd = max(roomEnd, end)
        }
        try beforeStep?()
        guard !isSynced || FleetFile.sync(descriptor) else {
            throw FleetFile.failure(.unwritable, path, "cannot be synced")
        }
        length = end
    }

    /// Takes back what was appended and not counted.
    func cutBack() -> Bool { cut(to: length) }

    private func cut(to end: Int) -> Bool {
        guard ftruncate(descriptor, off_t(end)) == 0 else { return false }
        roomEnd = end
        return true
    }

    /// No frame is valid any more, once this returns. Until then all are, and they are in the file already.
    func empty() throws(IndexError) {
        length = Self.headerSize
        guard roomEnd <= Self.mostRoomKept || cut(to: Self.mostRoomKept) else {
            throw FleetFile.failure(.unwritable, path, "cannot be emptied")
        }
        try FleetFile.write([UInt8](repeating: 0, count: Self.frameHeader), to: descriptor, at: length, path)
        roomEnd = max(roomEnd, length + Self.frameHeader)
        guard FleetFile.sync(descriptor) else { throw FleetFile.failure(.unwritable, path, "cannot be emptied") }
    }

    /// Begins it anew for a file.
    func begin(identity: UInt64) throws(IndexError) {
        length = 0
        guard cutBack() else { throw FleetFile.failure(.unwritable, path, "cannot be emptied") }
        try FleetFile.write(Self.header(identity: identity), to: descriptor, at: 0, path)
        length = Self.headerSize
        roomEnd = length
        guard FleetFile.sync(descriptor) else { throw FleetFile.failure(.unwritable, path, "cannot be synced") }
    }

    /// Whether a journal may have frames: it was not emptied, nor just begun.
    static func hasFrames(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return hasFrames(descriptor)
    }

    /// The length of an emptied journal's first frame is 0, which none has.
    private static func hasFrames(_ descriptor: Int32) -> Bool {
        var size: UInt64 = 0
        let count = withUnsafeMutableBytes(of: &size) {
            pread(descriptor, $0.baseAddress, $0.count, off_t(headerSize + 24))
        }
        return count == 8 && size != 0
    }

    // MARK: Recovery

    /// Writes the journal's whole frames to the file again, and empties it. One of another file is begun anew.
    ///
    /// - Parameter identity: of the file, which is open as `file`.
    func recover(into file: Int32, at filePath: String, identity: UInt64) throws(IndexError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FleetFile.failure(.unreadable, path, "cannot be read") }
        guard status.st_size >= Self.headerSize else { return try begin(identity: identity) }
        let mapped = try MappedFile(path)
        guard mapped.bytes.prefix(Self.headerSize).elementsEqual(Self.header(identity: identity)) else {
            return try begin(identity: identity)
        }
        roomEnd = Int(status.st_size)
        guard Self.hasFrames(descriptor) else { return }
        var offset = Self.headerSize
        var sequence: UInt64?
        while let frame = Frame(mapped.view, at: offset, after: sequence) {
            try frame.write(to: file, filePath)
            sequence = frame.sequence
            offset += Self.frameHeader + frame.pages.count
        }
        if sequence != nil {
            try endGeneration(of: file, filePath)
            guard FleetFile.sync(file) else { throw FleetFile.failure(.unwritable, filePath, "cannot be synced") }
        }
        try empty()
    }

    private func endGeneration(of file: Int32, _ filePath: String) throws(IndexError) {
        var generation: UInt64 = 0
        let count = withUnsafeMutableBytes(of: &generation) {
            pread(file, $0.baseAddress, $0.count, off_t(FleetLayout.generation))
        }
        guard count == 8 else { throw FleetFile.failure(.unreadable, filePath, "cannot be read") }
        let ended = ((UInt64(littleEndian: generation) | 1) &+ 1).littleEndian
        try withUnsafeBytes(of: ended) { bytes throws(IndexError) in
            try FleetFile.write(bytes, to: file, at: FleetLayout.generation, filePath)
        }
    }

    private struct Frame {
        let sequence: UInt64
        let fileLength: Int
        let pages: BlockView

        init?(_ journal: BlockView, at offset: Int, after previous: UInt64?) {
            let header = journal.part(offset, frameHeader)
            let size = Int(clamping: header.number(at: 24, as: UInt64.self))
            pages = journal.part(offset + frameHeader, size)
            sequence = header.number(at: 8, as: UInt64.self)
            fileLength = Int(clamping: header.number(at: 16, as: UInt64.self))
            guard header.count == frameHeader, size > 0, pages.count == size,
                previous.map({ $0 &+ 1 == sequence }) ?? true, fileLength <= FleetLayout.mostBytes,
                Checksum.of(journal.part(offset + 8, frameHeader - 8 + size).bytes)
                    == header.number(at: 0, as: UInt64.self)
            else { return nil }
        }

        func write(to file: Int32, _ path: String) throws(IndexError) {
            var status = stat()
            if fstat(file, &status) == 0, Int(status.st_size) < fileLength {
                guard ftruncate(file, off_t(fileLength)) == 0 else {
                    throw FleetFile.failure(.unwritable, path, "cannot grow")
                }
            }
            var offset = 0
            while offset < pages.count {
                let page = Int(clamping: pages.number(at: offset, as: UInt64.self))
                let lines = pages.number(at: offset + 8, as: UInt64.self)
                offset += 16
                guard page < fileLength / FleetLayout.page else { return }
                for line in 0..<64 where lines >> UInt64(line) & 1 == 1 {
                    let bytes = pages.part(offset, FleetLayout.line).bytes
                    try FleetFile.write(bytes, to: file, at: page * FleetLayout.page + line * FleetLayout.line, path)
                    offset += FleetLayout.line
                }
            }
        }
    }
}
