import FettleTestSupport
import Testing

/// The judge itself: what it lets pass proves nothing unless it also refuses.
@Suite struct JSONSchemaTests {
    private static func problems(_ schema: String, _ value: String) throws -> [String] {
        var schema = JSONSchema(try JSONValue(parsing: schema.utf8))
        return schema.problems(of: try JSONValue(parsing: value.utf8))
    }

    @Test(arguments: [
        (#"{"type": "integer"}"#, "1", "1.5"), (#"{"type": "integer"}"#, "1", "true"),
        (#"{"type": "boolean"}"#, "false", "0"), (#"{"type": ["string", "null"]}"#, "null", "{}"),
        (#"{"enum": ["a", "b"]}"#, #""b""#, #""c""#), (#"{"const": 2}"#, "2", "3"),
        (#"{"pattern": "^[0-9]+$"}"#, #""12""#, #""12a""#),
        (#"{"required": ["a"]}"#, #"{"a": 1}"#, #"{"b": 1}"#),
        (#"{"properties": {"a": {"type": "string"}}}"#, #"{"a": "x"}"#, #"{"a": 1}"#),
        (#"{"properties": {"a": {}}, "additionalProperties": false}"#, #"{"a": 1}"#, #"{"a": 1, "b": 1}"#),
        (#"{"additionalProperties": {"type": "integer"}}"#, #"{"a": 1}"#, #"{"a": "x"}"#),
        (#"{"propertyNames": {"enum": ["a"]}}"#, #"{"a": 1}"#, #"{"b": 1}"#),
        (#"{"items": {"type": "integer"}}"#, "[1, 2]", #"[1, "x"]"#),
        (#"{"oneOf": [{"type": "string"}, {"type": "integer"}]}"#, "1", "[]"),
        (#"{"oneOf": [{"type": "number"}, {"type": "integer"}]}"#, "1.5", "1"),
        (##"{"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}"##, #""x""#, "1"),
    ])
    func whatIsRightPassesAndWhatIsWrongIsTold(schema: String, right: String, wrong: String) throws {
        #expect(try Self.problems(schema, right) == [])
        #expect(try Self.problems(schema, wrong).count == 1)
    }

    @Test(arguments: ["", "{", "[1,]", "{\"a\" 1}", "\"a", "tru", "1 2", "{\"a\": }"])
    func whatIsNoJSONIsNotRead(text: String) {
        #expect(throws: JSONValue.NoJSON.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test func whatIsReadIsWhatWasWritten() throws {
        let text = #" {"a" : [1, -2.5e1, true, null, "x\"\\\n\u00e9/ü"], "b": {}} "#
        let expected = JSONValue.object([
            "a": .list([.number(1), .number(-25), .boolean(true), .null, .text("x\"\\\né/ü")]), "b": .object([:]),
        ])
        #expect(try JSONValue(parsing: text.utf8) == expected)
    }

    @Test func whatItDoesNotUnderstandIsAProblem() throws {
        #expect(try Self.problems(#"{"minLength": 3}"#, #""long enough""#).count == 1)
        #expect(try Self.problems(##"{"$ref": "#/$defs/nowhere"}"##, "1").count == 1)
    }
}
