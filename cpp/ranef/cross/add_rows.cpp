// Rows added up at known places: sequential passes, no search.
#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/cross/places.hpp"
#include "ranef/rows/chunk.hpp"

namespace ranef {
namespace {

constexpr int few_columns = 32;  // of X: up to these plain loops are faster than BLAS

// A factor's own sums while they accumulate, for the leading factor those of the values themselves.
struct OwnSums {
    double *gram, *with_x;  // levels x r x r, one triangle; levels x p x r
};

// One pass over the rows with weights of one sign.
class Pass {
public:
    Pass(const Rows& rows, const Pattern& pattern, const Places& places, double factor, Values& values)
        : rows_(rows), pattern_(pattern), layout_(pattern.layout), places_(places), factor_(factor), values_(values),
          chunk_(rows, pattern), xx_(Index{layout_.p} * layout_.p), rest_(layout_.factors.size()) {
        own_.push_back({values.g(), values.a_x()});
        for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
            const Index levels = layout_.factors[f].levels, r = layout_.factors[f].width;
            rest_[f].assign(levels * r * (r + layout_.p), 0.0);
            own_.push_back({rest_[f].data(), rest_[f].data() + levels * r * r});
        }
    }

    void run(const double* weights, Sign sign, Poll& poll) {
        const int p = layout_.p;
        Index work = 1 + Index{p} * p / 64;  // of a row
        for (const Factor& factor : layout_.factors) work += Index{factor.width} * (factor.width + p) / 16;
        for (Index first = 0; first < rows_.n; first += chunk_rows) {
            chunk_.load(first, weights, sign);
            poll.tick(chunk_.size() * work);
            add_fixed();
            std::size_t pair = 0;
            for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
                add_own(f);
                for (std::size_t g = f + 1; g < layout_.factors.size(); ++g)
                    add_pair(f, g, places_.pairs[pair++].data() + first);
            }
        }
        finish();
    }

private:
    void add_fixed() {
        const int p = layout_.p;
        if (p > few_columns) return linalg::add_inner(p, chunk_.size(), chunk_.x(0), chunk_rows, xx_.data(), p);
        for (int k = 0; k < p; ++k)
            for (int l = k; l < p; ++l) xx_[Index{k} * p + l] += linalg::dot(chunk_.size(), chunk_.x(k), chunk_.x(l));
    }

    void add_own(std::size_t f) {
        switch (layout_.factors[f].width) {
            case 1: return add_own<1>(f);
            case 2: return add_own<2>(f);
            default: return add_own<0>(f);
        }
    }
    template <int R>
    void add_own(std::size_t f) {
        const Index r = R > 0 ? R : layout_.factors[f].width, p = layout_.p;
        const OwnSums own = own_[f];
        const double *z = chunk_.z(f, 0), *x = chunk_.x(0);
        for (Index i = 0; i < chunk_.size(); ++i) {
            if (i + rows_ahead < chunk_.size()) {
                const Index next = chunk_.level(f, i + rows_ahead);
                prefetch(own.gram + next * r * r, r * r);
                prefetch(own.with_x + next * p * r, p * r);
            }
            const Index j = chunk_.level(f, i);
            double *gram = own.gram + j * r * r, *with_x = own.with_x + j * p * r;
            for (Index a = 0; a < r; ++a) {
                const double za = factor_ * z[chunk_rows * a + i];
                for (Index b = a; b < r; ++b) gram[a * r + b] += za * z[chunk_rows * b + i];
                for (Index k = 0; k < p; ++k) with_x[k * r + a] += za * x[chunk_rows * k + i];
            }
        }
    }

