import FettleModel
import FettleSoftware
import Testing

@Suite("Lock files")
struct LockTests {
    @Test("npm 7 and later: paths give names, aliases their real ones; the project's own parts are left out")
    func npm3() throws {
        let list = try read(LockSamples.npm3)
        #expect(list.entries == ["@babel/core 7.0.0", "a 1.0.0", "b 2.0.0", "real 3.0.0"])
        #expect(list.skipped == ["fork: it comes from git, not from a registry", "none: it has no version"])
        #expect(list.ecosystems == ["npm"])
    }

    @Test("npm 6 and before: nested dependencies are found")
    func npm1() throws {
        let list = try read(LockSamples.npm1)
        #expect(list.entries == ["a 1.0.0", "@x/real 3.0.0", "b 2.0.0"])
        #expect(
            list.skipped == [
                "ball: it comes from an address, not from a registry", "fork: it comes from git, not from a registry",
            ])
    }

    @Test("Yarn 1: the version of an entry, not of its dependencies")
    func yarn1() throws {
        let list = try read(LockSamples.yarn1)
        #expect(list.entries == ["@babel/core 7.1.2", "real 1.0.1"])
        #expect(list.skipped == ["fork: it comes from git, not from a registry"])
    }

    @Test("Yarn 2 and later: the resolution names the package")
    func yarnBerry() throws {
        let list = try read(LockSamples.yarnBerry)
        #expect(list.entries == ["@babel/core 7.1.2", "real 1.0.1"])
        #expect(list.skipped == ["fork: it comes from git, not from a registry"])
    }

    @Test("pnpm: keys of each version of the format, without the peers behind them")
    func pnpm() throws {
        for sample in [LockSamples.pnpm5, LockSamples.pnpm9] {
            let list = try read(sample)
            #expect(list.entries == ["@babel/core 7.0.0", "a 1.0.0"])
            #expect(list.skipped.count == 1)
            #expect(list.skipped.first?.hasPrefix("fork: ") == true)
        }
        let six =
            "lockfileVersion: '6.0'\n\npackages:\n\n  /@x/y@1.2.3(z@2.0.0)(w@1.0.0):\n    dev: false\n  /q@1.0.0: {}\n"
        #expect(try read(six).entries == ["@x/y 1.2.3", "q 1.0.0"])
    }

    @Test("requirements.txt: what is pinned is read, all else that is required is named")
    func requirements() throws {
        let list = try read(LockSamples.requirements, name: "requirements.txt")
        #expect(list.entries == ["django 4.2.1", "requests 2.31.0", "zope-interface 5.0"])
        #expect(
            list.skipped.map { $0.prefix { $0 != ":" } } == [
                "numpy>=1.0", "six==1.*", "-r other.txt", "-e git+https", "pip @ https",
            ])
    }

    @Test("Pipfile.lock: all categories")
    func pipfile() throws {
        let list = try read(LockSamples.pipfile)
        #expect(list.entries == ["django 4.2.1", "pytest 7.0"])
        #expect(list.skipped.count == 2)
    }

    @Test("poetry, uv, pdm: packages of the registry by their normal names; others are named")
    func python() throws {
        for (sample, entries) in [
            (LockSamples.poetry, ["jinja2 3.1.2"]), (LockSamples.uv, ["anyio 4.3.0"]),
            (LockSamples.pdm, ["certifi 2024.2.2"]),
        ] {
            let list = try read(sample)
            #expect(list.entries == entries)
            #expect(list.ecosystems == ["pypi"])
            #expect(list.skipped == ["fork: it comes from git, not from a registry"])
        }
    }

    @Test("cargo: crates of the registry")
    func cargo() throws {
        let list = try read(LockSamples.cargo)
        #expect(list.entries == ["serde 1.0.1"])
        #expect(list.ecosystems == ["crates.io"])
        #expect(list.skipped == ["fork: it comes from git, not from a registry"])
    }

    @Test("go.mod: requirements after replacements; names keep their case")
    func goMod() throws {
        let list = try read(LockSamples.goMod)
        #expect(
            list.entries == [
                "golang.org/x/net v0.17.0", "github.com/BurntSushi/toml v1.3.2", "gopkg.in/yaml.v2 v2.4.0",
            ])
        #expect(list.skipped == ["example.org/local: it comes from the folder ../local, not from a registry"])
        #expect(list.ecosystems == ["go"])
    }

    @Test("go.sum: modules whose content was fetched, not those of which only the go.mod was read")
    func goSum() throws {
        #expect(try read(LockSamples.goSum).entries == ["golang.org/x/net v0.17.0"])
    }

    @Test("Gemfile.lock: gems without their platform")
    func gemfile() throws {
        let list = try read(LockSamples.gemfile)
        #expect(list.entries == ["nokogiri 1.15.0", "racc 1.7.1"])
        #expect(list.skipped == ["fork (1.0): it comes from git, not from a registry"])
    }

    @Test("composer.lock, packages.lock.json, gradle.lockfile")
    func others() throws {
        let composer = try read(LockSamples.composer)
        #expect(composer.entries == ["monolog/monolog v2.0.0", "phpunit/phpunit 9.5.0"])
        #expect(composer.skipped == ["package 3: it is no object"])
        #expect(try read(LockSamples.nuget).entries == ["Newtonsoft.Json 13.0.1", "Serilog 2.0.0"])
        let gradle = try read(LockSamples.gradle)
        #expect(gradle.entries == ["com.google.guava:guava 31.1-jre", "org.slf4j:slf4j-api 1.7.36"])
        #expect(gradle.ecosystems == ["maven"])
    }

    @Test(
        "TOML that is malformed is refused with its line",
        arguments: [
            "[[package]]\nname = \"a\nversion = \"1\"", "[[package]]\nname = \"a\"\nname = \"b\"",
            "[[package]]\nname = ", "[[package]]\nname = \"a\" version = \"1\"", "[[package]]\n[[package]\n",
            "[[package]]\nname = \"\\q\"", "[[package]]\nfiles = [\"a\"", "[[package]]\nname = {a = 1",
            "[[package]]\n[package]\n",
        ])
    func malformedTOML(text: String) throws {
        let error = try #require(throws: SoftwareListError.self) { try read(text, name: "Cargo.lock") }
        #expect(error.message.hasPrefix("line "))
    }

    @Test("TOML's ways to write a text and a key are read")
    func toml() throws {
        let text = """
            version = 3 # crates
            [[package]]
            "name" = 'a\\b'
            version = \"""
            1.0\\
               .1\"""
            source = "registry+\\u0068ttps"
            [[package]]
            name = '''b'''
            version = "2\\t"
            source = "registry+x"
            [package.metadata]
            a.b."c.d" = [1_000, 0x1F, 1979-05-27T07:32:00Z, [ "x", # comment
              ], { e = true, f.g = -1.5e3 }]

            """
        let list = try read(text)
        #expect(list.entries == ["a\\b 1.0.1"])
        #expect(list.skipped == ["b: its name or version has control characters or is too long"])
    }

    @Test("TOML nested without end is refused, not followed")
    func deepTOML() {
        for text in [
            "a = " + String(repeating: "[", count: 200_000), "a = " + String(repeating: "{a=", count: 200_000),
            "a" + String(repeating: ".a", count: 200_000) + " = 1",
            "[a" + String(repeating: ".a", count: 200_000) + "]\nb = 1",
        ] {
            #expect(throws: SoftwareListError.self) { try read("[[package]]\n" + text, name: "Cargo.lock") }
        }
    }
}
