import FettleEvidence
import FettleStore
import FettleTestSupport
import Testing

@Suite struct InMemoryStoreTests {
    @Test(arguments: StoreConformance.checks)
    func keepsEveryPromiseOfAStore(check: StoreConformance.Check) async throws {
        try await check.run(InMemoryStore(chain: .sha256))
    }
}
