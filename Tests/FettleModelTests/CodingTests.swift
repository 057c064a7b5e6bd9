import FettleModel
import Foundation
import Testing

@Suite struct CodingTests {
    @Test(arguments: ["2026-11-23T09:30:00.000Z", "1970-01-01T00:00:00.001Z", "2100-02-28T23:59:59.999Z"])
    func timestampsKeepTheirMilliseconds(text: String) throws {
        let timestamp = try #require(Timestamp(text))
        #expect(timestamp.description == text)
    }

    @Test func identifiersKeyJSONObjects() throws {
        let value: [EnvironmentID: Int] = ["production": 2]
        let json = String(decoding: try CanonicalJSON.encode(value), as: UTF8.self)
        #expect(json == #"{"production":2}"#)
        #expect(try CanonicalJSON.decode([EnvironmentID: Int].self, from: Data(json.utf8)) == value)
    }

    @Test func aMinimumIsRoundedUpAndAMaximumDown() {
        #expect(Quantity.percent(50).asMinimum(of: 5) == 3)
        #expect(Quantity.percent(50).asMaximum(of: 5) == 2)
        #expect(Quantity.percent(10).asMaximum(of: 5) == 1)
        #expect(Quantity.percent(0).asMaximum(of: 5) == 0)
    }
}