    void add_pair(std::size_t f, std::size_t g, const Place* place) {
        const int r = layout_.factors[f].width, s = layout_.factors[g].width;
        double* values = f == 0 ? values_.a_val() : values_.w_val();
        if (r == 1 && s == 1) {
            const double *zf = chunk_.z(f, 0), *zg = chunk_.z(g, 0);
            for (Index i = 0; i < chunk_.size(); ++i) {
                if (i + rows_ahead < chunk_.size()) prefetch(values + place[i + rows_ahead], 1);
                values[place[i]] += factor_ * zf[i] * zg[i];
            }
            return;
        }
        for (Index i = 0; i < chunk_.size(); ++i) {
            const Index entry = place[i];
            if (f == 0 && i + rows_ahead < chunk_.size()) prefetch(values + Index{place[i + rows_ahead]} * r, r * s);
            const Index column = f == 0 ? 0 : layout_.rest_column(f, chunk_.level(f, i));
            for (int a = 0; a < r; ++a) {
                const double za = factor_ * chunk_.z(f, a)[i];
                double* to = f == 0 ? values + entry * r + a : values + pattern_.beside(column, entry, a);
                const Index step = f == 0 ? r : 1;
                for (int b = 0; b < s; ++b) to[b * step] += za * chunk_.z(g, b)[i];
            }
        }
    }

    // Moves the sums by factor to their places, and mirrors what was summed in one triangle.
    void finish() {
        const Index p = layout_.p, q2 = layout_.q_rest, r1 = layout_.leading_width();
        double* xx = values_.w_xx();
        for (Index k = 0; k < p; ++k)
            for (Index l = k; l < p; ++l) xx[l * p + k] = xx[k * p + l] += factor_ * xx_[k * p + l];
        double* g = values_.g();
        for (Index j = 0; j < layout_.factors[0].levels; ++j, g += r1 * r1)
            for (Index a = 0; a < r1; ++a)
                for (Index b = a + 1; b < r1; ++b) g[b * r1 + a] = g[a * r1 + b];
        for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
            const Index r = layout_.factors[f].width;
            for (Index j = 0; j < layout_.factors[f].levels; ++j) {
                const Index column = layout_.rest_column(f, j);
                const double *gram = own_[f].gram + j * r * r, *with_x = own_[f].with_x + j * p * r;
                for (Index a = 0; a < r; ++a) {
                    double* diagonal = values_.w_val() + pattern_.w.col_ptr[column + a];
                    for (Index b = a; b < r; ++b) diagonal[b - a] += gram[a * r + b];
                    for (Index k = 0; k < p; ++k) values_.w_x()[k * q2 + column + a] += with_x[k * r + a];
                }
            }
        }
    }

    const Rows& rows_;
    const Pattern& pattern_;
    const Layout& layout_;
    const Places& places_;
    double factor_;
    Values& values_;
    Chunk chunk_;
    std::vector<double> xx_;
    std::vector<std::vector<double>> rest_;
    std::vector<OwnSums> own_;
};

}  // namespace

void add_rows(const Rows& rows, const Pattern& pattern, const Places& places, const double* weights, double factor,
              Values& values, Poll& poll) {
    Pass(rows, pattern, places, factor, values).run(weights, Sign::positive, poll);
    if (weights && std::any_of(weights, weights + rows.n, [](double w) { return w < 0.0; }))
        Pass(rows, pattern, places, -factor, values).run(weights, Sign::negative, poll);
}

void add_products(const Rows& rows, const Basis& basis, const double* weights, const double* v, double* out, Poll& poll) {
    const Layout& layout = basis.layout;
    const int p = layout.p;
    Chunk chunk(rows, basis);
    std::vector<double> u(chunk_rows);
    for (Index first = 0; first < rows.n; first += chunk_rows) {
        chunk.load(first, weights);
        poll.tick(chunk.size() * (1 + p / 16));
        for (Index i = 0; i < chunk.size(); ++i) u[i] = v[first + i] * chunk.root(i);
        out[layout.n_coef()] += linalg::dot(chunk.size(), u.data(), u.data());
        for (int k = 0; k < p; ++k) out[layout.q + k] += linalg::dot(chunk.size(), u.data(), chunk.x(k));
        for (std::size_t f = 0; f < layout.factors.size(); ++f) {
            const int r = layout.factors[f].width;
            double* to = out + layout.offset[f];
            for (Index i = 0; i < chunk.size(); ++i) {
                if (i + rows_ahead < chunk.size()) prefetch(to + chunk.level(f, i + rows_ahead) * r, r);
                double* level = to + chunk.level(f, i) * r;
                for (int a = 0; a < r; ++a) level[a] += chunk.z(f, a)[i] * u[i];
            }
        }
    }
}

