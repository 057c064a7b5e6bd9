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
            upstream web { server a;
            """)
        #expect(dump.upstream("web", includes: "/etc/nginx/up/web.servers"))
        #expect(dump.upstream("api", includes: "/etc/nginx/up/api.servers"))
        for path in [
            "/etc/nginx/up/fake.servers", "/etc/nginx/up/comment.servers", "/etc/nginx/up/api.servers", "/eb.servers",
        ] {
            #expect(!dump.upstream("web", includes: path))
        }
        #expect(!dump.upstream("other", includes: "/etc/nginx/up/web.servers"))
        for text in [
            "upstream", "upstream web", "upstream web {", "upstream web { include", "'", "upstream web { include \"\\",
        ] {
            #expect(!NginxDump(text).upstream("web", includes: "/x"))
        }
    }
}
