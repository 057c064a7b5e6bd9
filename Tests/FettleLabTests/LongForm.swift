import FettleTestSupport
import Testing

extension Trait where Self == ConditionTrait {
    /// For what takes too long for every change. `scripts/test` knows these words: whatever else is skipped in CI is a failure there.
    static var onlyInTheLongForm: Self { .enabled(if: TestScale.isLong, "only in the long form") }
}
