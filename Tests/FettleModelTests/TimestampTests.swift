import FettleModel
import Testing

@Suite struct TimestampTests {
    /// An observation that came back a millisecond older than it was written made a whole journal unreadable (I6).
    @Test func everyMillisecondComesBackAsItWasWritten() {
        var generator = SplitMix(seed: 3)
        var moments = (0..<1_000).map { Int64(1_795_424_400_000 + $0) }
        for _ in 0..<4_000 { moments.append(.random(in: -62_135_596_800_000...253_402_300_799_999, using: &generator)) }
        let wrong = moments.filter { moment in
            Timestamp(Timestamp(milliseconds: moment).description)?.milliseconds != moment
        }
        #expect(wrong.count == 0, "of \(moments.count), such as \(wrong.prefix(3))")
    }
}
