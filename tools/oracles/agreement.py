"""Golden values of Tests/MorphologyTests/AgreementTests.swift.

Run with scikit-learn 1.5 and statsmodels 0.14: python tools/oracles/agreement.py
"""

import numpy
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

first = [i * i % 5 for i in range(40)]
second = [i * i % 5 if i % 3 else i % 5 for i in range(40)]
print("cohen", repr(cohen_kappa_score(first, second)))

ratings = numpy.array([[i % 4, i % 4 if i % 2 else (i + j) % 4] for i in range(30) for j in [1]])
three = numpy.column_stack([ratings, [(i * 7) % 4 for i in range(30)]])
print("fleiss", repr(fleiss_kappa(aggregate_raters(three)[0])))
