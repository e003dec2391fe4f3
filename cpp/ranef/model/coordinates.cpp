#include "ranef/model/coordinates.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/model/lambda_blocks.hpp"

namespace ranef {
namespace {

// Relative size below which a rotated row counts as dependent on the rows above it: rounding, not statistics.
constexpr double echelon_rounding = 1e-14;

// One level's numbers, or one column of a matrix: what a factor's blocks make of their parts of it.
class Maps {
public:
    Maps(const Factor& factor, const std::vector<double>& shift, const std::vector<double>& scale)
        : factor_(factor), shift_(shift), scale_(scale) {}

    // b~ = S B b: B adds shift_a b_a to the intercept, S multiplies by the scales.
    void to_internal(double* v) const {
        for (const Block& block : factor_.blocks) {
            each_shifted(block, [&](int a, int intercept) { v[intercept] += shift_[a] * v[a]; });
            for (int a = block.first; a < block.first + block.width; ++a) v[a] *= scale_[a];
        }
    }
    // b = B^-1 S^-1 b~, the inverse.
    void to_user(double* v) const {
        for (const Block& block : factor_.blocks) {
            for (int a = block.first; a < block.first + block.width; ++a) v[a] /= scale_[a];
            each_shifted(block, [&](int a, int intercept) { v[intercept] -= shift_[a] * v[a]; });
        }
    }
    // v <- B' S v: what covectors (gradients) need to go from internal to user coordinates.
    void gradient_to_user(double* v) const {
        for (const Block& block : factor_.blocks) {
            for (int a = block.first; a < block.first + block.width; ++a) v[a] *= scale_[a];
            each_shifted(block, [&](int a, int intercept) { v[a] += shift_[a] * v[intercept]; });
        }
    }

private:
    template <class Use>
    static void each_shifted(const Block& block, const Use& use) {
        if (block.intercept < 0) return;
        for (int a = 0; a < block.width; ++a)
            if (a != block.intercept) use(block.first + a, block.first + block.intercept);
    }

    const Factor& factor_;
    const std::vector<double>&shift_, &scale_;
};

// change(column) for every column of every factor's matrix; then each block's triangle again.
template <class Change>
void change_lambda(const Layout& layout, std::vector<double>& lambda, const Change& change) {
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        for (int c = 0; c < layout.factors[f].width; ++c)
            change(f, lambda.data() + layout.lambda_offset[f] + Index{c} * layout.factors[f].width);
    for_blocks(layout, lambda, [](int, int, int w, double* l) { lower_echelon(w, l, echelon_rounding); });
}

}  // namespace

void lower_triangle(int r, double* m) {
    for (int row = 0; row < r; ++row)
        for (int c = r - 1; c > row; --c) {
            double &x = m[Index{row} * r + row], &y = m[Index{c} * r + row];
            if (y == 0.0) continue;
            const double h = std::hypot(x, y), cosine = x / h, sine = y / h;
            x = h;
            y = 0.0;
            for (int i = row + 1; i < r; ++i) {
                const double u = m[Index{row} * r + i], v = m[Index{c} * r + i];
                m[Index{row} * r + i] = cosine * u + sine * v;
                m[Index{c} * r + i] = cosine * v - sine * u;
            }
        }
}

void lower_echelon(int r, double* m, double tolerance) {
    const auto at = [&](int row, int column) -> double& { return m[Index{column} * r + row]; };
    std::vector<int> pivot_row;  // pivot_row[c] is the row whose pivot was rotated into column c
    int next = 0;
    for (int row = 0; row < r && next < r; ++row) {
        double whole = 0.0, remaining = 0.0;
        for (int c = 0; c < r; ++c) whole = std::hypot(whole, at(row, c));
        for (int c = next; c < r; ++c) remaining = std::hypot(remaining, at(row, c));
        if (remaining <= tolerance * whole || remaining == 0.0) {
            for (int c = next; c < r; ++c) at(row, c) = 0.0;
            continue;
        }
        for (int c = r - 1; c > next; --c) {
            const double y = at(row, c);
            if (y == 0.0) continue;
            const double x = at(row, next), h = std::hypot(x, y), cosine = x / h, sine = y / h;
            for (int i = row; i < r; ++i) {
                const double u = at(i, next), v = at(i, c);
                at(i, next) = cosine * u + sine * v;
                at(i, c) = cosine * v - sine * u;
            }
            at(row, c) = 0.0;
        }
        if (at(row, next) < 0.0)
            for (int i = row; i < r; ++i) at(i, next) = -at(i, next);
        pivot_row.push_back(row);
        ++next;
    }
    // Move each column under its pivot's own index, the last first so that nothing is overwritten.
    for (int c = static_cast<int>(pivot_row.size()) - 1; c >= 0; --c) {
        const int target = pivot_row[Index(c)];
        if (target == c) continue;
        for (int i = 0; i < r; ++i) {
            at(i, target) = at(i, c);
            at(i, c) = 0.0;
        }
    }
}

void Coordinates::theta_to_internal(const Layout& layout, const double* user, double* internal) const {
    std::vector<double> lambda(layout.lambda_size);
    layout.unpack(user, lambda.data());
    change_lambda(layout, lambda, [&](std::size_t f, double* column) { Maps(layout.factors[f], z_shift[f], z_scale[f]).to_internal(column); });
    layout.pack(lambda.data(), internal);
}

void Coordinates::theta_to_user(const Layout& layout, const double* internal, double* user) const {
    std::vector<double> lambda(layout.lambda_size);
    layout.unpack(internal, lambda.data());
    change_lambda(layout, lambda, [&](std::size_t f, double* column) { Maps(layout.factors[f], z_shift[f], z_scale[f]).to_user(column); });
    layout.pack(lambda.data(), user);
}

void Coordinates::covariance_to_internal(const Layout& layout, int factor, double* d) const {
    const Maps maps(layout.factors[factor], z_shift[factor], z_scale[factor]);
    linalg::sandwich(layout.factors[factor].width, d, [&](double* column) { maps.to_internal(column); });
}

void Coordinates::gradient_to_user(const Layout& layout, double* g_d) const {
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const Maps maps(layout.factors[f], z_shift[f], z_scale[f]);
        linalg::sandwich(layout.factors[f].width, g_d + layout.lambda_offset[f], [&](double* column) { maps.gradient_to_user(column); });
    }
}

