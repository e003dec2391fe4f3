// The second-order term of Laplace's expansion (Shun & McCullagh 1995), as an estimate of the approximation's error.
//
//   log L = Laplace + sum_i l4_i h_i^2 / 8 + v'V v / 8 + sum_ij l3_i l3_j H_ij^3 / 12,   v = Z'(l3 h),  H = Z V Z'
//
// The last sum runs over pairs of cells. With one grouping factor only cells of one level count, and their sum is that of
// a tensor of each level. With several it is a variance: of sum_i l3_i (g_i^3 - 3 h_i g_i) / sqrt(6) where g ~ N(0, H)
// (Hermite polynomials of normal variables, E He3(x) He3(y) = 6 cov(x, y)^3), found by draws of u ~ N(0, Omega^-1).
#include <algorithm>
#include <vector>

#include "ranef/laplace/criterion.hpp"
#include "ranef/laplace/stream.hpp"

namespace ranef {
namespace {

// sum_abc,a'b'c' T_abc T_a'b'c' V_aa' V_bb' V_cc' for a symmetric tensor T, r x r x r.
double cubic_form(int r, const std::vector<double>& t, const double* v) {
    std::vector<double> from = t, to(t.size());
    for (int axis = 0; axis < 3; ++axis) {
        // Contracts the first index and moves it to the end; after three turns each has met V once.
        for (int a = 0; a < r; ++a)
            for (int b = 0; b < r; ++b)
                for (int c = 0; c < r; ++c) {
                    double sum = 0.0;
                    for (int k = 0; k < r; ++k) sum += v[k * r + a] * from[(k * r + b) * r + c];
                    to[(b * r + c) * r + a] = sum;
                }
        from.swap(to);
    }
    double sum = 0.0;
    for (std::size_t i = 0; i < t.size(); ++i) sum += t[i] * from[i];
    return sum;
}

// As many draws as take some 50 ms, at least 200: a variance from N normal draws is off by sqrt(2 / N) of itself.
Index number_of_draws(Index cells) { return std::clamp<Index>(10'000'000 / std::max<Index>(cells, 1), 200, 20'000); }

}  // namespace

double LaplaceCriterion::second_order() {
    const CellView view = further_.view();
    std::vector<double> l3(cells_.n), l4(cells_.n), right(layout_.q, 0.0), solved;
    family_->third(view, eta_.data(), s_.data(), w_.data(), l3.data());
    family_->fourth(view, eta_.data(), l4.data());
    for (double& value : l3) value = -value;
    double total = 0.0;
    for (Index i = 0; i < cells_.n; ++i) {
        total += l4[i] * h_[i] * h_[i] / 8.0;
        along_[i] = l3[i] * h_[i];
    }
    design_.add_scores(design_.all(), along_.data(), right.data());
    for (const CellPart& part : parts_) design_.whiten(part, lambda_, right.data());
    solved = right;
    for (const CellPart& part : parts_) system_.solve(part, solved.data());
    for (Index i = 0; i < layout_.q; ++i) total += right[i] * solved[i] / 8.0;

    const double cubes = layout_.factors.size() == 1 ? cubes_by_level(l3) : cubes_by_draws(l3);
    return -2.0 * (total + cubes / 12.0);
}

// sum_ij l3_i l3_j H_ij^3 of one grouping factor.
double LaplaceCriterion::cubes_by_level(const std::vector<double>& l3) {
    const int r = layout_.factors[0].width;
    const Index levels = layout_.factors[0].levels;
    std::vector<double> block(r * r), tensor(r * r * r);
    double cubes = 0.0;
    for (Index j = 0; j < levels; ++j) {
        system_.inverse_block(0, j, block.data());
        std::fill(tensor.begin(), tensor.end(), 0.0);
        for (Index i = cells_.leading[j]; i < cells_.leading[j + 1]; ++i) {
            const double* z = design_.whitened() + i * r;
            for (int a = 0; a < r; ++a)
                for (int b = 0; b < r; ++b)
                    for (int c = 0; c < r; ++c) tensor[(a * r + b) * r + c] += l3[i] * z[a] * z[b] * z[c];
        }
        cubes += cubic_form(r, tensor, block.data());
    }
    return cubes;
}

// The same of any factors.
double LaplaceCriterion::cubes_by_draws(const std::vector<double>& l3) {
    const Index draws = number_of_draws(cells_.n);
    std::vector<double> u(layout_.q);
    double cubes = 0.0;
    for (Index draw = 0; draw < draws; ++draw) {
        Stream normal(0, static_cast<std::uint64_t>(draw));
        for (double& value : u) value = normal.normal();
        system_.solve_root(u.data());
        design_.multiply_whitened(design_.all(), u.data(), along_.data());
        double sum = 0.0;
        for (Index i = 0; i < cells_.n; ++i) sum += l3[i] * along_[i] * (along_[i] * along_[i] - 3.0 * h_[i]);
        cubes += sum * sum / 6.0;
    }
    return cubes / static_cast<double>(draws);
}

}  // namespace ranef
