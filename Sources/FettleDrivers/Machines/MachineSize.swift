import FettleModel

/// Sizes as products tell them, up to the planner's limits, so that no sum can overflow.
enum MachineSize {
    /// What is begun of a MiB counts.
    static func mebibytes(bytes: Int, of what: String) throws(APIError) -> Int {
        let size = bytes / (1_024 * 1_024) + (bytes % (1_024 * 1_024) == 0 ? 0 : 1)
        guard bytes >= 0, size <= 1_000_000_000 else {
            throw .garbage("\(what) is said to have \(bytes) bytes of memory")
        }
        return size
    }

    static func mebibytes(_ size: Int, of what: String) throws(APIError) -> Int {
        guard (0...1_000_000_000).contains(size) else {
            throw .garbage("\(what) is said to have \(size) MiB of memory")
        }
        return size
    }

    static func processors(_ count: Int, of what: String) throws(APIError) -> Int {
        guard (0...1_000_000).contains(count) else { throw .garbage("\(what) is said to have \(count) processors") }
        return count
    }
}
