import FettleCommands

@main
struct Fettle {
    static func main() async {
        await FettleCommand.runAndExit()
    }
}
