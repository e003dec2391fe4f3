#include "ranef/cross/combine.hpp"

#include <utility>

#include "ranef/cross/accumulation.hpp"
#include "ranef/cross/places.hpp"
#include "ranef/rows/picked_rows.hpp"

namespace ranef {
namespace {

void add(const double* from, Index count, double* to) {
    for (Index i = 0; i < count; ++i) to[i] += from[i];
}

// The parts that have each level of one factor, in their order.
struct Holders {
    struct Holder {
        Index part, level;
    };
    std::vector<Index> start;
    std::vector<Holder> of;

    Holders(const std::vector<PlacedPart>& parts, std::size_t f, Index levels) : start(levels + 1, 0) {
        for (const PlacedPart& p : parts)
            for (Index l : p.levels[f]) ++start[l + 1];
        for (Index l = 0; l < levels; ++l) start[l + 1] += start[l];
        of.resize(start.back());
        std::vector<Index> next(start.begin(), start.end() - 1);
        for (std::size_t k = 0; k < parts.size(); ++k)
            for (std::size_t l = 0; l < parts[k].levels[f].size(); ++l)
                of[next[parts[k].levels[f][l]]++] = {static_cast<Index>(k), static_cast<Index>(l)};
    }
};

// What a level of a part meets behind itself: runs of entries, one for each level of another factor.
struct Meetings {
    const Pattern& pattern;
    std::size_t f;
    Index entry, end;

    Meetings(const Pattern& p, std::size_t factor, Index level) : pattern(p), f(factor) {
        if (f == 0) {
            entry = p.a_ptr[level];
            end = p.a_ptr[level + 1];
            return;
        }
        const Index c = p.layout.rest_column(f, level);
        entry = p.w.col_ptr[c] + p.layout.factors[f].width;
        end = p.w.col_ptr[c + 1];
    }

