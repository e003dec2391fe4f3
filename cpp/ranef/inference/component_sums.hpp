// The sums of one component behind information.hpp, for the matrix X+ = [X, y - X beta] and G_k in internal coordinates:
//   trace_k    += tr(H^-1 G_k)            product_kl += tr(H^-1 G_k H^-1 G_l)
//   outer_k    += X+'H^-1 G_k H^-1 X+     gram_kl    += X+'H^-1 G_k H^-1 G_l H^-1 X+
// The leading term is eliminated level by level; what is left is dense and as large as the component.
#pragma once

#include <functional>
#include <vector>

#include "ranef/cross/components.hpp"
#include "ranef/inference/directions.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/base/status.hpp"

namespace ranef {

class ComponentSums {
public:
    // lambda: packed. z: Z'(y - X beta) over all q coefficients. Directions of the leading term first.
    ComponentSums(const DesignCross& design, const Components& components, const double* lambda, const double* z,
                  const std::vector<Direction>& directions);

    Status add(Index component, const std::function<bool()>& interrupted);

    // K, K x K, K x width^2 and (K width) x (K width), column-major, in the order of the directions.
    std::vector<double> trace, product, outer, gram;
    Index width() const { return width_; }  // p + 1

private:
    struct LocalLevel {
        int factor;
        Index first;
    };
    struct Batch {
        Index first, count;
        bool heavy;
    };

    static constexpr Index batch_rows = 128;  // of levels taken together, heavy ones by BLAS

    void locate(Index component);
    Batch next_batch(Index first) const;
    bool eliminate();
    bool invert();
    void invert_covariances();
    void form_projection();
    void divide_columns(double* matrix) const;
    void heavy_products(const Batch& batch);
    void level_vectors(Index j, const double* f, const double* b, Index row, Index rows);
    void light_products(const Level<>& level, const double* f, Index row, Index rows, double* rho);
    void leading_levels(const Batch& batch);
    void level_traces(const double* b, const double* rho);
    void leading_products();
    bool levels_are_light() const;
    void scalar_products();
    void cross_products(Index k);
    void rest_directions();
    void rest_products();
    void fill_gram();
    void level_columns(Index j, double* out) const;
    void apply_blocks(const double* l, bool transpose, double* v) const;

    const DesignCross& design_;
    const Layout& layout_;
    const Components& components_;
    const double* lambda_;
    const double* z_;
    const std::vector<Direction>& directions_;
    GroupKernel<0> kernel_;
    int r_, p_;
    Index width_, leading_, rest_, q2_;
    Index m_ = 0;  // columns of Z_rest in the component
    const Index* levels_ = nullptr;
    Index level_count_ = 0;
    const Index* columns_ = nullptr;
    std::vector<double> d_inverse_;    // D^-1 behind the leading term, packed as Lambda
    bool divisible_ = true;            // whether it is there: no Lambda is singular
    std::vector<Index> local_;         // column of Z_rest -> position in its component
    std::vector<LocalLevel> blocks_;   // levels of the other factors in the component
    std::vector<double> k_;            // r x r per level
    std::vector<double> t_, n_, psi_, y_, work_;  // m x m
    std::vector<double> tx_, b_, u_;   // m x width: T_2X, N T_2X, Z_2'H^-1 X+
    std::vector<double> q_;            // leading directions x m x m: sum_j A_j'F_j E F_j'A_j
    std::vector<double> h_, w_;        // m x (leading width): sum_j A_j'F_j v_kj;  m x (rest width): E_k u
    std::vector<double> v_, bv_;       // batch rows x (leading width): v_kj = E_k u_j, B_j v_kj
    std::vector<double> d_, nd_, ed_;  // m x batch rows: A_j'F_j, N times it, it times E_k
    std::vector<double> level_, entry_, fold_;  // scratch of one level
};

}  // namespace ranef
