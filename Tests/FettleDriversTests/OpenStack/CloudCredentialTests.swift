import Testing

@testable import FettleDrivers

/// What lets one in is one line, and goes to Keystone as its documentation says.
@Suite("OpenStack, credentials") struct CloudCredentialTests {
    @Test func anApplicationCredentialAndAUsersPasswordAreRead() {
        let id = String(repeating: "0a", count: 16)
        #expect(CloudCredential("\(id):se:cr@et \"") == .application(id: id, secret: "se:cr@et \""))
        #expect(CloudCredential("u1@p_2:w0rd") == .password(user: "u1", project: "p_2", password: "w0rd"))
    }

    @Test func whatIsNeitherIsRefused() {
        for text in [
            "", ":", "id", "id:", ":secret", "a b:secret", "a@b@c:secret", "@p:secret", "u@:secret", "id:a\nb",
            "id:a\u{0}", "\(String(repeating: "a", count: 65)):secret", "id:\(String(repeating: "a", count: 5_000))",
        ] {
            #expect(CloudCredential(text) == nil, "\(text)")
        }
    }

    @Test func theQuestionIsKeystones() {
        #expect(
            CloudCredential("i1:s\"1")?.question
                == #"{"auth":{"identity":{"application_credential":{"id":"i1","secret":"s\"1"},"#
                + #""methods":["application_credential"]}}}"#)
        #expect(
            CloudCredential("u1:x")?.question.contains("scope") == false, "an application credential has its project")
        #expect(
            CloudCredential("u1@p1:w")?.question
                == #"{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"w"}}},"#
                + #""scope":{"project":{"id":"p1"}}}}"#)
    }
}
