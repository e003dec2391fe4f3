// The distributions of a generalised linear mixed model: log-likelihood of a cell and its derivatives in the linear
// predictor eta and in the log-dispersion psi.
//
// A cell stands for rows that are alike (cells.hpp). What it keeps of them, `count`, `first` and `second`:
//
//   family             count           first           second
//   binomial           trials          successes       -
//   poisson            rows            sum y           -
//   gamma              rows            sum y           sum log y
//   inverse gaussian   rows            sum y           sum 1/y
//   beta               rows            sum log y       sum log(1 - y)
//   gaussian           rows            mean of y       sum of squares about it
//   nbinom1, nbinom2   rows            y               -         (only rows of equal y are merged)
//   truncated_...      as the family of counts whose zeros are left out
//   inflated_...       rows            y               -         (only rows of equal y are merged)
//   modelled_...       as the family whose dispersion is modelled
//   betabinomial       rows            successes       trials    (only equal ones)
//
// Prior weights multiply a row's log-likelihood: they add up to `count`. kept.hpp adds them up.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "ranef/base/types.hpp"

namespace ranef {

// Cells side by side: views, nothing owned.
struct CellView {
    Index size = 0;
    const double* count = nullptr;
    const double* first = nullptr;
    const double* second = nullptr;
    const double* zeta = nullptr;  // the second linear predictor, of a family that has one

    CellView part(Index begin, Index length) const {
        return {length, count + begin, first + begin, second + begin, zeta ? zeta + begin : nullptr};
    }
};

// What a second linear predictor is: of nothing, the log-odds of a zero that is no count (inflated.hpp), the log-dispersion
// (modelled.hpp).
enum class Zeta { none, zeros, dispersion };

class Family {
public:
    virtual ~Family() = default;

    // Sum of the log-likelihoods l(eta), without what depends on the data alone; s = l' and w = -l'' of each cell.
    virtual double score(const CellView& cells, const double* eta, double* s, double* w) const = 0;
    // w1 = dw / deta = -l''', with what `score` found at eta.
    virtual void third(const CellView& cells, const double* eta, const double* s, const double* w, double* w1) const = 0;
    // l''''.
    virtual void fourth(const CellView& cells, const double* eta, double* l4) const = 0;
    // The weights' expectation and its derivative in eta.
    virtual void expected(const CellView& cells, const double* eta, double* w, double* w1) const = 0;
    // Mean of one row (one trial) at eta, and its derivative.
    virtual void mean(Index n, const double* eta, double* mu, double* mu1) const = 0;

    // Whether there is one dispersion of all cells; psi is its logarithm.
    virtual bool dispersed() const { return false; }
    virtual void set_dispersion(double) {}
    // Which infinity of psi is a simpler family, Poisson or binomial: its sign; 0 where there is none.
    virtual int simpler_towards() const { return 0; }
    // dl / dpsi, ds / dpsi and dw / dpsi of each cell.
    virtual void dispersion(const CellView&, const double*, double*, double*, double*) const {}
    virtual Zeta zeta() const { return Zeta::none; }
    // dl / dzeta, ds / dzeta and dw / dzeta of each cell.
    virtual void along_zeta(const CellView&, const double*, double*, double*, double*) const {}
    // How far eta moves where the mean doubles or so, at these: 1 with a log link, the size of eta itself with a power as link.
    // What is small or large in eta is so in this unit.
    virtual bool has_unit() const { return false; }
    virtual double unit(Index, const double*) const { return 1.0; }
    // Whether rows of different responses may share a cell.
    virtual bool sums() const { return true; }
    // Whether the weights of `score` are their own expectation.
    virtual bool canonical() const { return false; }

    virtual std::unique_ptr<Family> clone() const = 0;
};

// A family of its owner's, copied with it.
class OwnFamily {
public:
    explicit OwnFamily(std::unique_ptr<Family> family) : family_(std::move(family)) {}
    OwnFamily(const OwnFamily& other) : family_(other.family_->clone()) {}
    OwnFamily& operator=(const OwnFamily&) = delete;
    Family* operator->() const { return family_.get(); }
    Family& operator*() const { return *family_; }

private:
    std::unique_ptr<Family> family_;
};

// By the names of the interface, such as ("binomial", "logit"); null when there is no such pair.
std::unique_ptr<Family> make_family(const std::string& family, const std::string& link);
// The family as which its cells keep their responses (kept.hpp).
std::string kept_name(const std::string& family);

}  // namespace ranef
