// What cells keep of their rows' responses (the table in family.hpp), added up by each row's address in one pass.
//
// All of it is linear in functions of a row's response: sum y, sum log y, sum 1/y, sum log(1 - y), sums of trials and
// weights, and the part of the log-likelihood that depends on the data alone. Two families have no such sums (nbinom1
// and betabinomial: their log-likelihood as a function of eta depends on every different response), nbinom2 none for its
// dispersion; their cells are split by the response. A Gaussian cell keeps the mean and the squares about it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ranef/families/family.hpp"

namespace ranef {

// Responses of rows on the scale of the mean: proportions where there are trials.
struct RowResponses {
    Index n = 0;
    const double* y = nullptr;
    const double* trials = nullptr;   // null: one each
    const double* weights = nullptr;  // prior weights; null: one each
};

struct KeptSums {
    std::vector<double> count, first, second;

    CellView view() const { return {static_cast<Index>(count.size()), count.data(), first.data(), second.data()}; }
};

// The counts of the cells, which do not change with the response.
void keep_counts(const std::string& family, const RowResponses& rows, const std::uint32_t* cell_of, Index cells,
                 std::vector<double>& count);

// first and second of the cells of a family with sums, and what depends on the data alone, added up. False where a response
// is none of the family's, or a count is no whole number to the last digits.
bool keep_sums(const std::string& family, const RowResponses& rows, const std::uint32_t* cell_of, Index cells, KeptSums& kept,
               double* constant);

// The same of every row for itself, whatever the family, with each row's own constant.
bool keep_rows(const std::string& family, const RowResponses& rows, std::vector<double>& first, std::vector<double>& second,
               std::vector<double>& constants);

}  // namespace ranef
