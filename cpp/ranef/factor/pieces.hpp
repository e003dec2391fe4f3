// What a factorisation at one theta knows of a fit, for any criterion
//   log|Omega| (+ log|R_X|^2, by REML) + loss(r^2)
// to be put together: see criterion/dispersion.hpp. Internal coordinates.
#pragma once

#include <vector>

#include "ranef/model/layout.hpp"

namespace ranef {

struct Pieces {
    double log_det = 0.0;    // log|Omega|
    double log_det_x = 0.0;  // log|R_X|^2
    double rss = 0.0;        // r^2, penalised
    std::vector<double> beta;

    // First order, with w = d loss / d r^2 and Q = P (REML) or H^-1 (ML), packed as Lambda:
    //   g_D = sum_j (Z'Q Z)_jj - w sum_j e_j e_j' of each factor, and g_D Lambda.
    // `known` is false for a factor whose Lambda is singular where only g_D Lambda is known: then g_D is an estimate on the
    // null space of D, right everywhere else.
    std::vector<double> g_d, g_lambda;
    std::vector<char> known;

    // Second order, over pairs of thetas, without the curvature of D itself and without loss'': 2 w f_i'P f_k -
    // tr(Q dH_i Q dH_k), or w f_i'P f_k where the trace is estimated by its data-based counterpart; and c_i = -d r^2 / d theta_i.
    std::vector<double> curvature, rss_fall;
};

// What the derivatives are to be taken for.
struct Wanted {
    const std::vector<ThetaSlot>& slots;
    bool with_x;       // Q = P
    double weight;     // w
    bool curvature;    // second order too
};

}  // namespace ranef
