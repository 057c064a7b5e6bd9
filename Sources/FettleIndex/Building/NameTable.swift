/// A table from names to numbers, as it lies in the file. Names are spread over buckets by the upper bits of their hashes; a
/// bucket lists pairs of u32: the lower half of the hash, the number. Several numbers may stand under one name.
///
///     u32 bits b, u32 number of pairs n, (2^b + 1) x u32 start of each bucket, n x (u32 hash, u32 number)
///
/// A reader proves each hit by the name in the block to which the number leads. Unlike in a table that is probed, names that are
/// all alike, as a hostile feed may have them, cost no more than their own bucket.
struct NameTable {
    private var entries: [(hash: UInt64, number: UInt32)] = []

    mutating func add(_ hash: UInt64, _ number: UInt32) { entries.append((hash, number)) }

    func bytes() -> [UInt8] {
        var bits: UInt64 = 1
        while entries.count >> Int(bits) > 2, bits < 24 { bits += 1 }
        let sorted = entries.sorted { ($0.hash, $0.number) < ($1.hash, $1.number) }
        var writer = ByteWriter()
        writer.reserve(8 + (4 << Int(bits)) + sorted.count * 8)
        writer.number(UInt32(bits))
        writer.number(UInt32(sorted.count))
        var next = 0
        for bucket in 0...(UInt64(1) << bits) {
            while next < sorted.count, sorted[next].hash >> (64 - bits) < bucket { next += 1 }
            writer.number(UInt32(next))
        }
        for (hash, number) in sorted {
            writer.number(UInt32(truncatingIfNeeded: hash))
            writer.number(number)
        }
        return writer.bytes
    }

    /// Hands over the numbers that may stand under a hash, until `isEnough` says that no more are wanted.
    @inline(__always)
    static func look(up hash: UInt64, in table: BlockView, _ isEnough: (UInt32) -> Bool) {
        let bits = UInt64(table.number(at: 0, as: UInt32.self))
        guard bits >= 1, bits <= 24 else { return }
        let bucket = Int(hash >> (64 - bits))
        let pairs = 8 + 4 * ((1 << Int(bits)) + 1)
        let start = Int(table.number(at: 8 + bucket * 4, as: UInt32.self))
        let end = min(Int(table.number(at: 12 + bucket * 4, as: UInt32.self)), (table.count - pairs) / 8)
        guard start < end else { return }
        for pair in start..<end
        where table.number(at: pairs + pair * 8, as: UInt32.self) == UInt32(truncatingIfNeeded: hash) {
            if isEnough(table.number(at: pairs + pair * 8 + 4, as: UInt32.self)) { return }
        }
    }

    static func hash(_ name: UnsafeRawBufferPointer, in ecosystem: UInt16 = .max) -> UInt64 {
        let mixed = (Checksum.of(name) ^ UInt64(ecosystem)) &* 0x9FB2_1C65_1E98_DF25
        return mixed ^ (mixed >> 29)
    }

    static func hash(_ name: String, in ecosystem: UInt16 = .max) -> UInt64 {
        var name = name
        return name.withUTF8 { hash(UnsafeRawBufferPointer($0), in: ecosystem) }
    }
}
