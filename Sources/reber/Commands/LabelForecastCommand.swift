import ArgumentParser
import Catalogue
import Morphology
import Stages

extension LabelCommands {
  struct Forecast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The macro F1 to be had with more labels, to tell when to stop.",
      discussion: """
        It is that of a linear probe over the embeddings: a fine-tuned classifier does better, and by
        how much hangs on the survey. In simulations the score lay within the 90% interval nine times of
        ten, where the labels to come were chosen as those so far.

        Example:
          reber label forecast --survey first
          reber label forecast --survey first --more 50,100,200,500
        """)

    @Option(help: "The survey.") var survey: String
    @Option(help: "The class scheme.") var scheme = ClassScheme.twelveClasses
    @Option(help: ArgumentHelp("Labels beyond those there are.", valueName: "a,b"))
    var more = "50,100,200"
    @Option(help: "The encoder; that of the newest clustering where none is named.")
    var model: ModelName?
    @Option(help: "The seed of what is drawn by chance.") var seed: UInt64 = 1
    @OptionGroup(title: "Output") var options: ResultOptions

    func run() async throws {
      var forecast = LabelForecast(survey: survey)
      forecast.scheme = scheme
      forecast.model = model
      forecast.more = numbers
      forecast.seed = seed
      try options.show(try await options.workplace().forecastLabels(forecast), text)
    }

    func validate() throws {
      guard !numbers.isEmpty, numbers.count == more.split(separator: ",").count,
        numbers.allSatisfy({ $0 > 0 })
      else { throw ValidationError("--more \(more): give numbers, as 50,100,200") }
    }

    private var numbers: [Int] { more.split(separator: ",").compactMap { Int($0) } }

    private func text(_ metrics: LabelForecast.Metrics) -> String {
      TextTable(
        ["labels#", "macro F1#", "90% interval"],
        rows: metrics.points.map { point in
          [
            String(point.labels), decimal(point.score, 3),
            "\(decimal(point.interval.low, 3))–\(decimal(point.interval.high, 3))",
          ]
        }
      ).text
    }
  }
}
