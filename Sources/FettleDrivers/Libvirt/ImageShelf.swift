import FettleDriverKit
import FettleModel

/// Images as a hypervisor sees them: each is named by its SHA-256, and believed only when it has it.
struct ImageShelf: Sendable {
    let hypervisor: Hypervisor

    /// An image of 100 GiB on a slow disk.
    static let longest = Duration.seconds(1_800)

    /// - Throws: `refused` where the image does not lie there, or is another.
    func find(_ new: NewMachine) async throws(StepFailure) -> ImageFiles {
        let result: CommandResult
        do {
            result = try await hypervisor.channels.channel(to: hypervisor.address).run(
                RemoteCommand(script: try Self.script(new.imageStem), timeout: Self.longest, outputLimit: 4_096))
        } catch let error as AccessError {
            throw StepFailure(error)
        } catch {
            throw StepFailure(code: .internal, message: "\(error)")
        }
        let lines = result.outputText.split(separator: "\n").map(String.init)
        let place = "\(new.image) \(new.machine.version) on \(hypervisor.id)"
        guard result.succeeded, let format = lines.first, ["qcow2", "raw"].contains(format), lines.count >= 2 else {
            throw StepFailure(
                code: .refused, message: "\(place): there is no readable \(new.imageStem).qcow2 or .raw",
                output: HostText.tail(result))
        }
        guard lines[1] == new.machine.digest.rawValue else {
            throw StepFailure(
                code: .refused,
                message: "\(place): \(new.imageStem).\(format) is not the image whose SHA-256 is its name")
        }
        guard let kernel = new.machine.kernel, let initrd = new.machine.initrd else {
            return ImageFiles(format: format, hasKernel: false)
        }
        guard lines.count >= 4, lines[2] == kernel.rawValue, lines[3] == initrd.rawValue else {
            throw StepFailure(
                code: .refused,
                message: "\(place): \(new.imageStem).vmlinuz and .initrd are not there, or not those of the image")
        }
        return ImageFiles(format: format, hasKernel: true)
    }

    /// Tells the format and the digest, and the digests of the kernel and the first RAM disk that lie beside it.
    private static func script(_ stem: String) throws(ShellQuoteError) -> String {
        #"""
        stem=\#(try shellQuoted([stem]))
        for format in qcow2 raw; do
            [ -f "$stem.$format" ] && [ -r "$stem.$format" ] || continue
            echo "$format"
            sum=$(sha256sum <"$stem.$format") || exit 1
            echo "${sum%% *}"
            for part in vmlinuz initrd; do
                [ -f "$stem.$part" ] && [ -r "$stem.$part" ] || exit 0
                sum=$(sha256sum <"$stem.$part") || exit 1
                echo "${sum%% *}"
            done
            exit 0
        done
        exit 1
        """#
    }
}

/// Whether a file is on a hypervisor, as far as its user can see.
enum FilePresence: Sendable, Equatable {
    case there, gone, unknown

    static func ask(_ path: String, on hypervisor: Hypervisor) async throws(StepFailure) -> FilePresence {
        let result: CommandResult
        do {
            let words = try shellQuoted([path])
            let script =
                #"set -- \#(words); if [ -e "$1" ]; then echo there; elif [ -x "${1%/*}" ]; then echo gone; fi"#
            result = try await hypervisor.channels.channel(to: hypervisor.address).run(
                RemoteCommand(script: script, timeout: .seconds(20), outputLimit: 4_096))
        } catch let error as AccessError {
            throw StepFailure(error)
        } catch {
            throw StepFailure(code: .internal, message: "\(error)")
        }
        switch result.outputText {
        case "there\n": return .there
        case "gone\n": return .gone
        default: return .unknown
        }
    }
}

/// What is done with files of disks.
enum DiskCommand {
    static let image = "/usr/bin/qemu-img"
    static let removal = "/usr/bin/rm"

    /// A disk in which only what differs from the image is kept.
    static func make(_ path: String, over image: String, format: String) -> RootCommand {
        RootCommand([Self.image, "create", "-q", "-f", "qcow2", "-F", format, "-b", image, path])
    }

    static func remove(_ path: String) -> RootCommand { RootCommand([removal, "-f", "--", path]) }
}
