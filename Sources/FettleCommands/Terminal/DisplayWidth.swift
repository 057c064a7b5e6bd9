extension String {
    /// How many columns of a terminal the text takes: two for wide letters and emoji, none for marks that join the letter before.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// As much of the beginning as fits, with `…` in the place of the rest.
    func shortened(to width: Int) -> String {
        guard displayWidth > width else { return self }
        var kept = ""
        var used = 1
        for character in self {
            used += character.displayWidth
            guard used <= width else { break }
            kept.append(character)
        }
        return width > 0 ? kept + "…" : ""
    }

    /// The text in lines of at most so many columns, broken between words where a word fits into a line at all.
    func wrapped(to width: Int) -> [String] {
        let width = max(2, width)
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ") {
            for piece in word.pieces(of: width) {
                if line.isEmpty {
                    line = piece
                } else if line.displayWidth + 1 + piece.displayWidth <= width {
                    line += " " + piece
                } else {
                    lines.append(line)
                    line = piece
                }
            }
        }
        return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
    }

    /// A sentence in lines that fit the terminal, the further ones further in than the first; as it is where there is no width.
    func folded(_ style: TextStyle = .plain, in terminal: Terminal) -> [String] {
        guard let width = terminal.width, displayWidth > max(20, width) else {
            return [style.apply(self, in: terminal)]
        }
        let margin = String(prefix { $0 == " " })
        let lines = wrapped(to: max(20, width) - margin.count - 2)
        return lines.enumerated().map { style.apply(margin + ($0 == 0 ? "" : "  ") + $1, in: terminal) }
    }
}

extension Substring {
    fileprivate func pieces(of width: Int) -> [String] {
        var pieces = [""]
        var used = 0
        for character in self {
            if used + character.displayWidth > width {
                pieces.append("")
                used = 0
            }
            pieces[pieces.count - 1].append(character)
            used += character.displayWidth
        }
        return pieces
    }
}

extension Character {
    var displayWidth: Int {
        let scalars = unicodeScalars
        // The variation selector asks for the picture in place of the sign.
        if scalars.contains(where: { $0.isWide || $0 == "\u{fe0f}" }) { return 2 }
        return scalars.allSatisfy(\.joinsTheOneBefore) ? 0 : 1
    }
}

extension Unicode.Scalar {
    fileprivate var joinsTheOneBefore: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: true
        default: false
        }
    }

    /// East_Asian_Width W and F. Source: Unicode Standard Annex 11; pictures by their emoji presentation.
    fileprivate var isWide: Bool {
        switch value {
        case ..<0x1100: false
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97f: true
        case 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff01...0xff60, 0xffe0...0xffe6: true
        case 0x16fe0...0x18aff, 0x1b000...0x1b2ff, 0x1f200...0x1f2ff, 0x20000...0x3fffd: true
        default: properties.isEmojiPresentation
        }
    }
}
