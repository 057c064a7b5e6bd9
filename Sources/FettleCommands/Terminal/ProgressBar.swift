import Foundation
import Synchronization

/// One line on standard error that shows how far long work has come. Silent where standard error is no terminal.
final class ProgressBar: Sendable {
    private struct State {
        var done = 0
        var note = ""
        var isFinished = false
    }

    private let title: String
    private let total: Int
    private let terminal: Terminal
    private let state = Mutex(State())

    init(_ title: String, total: Int, terminal: Terminal = .error) {
        self.title = title
        self.total = total
        self.terminal = terminal
        draw(State())
    }

    /// One more piece is done; `note` names it.
    func advance(_ note: String) {
        let snapshot = state.withLock { state in
            state.done += 1
            state.note = note.printable
            return state
        }
        draw(snapshot)
    }

    /// Something else is being worked on; no piece is done by that.
    func tell(_ note: String) {
        let snapshot = state.withLock { state in
            state.note = note.printable
            return state
        }
        draw(snapshot)
    }

    /// Takes the line away.
    func finish() {
        let wasFinished = state.withLock { state in
            defer { state.isFinished = true }
            return state.isFinished
        }
        guard terminal.isInteractive, !wasFinished else { return }
        write("\r\u{1b}[K")
    }

    private func draw(_ state: State) {
        guard terminal.isInteractive, !state.isFinished else { return }
        let cells = 24
        let filled = total == 0 ? cells : min(cells, state.done * cells / total)
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: cells - filled)
        let text = "\(title) \(bar) \(state.done)/\(total) \(state.note)"
        let width = (terminal.width ?? 80) - 1
        write("\r\u{1b}[K" + text.shortened(to: width))
    }

    private func write(_ text: String) {
        Output.writeError(text)
    }
}

/// A bar whose length is known only once the work has been counted.
final class ProgressHolder: Sendable {
    private let bar = Mutex<ProgressBar?>(nil)

    func start(_ title: String, total: Int) { bar.withLock { $0 = ProgressBar(title, total: total) } }
    func advance(_ note: String) { bar.withLock { $0 }?.advance(note) }
    func tell(_ note: String) { bar.withLock { $0 }?.tell(note) }
    func finish() { bar.withLock { $0 }?.finish() }
}
