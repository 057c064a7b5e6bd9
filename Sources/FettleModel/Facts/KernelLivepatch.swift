/// A patch to the running kernel, as the tool that manages it reports it. What it does not report does not count.
public struct KernelLivepatch: Codable, Sendable, Equatable {
    /// Who reports it.
    public enum Reporter: String, Codable, Sendable, CaseIterable {
        /// The kernel itself, in `/sys/kernel/livepatch`: which modules are loaded, and no word of what they fix.
        case kernel
        /// `kpatch list` of Red Hat and Amazon: which modules are loaded, and no word of what they fix.
        case kpatch
        /// `klp -v patches` of SUSE.
        case klp
        /// `canonical-livepatch status` of Ubuntu.
        case canonicalLivepatch
        /// `kcarectl` of KernelCare.
        case kernelCare
    }

    public var reporter: Reporter
    /// The module, or the version of the patch; empty where the answer could not be read.
    public var name: String
    /// Whether it is in use by all of the kernel: switched on, and no transition under way.
    public var isActive: Bool
    /// The CVEs that it fixes by its reporter's word, sorted; empty where that has no list.
    public var fixes: [String]
    /// The version of the kernel that the patched one is as good as; nil where the reporter states none.
    public var kernel: String?
    /// Why the reporter's answer could not be read; nil: it could.
    public var problem: String?

    public init(
        reporter: Reporter, name: String, isActive: Bool, fixes: [String] = [], kernel: String? = nil,
        problem: String? = nil
    ) {
        self.reporter = reporter
        self.name = name
        self.isActive = isActive
        self.fixes = fixes
        self.kernel = kernel
        self.problem = problem
    }
}
