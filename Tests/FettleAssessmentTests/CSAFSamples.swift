/// CSAF documents about the packages `p` and `q` of Red Hat Enterprise Linux 9.
enum CSAFSamples {
    /// - Parameter vulnerabilities: by CVE what is said of which products: `p`, `q`, or `p-2-1` for a build.
    static func document(
        _ id: String, _ date: String, category: String = "csaf_vex", publisher: String = "https://a.example",
        _ vulnerabilities: [(cve: String, status: String, products: [String])]
    ) -> String {
        let names = ["p": "pkg:rpm/redhat/p", "q": "pkg:rpm/redhat/q", "p-2-1": "pkg:rpm/redhat/p@2-1?arch=x86_64"]
            .sorted { $0.key < $1.key }
        let branches = names.map { name, url in
            """
            {"category": "product_version", "name": "\(name)", "product": {"name": "\(name)", "product_id": "\(name)",
             "product_identification_helper": {"purl": "\(url)"}}}
            """
        }
        let relationships = names.map { name, _ in
            """
            {"category": "default_component_of", "product_reference": "\(name)", "relates_to_product_reference": "os",
             "full_product_name": {"name": "x", "product_id": "os:\(name)"}}
            """
        }
        let system = """
            {"category": "product_name", "name": "os", "product": {"name": "os", "product_id": "os",
             "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9"}}}
            """
        let said = vulnerabilities.map { cve, status, products in
            let list = products.map { "\"os:\($0)\"" }.joined(separator: ",")
            return "{\"cve\": \"\(cve)\", \"product_status\": {\"\(status)\": [\(list)]}}"
        }
        return """
            {"document": {"category": "\(category)", "csaf_version": "2.0", "title": "t",
              "publisher": {"namespace": "\(publisher)"},
              "tracking": {"id": "\(id)", "initial_release_date": "\(date)", "current_release_date": "\(date)"}},
             "product_tree": {"branches": [\((branches + [system]).joined(separator: ","))],
              "relationships": [\(relationships.joined(separator: ","))]},
             "vulnerabilities": [\(said.joined(separator: ","))]}
            """
    }
}
