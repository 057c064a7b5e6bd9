public import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Process {
    /// Whether it is gone, or waits only for being reaped, by the kernel's word.
    ///
    /// Foundation goes by a socket that the child inherits: it hears of an end when the last of the child's own children has
    /// let go of it, and of nobody's end while one child that let go of it goes on. Whoever waits for that on one of the few
    /// threads that tests run on may hold up all of them.
    public var hasEnded: Bool {
        guard isRunning else { return true }
        let file = "/proc/\(processIdentifier)/stat"
        // The state comes after the name in brackets, which may have any characters in it.
        guard let text = try? String(contentsOfFile: file, encoding: .utf8), let name = text.lastIndex(of: ")") else {
            return true
        }
        return ["Z", "X"].contains(text[name...].dropFirst(2).first)
    }

    /// Ends it and all that it started and that stayed in its process group, and returns when it has ended.
    ///
    /// By SIGKILL: a child of a thread that blocks signals inherits that, and then SIGTERM waits for ever.
    public func end() {
        guard isRunning else { return }
        // Foundation gives each child a group of its own; until it has reaped the child, the number is nobody else's.
        kill(-processIdentifier, SIGKILL)
        kill(processIdentifier, SIGKILL)
        for _ in 0..<10_000 where !hasEnded { usleep(1_000) }
    }
}
