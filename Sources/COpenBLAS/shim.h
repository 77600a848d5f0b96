#include <cblas.h>

// Eigenvalues and vectors of a symmetric matrix (LAPACK; libopenblas holds it, cblas.h does not
// declare it).
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);
