import ArgumentParser

@main
struct Reber: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reber", abstract: "Catalogues of radio-source morphologies, in PostgreSQL.")
}