void Coordinates::beta_to_user(const ResponseScale& y, const double* internal, double* user) const {
    const std::size_t p = x_scale.size();
    double level = y.shift;
    for (std::size_t c = 0; c < p; ++c) {
        user[c] = y.scale * internal[c] / x_scale[c];
        level -= user[c] * x_shift[c];
    }
    if (constant.empty()) return;
    for (std::size_t c = 0; c < p; ++c) user[c] += constant[c] * level;
}

// The inverse: user = w + constant (shift_y - x_shift'w) with w = internal scale_y / x_scale, solved for x_shift'w first.
void Coordinates::beta_to_internal(const ResponseScale& y, const double* user, double* internal) const {
    const std::size_t p = x_scale.size();
    double level = 0.0;
    if (!constant.empty()) {
        double shifted = 0.0, overlap = 0.0;
        for (std::size_t c = 0; c < p; ++c) {
            shifted += x_shift[c] * user[c];
            overlap += x_shift[c] * constant[c];
        }
        level = y.shift - (shifted - overlap * y.shift) / (1.0 - overlap);
    }
    for (std::size_t c = 0; c < p; ++c) {
        const double w = user[c] - (constant.empty() ? 0.0 : constant[c] * level);
        internal[c] = w * x_scale[c] / y.scale;
    }
}

void Coordinates::covariance_to_user(int p, double* matrix) const {
    linalg::sandwich(p, matrix, [&](double* v) {
        double level = 0.0;
        for (int c = 0; c < p; ++c) {
            v[c] /= x_scale[c];
            level -= v[c] * x_shift[c];
        }
        if (constant.empty()) return;
        for (int c = 0; c < p; ++c) v[c] += constant[c] * level;
    });
}

void Coordinates::modes_to_user(const Layout& layout, int factor, const ResponseScale& y, double* b) const {
    Maps(layout.factors[factor], z_shift[factor], z_scale[factor]).to_user(b);
    for (int a = 0; a < layout.factors[factor].width; ++a) b[a] *= y.scale;
}

void Coordinates::mode_covariance_to_user(const Layout& layout, int factor, double* matrix) const {
    const Maps maps(layout.factors[factor], z_shift[factor], z_scale[factor]);
    linalg::sandwich(layout.factors[factor].width, matrix, [&](double* column) { maps.to_user(column); });
}

void Coordinates::null_vector_to_user(const Layout& layout, int factor, int block, double* v) const {
    const Block& shape = layout.factors[factor].blocks[block];
    std::vector<double> whole(layout.factors[factor].width, 0.0);
    std::copy_n(v, shape.width, whole.begin() + shape.first);
    Maps(layout.factors[factor], z_shift[factor], z_scale[factor]).gradient_to_user(whole.data());
    std::copy_n(whole.begin() + shape.first, shape.width, v);
}

double Coordinates::criterion_offset(bool reml, Index n, int p, const ResponseScale& y) const {
    double offset = degrees_of_freedom(reml, n, p) * 2.0 * std::log(y.scale);
    if (!reml) return offset;
    double determinant = 1.0;  // of I - constant shift'; 1 unless a column of the constant's support was dropped
    for (std::size_t c = 0; c < x_scale.size(); ++c) {
        offset += 2.0 * std::log(x_scale[c]);
        if (!constant.empty()) determinant -= constant[c] * x_shift[c];
    }
    return offset - 2.0 * std::log(std::fabs(determinant));
}

}  // namespace ranef
