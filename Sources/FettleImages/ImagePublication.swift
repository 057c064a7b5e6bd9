import Foundation

/// The last step: what was made gets its name, and what belongs to it lies beside it.
struct ImagePublication {
    /// In the work folder.
    let result: String
    let format: ImageFormat
    /// Of the source: what is told of an image is for those who may read it.
    let mode: mode_t
    let sidecars: [(ImageSidecar, Data)]
    /// An absolute path, in the folder of the work folder.
    let destination: String

    /// The image last: where it is, all that belongs to it is there. Nothing takes the place of what somebody has put there meanwhile.
    ///
    /// - Throws: `failed`; then nothing of it is there.
    func make(in workshop: Workshop) throws(ImageError) {
        var made: [String] = []
        do throws(ImageError) {
            for (sidecar, data) in sidecars {
                let path = sidecar.path(of: destination)
                let draft = workshop.file("sidecar.\(sidecar.rawValue)")
                try Self.write(data, to: draft, mode: mode & 0o666)
                guard link(draft, path) == 0 else { throw Self.failure(path) }
                made.append(path)
            }
            sync()
            // A directory can only be renamed, and takes the place of an empty one at most.
            let status = format == .tree ? rename(result, destination) : link(result, destination)
            guard status == 0 else { throw Self.failure(destination) }
        } catch {
            for path in made { unlink(path) }
            throw error
        }
    }

    private static func write(_ data: Data, to path: String, mode: mode_t) throws(ImageError) {
        do {
            try data.write(to: URL(fileURLWithPath: path))
        } catch {
            throw ImageError(.failed, "\(path) cannot be written: \(error)")
        }
        guard chmod(path, mode) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> ImageError {
        ImageError(.failed, "\(path) cannot be made: \(String(cString: strerror(errno)))")
    }
}
