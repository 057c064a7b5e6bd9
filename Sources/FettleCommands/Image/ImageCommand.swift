import ArgumentParser
import FettleControl
import FettleImages
import FettleModel

struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Images that machines are made from: patched offline, boot-tested, signed, promoted.",
        discussion: """
            `patch` never writes to its source: the result is there whole, tested and signed, or not at all. `add` puts it into the \
            catalogue; `promote` takes it from stage to stage. docs/image-patching.md says what rights it takes and what is not proven.
            """,
        subcommands: [
            ImagePatch.self, ImageVerify.self, ImageAdd.self, ImageList.self, ImageShow.self, ImageAssess.self,
            ImagePromote.self, ImageRetire.self, ImageCollect.self,
        ])
}

extension Session {
    var images: ImageService { ImageService(store: store, access: access) }

    /// Whether the store is the one that lies in the folder, beside its key: whoever names another one may have made a key of their own.
    var isOfItsFolder: Bool { (options.store ?? environment["FETTLE_STORE"] ?? "").isEmpty }

    /// The stages: as the policy names them, or else the fleet's environments.
    var stages: PromotionPolicy { get throws { try policy.promotion ?? .standard(for: fleet) } }
}

extension ImageError {
    /// For people: what, and the last lines of what programs printed.
    var failure: CommandFailure {
        let status: ExitStatus =
            switch code {
            case .refused, .unavailable: .usage
            case .failed, .noSpace, .sourceAltered, .tookTooLong, .bootTest, .altered: .failure
            }
        let hint = status == .usage ? ["  `fettle image patch --help` says what it takes"] : []
        return CommandFailure(status, ([message] + log.map { "  | \($0)" } + hint).joined(separator: "\n"))
    }
}
