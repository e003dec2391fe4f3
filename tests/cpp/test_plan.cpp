// Classes of levels, the pattern of the Schur complement, and what the plan chooses.
#include <doctest/doctest.h>

#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dense_oracle.hpp"
#include "designs.hpp"
#include "ranef/plan/plan.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

// A_j over [Z_rest X], r rows, from the cross-products.
Matrix leading_products(const DesignCross& d, Index j) {
    const Index r = d.layout().leading_width();
    Matrix a(r, d.layout().rest());
    d.level(j).each_column([&](Index column, const double* v) {
        for (Index i = 0; i < r; ++i) a(i, column) = v[i];
    });
    return a;
}

}  // namespace

TEST_CASE("plan: class sums are the sums over the levels of each class") {
    for (const Data& data : all_structures())
        for (const bool merge : {true, false}) {
            CAPTURE(data.name);
            CAPTURE(merge);
            const DesignCross d = accumulate_design(data.rows());
            const Plan plan = make_plan(d, {LeadingKind::classes, SchurKind::automatic, merge});
            const ClassSums& classes = plan.classes;
            const Index levels = d.layout().factors[0].levels, r = d.layout().leading_width(),
                        m = d.layout().rest();
            CHECK(std::accumulate(classes.size.begin(), classes.size.end(), Index{0}) == levels);
            if (!merge) CHECK(classes.count() == levels);
            CHECK(plan.distinct_classes == classes.count());
            std::vector<Real> expected(classes.sums.size(), 0.0L);
            for (Index j = 0; j < levels; ++j) {
                const Index c = classes.class_of[j];
                const double* g = d.level(j).g;
                for (Index i = 0; i < r * r; ++i)
                    CHECK(std::fabs(g[i] - classes.g[c * r * r + i]) <= 1e-11 * (1.0 + std::fabs(g[i])));
                const Matrix a = leading_products(d, j);
                Index at = c * packed_size(r) * packed_size(m);
                for (Index s = 0; s < r; ++s)
                    for (Index t = s; t < r; ++t)
                        for (Index col = 0; col < m; ++col)
                            for (Index row = col; row < m; ++row)
                                expected[at++] += s == t ? a(s, row) * a(s, col)
                                                         : a(s, row) * a(t, col) + a(t, row) * a(s, col);
            }
            CHECK(relative_distance(classes.sums, expected) < 1e-12);
        }
}

TEST_CASE("plan: levels with equal Gram blocks share a class") {
    CHECK(make_plan(accumulate_design(all_structures()[5].rows()), {}).distinct_classes ==
          1);  // balanced
    // Random intercepts: a class per distinct number of rows.
    Maker make("sizes", 30, 3);
    std::vector<std::int32_t> codes;
    for (std::int32_t j = 0; j < 9; ++j)
        for (int i = 0; i < 2 + j % 3; ++i) codes.push_back(j);
    codes.resize(30, 8);
    const Data sizes = make.intercept().group(9, codes).block(true).finish();
    std::set<Index> distinct;
    std::vector<Index> count(9, 0);
    for (std::int32_t c : codes) ++count[c];
    for (Index c : count) distinct.insert(c);
    const Plan plan = make_plan(accumulate_design(sizes.rows()), {});
    CHECK(plan.distinct_classes == static_cast<Index>(distinct.size()));
    CHECK(plan.leading == LeadingKind::classes);
    // The same covariate in every group, in another order: one class in spite of rounding.
    Maker design("repeated", 50, 4);
    std::vector<std::int32_t> group(50);
    std::vector<double> u(50);
    for (int i = 0; i < 50; ++i) {
        group[i] = i / 5;
        u[i] = 0.1 * ((i % 5 + i / 5) % 5) + 1.0 / 3.0;
    }
    const Data repeated = design.intercept().fixed(u).group(10, group).block(true, {u}).finish();
    CHECK(make_plan(accumulate_design(repeated.rows()), {}).distinct_classes == 1);
}

TEST_CASE("plan: the sparse plan finds every product of W and of the levels") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const DesignCross d = accumulate_design(data.rows());
        const Plan whole = make_plan(d, {LeadingKind::groups, SchurKind::sparse, true});
        if (d.layout().q_rest == 0) {
            CHECK(whole.schur == SchurKind::dense);
            continue;
        }
        REQUIRE(whole.schur == SchurKind::sparse);
        const SparsePlan& plan = whole.sparse;
        const Index n = d.layout().q_rest;
        std::set<std::pair<Index, Index>> wanted;
        const auto at = [&](Index position) {
            for (Index c = 0; c < n; ++c)
                if (position < plan.pattern.col_ptr[c + 1])
                    return std::pair{plan.pattern.row_idx[position], c};
            return std::pair{Index{-1}, Index{-1}};
        };
        std::size_t counter = 0;
        for (Index c = 0; c < n; ++c) {
            wanted.insert({c, c});
            for (Index e = d.pattern->w.col_ptr[c]; e < d.pattern->w.col_ptr[c + 1]; ++e) {
                wanted.insert({d.pattern->w.row_idx[e], c});
                CHECK(at(plan.w_position[e]) == std::pair{d.pattern->w.row_idx[e], c});
            }
        }
        for (Index j = 0; j < d.layout().factors[0].levels; ++j)
            for (Index e2 = 0; e2 < d.level(j).entries; ++e2)
                for (Index e1 = e2; e1 < d.level(j).entries; ++e1, ++counter) {
                    const std::pair<Index, Index> entry{d.level(j).columns[e1], d.level(j).columns[e2]};
                    wanted.insert(entry);
                    REQUIRE(counter < plan.pair_position.size());
                    CHECK(at(plan.pair_position[counter]) == entry);
                }
        CHECK(counter == plan.pair_position.size());
        CHECK(plan.pattern.row_idx.size() == wanted.size());  // and nothing more
        // The full pattern: both triangles, ascending, pointing at the entry of the lower one.
        CHECK(static_cast<std::size_t>(plan.full_ptr.back()) ==
              2 * wanted.size() - static_cast<std::size_t>(n));
        for (Index c = 0; c < n; ++c)
            for (Index e = plan.full_ptr[c]; e < plan.full_ptr[c + 1]; ++e) {
                const Index row = plan.full_row[e];
                CHECK(at(plan.full_position[e]) == std::pair{std::max(row, c), std::min(row, c)});
                if (e > plan.full_ptr[c]) CHECK(row > plan.full_row[e - 1]);
            }
    }
}

