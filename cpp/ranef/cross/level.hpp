// One level of the leading factor beside all columns behind it. R is the factor's width when it is known at compile time.
#pragma once

#include "ranef/cross/values.hpp"

namespace ranef {

template <int R = 0>
struct Level {
    const double* g;              // r x r
    const std::int32_t* columns;  // of Z_rest, ascending
    const double* values;         // r numbers each
    Index entries;
    const double* fixed;          // r numbers for each of the p columns of X
    Index first;                  // entry among all levels'
    Index p, rest;
    int width;

    Level(const Pattern& pattern, const Values& v, Index j)
        : columns(pattern.a_col.data() + pattern.a_ptr[j]),
          entries(pattern.a_ptr[j + 1] - pattern.a_ptr[j]),
          first(pattern.a_ptr[j]),
          p(pattern.layout.p),
          rest(pattern.layout.q_rest),
          width(pattern.layout.leading_width()) {
        g = v.g() + j * r() * r();
        values = v.a_val() + first * r();
        fixed = v.a_x() + j * p * r();
    }

    int r() const { return R > 0 ? R : width; }
    // The entries from one of them on (its number among all levels').
    Level from(Index entry) const {
        Level out = *this;
        const Index passed = entry - first;
        out.columns += passed;
        out.values += passed * r();
        out.entries -= passed;
        out.first = entry;
        return out;
    }
    const double* value(Index e) const { return values + e * r(); }
    const double* x(Index c) const { return fixed + c * r(); }

    // use(column of Z_rest, r numbers); use(column of X, r numbers); both as use(column of [Z_rest X], r numbers).
    template <class Use>
    void each(const Use& use) const {
        for (Index e = 0; e < entries; ++e) use(Index{columns[e]}, values + e * r());
    }
    template <class Use>
    void each_fixed(const Use& use) const {
        for (Index c = 0; c < p; ++c) use(c, fixed + c * r());
    }
    template <class Use>
    void each_column(const Use& use) const {
        each(use);
        each_fixed([&](Index c, const double* v) { use(rest + c, v); });
    }
};

}  // namespace ranef
