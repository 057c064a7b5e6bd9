/// Bytes of a mapped file, read with checked bounds: a number or text that would lie outside reads as zero or nothing, so that no
/// file, however damaged or forged, can make a reader leave its block.
///
/// Lives no longer than the mapping: views are handed out by `MappedFile`, which every holder of a view also holds.
struct BlockView {
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { bytes.count }

    @inline(__always)
    func number<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type) -> Number {
        guard offset >= 0, offset &+ MemoryLayout<Number>.size <= bytes.count, let base = bytes.baseAddress else {
            return 0
        }
        return Number(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    @inline(__always)
    func part(_ offset: Int, _ length: Int) -> BlockView {
        guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else {
            return BlockView(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return BlockView(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether these are the bytes of a text, compared in place.
    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        bytes.count == other.count && bytes.elementsEqual(other)
    }
}

/// Reads one value behind the other.
struct BlockCursor {
    let view: BlockView
    private(set) var offset = 0

    init(_ view: BlockView) { self.view = view }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
        defer { offset += MemoryLayout<Number>.size }
        return view.number(at: offset, as: type)
    }

    /// A text with its length before it.
    mutating func text() -> String {
        let part = textView()
        return part.text
    }

    mutating func textView() -> BlockView {
        let length = Int(number(UInt32.self))
        let part = view.part(offset, length)
        offset += part.count
        return part
    }

    /// A count that cannot ask for more elements than bytes are left.
    mutating func elementCount() -> Int {
        min(Int(number(UInt32.self)), max(0, view.count - offset))
    }
}
