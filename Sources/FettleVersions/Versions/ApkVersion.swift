/// Facts about a single Alpine version.
public enum ApkVersion {
    /// Whether `apk version --check` accepts it: `number{.number}[letter]{_suffix[number]}[~hash][-rNumber]`.
    ///
    /// Digits right after the letter (`6.6p1`), which apk-tools 2 took and apk-tools 3 refuses, are not valid here,
    /// though they have a place in the order.
    public static func isValid(_ text: String) -> Bool {
        withBytes(of: text) { bytes in
            let version = bytes.span
            var reader = ApkReader()
            var previous = ApkReader.Kind.start
            while true {
                reader.advance(in: version)
                switch reader.kind {
                case .end: return true
                case .fault: return false
                case .number where previous == .letter: return false
                default: previous = reader.kind
                }
            }
        }
    }
}
