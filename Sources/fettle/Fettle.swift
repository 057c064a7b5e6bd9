import FettleCommands

@main
struct Fettle {
    static func main() {
        FettleCommand.runAndExit()
    }
}
