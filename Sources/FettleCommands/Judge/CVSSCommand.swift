import ArgumentParser
import FettleAssessment
import Foundation

struct CVSSCommand: ParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "cvss", abstract: "The scores of a CVSS vector, of version 2, 3.0, 3.1 or 4.0.")

    @OptionGroup var form: OutputOptions
    @Argument(help: "Such as CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H.") var vector: String

    struct Answer: Codable {
        var vector: String
        var version: String
        var base: Double
        var temporal: Double?
        var environmental: Double?
        /// Of the score that takes in all that the vector states.
        var severity: String
    }

    func run() throws {
        let parsed: CVSSVector
        do { parsed = try CVSSVector(vector) } catch {
            throw CommandFailure(.usage, "\(error)\n  `fettle cvss --help` shows one")
        }
        let scores = parsed.scores
        let answer = Answer(
            vector: vector, version: parsed.version.rawValue, base: scores.base, temporal: scores.temporal,
            environmental: scores.environmental,
            severity: CVSSScores.severity(of: scores.overall, parsed.version))
        if form.output == .json { return try Output.writeJSON(answer) }
        if form.output.isLines { return try Output.writeLines(ListAnswer.scores(answer), as: form.output) }
        let timed = parsed.version == .v4 ? "threat" : "temporal"
        let scored = [("base", answer.base), (timed, answer.temporal), ("environmental", answer.environmental)]
        var rows = scored.compactMap { name, score in score.map { (name, String(format: "%.1f", $0)) } }
        rows.append(("severity", answer.severity))
        for (name, text) in rows { Output.writeLine(name.padding(toLength: 15, withPad: " ", startingAt: 0) + text) }
    }
}
