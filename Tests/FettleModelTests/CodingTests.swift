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

    /// As fleet.yaml writes it, and not by the places of an enumeration's values.
    @Test(arguments: [
        (Quantity.count(2), "2", #"{"count":{"_0":2}}"#), (.count(0), "0", #"{"count":{"_0":0}}"#),
        (.percent(75), #""75%""#, #"{"percent":{"_0":75}}"#),
    ])
    func aQuantityIsWrittenAsInTheFleetFileAndReadInItsEarlierForm(
        quantity: Quantity, text: String, earlier: String
    ) throws {
        #expect(String(decoding: try CanonicalJSON.encode(quantity), as: UTF8.self) == text)
        for form in [text, earlier] {
            #expect(try CanonicalJSON.decode(Quantity.self, from: Data(form.utf8)) == quantity)
        }
    }

    @Test(arguments: [
        #""75""#, #""many%""#, #""%""#, "1.5", "null", "{}", "[2]", #"{"count":2}"#, #"{"count":{}}"#,
        #"{"share":{"_0":2}}"#,
    ])
    func whatIsNoQuantityIsRefused(text: String) {
        #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Quantity.self, from: Data(text.utf8)) }
    }

    /// As a reader of JSON expects it, and not by the places of an enumeration's values.
    @Test(arguments: [
        (Observed.observed(["a"]), #"{"value":["a"]}"#, #"{"observed":{"_0":["a"]}}"#),
        (.observed([]), #"{"value":[]}"#, #"{"observed":{"_0":[]}}"#),
        (.notObserved(reason: "a lock"), #"{"notObserved":"a lock"}"#, #"{"notObserved":{"reason":"a lock"}}"#),
    ])
    func whatWasObservedIsWrittenPlainlyAndReadInItsEarlierForm(
        fact: Observed<[String]>, text: String, earlier: String
    ) throws {
        #expect(String(decoding: try CanonicalJSON.encode(fact), as: UTF8.self) == text)
        for form in [text, earlier] {
            #expect(try CanonicalJSON.decode(Observed<[String]>.self, from: Data(form.utf8)) == fact)
        }
    }

    @Test(arguments: ["{}", "null", #"["a"]"#, #"{"value":null}"#, #"{"observed":["a"]}"#, #"{"notObserved":{}}"#])
    func whatIsNoFactIsRefused(text: String) {
        #expect(throws: DecodingError.self) {
            try CanonicalJSON.decode(Observed<[String]>.self, from: Data(text.utf8))
        }
    }
}
