import FettleInventory
import FettleModel
import Testing

/// Every mistake of an Ansible inventory is told once, where it stands.
@Suite struct AnsibleMistakeTests {
    private static let hostHint = "letters, digits and . - _ (IPv6 with colons too), beginning with a letter or a digit"
    private static let environments = "known environments: dev, qa, staging, production"

    private static func told(
        _ files: [String: String], _ options: InventoryImport.Options = InventoryImport.Options()
    ) throws -> [String] {
        let folder = try TestFolder(files)
        return folder.relative(problems { try InventoryImport.ansible(path: folder.file("hosts"), options: options) })
    }

    @Test func eachPartOfAnAddressIsToldInItsPlace() throws {
        let told = try Self.told([
            "hosts": """
            [dev]
            a ansible_user=u ansible_port=99999
            b ansible_user=-u ansible_host="x y" ansible_port=0
            c ansible_port=abc ansible_host=$(x) ansible_user=a/b fettle_environment=nowhere fettle_kind=hots
            d ansible_port={{port}} ansible_user={{user}}
            -rf ansible_user=u
            """
        ])
        let userHint = "letters, digits and . - _ +, not beginning with -"
        let template = "templates are not evaluated: write it out"
        #expect(
            told == [
                "hosts:2:18: the port 99999 is not between 1 and 65535", "hosts:3:3: '-u' is no user name; \(userHint)",
                "hosts:3:19: 'x y' is no host name or address; \(Self.hostHint)",
                "hosts:3:38: the port 0 is not between 1 and 65535",
                "hosts:4:3: 'abc' is no port; a number from 1 to 65535",
                "hosts:4:20: '$(x)' is no host name or address; \(Self.hostHint)",
                "hosts:4:38: 'a/b' is no user name; \(userHint)",
                "hosts:4:55: unknown environment 'nowhere'; \(Self.environments)",
                "hosts:4:82: unknown fettle_kind 'hots'; did you mean 'host'?",
                "hosts:5:3: '{{port}}' is no port; \(template)", "hosts:5:25: '{{user}}' is no user name; \(template)",
                "hosts:6:1: '-rf' is no host name or address; \(Self.hostHint)",
            ])
    }

    /// What a group says wrong is one mistake, however many hosts are in it; what a host says over it is its own.
    @Test func whatAGroupSaysIsToldOnce() throws {
        let told = try Self.told([
            "hosts": "[dev]\nw[1:3]\n[web]\nw[1:3]\n",
            "group_vars/web.yml":
                "ansible_user: -u\nfettle_criticality: hgih\nfettle_environment: moon\nansible_port: x\n",
            "host_vars/w2.yml": "ansible_port: y\n",
        ])
        #expect(
            told == [
                "group_vars/web.yml:1:15: '-u' is no user name; letters, digits and . - _ +, not beginning with -",
                "group_vars/web.yml:2:21: unknown fettle_criticality 'hgih'; did you mean 'high'?",
                "group_vars/web.yml:3:21: unknown environment 'moon'; \(Self.environments)",
                "group_vars/web.yml:4:15: 'x' is no port; a number from 1 to 65535",
                "host_vars/w2.yml:1:15: 'y' is no port; a number from 1 to 65535",
            ])
    }

    @Test(arguments: [
        ("[web", "a section without ']'; such as [web]"),
        ("[web:foo]", "unknown kind of section 'foo'; one of: vars, children"),
        ("[a b]", "'[a b]' is no section; such as [web], [web:vars], [web:children]"),
        ("[web:vars] x", "'[web:vars] x' is no section; such as [web], [web:vars], [web:children]"),
        ("[web] x=y", "'[web] x=y' is no section; such as [web], [web:vars], [web:children]"),
    ])
    func whatFollowsABrokenHeaderIsNotHeldAgainstTheSectionBefore(_ header: String, _ message: String) throws {
        for section in ["[dev]\na", "[dev]\na\n[dev:vars]", "[dev]\na\n[qa:children]"] {
            let line = section.split(separator: "\n").count + 1
            let text = "\(section)\n\(header)\nx y\n= 1\nqa\ndev\n[fe80::1]:22 -x\n[staging]\nb c\n"
            #expect(
                try Self.told(["hosts": text]) == [
                    "hosts:\(line):1: \(message)",
                    "hosts:\(line + 7):3: expected key=value, but found 'c'; one host in a line, and its variables behind it",
                ], "below \(section)")
        }
    }

    @Test func anIPv6AddressIsNoHeader() throws {
        let folder = try TestFolder(["hosts": "[dev]\n[fe80::1]:22\n[fe80::2] ansible_user=u\n"])
        let fleet = try InventoryImport.ansible(path: folder.file("hosts")).fleet
        #expect(fleet.resources.map(\.address.host) == ["fe80::1", "fe80::2"])
        #expect(
            try Self.told(["hosts": "[dev]\na\n[dev:vars]\n[fe80::1]:22\n"]) == [
                "hosts:4:1: '[fe80::1]:22' is no section; such as [web], [web:vars], [web:children]"
            ])
    }

    @Test func theDefaultIsOneOfTheEnvironments() throws {
        let options = InventoryImport.Options(defaultEnvironment: "produktion")
        #expect(
            try Self.told(["hosts": "a\nb ansible_port=x\n"], options) == [
                "hosts:1:1: unknown default environment 'produktion'; did you mean 'production'?",
                "hosts:2:3: 'x' is no port; a number from 1 to 65535",
            ])
    }
}
