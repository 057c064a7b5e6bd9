extension Duration {
    /// For messages: at most three decimals.
    var inSeconds: String {
        let milliseconds = inMilliseconds
        let fraction = milliseconds % 1_000
        guard fraction != 0 else { return "\(milliseconds / 1_000)" }
        return "\(milliseconds / 1_000).\(String(1_000 + fraction).dropFirst())"
    }

    /// Whole ones.
    var inMilliseconds: Int {
        Int(clamping: components.seconds) * 1_000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