    // use(level of g, entry of its first column) for the factor g; the factors in turn.
    template <class Use>
    void each(std::size_t g, const Use& use) {
        const Index base = pattern.layout.rest_column(g), s = pattern.layout.factors[g].width;
        const Index last = base + pattern.layout.factors[g].levels * s;
        for (; entry < end; entry += s) {
            const Index column = f == 0 ? Index{pattern.a_col[entry]} : Index{pattern.w.row_idx[entry]};
            if (column >= last) return;
            use((column - base) / s, entry);
        }
    }
};

// Where the part's entries of A, and of the first columns of levels in W, are in the sum.
struct Targets {
    std::vector<Place> a, w;
};

struct Union {
    std::shared_ptr<const Pattern> pattern;
    std::vector<Targets> targets;
};

Union unite(Basis basis, const std::vector<PlacedPart>& parts) {
    const std::vector<Factor> factors = basis.layout.factors;
    PatternBuilder builder(std::move(basis));
    Union out;
    for (const PlacedPart& p : parts)
        out.targets.push_back({std::vector<Place>(p.part->cross.pattern->a_col.size()),
                               std::vector<Place>(p.part->cross.pattern->w.row_idx.size())});
    for (std::size_t f = 0; f < factors.size(); ++f) {
        const Holders holders(parts, f, factors[f].levels);
        for (Index j = 0; j < factors[f].levels; ++j) {
            builder.open(f);
            const auto begin = holders.of.begin() + holders.start[j], end = holders.of.begin() + holders.start[j + 1];
            std::vector<Meetings> meetings;
            for (auto h = begin; h != end; ++h) meetings.emplace_back(*parts[h->part].part->cross.pattern, f, h->level);
            for (std::size_t g = f + 1; g < factors.size(); ++g) {
                const std::vector<Meetings> before = meetings;
                std::size_t k = 0;
                for (auto h = begin; h != end; ++h, ++k) {
                    Targets& targets = out.targets[h->part];
                    meetings[k].each(g, [&](Index level, Index entry) {
                        (f == 0 ? targets.a : targets.w)[entry] = builder.meet(g, parts[h->part].levels[g][level]);
                    });
                }
                builder.close(g);
                k = 0;
                for (auto h = begin; h != end; ++h, ++k) {
                    Targets& targets = out.targets[h->part];
                    Meetings again = before[k];
                    again.each(g, [&](Index, Index entry) {
                        Place& place = (f == 0 ? targets.a : targets.w)[entry];
                        place = builder.place(place);
                    });
                }
            }
            builder.shut();
        }
    }
    out.pattern = std::move(builder).finish();
    return out;
}

void add_leading(const PlacedPart& placed, const Targets& targets, DesignCross& sum) {
    const DesignCross& part = placed.part->cross;
    const Index r = sum.layout().leading_width(), p = sum.layout().p;
    for (Index l = 0; l < part.levels(); ++l) {
        const Index j = placed.levels[0][l];
        const Level<> level = part.level(l);
        const Level<0, double> to = sum.level_to_write(j);
        add(level.g, r * r, to.g);
        add(level.fixed, p * r, to.fixed);
        Meetings meetings(*part.pattern, 0, l);
        for (std::size_t g = 1; g < sum.layout().factors.size(); ++g)
            meetings.each(g, [&](Index, Index e) {
                add(part.entry(e), r * sum.layout().factors[g].width, sum.values.a_val() + Index{targets.a[e]} * r);
            });
    }
}

void add_rest(const PlacedPart& placed, const Targets& targets, DesignCross& sum) {
    const DesignCross& part = placed.part->cross;
    const Pattern &from = *part.pattern, &to = *sum.pattern;
    const Layout& layout = sum.layout();
    for (std::size_t f = 1; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        for (Index l = 0; l < part.layout().factors[f].levels; ++l) {
            const Index c = from.layout.rest_column(f, l), d = layout.rest_column(f, placed.levels[f][l]);
            for (Index k = 0; k < layout.p; ++k)
                add(part.values.w_x() + k * from.layout.q_rest + c, r, sum.values.w_x() + k * layout.q_rest + d);
            for (int a = 0; a < r; ++a)
                add(part.values.w_val() + from.w.col_ptr[c + a], r - a, sum.values.w_val() + to.w.col_ptr[d + a]);
            Meetings meetings(from, f, l);
            for (std::size_t g = f + 1; g < layout.factors.size(); ++g)
                meetings.each(g, [&](Index, Index e) {
                    for (int a = 0; a < r; ++a)
                        add(part.values.w_val() + from.beside(c, e, a), layout.factors[g].width,
                            sum.values.w_val() + to.beside(d, targets.w[e], a));
                });
        }
    }
}

void add_response(const PlacedPart& placed, const Layout& layout, std::vector<double>& response) {
    const Layout& local = placed.part->cross.layout();
    const double* from = placed.part->response.data();
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const Index r = layout.factors[f].width;
        for (Index l = 0; l < local.factors[f].levels; ++l)
            add(from + local.offset[f] + l * r, r, response.data() + layout.offset[f] + placed.levels[f][l] * r);
    }
    add(from + local.q, layout.p + 1, response.data() + layout.q);
}

}  // namespace

Part make_part(const Rows& rows, const Basis& basis, const double* v, Poll& poll) {
    LocalRows local(rows);
    Basis own = basis;
    std::vector<Factor> shapes;
    for (int f : basis.factor_order) shapes.push_back(local.rows().factors[f].shape);
    own.layout = Layout(std::move(shapes), basis.layout.p);
    Part part{accumulate(local.rows(), std::move(own), poll), {}, {}};
    part.response.assign(part.cross.layout().n_coef() + 1, 0.0);
    add_products(local.rows(), *part.cross.pattern, rows.weights, v, part.response.data(), poll);
    for (int f : basis.factor_order) part.levels.push_back(std::move(local.levels[f]));
    return part;
}

DesignCross combine(Basis basis, const std::vector<PlacedPart>& parts, std::vector<double>& response) {
    const Union joined = unite(std::move(basis), parts);
    DesignCross sum(joined.pattern);
    for (std::size_t k = 0; k < parts.size(); ++k) {
        const DesignCross& part = parts[k].part->cross;
        sum.n += part.n;
        sum.sum_log_weights += part.sum_log_weights;
        add(part.values.w_xx(), Index{sum.layout().p} * sum.layout().p, sum.values.w_xx());
        add_leading(parts[k], joined.targets[k], sum);
        add_rest(parts[k], joined.targets[k], sum);
        add_response(parts[k], sum.layout(), response);
    }
    return sum;
}

}  // namespace ranef
