// One level of the leading factor beside all columns behind it. R is the factor's width when it is known at compile time;
// Number is double where the numbers are to be written.
#pragma once

#include <type_traits>

#include "ranef/cross/values.hpp"

namespace ranef {

template <int R = 0, class Number = const double>
struct Level {
    using Numbers = std::conditional_t<std::is_const_v<Number>, const Values, Values>;

    Number* g;                    // r x r
    const std::int32_t* columns;  // of Z_rest, ascending
    Number* values;               // r numbers each
    Index entries;
    Number* fixed;                // r numbers for each of the p columns of X
    Index first;                  // entry among all levels'
    Index p, rest;
    int width;

    Level(const Pattern& pattern, Numbers& v, Index j)
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
    Number* value(Index e) const { return values + e * r(); }
    Number* x(Index c) const { return fixed + c * r(); }

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
        each_fixed([&](Index c, Number* v) { use(rest + c, v); });
    }
};

}  // namespace ranef
