/// Splits a line into words as a POSIX shell would, with quotes, backslashes and comments, and expands nothing.
enum ShellWords {
    struct Word: Equatable {
        var text: String
        /// Unicode scalars before it in the line.
        var offset: Int
    }

    struct Problem: Error {
        var message: String
        var offset: Int
    }

    static func split(_ line: Substring) throws(Problem) -> [Word] {
        var words: [Word] = []
        var current: Word?
        var quote: (mark: Unicode.Scalar, offset: Int)?
        var isEscaped = false
        scan: for (offset, scalar) in line.unicodeScalars.enumerated() {
            if isEscaped {
                // Inside double quotes a backslash is itself, except before a quote or another one.
                if quote?.mark == "\"", scalar != "\"", scalar != "\\" { current?.text += "\\" }
                current?.text.unicodeScalars.append(scalar)
                isEscaped = false
                continue
            }
            if let open = quote {
                if scalar == open.mark {
                    quote = nil
                } else if scalar == "\\", open.mark == "\"" {
                    isEscaped = true
                } else {
                    current?.text.unicodeScalars.append(scalar)
                }
                continue
            }
            switch scalar {
            case " ", "\t", "\r":
                if let word = current { words.append(word) }
                current = nil
            case "#":
                // As Python's shlex: a comment begins anywhere outside quotes.
                break scan
            default:
                if current == nil { current = Word(text: "", offset: offset) }
                switch scalar {
                case "'", "\"": quote = (scalar, offset)
                case "\\": isEscaped = true
                default: current?.text.unicodeScalars.append(scalar)
                }
            }
        }
        if let quote { throw Problem(message: "a quote that is never closed", offset: quote.offset) }
        if isEscaped { throw Problem(message: "a backslash at the end of the line", offset: 0) }
        if let word = current { words.append(word) }
        return words
    }
}
