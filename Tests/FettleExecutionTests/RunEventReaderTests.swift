import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Testing

/// What stores keep is read as a general decoder would read it, and nothing is accepted that it would refuse.
@Suite struct RunEventReaderTests {
    private static let texts = [
        "", "seen", "web-1/drain", "a \"quoted\" word", "back\\slash", "two\nlines\tand\r", "/srv/x", "naïve ☂︎ 👩‍🚒",
        "\u{1}\u{7f}",
        "--flag; rm -rf $(x)", "}{", ",",
    ]

    private static func text(_ random: inout SplitMix) -> String { texts.randomElement(using: &random) ?? "" }

    private static func details(_ random: inout SplitMix) -> [String: String] {
        Dictionary(
            (0..<Int.random(in: 0...3, using: &random)).map { _ in (text(&random), text(&random)) },
            uniquingKeysWith: { first, _ in first })
    }

    private static func event(_ random: inout SplitMix) -> RunEvent {
        let step = StepID(text(&random))
        let attempt = Int.random(in: 0...3, using: &random) == 0 ? Int.random(in: 0 ... .max, using: &random) : 1
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return .stepIntended(step: step, attempt: attempt, prior: nil)
        case 1:
            let prior = PriorState(alreadySo: Bool.random(using: &random), details: details(&random))
            return .stepIntended(step: step, attempt: attempt, prior: prior)
        case 2:
            // From the year 1 to 9999, on any day.
            let time = Timestamp(
                milliseconds: Int64.random(in: -62_135_596_800_000..<253_402_300_800_000, using: &random))
            let observation = Observation(
                verdict: GateVerdict.allCases.randomElement(using: &random) ?? .pass, summary: text(&random),
                details: details(&random), observedAt: time)
            return .stepDone(step: step, attempt: attempt, observation: observation)
        case 3:
            let failure = StepFailure(
                code: StepFailure.Code.allCases.randomElement(using: &random) ?? .internal, message: text(&random),
                output: text(&random))
            return .stepFailed(step: step, attempt: attempt, failure: failure)
        default:
            return [
                RunEvent.paused(by: "bob", reason: text(&random)), .ended(outcome: .succeeded),
                .rollbackRequested(by: nil, reason: ""), .stepSkipped(step: step, by: "bob", reason: text(&random)),
            ].randomElement(using: &random) ?? .resumed(by: "bob")
        }
    }

    @Test(arguments: TestScale.seeds(20, long: 400))
    func everyEventIsReadAsItWasWritten(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<50 {
            let event = Self.event(&random)
            let data = try JSONEncoder().encode(event)
            #expect(try RunEventReader().event(from: data) == event)
        }
    }

    /// Bytes that are struck, put in, left out, doubled or exchanged: read as by the general decoder, or refused like there.
    @Test(arguments: TestScale.seeds(20, long: 2_000))
    func whatIsDamagedIsReadAsByTheGeneralDecoder(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<50 {
            var bytes = [UInt8](try JSONEncoder().encode(Self.event(&random)))
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let other = Array("{}[]:,\"\\ 0123456789-+eTZntfu\u{0}\u{1f}".utf8).randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[place] = other
                case 2: bytes.insert(other, at: place)
                case 3: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 12)], at: place)
                }
            }
            let data = Data(bytes)
            let expected = try? JSONDecoder().decode(RunEvent.self, from: data)
            #expect((try? RunEventReader().event(from: data)) == expected, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test func aKeyThatComesTwiceIsReadAsByTheGeneralDecoder() throws {
        for text in [
            #"{"stepIntended":{"step":"a","step":"b","attempt":1}}"#,
            #"{"stepIntended":{"step":"a","attempt":1,"attempt":2}}"#,
            #"{"stepIntended":{"step":"a","attempt":1},"stepIntended":{"step":"b","attempt":1}}"#,
            #"{"stepIntended":{"step":"a","attempt":01}}"#, #"{"stepIntended":{"step":"a","attempt":1e0}}"#,
            #"{"stepIntended":{"step":"a","attempt":1,"prior":null}}"#, #"{"stepDone":{"step":"a","attempt":1}}"#,
            #"{"stepIntended":{"step":"a","attempt":1,"other":1}}"#, #"{"stepIntended":{"step":"\u0061","attempt":1}}"#,
        ] {
            let data = Data(text.utf8)
            let expected = try? JSONDecoder().decode(RunEvent.self, from: data)
            #expect((try? RunEventReader().event(from: data)) == expected, "\(text)")
        }
    }
}
