import FettleVersions

/// Makes versions from a seed: plausible ones, hostile ones, and close relatives of what it made before, because two
/// independent texts hardly ever reach the deep end of a comparison.
struct VersionGenerator {
    private var state: UInt64
    private let alphabet: [UInt8]

    /// Bytes that each order gives a meaning, a few that it doesn't, and some that are no text at all.
    static let hostileAlphabet = Array("0019aAzZ..--__~~^^::++r p".utf8) + [0, 0x0A, 0x1B, 0x7F, 0x80, 0xC3, 0xFF]

    init(seed: UInt64, alphabet: [UInt8] = hostileAlphabet) {
        state = seed
        self.alphabet = alphabet
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func number(below limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }

    mutating func byte() -> UInt8 {
        alphabet[number(below: alphabet.count)]
    }

    mutating func noise() -> [UInt8] {
        (0..<number(below: 9)).map { _ in byte() }
    }

    /// The same text with one byte put in, taken out, or replaced.
    mutating func relative(of version: [UInt8]) -> [UInt8] {
        var changed = version
        let place = number(below: version.count + 1)
        switch number(below: 3) {
        case 0:
            changed.insert(byte(), at: place)
        case 1 where place < version.count:
            changed.remove(at: place)
        default:
            if place < version.count { changed[place] = byte() } else { changed.append(byte()) }
        }
        return changed
    }

    mutating func pick(_ choices: [String]) -> String {
        choices[number(below: choices.count)]
    }

    /// A family of versions, half plausible and half hostile, each drawn anew or bent from one before.
    mutating func family(_ scheme: VersionScheme, count: Int) -> [[UInt8]] {
        var versions: [[UInt8]] = []
        while versions.count < count {
            switch number(below: 4) {
            case 0: versions.append(Array(plausible(scheme).utf8))
            case 1: versions.append(noise())
            default:
                guard !versions.isEmpty else { continue }
                versions.append(relative(of: versions[number(below: versions.count)]))
            }
        }
        return versions
    }
}

extension VersionScheme {
    /// The order of two texts as bytes, for versions that no string can hold.
    func compare(_ left: [UInt8], _ right: [UInt8]) -> VersionOrdering {
        compare(left.span, right.span)
    }
}
