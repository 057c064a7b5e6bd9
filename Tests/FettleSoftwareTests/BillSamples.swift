/// Bills of materials that are small and hand-written, one for each format.
enum BillSamples {
    static let cycloneDX = """
        {
          "bomFormat": "CycloneDX", "specVersion": "1.5",
          "metadata": {
            "tools": { "components": [{ "type": "application", "name": "scanner", "purl": "pkg:npm/scanner@1" }] },
            "component": { "type": "container", "name": "image", "purl": "pkg:oci/image@sha256%3A00" }
          },
          "components": [
            { "type": "operating-system", "name": "debian", "version": "12.4" },
            { "type": "library", "name": "libssl3", "version": "3.0.11-1~deb12u2",
              "purl": "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&upstream=openssl&distro=debian-12" },
            { "type": "library", "name": "libgcc-s1",
              "purl": "pkg:deb/debian/libgcc-s1@12.2.0-14%2Bb1?arch=amd64&upstream=gcc-12%4012.2.0-14" },
            { "type": "library", "name": "libtrivy",
              "purl": "pkg:deb/debian/libtrivy@1%3A2.0-1?arch=amd64&distro=debian-12.4",
              "properties": [
                { "name": "aquasecurity:trivy:SrcName", "value": "trivial" },
                { "name": "aquasecurity:trivy:SrcEpoch", "value": "1" },
                { "name": "aquasecurity:trivy:SrcVersion", "value": "2.1" },
                { "name": "aquasecurity:trivy:SrcRelease", "value": "3" } ] },
            { "type": "application", "name": "app", "version": "1", "purl": "pkg:maven/org.acme/app@1.0",
              "pedigree": { "ancestors": [{ "type": "library", "name": "old", "purl": "pkg:npm/old@1" }] },
              "components": [
                { "type": "library", "purl": "pkg:npm/%40babel/core@7.0.0",
                  "components": [{ "type": "library", "purl": "pkg:pypi/Zope.Interface@5.0" }] } ] },
            { "type": "library", "name": "nameless", "version": "2" },
            { "type": "library", "name": "bad", "purl": "pkg:nothing" },
            { "type": "library", "name": "generic", "purl": "pkg:generic/openssl@1.1.1" },
            { "type": "file", "name": "/etc/passwd" },
            17
          ]
        }
        """

    static let cycloneDXXML = """
        <?xml version="1.0" encoding="UTF-8"?>
        <bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
          <metadata>
            <tools><components><component type="application"><name>scanner</name>
              <purl>pkg:npm/scanner@1</purl></component></components></tools>
            <component type="operating-system"><name>alpine</name><version>3.17.2</version></component>
          </metadata>
          <components>
            <component type="library"><name>libcrypto3</name><version>3.0.8-r0</version>
              <licenses><license><name>Apache</name></license></licenses>
              <purl>pkg:apk/alpine/libcrypto3@3.0.8-r0?arch=x86_64&amp;upstream=openssl&amp;distro=alpine-3.17.2</purl>
              <pedigree><ancestors><component type="library"><purl>pkg:npm/old@1</purl></component></ancestors></pedigree>
              <components><component type="library"><purl><![CDATA[pkg:gem/rails@7.0.1]]></purl></component></components>
            </component>
            <component type="library"><name>nothing</name></component>
          </components>
        </bom>
        """

    static let spdx = """
        { "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": [
          { "name": "debian", "versionInfo": "11", "primaryPackagePurpose": "OPERATING-SYSTEM" },
          { "name": "image", "primaryPackagePurpose": "CONTAINER" },
          { "name": "zlib1g", "versionInfo": "1:1.2.11", "externalRefs": [
            { "referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:b" },
            { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
              "referenceLocator": "pkg:deb/debian/zlib1g@1:1.2.11?arch=amd64&upstream=zlib" } ] },
          { "name": "serde", "versionInfo": "1.0.1", "externalRefs": [
            { "referenceType": "purl", "referenceLocator": "pkg:cargo/serde" } ] },
          { "name": "unknown", "versionInfo": "1" }
        ] }
        """

    static let spdxTagValue = """
        SPDXVersion: SPDX-2.3
        DataLicense: CC0-1.0
        ## Packages
        PackageName: monolog
        PackageVersion: 2.0
        PackageDescription: <text>long
        PackageName: not-a-package
        text</text>
        ExternalRef: PACKAGE-MANAGER purl pkg:composer/Monolog/monolog@2.0.0
        PackageName: other
        ExternalRef: SECURITY cpe23Type cpe:2.3:a:nginx:nginx:1.21.1
        FileName: ./x
        FileComment: PackageVersion: 3

        """

    static let spdx3 = """
        { "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
          { "type": "CreationInfo", "specVersion": "3.0.1" },
          { "type": "software_Package", "name": "flask", "software_packageVersion": "2.0",
            "software_packageUrl": "pkg:pypi/flask@2.0" },
          { "type": "software_Package", "name": "x", "externalIdentifier": [
            { "externalIdentifierType": "packageUrl", "identifier": "pkg:nuget/Newtonsoft.Json@13.0.1" } ] }
        ] }
        """

    static let syft = """
        { "artifacts": [
          { "name": "libacl1", "version": "2.2.53-6", "type": "deb", "purl": "pkg:deb/ubuntu/libacl1@2.2.53-6",
            "metadata": { "package": "libacl1", "source": "acl", "sourceVersion": "", "architecture": "amd64" } },
          { "name": "npm", "version": "10.2-1.el9", "type": "rpm",
            "metadata": { "name": "npm", "epoch": 1, "architecture": "x86_64",
              "sourceRpm": "nodejs-20.9-1.el9.src.rpm", "modularityLabel": "nodejs:20:92:rhel9" } },
          { "name": "bash", "version": "5.1-1.el9", "type": "rpm",
            "metadata": { "name": "bash", "epoch": null, "architecture": "x86_64", "sourceRpm": "" } },
          { "name": "libssl", "version": "3.0-r0", "type": "apk", "purl": "pkg:alpine/libssl@3.0-r0",
            "metadata": { "originPackage": "openssl", "architecture": "x86_64" } },
          { "name": "golang.org/x/net", "version": "v0.1.0", "type": "go-module",
            "purl": "pkg:golang/golang.org/x/net@v0.1.0" },
          { "name": "gosu", "version": "(devel)", "type": "go-module", "purl": "pkg:golang/gosu@%28devel%29" },
          { "name": "Flask", "version": "2.0", "type": "python" },
          { "name": "10816", "version": "3200970", "type": "msrc-kb" },
          "nonsense" ],
          "distro": { "id": "ubuntu", "name": "ubuntu", "versionID": "20.04" },
          "descriptor": { "name": "syft", "version": "1.0" } }
        """
}
