import FettleModel

/// How many releases lie between two versions, by the first three numbers of the upstream part: `1:2.10.3-4` is 2, 10, 3.
///
/// Most archives keep the newest version only, so that the releases in between cannot be listed: their numbers are counted.
enum ReleaseDistance: Equatable {
    case steps(Int)
    /// A number above the counted one differs.
    case beyond
    /// One of the versions does not begin with numbers.
    case unknown

    init(from old: String, to new: String, manager: PackageManager, step: RollingRule.Step) {
        guard let old = Self.numbers(old, manager), let new = Self.numbers(new, manager) else {
            self = .unknown
            return
        }
        let place = step == .major ? 0 : step == .minor ? 1 : 2
        for above in 0..<place where old[above] != new[above] {
            self = .beyond
            return
        }
        // A step back is no leap: whether it may be is for others to say.
        self = .steps(max(0, new[place] - old[place]))
    }

    /// Three numbers, those that are missing 0; each at most nine digits, so that nothing overflows.
    private static func numbers(_ version: String, _ manager: PackageManager) -> [Int]? {
        var upstream = Substring(version)
        if manager != .apk, let colon = upstream.firstIndex(of: ":") {
            upstream = upstream[upstream.index(after: colon)...]
        }
        // Debian's revision follows the last dash; rpm's release the only one; apk's the `-r`.
        if let dash = upstream.lastIndex(of: "-") { upstream = upstream[..<dash] }
        var numbers: [Int] = []
        for part in upstream.split(separator: ".", omittingEmptySubsequences: false).prefix(3) {
            let digits = part.prefix { $0.isASCII && $0.isNumber }
            guard (1...9).contains(digits.utf8.count), let number = Int(digits) else { break }
            numbers.append(number)
            // `10+dfsg`, `3rc1`: what follows belongs to this number's own tail.
            if digits.endIndex != part.endIndex { break }
        }
        guard !numbers.isEmpty else { return nil }
        return numbers + Array(repeating: 0, count: 3 - numbers.count)
    }
}
