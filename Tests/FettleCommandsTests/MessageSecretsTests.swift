import FettleControl
import Testing

@testable import FettleCommands

/// What a server may repeat of an address that lets others in.
@Suite struct MessageSecretsTests {
    private static let path = "/services/T0000000A/B0000000B/planted%2Dtoken-1"
    private static let address = "https://hooks.example\(path)?key=planted-key-1"

    @Test(arguments: [
        address, path + "?key=planted-key-1", path, "T0000000A", "B0000000B", "planted%2Dtoken-1", "planted-token-1",
        "planted-key-1",
    ])
    func noPartOfASecretAddressIsTold(_ part: String) {
        let mask = SecretMask().knowing(address: Self.address, as: "ops's address")
        #expect(!mask.masked("answers 404: no such hook \(part)").contains(part))
    }

    @Test func wordsAndHostsAreToldAsTheyAre() {
        let mask = SecretMask().knowing(address: Self.address, as: "ops's address")
        #expect(mask.masked("hooks.example answers 404: no hook") == "hooks.example answers 404: no hook")
    }
}
