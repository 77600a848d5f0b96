import Foundation
import References
import Tensor

@testable import WinogradEngine

/// Gives a network the oracle's weights.
func fill(_ network: inout some Layered) {
  var number = 0
  network.visit { name, parameter in
    let shape = parameter.value.shape
    if shape.count > 1 {
      let fan = Double(parameter.value.columns)
      parameter.value = wave(shape, number, scale: (2 / fan).squareRoot())
    } else {
      parameter.value = wave(shape, number, scale: 0.3)
      let isNorm =
        name.contains("bn") || name.hasSuffix("downsample.1.weight") || name == "1.weight"
      if isNorm, name.hasSuffix("weight") {
        for index in parameter.value.values.indices { parameter.value.values[index] += 1 }
      }
    }
    number += 1
  }
}
