// What a fit needs of the rows: for every pattern of missing visits and every pair of its visits the sum over subjects of
// the products of their rows a = (x, y). Subjects are read once; afterwards their number costs nothing.
#pragma once

#include <vector>

#include "ranef/base/packed.hpp"
#include "ranef/base/poll.hpp"
#include "ranef/mmrm/visit_rows.hpp"
#include "ranef/model/coordinates.hpp"

namespace ranef::mmrm {

constexpr int most_visits = 60;  // a pattern is a set of bits

// Subjects of one group that were seen at the same visits.
struct Pattern {
    int group;
    std::vector<int> visits;  // rising
    Index subjects;
    Index first_pair;  // the place of its pairs (s, t), s >= t, packed by columns, among the pairs of all patterns
};

// Sums that were added up elsewhere, from parts of the data: in coordinates of their own, of independent columns.
struct PairTotals {
    int visits, groups;
    Index rows;
    double sum_log_weights;
    std::vector<int> kept;
    std::vector<Pattern> patterns;  // without their first pairs
    std::vector<double> sums;       // pattern after pattern
    Coordinates coordinates;
    ResponseScale response;
};

// S of a pair (s, t) is the packed symmetric matrix  sum_i a_is a_it' + a_it a_is'  for s > t,  sum_i a_is a_is'  for s = t:
// so that  sum_i A_i' W A_i = sum over pairs of W[s, t] S  for every symmetric W. All in internal coordinates, rows times
// the square root of their weight.
class PairSums {
public:
    // At most `limit` numbers are kept as sums: beyond that the rows are kept, and summed again whenever they are needed.
    PairSums(const VisitRows& rows, const RowOrder& order, Index limit, Poll poll = {});
    // Of a part of the data: the columns as they are, those that depend on others too.
    PairSums(const VisitRows& rows, const RowOrder& order, Poll poll);
    explicit PairSums(PairTotals totals);

    int p() const { return static_cast<int>(kept_.size()); }
    int order() const { return p() + 1; }                       // of S
    Index size() const { return packed_size(order()); }  // of S, packed
    int visits() const { return visits_; }
    int groups() const { return groups_; }
    Index rows() const { return rows_; }
    Index subjects() const { return subjects_; }
    Index pairs() const { return pairs_; }
    bool by_rows() const { return by_rows_; }
    double sum_log_weights() const { return sum_log_weights_; }
    const std::vector<int>& kept() const { return kept_; }  // columns of X that are no combinations of those before
    const std::vector<Pattern>& patterns() const { return patterns_; }
    const Coordinates& coordinates() const { return coordinates_; }
    const ResponseScale& response() const { return response_; }

    // The sums of a pattern: size() x its pairs, column-major. `scratch` holds them where rows are kept.
    const double* of(const Pattern& pattern, std::vector<double>& scratch) const;

private:
    void choose_coordinates(const VisitRows& rows, bool shift);
    void find_patterns(const VisitRows& rows, const RowOrder& order);
    void number_pairs();
    void gather(const VisitRows& rows, const RowOrder& order, const Pattern& pattern, Index first, Index count,
                double* out) const;
    void accumulate(const VisitRows& rows, const RowOrder& order, Poll& poll);
    void keep_rows(const VisitRows& rows, const RowOrder& order, Poll& poll);
    std::vector<double> gram(const VisitRows& rows) const;
    std::vector<double> gram() const;
    bool drop_columns(const VisitRows& rows, const std::vector<double>& gram);

    int visits_, groups_;
    Index rows_, subjects_, pairs_ = 0;
    bool by_rows_ = false;
    double sum_log_weights_ = 0.0;
    std::vector<int> kept_;
    std::vector<Pattern> patterns_;
    std::vector<std::vector<int>> members_;  // subjects by pattern
    std::vector<double> sums_;
    std::vector<std::vector<double>> gathered_;  // by pattern: subjects x (visits x order()), where rows are kept
    Coordinates coordinates_;
    ResponseScale response_;
};

}  // namespace ranef::mmrm
