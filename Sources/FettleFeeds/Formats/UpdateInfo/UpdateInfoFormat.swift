internal import FettleSoftware
public import Foundation

/// The `updateinfo.xml` of an rpm repository, as dnf reads it: AlmaLinux, Rocky Linux, Fedora, EPEL, Amazon Linux,
/// openSUSE, and mirrors of Red Hat's repositories
/// (https://github.com/rpm-software-management/createrepo_c/blob/master/src/xml_dump_updateinfo.c).
///
/// The document does not say of which distribution it is; `UpdateInfoPlatform` tells how that is found.
public enum UpdateInfoFormat: FeedFormat {
    public static let name = "updateinfo"

    public static func recognises(_ head: Data) -> Bool { XMLReader.root(head) == "updates" }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let reader = UpdateInfoReader(sink)
        try document.readXML(into: reader)
        guard reader.isUpdateInfo else {
            throw FeedError(document.name, "is no updateinfo.xml: its first element should be <updates>")
        }
        if reader.placedCount == 0, let lost = reader.unplaced {
            throw FeedError(
                document.name,
                "doesn't tell its distribution: notice \(lost) has neither a known publisher (from=\"…\"), nor a known "
                    + "id (ALSA-…), nor a collection or release such as <release>AlmaLinux 9</release>. In a repository "
                    + "of your own, write the distribution into <release> or <collection><name>.")
        }
    }
}
