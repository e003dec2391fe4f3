// Coefficients of inbreeding against the whole relationship matrix, by Henderson's recursion.
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "ranef/pedigree/inbreeding.hpp"

using ranef::Index;

namespace {

struct Family {
    std::vector<Index> sire, dam;

    ranef::Pedigree view() const { return {static_cast<Index>(sire.size()), sire.data(), dam.data()}; }
};

std::vector<double> diagonal_less_one(const Family& family) {
    const std::size_t n = family.sire.size();
    std::vector<std::vector<double>> a(n, std::vector<double>(n, 0.0));
    const auto entry = [&](Index i, std::size_t j) { return i < 0 ? 0.0 : a[static_cast<std::size_t>(i)][j]; };
    std::vector<double> out(n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) a[i][j] = a[j][i] = 0.5 * (entry(family.sire[i], j) + entry(family.dam[i], j));
        const bool both = family.sire[i] >= 0 && family.dam[i] >= 0;
        out[i] = both ? 0.5 * entry(family.sire[i], static_cast<std::size_t>(family.dam[i])) : 0.0;
        a[i][i] = 1.0 + out[i];
    }
    return out;
}

}  // namespace

TEST_CASE("inbreeding of random pedigrees is that of the relationship matrix") {
    std::mt19937 random(3);
    for (int trial = 0; trial < 20; ++trial) {
        Family family;
        for (Index i = 0; i < 80; ++i) {
            const auto parent = [&] { return i < 4 || random() % 8 == 0 ? Index{-1} : static_cast<Index>(random() % static_cast<unsigned>(i)); };
            const bool sib = i > 4 && random() % 3 == 0;
            family.sire.push_back(sib ? family.sire.back() : parent());
            family.dam.push_back(sib ? family.dam.back() : parent());
        }
        const std::vector<double> found = ranef::inbreeding(family.view()), expected = diagonal_less_one(family);
        for (std::size_t i = 0; i < expected.size(); ++i) CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-12));
    }
}

TEST_CASE("a selfed line becomes fully inbred") {
    Family family;
    for (Index i = 0; i < 12; ++i) {
        family.sire.push_back(i - 1);
        family.dam.push_back(i - 1);
    }
    const std::vector<double> found = ranef::inbreeding(family.view());
    double expected = 0.0;
    for (std::size_t i = 1; i < found.size(); ++i) {
        expected = 0.5 * (1.0 + expected);
        CHECK(found[i] == doctest::Approx(expected));
    }
}

TEST_CASE("parents that come later, or are no animal, are found") {
    const Family later{{-1, -1, 3, -1}, {-1, 0, 1, -1}}, unknown{{-1, -2}, {-1, 0}}, right{{-1, -1, 0}, {-1, -1, 1}};
    CHECK(ranef::first_out_of_order(later.view()) == 2);
    CHECK(ranef::first_out_of_order(unknown.view()) == 1);
    CHECK(ranef::first_out_of_order(right.view()) == -1);
}
