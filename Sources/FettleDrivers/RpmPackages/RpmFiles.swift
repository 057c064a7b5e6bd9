import FettleDriverKit
import FettleModel

/// Packages that are kept on a host as files.
struct RpmFiles: Sendable {
    let session: HostSession

    /// A file in the host's cache.
    struct Kept: Sendable, Equatable {
        var file: String
        var package: PackageVersion
        /// Whole, and signed by a key that the host's rpm database holds.
        var isTrusted: Bool
    }

    /// The trusted files among `wanted`. Each is looked into, and rpm compares its digests and its signature: a power cut leaves
    /// half a file, and a package without a signature could be anybody's.
    func kept(_ wanted: [PackageVersion]) async throws(StepFailure) -> [PackageVersion: String] {
        let found = try await found(wanted)
        var files: [PackageVersion: String] = [:]
        for version in wanted {
            files[version] = found.first { $0.isTrusted && $0.package.isSameRpm(version) }?.file
        }
        return files
    }

    /// All files of these versions, also those that nobody would install.
    func found(_ wanted: [PackageVersion]) async throws(StepFailure) -> [Kept] {
        guard !wanted.isEmpty else { return [] }
        let script = SectionedScript(sections: [
            SectionedScript.Section(
                name: "files", limit: 4 * 1_024 * 1_024,
                body: #"""
                        \#(RpmSections.database)
                        if [ -z "$database" ]; then return 77; fi
                        cd \#(RpmCommand.files) 2>/dev/null || return 0
                        set +f
                        while read -r name; do
                            for file in "$name"-*.rpm; do
                                if [ ! -f "$file" ] || [ -L "$file" ]; then continue; fi
                                printf '%s\t' "$file"
                                rpm --dbpath "$database" -qp --nodigest --nosignature --queryformat \
                                    '%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t' "./$file" </dev/null 2>/dev/null
                                rpm --dbpath "$database" --checksig "./$file" </dev/null 2>/dev/null | head -n 1
                                echo
                            done
                        done
                        return 0
                    """#)
        ])
        let names = Set(wanted.map(\.name)).sorted().map { $0 + "\n" }.joined()
        let result = try await session.run(
            RemoteCommand(
                script: script.text, input: Array(names.utf8), timeout: .seconds(300), outputLimit: script.outputLimit))
        let transcript = Transcript(
            standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
        do {
            let all = Self.parse(try transcript.requiredOutput(of: "files"))
            return all.filter { file in wanted.contains { $0.isSameRpm(file.package) } }
        } catch {
            throw StepFailure(code: .internal, message: "the packages in \(RpmCommand.files) cannot be read: \(error)")
        }
    }

    /// Room is worth less than what is under way: what cannot be taken away now stays.
    func remove(_ files: [String]) async {
        var rest = files[...]
        while !rest.isEmpty {
            try? await session.runRoot(RpmCommand.remove(Array(rest.prefix(200))))
            rest = rest.dropFirst(200)
        }
    }

    /// Lines of file, name, architecture, version and what `rpm --checksig` says. A file that is torn has only the first.
    static func parse(_ text: String) -> [Kept] {
        FactText.lines(text).compactMap { line -> Kept? in
            let fields = FactText.fields(line).map(String.init)
            guard fields.count == 5, RpmNames.isFile(fields[0]), RpmNames.isName(fields[1]),
                RpmNames.isName(fields[2]), RpmNames.isVersion(fields[3])
            else { return nil }
            let package = PackageVersion(name: fields[1], architecture: fields[2], version: fields[3])
            return Kept(
                file: fields[0], package: package, isTrusted: fields[4] == "./\(fields[0]): digests signatures OK")
        }
    }

    /// Files that came there more than `days` ago, with what rpm reads in them.
    func outdated(days: Int) async throws(StepFailure) -> [Kept] {
        let script = #"""
            find \#(RpmCommand.files)/ -maxdepth 1 -type f -name '*.rpm' -cmin +\#(max(0, days) * 1_440) -printf '%f\n' |
            while read -r file; do
                printf '%s\t' "$file"
                rpm -qp --nodigest --nosignature --queryformat \
                    '%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t\n' \
                    "\#(RpmCommand.files)/$file" </dev/null 2>/dev/null || echo
            done
            """#
        let result = try await session.run(
            RemoteCommand(script: script, timeout: .seconds(120), outputLimit: 4 * 1_024 * 1_024))
        return Self.parse(result.outputText)
    }
}
