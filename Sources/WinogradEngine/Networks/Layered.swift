internal import NeuralNetwork
package import Tensor

/// What is done with a parameter of a name.
package typealias ParameterVisit = (String, inout Parameter) -> Void

/// What is done with a running statistic of a name.
package typealias StatisticVisit = (String, inout Tensor) -> Void

/// A layer, or a network of layers, whose state is made of parameters and running statistics.
package protocol Layered {
  /// Calls the bodies with the name of every parameter and of every running statistic, always in the
  /// same order.
  mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit)
}

extension Layered {
  /// Calls `body` with every parameter.
  package mutating func visit(_ body: ParameterVisit) {
    visit(body, statistic: { _, _ in })
  }

  /// Visits it as part of a network that calls it `name`.
  package mutating func visit(
    as name: String, _ parameter: ParameterVisit, statistic: StatisticVisit
  ) {
    visit({ parameter(name + "." + $0, &$1) }, statistic: { statistic(name + "." + $0, &$1) })
  }

  /// All parameters and running statistics by name.
  package var state: [String: Tensor] {
    var state: [String: Tensor] = [:]
    var copy = self
    copy.visit({ state[$0] = $1.value }, statistic: { state[$0] = $1 })
    return state
  }

  /// Takes what `state` gave; nothing is changed where it throws.
  package mutating func load(_ saved: [String: Tensor]) throws {
    try state.check(saved)
    visit(
      { if let tensor = saved[$0] { $1.value = tensor } },
      statistic: { if let tensor = saved[$0] { $1 = tensor } })
  }
}

extension Convolution: Layered {
  package mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    parameter("weight", &weight)
  }
}

extension BatchNorm: Layered {
  package mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    parameter("weight", &weight)
    parameter("bias", &bias)
    statistic("running_mean", &runningMean)
    statistic("running_var", &runningVariance)
  }
}

extension Linear: Layered {
  mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    parameter("weight", &weight)
    parameter("bias", &bias)
  }
}

extension Block: Layered {
  package mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    first.visit(as: "conv1", parameter, statistic: statistic)
    firstNorm.visit(as: "bn1", parameter, statistic: statistic)
    second.visit(as: "conv2", parameter, statistic: statistic)
    secondNorm.visit(as: "bn2", parameter, statistic: statistic)
    shortcut?.convolution.visit(as: "downsample.0", parameter, statistic: statistic)
    shortcut?.norm.visit(as: "downsample.1", parameter, statistic: statistic)
  }
}

extension ResidualEncoder: Layered {
  package mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    weightsChange()
    stem.visit(as: "conv1", parameter, statistic: statistic)
    stemNorm.visit(as: "bn1", parameter, statistic: statistic)
    var index = 0
    for (stage, count) in architecture.blocks.enumerated() {
      for place in 0..<count {
        blocks[index].visit(as: "layer\(stage + 1).\(place)", parameter, statistic: statistic)
        index += 1
      }
    }
  }
}

extension Head: Layered {
  mutating func visit(_ parameter: ParameterVisit, statistic: StatisticVisit) {
    let step = norms.isEmpty ? 2 : 3
    for index in layers.indices {
      layers[index].visit(as: "\(index * step)", parameter, statistic: statistic)
      guard norms.indices.contains(index) else { continue }
      norms[index].visit(as: "\(index * step + 1)", parameter, statistic: statistic)
    }
  }
}
