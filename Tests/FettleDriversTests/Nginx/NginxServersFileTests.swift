import Testing

@testable import FettleDrivers

@Suite struct NginxServersFileTests {
    static let text = """
        # pool web
        least_conn;
        server 10.0.0.11:80 weight=5;   # web-1 in rack a
          server web-2.example:8080 max_fails=3 fail_timeout=5s down ; #web-2
        server web-3:80 backup;
        server [2001:db8::4]:80;\t# web-4
        server unix:/run/app.sock; # web-5
        keepalive 16;

        """

    @Test func serversAreKnownByTheirCommentOrElseByTheirAddress() throws {
        let file = try NginxServersFile(Self.text)
        #expect(file.servers.map(\.name) == ["web-1", "web-2", "web-3", "web-4", "web-5"])
        #expect(file.servers.map(\.isDown) == [false, true, false, false, false])
        #expect(throws: NginxFileError.self) { try file.server("web") }
        #expect(throws: NginxFileError.self) { try file.server("10.0.0.11") }
    }

    @Test(arguments: ["web-1", "web-3", "web-4", "web-5"])
    func oneLineIsChangedAndComesBackLetterByLetter(_ name: String) throws {
        let file = try NginxServersFile(Self.text)
        let server = try file.server(name)
        let drained = try NginxServersFile(file.replacing(server, by: server.drainedLine))
        let out = try drained.server(name)
        #expect(out.isDown)
        #expect(out.line == NginxServersFile.drained(server.line))
        #expect(drained.servers.filter(\.isDown).map(\.name).sorted() == ["web-2", name].sorted())
        #expect(drained.replacing(out, by: server.line) == Self.text)
        #expect(out.drainedLine == out.line, "down once, not twice")
    }

    @Test(arguments: [
        "server 10.0.0.1:80", "server 10.0.0.1:80; server 10.0.0.2:80;", "server\n10.0.0.1:80;", "include other.conf;",
        "server \"10.0.0.1\";", "server 10.0.0.1 {", "}", "server 10.0.0.1; } server {", "server ;",
        "server 10.0.0.1\\;",
        "server $host;\rserver b;", "server 10.0.0.1; #web-9\u{0}", "server ä:80;", "upstream web { server a; }",
        "server a # ; web-9", "server a;\u{301}", String(repeating: " ", count: 2_000) + "server a;",
    ])
    func whatCouldBeReadInTwoWaysIsRefusedWithItsLine(_ line: String) {
        do throws(NginxFileError) {
            let file = try NginxServersFile("server 10.0.0.9:80;\n\(line)\n")
            Issue.record("taken: \(file.servers)")
        } catch {
            #expect(error.message.contains("line 2"))
            #expect(error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        }
    }

    @Test(arguments: ["", "\n", "# server a;", "least_conn;"])
    func aFileWithoutServersIsRefused(_ text: String) {
        #expect(throws: NginxFileError.self) { try NginxServersFile(text) }
    }

    @Test func oneNameForTwoServersIsRefused() throws {
        let file = try NginxServersFile("server a:80; # web-1\nserver web-1:80;\n")
        #expect(throws: NginxFileError("2 of its servers are web-1: give each a name of its own behind a #")) {
            try file.server("web-1")
        }
    }

    @Test func theUpstreamMustBeMadeOfTheFile() {
        let dump = NginxDump(
            """
            # configuration file /etc/nginx/nginx.conf:
            events { }
            http { log_format x 'upstream web { include /etc/nginx/up/fake.servers; }';
              # upstream web { include /etc/nginx/up/comment.servers; }
              upstream "web" { zone web 64k; include up/web.servers; }
              upstream api { include /etc/nginx/up/api.servers; } }
            # configuration file /etc/nginx/up/web.servers:
            server a;
            # configuration file /etc/nginx/up/api.servers:
            server b;
            upstream web { server a;
            """)
        #expect(dump.upstream("web", isMadeOf: "/etc/nginx/up/web.servers") == .ofTheFile)
        #expect(dump.upstream("api", isMadeOf: "/etc/nginx/up/api.servers") == .ofTheFile)
        for path in [
            "/etc/nginx/up/fake.servers", "/etc/nginx/up/comment.servers", "/etc/nginx/up/api.servers", "/eb.servers",
        ] {
            #expect(dump.upstream("web", isMadeOf: path) == .notOfTheFile)
        }
        #expect(dump.upstream("other", isMadeOf: "/etc/nginx/up/web.servers") == .notOfTheFile)
        for text in [
            "upstream", "upstream web", "upstream web {", "upstream web { include", "'", "upstream web { include \"\\",
        ] {
            #expect(NginxDump("# configuration file /x:\n" + text).upstream("web", isMadeOf: "/x") == .notOfTheFile)
        }
    }

    /// The same relative path below another folder is another file.
    @Test(arguments: [
        "/etc/up/web.servers", "/srv/nginx/up/web.servers", "up/web.servers", "/etc/nginx/up/web.servers ",
    ])
    func nginxMustHaveReadTheFileUnderExactlyThisPath(_ path: String) {
        let dump = NginxDump(
            """
            upstream web { include up/web.servers; }
            # configuration file /etc/nginx/up/web.servers:
            server a;
            """)
        #expect(dump.upstream("web", isMadeOf: "/etc/nginx/up/web.servers") == .ofTheFile)
        #expect(dump.upstream("web", isMadeOf: path) == .notOfTheFile)
    }

    @Test(arguments: [
        "server b; include /x;", "include /x; server b backup;", "include /x; include /y;", "include /y/*; include /x;",
        "include /x; include /x;",
    ])
    func anUpstreamWithServersElsewhereIsTold(_ block: String) {
        let text = "upstream web { zone web 64k; \(block) }\n# configuration file /x:\nserver a;\n"
        #expect(NginxDump(text).upstream("web", isMadeOf: "/x") == .ofOthersToo)
    }

    @Test func notesAreReadAsTheyAreWrittenWhateverTheNames() throws {
        var notes = NginxNotes()
        for (name, since) in [("web-1", 7), ("x';id;'", 8), ("ä$(id)", 9)] {
            let hexadecimal = name.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            notes.read("\(hexadecimal) \(since) 41-99")
        }
        #expect(notes.byName["ä$(id)"] == NginxNotes.Note(since: 9, master: "41-99"))
        #expect(notes.byName.count == 3)
        #expect(notes.text.utf8.allSatisfy(" \n-0123456789abcdef".utf8.contains))
        var again = NginxNotes()
        for line in notes.text.split(separator: "\n") { again.read(line) }
        #expect(again == notes)
        for line in ["", "6", "zz 1 1-1", "61 x 1-1", "61 -1 1-1", "61 1 1';id", "616 1 1-1", "ff 1 1-1", "61 1 1-1 2"]
        {
            again.read(line[...])
        }
        #expect(again == notes)
        let file = try NginxServersFile("server a down; # web-1\nserver b; # x';id;'\n")
        #expect(notes.kept(in: file).byName.keys.sorted() == ["web-1"], "who is back has none")
    }
}
