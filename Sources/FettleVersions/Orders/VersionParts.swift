/// Where the three parts of `[epoch:]version[-release]` lie, which dpkg and rpm share.
///
/// An epoch is digits before a colon and nothing else: in `a:1` the colon is text. What stands after the last hyphen is
/// the release (dpkg: the revision).
struct VersionParts {
    /// Empty where there is none: of the same order as 0.
    let epoch: Range<Int>
    let version: Range<Int>
    /// Empty where there is none, or where nothing follows the hyphen.
    let release: Range<Int>

    var hasEpoch: Bool { version.lowerBound > 0 }
    var hasRelease: Bool { version.upperBound < release.lowerBound }

    @inline(__always)
    init(_ text: Span<UInt8>) {
        let end = text.count
        var digits = 0
        while digits < end, text[digits].isDigit { digits += 1 }
        var start = 0
        if digits < end, text[digits] == ASCII.colon {
            start = digits + 1
            epoch = 0..<digits
        } else {
            epoch = 0..<0
        }
        // From the right, because a release is short.
        var position = end
        while position > start {
            position -= 1
            if text[position] == ASCII.hyphen {
                version = start..<position
                release = (position + 1)..<end
                return
            }
        }
        version = start..<end
        release = end..<end
    }
}