void linear_predictor(const Rows& rows, const Basis& basis, const double* coef, double* out) {
    const Layout& layout = basis.layout;
    Chunk chunk(rows, basis);
    for (Index first = 0; first < rows.n; first += chunk_rows) {
        chunk.load(first, nullptr);
        double* eta = out + first;
        std::fill_n(eta, chunk.size(), 0.0);
        for (int k = 0; k < layout.p; ++k)
            for (Index i = 0; i < chunk.size(); ++i) eta[i] += chunk.x(k)[i] * coef[layout.q + k];
        for (std::size_t f = 0; f < layout.factors.size(); ++f) {
            const int r = layout.factors[f].width;
            const double* from = coef + layout.offset[f];
            for (int a = 0; a < r; ++a)
                for (Index i = 0; i < chunk.size(); ++i) eta[i] += chunk.z(f, a)[i] * from[chunk.level(f, i) * r + a];
        }
    }
}

namespace {

// <adjoint, row row'> of one row of a chunk.
double slope_of_row(const Pattern& pattern, const Places& places, const Values& adjoint, const Chunk& chunk, Index first,
                    Index i) {
    const Layout& layout = pattern.layout;
    const int p = layout.p;
    double sum = 0.0;
    for (int k = 0; k < p; ++k)
        for (int l = 0; l < p; ++l) sum += adjoint.w_xx()[Index{k} * p + l] * chunk.x(k)[i] * chunk.x(l)[i];
    std::size_t pair = 0;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const Index r = layout.factors[f].width, j = chunk.level(f, i), column = f == 0 ? 0 : pattern.layout.rest_column(f, j);
        for (Index a = 0; a < r; ++a) {
            double with = 0.0;  // everything column a of the level meets
            if (f == 0) {
                for (Index b = 0; b < r; ++b) with += adjoint.g()[(j * r + a) * r + b] * chunk.z(0, int(b))[i];
                for (int k = 0; k < p; ++k) with += adjoint.a_x()[(j * p + k) * r + a] * chunk.x(k)[i];
            } else {
                const double* diagonal = adjoint.w_val() + pattern.w.col_ptr[column + a];
                for (Index b = a; b < r; ++b) with += diagonal[b - a] * chunk.z(f, int(b))[i];
                for (int k = 0; k < p; ++k) with += adjoint.w_x()[k * layout.q_rest + column + a] * chunk.x(k)[i];
            }
            for (std::size_t g = f + 1; g < layout.factors.size(); ++g) {
                const Index entry = places.pairs[pair + g - f - 1][first + i];
                for (int b = 0; b < layout.factors[g].width; ++b)
                    with += (f == 0 ? adjoint.a_val()[(entry + b) * r + a]
                                    : adjoint.w_val()[pattern.beside(column, entry, int(a)) + b]) * chunk.z(g, b)[i];
            }
            sum += with * chunk.z(f, int(a))[i];
        }
        pair += layout.factors.size() - f - 1;
    }
    return sum;
}

}  // namespace

void weight_slopes(const Rows& rows, const Pattern& pattern, const Places& places, const Values& adjoint, double* out) {
    Chunk chunk(rows, pattern);
    for (Index first = 0; first < rows.n; first += chunk_rows) {
        chunk.load(first, nullptr);
        for (Index i = 0; i < chunk.size(); ++i) out[first + i] = slope_of_row(pattern, places, adjoint, chunk, first, i);
    }
}

}  // namespace ranef