TEST_CASE("plan: what is chosen") {
    // Small: classes. Asked for: as asked.
    const DesignCross small = accumulate_design(one_factor(1, 60, 10, 5).rows());
    CHECK(make_plan(small, {}).leading == LeadingKind::classes);
    CHECK(make_plan(small, {LeadingKind::groups, SchurKind::automatic, true}).leading ==
          LeadingKind::groups);
    CHECK(make_plan(small, {LeadingKind::automatic, SchurKind::sparse, true}).leading ==
          LeadingKind::groups);

    // Many nested levels: no fill, hence sparse. As many crossed at random: dense.
    const Index n = 3000;
    Maker tree("nested", n, 6);
    const Data nested = tree.intercept().group(1500).block(true).nesting(500).block(true).finish();
    const Plan sparse = make_plan(accumulate_design(nested.rows()), {});
    CHECK(sparse.leading == LeadingKind::groups);
    CHECK(sparse.schur == SchurKind::sparse);
    CHECK(sparse.fill < 0.01);
    CHECK(sparse.bytes < 1e6);

    Maker grid("crossed", 20000, 7);
    const Data crossed = grid.intercept().group(400).block(true).group(300).block(true).finish();
    const Plan dense = make_plan(accumulate_design(crossed.rows()), {});
    CHECK(dense.leading == LeadingKind::groups);
    CHECK(dense.schur == SchurKind::dense);
    CHECK(dense.bytes >= 2.0 * 8.0 * 300.0 * 300.0);
    CHECK_FALSE(dense.reason.empty());
}

namespace {

PlanTooLarge refused(const DesignCross& design, const PlanOptions& options) {
    try {
        make_plan(design, options);
    } catch (const PlanTooLarge& found) {
        return found;
    }
    FAIL("the plan was not refused");
    return {"", 0.0};
}

bool says(const PlanTooLarge& refusal, const char* words) { return std::string(refusal.what()).find(words) != std::string::npos; }

}  // namespace

TEST_CASE("plan: what does not fit into memory is refused with the numbers") {
    Maker make("crossed", 20000, 7);
    const DesignCross design =
        accumulate_design(make.intercept().group(400).block(true).group(300).block(true).finish().rows());
    PlanOptions options;
    options.leading = LeadingKind::groups;
    options.memory_limit = 1e6;
    CHECK(says(refused(design, options), "300"));
    options.memory_limit = 1e9;
    CHECK_NOTHROW(make_plan(design, options));
}

TEST_CASE("plan: a sparse complement that does not fit is refused before its pattern is stored") {
    Maker tree("nested", 30000, 6);
    const DesignCross design =
        accumulate_design(tree.intercept().group(15000).block(true).nesting(5000).block(true).finish().rows());
    PlanOptions options;
    options.schur = SchurKind::sparse;
    const double needed = make_plan(design, options).bytes;
    for (const double share : {0.9, 0.3, 0.01}) {
        options.memory_limit = share * needed;
        const PlanTooLarge found = refused(design, options);
        CHECK(says(found, "sparse Schur complement"));
        CHECK(found.bytes > 0.5 * needed);
        CHECK(found.bytes < 2.0 * needed);
    }
    options.memory_limit = 1.01 * needed;
    CHECK_NOTHROW(make_plan(design, options));
}

TEST_CASE("plan: sums by class that do not fit are refused with the remedy") {
    const DesignCross design = accumulate_design(one_factor(1, 6000, 1000, 5).rows());
    PlanOptions options;
    options.leading = LeadingKind::classes;
    options.memory_limit = 10000.0;
    CHECK(says(refused(design, options), "leading='groups'"));
}

TEST_CASE("plan, cross-products: long work asks, and a question that throws ends it") {
    struct Enough {};
    int asked = 0;
    const Poll once([&] {
        ++asked;
        throw Enough{};
    });
    const Data rows = one_factor(0, (Index{1} << 21) + 512, 1000, 3);
    CHECK_THROWS_AS(accumulate_design(rows.rows(), once), Enough);
    const DesignCross design = accumulate_design(rows.rows());
    CHECK_THROWS_AS(accumulate_response(rows.rows(), design, rows.y.data(), once), Enough);
    CHECK(asked == 2);

    Maker make("crossed", 300000, 7);
    const DesignCross crossed =
        accumulate_design(make.intercept().group(1000).block(true).group(900).block(true).finish().rows());
    PlanOptions options;
    options.poll = once;
    options.schur = SchurKind::sparse;
    CHECK_THROWS_AS(make_plan(crossed, options), Enough);
    CHECK(asked == 3);
}
