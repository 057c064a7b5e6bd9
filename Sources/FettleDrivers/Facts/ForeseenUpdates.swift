import FettleDriverKit
import FettleModel
import Synchronization

/// What the section `apt` tells, in its first line, of the state by which apt decides (`SnapshotScript.decisions`).
enum AptState: Sendable, Equatable {
    case untold
    case told
    /// In this state apt has been asked before: the rest is left out.
    case toldUnless(Digest)

    var script: String {
        switch self {
        case .untold: ""
        case .told: Self.tell + "\n"
        case .toldUnless(let known): Self.tell + "\n[ \"$state\" != '\(known.rawValue)' ] || return 0"
        }
    }

    private static let tell = #"""
        \#(SnapshotScript.decisions)
            state=$(decide) || state=
            state=${state%% *}
            printf 'state %s\n' "$state"
        """#
}

/// What apt has said of hosts' updates beforehand, each with the state of the host in which it said so. In memory alone.
final class ForeseenUpdates: Sendable {
    struct Answer: Sendable, Equatable {
        var state: Digest
        /// All of the section behind its first line.
        var text: String
    }

    private let answers = Mutex<[ResourceAddress: Answer]>([:])

    func answer(of address: ResourceAddress) -> Answer? { answers.withLock { $0[address] } }

    /// Takes the first line off the section, and fills in what was left out because it is known. Keeps the answer for the next
    /// look; none where the host could not tell its state.
    ///
    /// - Parameter known: what the host was told to leave out.
    func settle(_ transcript: inout Transcript, of address: ResourceAddress, _ known: Answer?) {
        var answer: Answer?
        if let section = transcript.section("apt"), section.status == 0 {
            let (state, rest) = Self.split(section.output)
            if let known, state == known.state {
                answer = known
            } else if let state {
                answer = Answer(state: state, text: rest)
            }
            transcript.replaceOutput(of: "apt", with: answer?.text ?? rest)
        }
        answers.withLock { $0[address] = answer }
    }

    private static func split(_ text: String) -> (Digest?, rest: String) {
        let prefix = "state "
        let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = lines.first, first.hasPrefix(prefix) else { return (nil, text) }
        let word = first.dropFirst(prefix.count)
        let isSum = word.utf8.count == 64 && word.utf8.allSatisfy("0123456789abcdef".utf8.contains)
        return (isSum ? Digest(rawValue: String(word)) : nil, lines.count > 1 ? String(lines[1]) : "")
    }
}
