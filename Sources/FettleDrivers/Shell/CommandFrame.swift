internal import FettleDriverKit

/// A command as the text that a channel's shell gets, and the marks that tell its output from everything else.
///
/// On each of the two output streams the shell prints
///
///     <mark>LF ...what the command prints... LF<mark> <status>LF
///
/// The mark is 128 random bits, made anew for each command: nothing on the target knows it before it is printed, so no
/// file, program or earlier command can forge the end of a command. The shell is given it in two halves, so that a
/// target that only echoes what it is sent never prints it whole.
struct CommandFrame: Sendable {
    /// One logical line of POSIX shell.
    let text: [UInt8]
    let mark: Mark
    let outputLimit: Int

    struct Mark: Sendable, Hashable {
        let halves: (String, String)

        init(using generator: inout some RandomNumberGenerator) {
            halves = (Self.half(generator.next()), Self.half(generator.next()))
        }

        private static func half(_ number: UInt64) -> String {
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }

        var begin: [UInt8] { Array("\(halves.0)\(halves.1)\n".utf8) }
        var end: [UInt8] { Array("\n\(halves.0)\(halves.1) ".utf8) }

        static func == (left: Self, right: Self) -> Bool { left.halves == right.halves }
        func hash(into hasher: inout Hasher) {
            hasher.combine(halves.0)
            hasher.combine(halves.1)
        }
    }

    /// - Parameter channelIsRoot: a command for root then needs no sudo.
    /// - Throws: `ShellQuoteError` for a NUL.
    init(_ command: RemoteCommand, channelIsRoot: Bool) throws(ShellQuoteError) {
        var generator = SystemRandomNumberGenerator()
        mark = Mark(using: &generator)
        outputLimit = command.outputLimit
        let (first, second) = mark.halves
        var text = Array("printf '%s%s\\n' \(first) \(second); printf '%s%s\\n' \(first) \(second) >&2; ".utf8)
        let program = Array(try Self.program(command.program, channelIsRoot: channelIsRoot).utf8)
        if command.input.isEmpty {
            text += program + Array(" </dev/null".utf8)
        } else {
            text += Self.feed(command.input) + program
        }
        let end = "printf '\\n%s%s %d\\n' \(first) \(second) \"$s\""
        text += Array("; s=$?; \(end); \(end) >&2\n".utf8)
        self.text = text
    }

    private static func program(
        _ program: RemoteCommand.Program, channelIsRoot: Bool
    ) throws(ShellQuoteError) -> String {
        switch program {
        case .script(let script):
            // After -c a word that begins with - or + is still an option to sh.
            let safe = script.hasPrefix("-") || script.hasPrefix("+") ? " " + script : script
            return "/bin/sh -c " + (try shellQuoted(safe))
        case .root(let root):
            let line = try shellQuoted(root.commandLine)
            return channelIsRoot ? line : "sudo -n -- " + line
        }
    }

    /// A pipeline's beginning that writes the bytes.
    ///
    /// `printf` with octal escapes and not the channel's own input behind the line: dash and busybox read ahead, so
    /// what follows a line is gone before a command could read it; and `base64` is not in POSIX. In pieces, because
    /// where `printf` is a program and no part of the shell, Linux takes 128 KiB an argument.
    private static func feed(_ input: [UInt8]) -> [UInt8] {
        var text = Array("{ ".utf8)
        text.reserveCapacity(input.count * 3)
        var index = 0
        while index < input.count {
            let piece = input[index..<min(index + 16_384, input.count)]
            text += Array("printf '".utf8)
            for byte in piece {
                switch byte {
                case UInt8(ascii: "%"): text += [byte, byte]
                // `-` because it would be an option at the beginning of a piece.
                case UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "-"), ..<0x20, 0x7F...: text += octal(byte)
                default: text.append(byte)
                }
            }
            text += Array("'; ".utf8)
            index += piece.count
        }
        // A command that does not read all its input is no failure of ours to talk about.
        return text + Array("} 2>/dev/null | ".utf8)
    }

    private static func octal(_ byte: UInt8) -> [UInt8] {
        let zero = UInt8(ascii: "0")
        return [UInt8(ascii: "\\"), zero + (byte >> 6), zero + ((byte >> 3) & 7), zero + (byte & 7)]
    }
}
