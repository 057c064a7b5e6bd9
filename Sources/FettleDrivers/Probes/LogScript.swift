internal import FettleDriverKit
internal import FettleModel

/// Counts on the host the lines that match, so that a log of any size costs a few hundred bytes on the line.
///
/// What the log says is never taken for what the script says: each line of it that comes back has a word before it.
enum LogScript {
    /// Of new lines, in bytes: what is more is not looked at, and told.
    static let mostBytes = 32 * 1_024 * 1_024

    /// Of the last bytes before a place: `fingerprint FILE SIZE`.
    static let fingerprint = """
        fingerprint() {
            from=$(( $2 > 256 ? $2 - 255 : 1 ))
            tail -c "+$from" -- "$1" | head -c "$(( $2 - from + 1 ))" | cksum | tr ' ' ':'
        }
        """

    static func isPath(_ path: String) -> Bool {
        path.hasPrefix("/") && path.utf8.count <= 1_024 && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    static func isPattern(_ pattern: String) -> Bool {
        !pattern.isEmpty && pattern.utf8.count <= 1_024 && pattern.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// `seconds.nanoseconds`; nil for anything else.
    static func time(_ mark: String) -> String? {
        let parts = mark.split(separator: ".", omittingEmptySubsequences: false)
        let isTime =
            parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.count <= 12 && $0.utf8.allSatisfy(isDigit) }
        return isTime ? mark : nil
    }

    /// Identity, size and checksum of a file; nil for anything else.
    static func place(_ mark: String) -> (identity: String, size: Int, checksum: String)? {
        let words = mark.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, let size = Int(words[1]), size >= 0 else { return nil }
        let isPlain = [words[0], words[2]].allSatisfy { word in
            !word.isEmpty && word.utf8.count <= 64
                && word.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ":") }
        }
        return isPlain ? (words[0], size, words[2]) : nil
    }

    /// - Parameter mark: nil: no act is judged, so that nothing counts; it is only seen that the log can be read.
    /// - Returns: nil if the pattern, the source or the mark cannot be put into a command.
    static func command(
        _ source: LogSource, pattern: String, since mark: String?, timeout: Duration
    ) -> RemoteCommand? {
        guard isPattern(pattern), let quotedPattern = try? shellQuoted(pattern) else { return nil }
        let lines: String?
        switch source {
        case .unit(let name): lines = unitLines(name, since: mark)
        case .file(let path): lines = fileLines(path, since: mark)
        }
        guard let lines else { return nil }
        let script = """
            exec 3>&1
            \(lines)
            { new_lines; echo "read $?" >&3; } | head -c \(mostBytes) | tr -d '\\000' |
                { grep -E -e \(quotedPattern); echo "grep $?" >&3; } |
                awk 'NR <= 3 { print "line " substr($0, 1, 300) } END { print "count " NR }'
            """
        return RemoteCommand(script: script, timeout: timeout, outputLimit: 16 * 1_024)
    }

    /// The journal of others than oneself needs root: as anybody else journalctl would show nothing and call it well.
    private static func unitLines(_ name: String, since mark: String?) -> String? {
        guard let journal = LogRules.journal(of: name, since: mark.map { time($0) ?? "" } ?? "now"),
            let quoted = try? shellQuoted(journal.arguments), let unit = try? shellQuoted(name)
        else { return nil }
        return """
            state=$(systemctl show --property=LoadState --value -- \(unit)) || exit 92
            [ "$state" != not-found ] || { echo 'there is no such unit' >&2; exit 91; }
            if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
            new_lines() { $root \(quoted); }
            """
    }

    /// What was written before the file was moved aside is read there, if it is still plain text: under `FILE.1`, then `FILE.2`, or
    /// under names with a date, as logrotate's `dateext` has them (`FILE-20261126`, `FILE.2026-11-26`, with `extension`
    /// `NAME-20261126.log`).
    private static func fileLines(_ path: String, since mark: String?) -> String? {
        guard isPath(path), let quoted = try? shellQuoted(path) else { return nil }
        let head = """
            file=\(quoted)
            [ ! -e "$file" ] || { [ -f "$file" ] && [ -r "$file" ]; } || { echo "$file cannot be read" >&2; exit 92; }
            """
        guard let mark else {
            return head + "\n[ -e \"$file\" ] || { echo 'there is no such file' >&2; exit 91; }\nnew_lines() { :; }"
        }
        if mark == "absent" { return head + "\nnew_lines() { [ ! -e \"$file\" ] || cat -- \"$file\"; }" }
        guard let place = place(mark) else { return nil }
        return """
            \(head)
            \(fingerprint)
            identity=\(place.identity) size=\(place.size) checksum=\(place.checksum)
            # Whether what came before the place is in this file: moved it is the same, copied it only says the same.
            holds_place() {
                [ -f "$1" ] && [ -r "$1" ] || return 1
                now=$(stat -L -c '%d:%i %s' -- "$1") || return 1
                [ "${now##* }" -ge "$size" ] && [ "$(fingerprint "$1" "$size")" = "$checksum" ] || return 1
                [ "$size" -gt 0 ] || [ "${now%% *}" = "$identity" ]
            }
            # `dated_lines BEFORE AFTER NAME...`: of names with a date between the two, in the order of time. What was written since
            # is in one of the last of them and in all that come after it.
            dated_lines() {
                before=$1 after=$2
                shift 2
                [ "$#" -le 10000 ] || return 93
                number=$#
                while [ "$number" -gt 0 ] && [ "$number" -gt "$(($# - 8))" ]; do
                    eval "older=\\${$number}"
                    if holds_place "$older"; then
                        tail -c "+$((size + 1))" -- "$older" || return
                        shift "$number"
                        for older do
                            date=${older#"$before"}
                            case $date in *.gz | *.xz | *.bz2 | *.zst | *.lz4) return 93 ;; esac
                            case ${date%"$after"} in *[!0-9-]*) continue ;; esac
                            cat -- "$older" || return
                        done
                        [ ! -e "$file" ] || cat -- "$file"
                        return
                    fi
                    number=$((number - 1))
                done
                return 93
            }
            new_lines() {
                for number in 0 1 2 3; do
                    older=$file
                    [ "$number" = 0 ] || older=$file.$number
                    if holds_place "$older"; then
                        tail -c "+$((size + 1))" -- "$older" || return
                        while [ "$number" -gt 0 ]; do
                            number=$((number - 1))
                            older=$file
                            [ "$number" = 0 ] || older=$file.$number
                            cat -- "$older" || return
                        done
                        return 0
                    fi
                done
                dated_lines "$file-" '' "$file"-[0-9]*
                read=$?
                if [ "$read" = 93 ]; then
                    dated_lines "$file." '' "$file".[0-9][0-9][0-9][0-9]*
                    read=$?
                fi
                end=${file##*/}
                end=.${end##*.}
                if [ "$read" = 93 ] && [ "$end" != ".${file##*/}" ]; then
                    dated_lines "${file%.*}-" "$end" "${file%.*}"-[0-9]*"$end"*
                    read=$?
                fi
                return "$read"
            }
            """
    }
}
