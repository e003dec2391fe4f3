#include "ranef/model/coordinates.hpp"

#include <cmath>
#include <utility>

namespace ranef {
namespace {

// Relative size below which a rotated row counts as dependent on the rows above it: rounding, not statistics.
constexpr double echelon_rounding = 1e-14;

// b~ = S B b for one block: B adds shift_a b_a to the intercept, S multiplies by the scales. Applied to the columns of
// an r x r matrix (only rows of the block change).
void to_internal_rows(const Block& block, const std::vector<double>& shift, const std::vector<double>& scale, int r,
                      double* m) {
    for (int column = 0; column < r; ++column) {
        double* v = m + Index{column} * r + block.first;
        if (block.intercept >= 0)
            for (int a = 0; a < block.width; ++a)
                if (a != block.intercept) v[block.intercept] += shift[Index(block.first + a)] * v[a];
        for (int a = 0; a < block.width; ++a) v[a] *= scale[Index(block.first + a)];
    }
}

// b = B^-1 S^-1 b~, the inverse of the above.
void to_user_vector(const Block& block, const std::vector<double>& shift, const std::vector<double>& scale, double* v) {
    for (int a = 0; a < block.width; ++a) v[a] /= scale[Index(block.first + a)];
    if (block.intercept < 0) return;
    for (int a = 0; a < block.width; ++a)
        if (a != block.intercept) v[block.intercept] -= shift[Index(block.first + a)] * v[a];
}

// Transposed forward map, v <- B' S v: what covectors (gradients) need to go from internal to user coordinates.
void gradient_vector(const Block& block, const std::vector<double>& shift, const std::vector<double>& scale, double* v,
                     Index stride) {
    for (int a = 0; a < block.width; ++a) v[a * stride] *= scale[Index(block.first + a)];
    if (block.intercept < 0) return;
    for (int a = 0; a < block.width; ++a)
        if (a != block.intercept)
            v[a * stride] += shift[Index(block.first + a)] * v[block.intercept * stride];
}

// Triangularises every block of a factor's r x r matrix on its own: Lambda is block diagonal.
void triangularise(const Factor& factor, double* lambda) {
    const int r = factor.width;
    std::vector<double> part;
    for (const Block& block : factor.blocks) {
        const int w = block.width;
        part.assign(Index(w) * w, 0.0);
        for (int c = 0; c < w; ++c)
            for (int a = 0; a < w; ++a)
                part[Index(c) * w + a] = lambda[Index{block.first + c} * r + block.first + a];
        lower_echelon(w, part.data(), echelon_rounding);
        for (int c = 0; c < w; ++c)
            for (int a = 0; a < w; ++a)
                lambda[Index{block.first + c} * r + block.first + a] = part[Index(c) * w + a];
    }
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
    std::vector<double> lambda(Index(layout.lambda_size));
    layout.unpack(user, lambda.data());
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        double* block_matrix = lambda.data() + layout.lambda_offset[f];
        for (const Block& block : layout.factors[f].blocks)
            to_internal_rows(block, z_shift[f], z_scale[f], layout.factors[f].width, block_matrix);
        triangularise(layout.factors[f], block_matrix);
    }
    layout.pack(lambda.data(), internal);
}

void Coordinates::theta_to_user(const Layout& layout, const double* internal, double* user) const {
    std::vector<double> lambda(Index(layout.lambda_size));
    layout.unpack(internal, lambda.data());
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        double* block_matrix = lambda.data() + layout.lambda_offset[f];
        for (const Block& block : layout.factors[f].blocks)
            for (int c = 0; c < r; ++c)
                to_user_vector(block, z_shift[f], z_scale[f], block_matrix + Index{c} * r + block.first);
        triangularise(layout.factors[f], block_matrix);
    }
    layout.pack(lambda.data(), user);
}

void Coordinates::covariance_to_internal(const Layout& layout, int factor, double* d) const {
    const int r = layout.factors[factor].width;
    for (int side = 0; side < 2; ++side) {
        for (const Block& block : layout.factors[factor].blocks)
            to_internal_rows(block, z_shift[factor], z_scale[factor], r, d);
        for (int c = 0; c < r; ++c)
            for (int a = c + 1; a < r; ++a) std::swap(d[Index{c} * r + a], d[Index{a} * r + c]);
    }
}

void Coordinates::gradient_to_user(const Layout& layout, double* g_d) const {
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        double* g = g_d + layout.lambda_offset[f];
        for (const Block& block : layout.factors[f].blocks)
            for (int c = 0; c < r; ++c) gradient_vector(block, z_shift[f], z_scale[f], g + Index{c} * r + block.first, 1);
        for (const Block& block : layout.factors[f].blocks)
            for (int a = 0; a < r; ++a) gradient_vector(block, z_shift[f], z_scale[f], g + Index{block.first} * r + a, r);
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
    const auto apply = [&](double* v, Index stride) {
        double level = 0.0;
        for (int c = 0; c < p; ++c) {
            const auto k = Index(c);
            v[c * stride] /= x_scale[k];
            level -= v[c * stride] * x_shift[k];
        }
        if (constant.empty()) return;
        for (int c = 0; c < p; ++c) v[c * stride] += constant[Index(c)] * level;
    };
    for (int c = 0; c < p; ++c) apply(matrix + Index{c} * p, 1);
    for (int c = 0; c < p; ++c) apply(matrix + c, p);
}

void Coordinates::modes_to_user(const Layout& layout, int factor, const ResponseScale& y, double* b) const {
    const auto f = Index(factor);
    for (const Block& block : layout.factors[f].blocks) to_user_vector(block, z_shift[f], z_scale[f], b + block.first);
    for (int a = 0; a < layout.factors[f].width; ++a) b[a] *= y.scale;
}

void Coordinates::mode_covariance_to_user(const Layout& layout, int factor, double* matrix) const {
    const auto f = Index(factor);
    const int r = layout.factors[f].width;
    const auto apply = [&] {
        for (const Block& block : layout.factors[f].blocks)
            for (int c = 0; c < r; ++c)
                to_user_vector(block, z_shift[f], z_scale[f], matrix + Index{c} * r + block.first);
    };
    const auto transpose = [&] {
        for (int c = 0; c < r; ++c)
            for (int a = c + 1; a < r; ++a) std::swap(matrix[Index{c} * r + a], matrix[Index{a} * r + c]);
    };
    apply();
    transpose();
    apply();
}

void Coordinates::null_vector_to_user(const Layout& layout, int factor, int block, double* v) const {
    const Block& shape = layout.factors[factor].blocks[block];
    std::vector<double> whole(layout.factors[factor].width, 0.0);
    for (int a = 0; a < shape.width; ++a) whole[shape.first + a] = v[a];
    gradient_vector(shape, z_shift[factor], z_scale[factor], whole.data() + shape.first, 1);
    for (int a = 0; a < shape.width; ++a) v[a] = whole[shape.first + a];
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
