/// Finds the name that was probably meant.
enum Suggestion {
    /// The nearest of `candidates`, if one is near enough: a third of its letters may differ, or it begins with the name:
    /// `prod`. Case and `-`, `_` count for nothing, so that `virtual-machine` finds `virtualMachine`. Of equally near ones
    /// the first in the order of the alphabet.
    static func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
        let wanted = folded(name)
        guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
        var best: (distance: Int, name: String)?
        // Bounded: a fleet of 100,000 names and hundreds of mistakes must not take minutes.
        for candidate in candidates.prefix(5_000) {
            let letters = folded(candidate)
            let allowed = max(1, max(letters.count, wanted.count) / 3)
            let isBeginning = wanted.count >= 3 && letters.starts(with: wanted)
            guard letters.count <= 64, isBeginning || abs(letters.count - wanted.count) <= allowed else { continue }
            let distance = isBeginning ? min(allowed, letters.count - wanted.count) : distance(wanted, letters)
            guard distance <= allowed else { continue }
            if let known = best, (known.distance, known.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.name
    }

    /// `did you mean 'x'?`, or what is possible if nothing is near.
    static func hint(for name: String, in candidates: [String], otherwise label: String = "known") -> String? {
        if let nearest = nearest(to: name, in: candidates) { return "did you mean \(nearest.quoted)?" }
        guard !candidates.isEmpty else { return nil }
        let names = candidates.prefix(16).map { $0.shown() }.joined(separator: ", ")
        return "\(label): \(names)" + (candidates.count > 16 ? ", …" : "")
    }

    private static func folded(_ name: String) -> [UInt8] {
        name.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
