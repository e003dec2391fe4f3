// The second-order term of Laplace's expansion (Shun & McCullagh 1995), as an estimate of the approximation's error.
//
//   log L = Laplace + sum_i l4_i h_i^2 / 8 + v'V v / 8 + sum_ij l3_i l3_j H_ij^3 / 12,   v = Z'(l3 h),  H = Z V Z'
//
// The last sum runs over pairs of cells: exact for a cell with itself, and of two cells that share a level it takes what
// that level alone contributes to H_ij. With one grouping factor that is all of it.
#include <numeric>
#include <vector>

#include "ranef/laplace/criterion.hpp"

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

// The cells in the order of a factor's levels, and where each level starts.
std::vector<Index> cells_by_level(const Cells& cells, int factor, int factors, Index levels, std::vector<Index>& start) {
    std::vector<Index> order(cells.n);
    start.assign(levels + 1, 0);
    for (Index i = 0; i < cells.n; ++i) ++start[cells.level[i * factors + factor] + 1];
    std::partial_sum(start.begin(), start.end(), start.begin());
    std::vector<Index> next(start.begin(), start.end() - 1);
    for (Index i = 0; i < cells.n; ++i) order[next[cells.level[i * factors + factor]]++] = i;
    return order;
}

}  // namespace

double LaplaceCriterion::second_order() {
    const CellView view = problem_.responses.view();
    std::vector<double> l3(cells_.n), l4(cells_.n), right(layout_.q), solved;
    family_->third_after(view, eta_.data(), s_.data(), w_.data(), l3.data());
    family_->fourth(view, eta_.data(), l4.data());
    for (double& value : l3) value = -value;
    double total = 0.0;
    for (Index i = 0; i < cells_.n; ++i) {
        total += l4[i] * h_[i] * h_[i] / 8.0;
        along_[i] = l3[i] * h_[i];
    }
    whitened_scores(along_.data(), right.data());
    solved = right;
    system_.solve(solved.data());
    for (Index i = 0; i < layout_.q; ++i) total += right[i] * solved[i] / 8.0;

    double cubes = 0.0;
    std::vector<double> own(cells_.n, 0.0);  // what one level contributes to H_ii, cubed and added up over the factors
    const int factors = static_cast<int>(layout_.factors.size());
    std::vector<Index> start;
    for (int f = 0; f < factors; ++f) {
        const int r = layout_.factors[f].width;
        std::vector<double> block(r * r), tensor(r * r * r);
        const std::vector<Index> members = cells_by_level(cells_, f, factors, layout_.factors[f].levels, start);
        for (Index j = 0; j < layout_.factors[f].levels; ++j) {
            system_.inverse_block(f, j, block.data());
            std::fill(tensor.begin(), tensor.end(), 0.0);
            for (Index o = start[j]; o < start[j + 1]; ++o) {
                const Index i = members[o];
                const double* z = whitened_.data() + i * cells_.width + place_[f];
                double h = 0.0;
                for (int a = 0; a < r; ++a)
                    for (int b = 0; b < r; ++b) {
                        h += z[a] * z[b] * block[b * r + a];
                        for (int c = 0; c < r; ++c) tensor[(a * r + b) * r + c] += l3[i] * z[a] * z[b] * z[c];
                    }
                own[i] += h * h * h;
            }
            cubes += cubic_form(r, tensor, block.data());
        }
    }
    for (Index i = 0; i < cells_.n; ++i) cubes += l3[i] * l3[i] * (h_[i] * h_[i] * h_[i] - own[i]);
    return -2.0 * (total + cubes / 12.0);
}

void LaplaceCriterion::conditional_variances(int factor, double* out) {
    const int r = layout_.factors[factor].width;
    const double* l = lambda_.data() + layout_.lambda_offset[factor];
    std::vector<double> block(r * r), half(r * r);
    for (Index j = 0; j < layout_.factors[factor].levels; ++j, out += r * r) {
        system_.inverse_block(factor, j, block.data());
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) {
                half[b * r + a] = 0.0;
                for (int c = 0; c < r; ++c) half[b * r + a] += l[c * r + a] * block[b * r + c];
            }
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) {
                out[b * r + a] = 0.0;
                for (int c = 0; c < r; ++c) out[b * r + a] += half[c * r + a] * l[c * r + b];
            }
    }
}

}  // namespace ranef
