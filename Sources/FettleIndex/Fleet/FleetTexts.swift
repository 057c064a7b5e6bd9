/// Names and versions, each kept once.
extension FleetStore {
    private typealias Field = FleetArray.Text

    func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        // Seeded, so that nobody can choose names that all fall on one place.
        UInt32(truncatingIfNeeded: Checksum.of(bytes, seed: file.load(24)))
    }

    /// The text's number; nil if it was never kept.
    func number(ofText text: String) -> UInt32? {
        var text = text
        return text.withUTF8 { number(ofText: UnsafeRawBufferPointer($0), hash(UnsafeRawBufferPointer($0))) }
    }

    func number(ofText bytes: UnsafeRawBufferPointer, _ hash: UInt32) -> UInt32? {
        find(hash, in: .texts) { number in
            guard let place = place(.texts, Int(number)),
                Int(file.load(place + Field.length, as: UInt32.self)) == bytes.count
            else { return false }
            return textBytes(at: place)?.elementsEqual(bytes) ?? false
        }
    }

    func intern(_ text: String) throws(IndexError) -> UInt32 {
        var text = text
        text.makeContiguousUTF8()
        let count = text.utf8.count
        guard count <= FleetLayout.mostTextBytes else {
            throw IndexError(
                .tooLarge, path: file.path,
                "a name or version has \(count) bytes, more than \(FleetLayout.mostTextBytes)")
        }
        // No typed errors pass `withUTF8`.
        let outcome: Result<UInt32, IndexError> = text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            let hash = self.hash(bytes)
            if let known = number(ofText: bytes, hash) { return .success(known) }
            do throws(IndexError) { return .success(try keep(bytes, hash)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    private func keep(_ bytes: UnsafeRawBufferPointer, _ hash: UInt32) throws(IndexError) -> UInt32 {
        let (number, place) = try append(.texts)
        if bytes.count > 0 {
            let offset = try allocateText(bytes.count)
            file.store(bytes, at: offset)
            file.store(UInt64(offset), at: place + Field.offset)
        }
        file.store(UInt32(bytes.count), at: place + Field.length)
        try insert(hash, UInt32(number), into: .texts)
        return UInt32(number)
    }

    /// Texts and short lists lie side by side; a line is not begun for each.
    func allocateText(_ count: Int, alignment: Int = 1) throws(IndexError) -> Int {
        typealias Root = FleetLayout.Root
        guard count < FleetLayout.page else { return try allocate(count) }
        let last = min(Int(clamping: root(Root.textCursor, as: UInt64.self)), FleetLayout.mostBytes)
        let cursor = (last + alignment - 1) / alignment * alignment
        let end = Int(clamping: root(Root.textEnd, as: UInt64.self))
        if cursor <= end, count <= end - cursor {
            setRoot(Root.textCursor, UInt64(cursor + count))
            return cursor
        }
        let start = try allocate(FleetLayout.growth)
        setRoot(Root.textCursor, UInt64(start + count))
        setRoot(Root.textEnd, UInt64(start + FleetLayout.growth))
        return start
    }

    func text(_ number: UInt32) throws(IndexError) -> String {
        let place = try element(.texts, number)
        guard let bytes = textBytes(at: place) else { throw damaged("a text lies outside of it") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Nil if it lies outside of the file.
    func textBytes(at place: Int) -> UnsafeRawBufferPointer? {
        let count = Int(file.load(place + Field.length, as: UInt32.self))
        guard count <= FleetLayout.mostTextBytes else { return nil }
        return file.bytes(at: Int(clamping: file.load(place + Field.offset, as: UInt64.self)), count)
    }
}
