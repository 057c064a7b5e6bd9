/// The word as POSIX `sh` text that stands for exactly this word, whatever is in it.
///
/// Single quotes take away the meaning of every character but the single quote itself
/// ([POSIX 2.2.2](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02)).
/// A word that begins with `-` is still an option to the program that gets it: put `--` before it.
///
/// - Throws: `ShellQuoteError` for a word with a NUL, which no argument can hold.
public func shellQuoted(_ word: String) throws(ShellQuoteError) -> String {
    // By bytes, not by characters: a quote with a combining mark behind it is one Character, and not equal to "'".
    let quote = UInt8(ascii: "'")
    var quoted: [UInt8] = [quote]
    quoted.reserveCapacity(word.utf8.count + 64)
    for byte in word.utf8 {
        guard byte != 0 else { throw ShellQuoteError() }
        if byte == quote {
            quoted += [quote, UInt8(ascii: "\\"), quote, quote]
        } else {
            quoted.append(byte)
        }
    }
    quoted.append(quote)
    return String(decoding: quoted, as: UTF8.self)
}

/// The words quoted each, with spaces between.
public func shellQuoted(_ words: [String]) throws(ShellQuoteError) -> String {
    var line = ""
    for word in words {
        if !line.isEmpty { line += " " }
        line += try shellQuoted(word)
    }
    return line
}

/// A word holds a NUL and so cannot be an argument.
public struct ShellQuoteError: Error, Sendable, Equatable, CustomStringConvertible {
    public init() {}
    public var description: String { "a word with a NUL byte cannot be an argument of a command" }
}
