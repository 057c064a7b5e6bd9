internal import FettleModel

extension Reading {
    /// `{env: NAME}` or `{file: PATH}`: where a secret is, and never what it is.
    func secretSource(_ value: YAMLValue, _ name: String) -> SecretSource? {
        guard value.mapping != nil else {
            problem(
                "\(name) must say where it is, and never what it is", at: value.place,
                hint: "{env: NAME}, or {file: PATH}")
            return nil
        }
        guard let fields = Fields(value, of: "'\(name)'", keys: ["env", "file"], self) else { return nil }
        switch (fields["env"], fields["file"]) {
        case (let variable?, nil):
            guard let text = self.text(variable, "env") else { return nil }
            guard text.wholeMatch(of: #/[A-Za-z_][A-Za-z0-9_]*/#) != nil else {
                problem("\(text.quoted) is no name of a variable", at: variable.place)
                return nil
            }
            return .environment(text)
        case (nil, let file?): return text(file, "file", limit: 1_024).map { .file($0) }
        default:
            problem("\(name) takes either 'env' or 'file'", at: value.place)
            return nil
        }
    }
}
