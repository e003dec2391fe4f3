// Every combination of Schur complement and compiled width, for explicit instantiation.
#pragma once

#define RANEF_EACH_WIDTH(X, Schur) X(Schur, 0) X(Schur, 1) X(Schur, 2) X(Schur, 3) X(Schur, 4)
#define RANEF_EACH_KIND(X) RANEF_EACH_WIDTH(X, DenseSchur) RANEF_EACH_WIDTH(X, SparseSchur)
