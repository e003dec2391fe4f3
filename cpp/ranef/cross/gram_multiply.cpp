#include <algorithm>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

void gram_multiply(const DesignCross& d, const double* coef, double* out) {
    const Layout& layout = d.layout;
    const int r = layout.leading_width(), p = layout.p;
    const Index q1 = layout.q_leading, q2 = layout.q_rest;
    const double* rest = coef + q1;
    const double* beta = rest + q2;
    double* out_rest = out + q1;
    double* out_x = out_rest + q2;
    std::fill(out_rest, out_rest + q2 + p, 0.0);
    for (Index j = 0; j < layout.factors[0].levels; ++j) {
        const double* b = coef + j * r;
        double* o = out + j * r;
        for (int a = 0; a < r; ++a) {
            double sum = 0.0;
            for (int c = 0; c < r; ++c) sum += d.g[(j * r + c) * r + a] * b[c];
            o[a] = sum;
        }
        for (Index e = d.a_ptr[j]; e < d.a_ptr[j + 1]; ++e) {
            const double* v = d.a_val.data() + e * r;
            const Index column = d.a_col[e];
            for (int a = 0; a < r; ++a) {
                o[a] += v[a] * rest[column];
                out_rest[column] += v[a] * b[a];
            }
        }
        for (int k = 0; k < p; ++k) {
            const double* v = d.a_x.data() + (j * p + k) * r;
            for (int a = 0; a < r; ++a) {
                o[a] += v[a] * beta[k];
                out_x[k] += v[a] * b[a];
            }
        }
    }
    for (Index c = 0; c < q2; ++c)
        for (Index e = d.w_pattern.col_ptr[c]; e < d.w_pattern.col_ptr[c + 1]; ++e) {
            const Index row = d.w_pattern.row_idx[e];
            const double v = d.w_val[e];
            out_rest[row] += v * rest[c];
            if (row != c) out_rest[c] += v * rest[row];
        }
    for (int k = 0; k < p; ++k) {
        const double* column = d.w_x.data() + k * q2;
        for (Index c = 0; c < q2; ++c) {
            out_rest[c] += column[c] * beta[k];
            out_x[k] += column[c] * rest[c];
        }
        for (int l = 0; l < p; ++l) out_x[l] += d.w_xx[Index{k} * p + l] * beta[k];
    }
}

}  // namespace ranef
