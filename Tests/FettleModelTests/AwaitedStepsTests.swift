import FettleModel
import Foundation
import Testing

@Suite struct AwaitedStepsTests {
    @Test(arguments: [[], ["a/patch"], ["a/bake", "b/bake"], ["a", "b", "c"]] as [[StepID]])
    func namesAreCodedAndReadAsAList(names: [StepID]) throws {
        let awaited = AwaitedSteps(names)
        #expect(awaited.list == names)
        #expect(Array(awaited) == names)
        let bytes = try CanonicalJSON.encode(awaited)
        #expect(try bytes == CanonicalJSON.encode(names))
        #expect(try CanonicalJSON.decode(AwaitedSteps.self, from: bytes) == awaited)
    }

    @Test func oneNameIsTheSameHoweverItCameThere() {
        #expect(AwaitedSteps("a") == AwaitedSteps(["a"]))
        #expect(AwaitedSteps("a").isOnly("a"))
        #expect(!AwaitedSteps("a").isOnly("b"))
        #expect(!AwaitedSteps(["a", "b"]).isOnly("a"))
        #expect(!AwaitedSteps().isOnly("a"))
    }

    @Test func aStepThatNoLongerWaitsForAnotherWaitsForTheRest() {
        var step = Step(
            id: "a/drain", resource: "a", wave: 0, action: .takeOut, after: ["a/stage", "web/bake"],
            availability: .takesOut, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 5), timeoutSeconds: 70)
        step.after.removeAll { $0 == "web/bake" }
        #expect(step.awaited == AwaitedSteps("a/stage"))
        step.after.append("web/bake")
        #expect(step.after == ["a/stage", "web/bake"])
    }

    @Test func whatIsNoListOfNamesIsRefused() {
        for text in ["\"a\"", "{}", "[1]", "null"] {
            #expect(throws: DecodingError.self) {
                try CanonicalJSON.decode(AwaitedSteps.self, from: Data(text.utf8))
            }
        }
    }
}
